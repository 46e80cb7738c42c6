"""Conditions of a rule, and the routers that the search passes on its way to a route."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class HostCondition:
    """Host rule (``HostMatches``): regex against ``request.host_name`` (lower case, no port)."""

    regex: re.Pattern[str]


@dataclass(frozen=True)
class DefaultHostCondition:
    """Host rule by default (``DefaultHostMatches``): regex against ``default_host``.

    The request's own host plays no part, and an ``X-Real-Ip`` header switches it off.
    """

    regex: re.Pattern[str]
    default_host: str

    @property
    def possible(self) -> bool:
        """Whether the regex matches ``default_host``, so that some request can satisfy the rule."""
        return self.regex.match(self.default_host) is not None


@dataclass(frozen=True)
class PathCondition:
    """Path rule (``PathMatches``): regex against the raw, percent-encoded path."""

    regex: re.Pattern[str]


@dataclass(frozen=True)
class CustomCondition:
    """A matcher of the user's own, which may accept anything.

    ``pattern`` is for the reader: the regex of a ``PathMatches`` whose ``match`` is overridden.
    """

    label: str
    pattern: str | None = None


Condition = HostCondition | DefaultHostCondition | PathCondition | CustomCondition


class ScopeKind(enum.Enum):
    """Kind of router that a rule descends into."""

    APPLICATION = "application"
    RULES = "rules"
    ROUTER = "router"


@dataclass(frozen=True)
class Scope:
    """A router that the search passes on its way to a route.

    ``number`` counts routers in the order in which the search enters them. ``condition`` is the
    rule's that leads here (None: any request). ``reversible`` tells whether ``reverse_url``
    descends into it. ``overrides`` names the methods of Tornado that its class replaces, so that
    what it does is not sure. ``copy_of`` is the number of the host rule whose list this is a
    second time, under ``default_host``.
    """

    number: int
    kind: ScopeKind
    label: str
    condition: Condition | None = None
    reversible: bool = True
    overrides: tuple[str, ...] = ()
    copy_of: int | None = None
