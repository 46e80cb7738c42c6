"""Place of a finding: a pattern, the route where a check reports it, and who wrote the rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tornkit.regex.patterns.pattern import shown
from tornkit.routing.conditions import Condition, HostCondition, PathCondition
from tornkit.routing.findings.codes import finding
from tornkit.routing.findings.packages import is_packages
from tornkit.routing.model import Finding, Origin, Route, RouteTable

_LONG = 80


@dataclass(frozen=True)
class Place:
    """A pattern, and the route at which a check reports findings about it.

    ``host``: it is a host's pattern; ``outer``: it is a router's above the route.
    """

    route: Route
    regex: re.Pattern[str]
    host: bool
    outer: bool

    @property
    def called(self) -> str:
        """Name of the pattern in a message; written out unless the message stands beside it."""
        if not self.host and not self.outer:
            return "the pattern"
        text = shown(self.regex)
        text = text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"
        return f"the {'host' if self.host else 'outer'} pattern {text}"

    def finding(self, code: str, message: str, witness: str | None = None) -> Finding:
        """Make a finding at this place."""
        index, where = self.route.index, self.route.where
        return finding(code, message, route=index, witness=witness, where=where)


def places_of(route: Route, condition: Condition | None, *, outer: bool) -> Iterator[Place]:
    """Yield the `Place` of a path or host condition; nothing for any other condition."""
    if isinstance(condition, PathCondition | HostCondition):
        yield Place(route, condition.regex, isinstance(condition, HostCondition), outer)


def is_own(route: Route, table: RouteTable) -> bool:
    """Whether the user, not Tornado or a package, wrote the route's rule, as far as is known."""
    return route.origin is not Origin.TORNADO and not is_packages(route, table)
