"""TK101, TK102: two routes of one name.

``reverse_url`` answers for one of them only (see `routing.reversing.reverse.name_owners`); the
finding stands at the other.
"""

from __future__ import annotations

from collections.abc import Iterator

from tornkit.routing.findings.codes import finding
from tornkit.routing.model import Finding, Route, RouteTable
from tornkit.routing.reversing.reverse import name_owners


def check(table: RouteTable) -> Iterator[Finding]:
    """A warning for each route whose name another route answers for."""
    for index, owner in name_owners(table.routes).items():
        if owner == index:
            continue
        route, winner = table.route(index), table.route(owner)
        yield (_same_router if route.router == winner.router else _across)(route, winner)


def _same_router(route: Route, winner: Route) -> Finding:
    message = (
        f"the name {route.name!r} is given again to route {winner.index} in the same router, "
        "and reverse_url knows only the last"
    )
    return _finding("TK101", route, winner, message)


def _across(route: Route, winner: Route) -> Finding:
    message = (
        f"the name {route.name!r} is also that of route {winner.index} in another router, "
        "which reverse_url finds first"
    )
    return _finding("TK102", route, winner, message)


def _finding(code: str, route: Route, winner: Route, message: str) -> Finding:
    witness = route.reversal.url if route.reversal is not None else None
    return finding(
        code, message, route=route.index, witness=witness, by=(winner.index,), where=route.where
    )
