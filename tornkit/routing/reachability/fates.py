"""Fates of a route: reached, unreachable, undecided."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from tornkit.routing.matching.search import Request
from tornkit.routing.model import Fallback


class Fate(enum.Enum):
    """Fate of a route: reached, matching nothing sendable, covered by others, or undecided."""

    REACHED = "reached"
    UNSENDABLE = "unsendable"
    COVERED = "covered"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Verdict:
    """Fate of one route, with the evidence: a request, or the routes in its way.

    ``witness`` reaches the route; of a covered one it shows what it would take, and does not get.
    ``by`` are the indices of the routes in the way, as few as suffice, and ``fallback`` is set
    where a 404 of an application before it is. ``reason`` says why it is undecided.
    """

    fate: Fate
    witness: Request | None = None
    by: tuple[int, ...] = ()
    fallback: Fallback | None = None
    reason: str = ""
