"""``--tornkit-routes``: which routes, and methods of their handlers, no test has reached.

Requests are noted by the servers of the tests, and by clients of a `tornkit serve`. Which route
each goes to is found as by ``tornkit routes --match``, at the end of each test, in the process that
ran it: an application may be another one in each test. What several tests, or processes of xdist,
have seen is added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import tornado

from tornkit.routing.matching.search import Request, match
from tornkit.routing.model import ANY_METHOD, Origin, Report, Route, RouteTable
from tornkit.routing.render.rows import rows
from tornkit.routing.tables import route_table
from tornkit.testing.recording import Record, SeenRequest


class RouteLine(NamedTuple):
    """Columns by which a route is shown; equal in all processes, so also its key."""

    host: str
    pattern: str
    place: str
    handler: str


@dataclass
class RouteUse:
    """Methods that a route's handler has, and those of them that were asked for."""

    methods: tuple[str, ...]
    used: set[str] = field(default_factory=set)

    @property
    def unused(self) -> list[str]:
        """Methods that no request had; a handler of all methods is reached by any.

        HEAD counts with GET, whose answer it is without the body.
        """
        if ANY_METHOD in self.methods:
            return [] if self.used else [ANY_METHOD]
        used = self.used | ({"HEAD"} if "GET" in self.used else set())
        return [method for method in self.methods if method not in used]


class ReachedRoutes:
    """Uses of the application's routes by all tests so far; ``base`` is where paths begin."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._uses: dict[RouteLine, RouteUse] = {}

    def add(self, application: object, record: Record) -> None:
        """Take in the requests that an application has got in a test."""
        table = route_table(application)
        own = [route for route in table.routes if _counts(route)]
        shown = rows(Report("", tornado.version, (table,)), own, self._base)
        uses = {}
        for route, row in zip(own, shown, strict=True):
            line = RouteLine(row.host, row.pattern, row.source, row.handler)
            uses[route.index] = self._uses.setdefault(line, RouteUse(route.target.methods))
        for request in record:
            for route in _taking(table, request):
                if route.index in uses:
                    uses[route.index].used.add(_method(route, request))

    def told(self) -> list[Any]:
        """All uses as plain data, for another process's `hear`."""
        return [[*line, list(use.methods), sorted(use.used)] for line, use in self._uses.items()]

    def hear(self, told: Iterable[Any]) -> None:
        """Add the uses that another process has told."""
        for host, pattern, place, handler, methods, used in told:
            line = RouteLine(host, pattern, place, handler)
            self._uses.setdefault(line, RouteUse(tuple(methods))).used.update(used)

    def lines(self) -> list[str]:
        """The report: a line for each route that was not reached by each method, and the sum."""
        if not self._uses:
            return ["no test has used the application, by client, aclient or live_server"]
        missed = {line: use for line, use in self._uses.items() if use.unused}
        if not missed:
            return [f"each of {_count(self._uses)}, by each method"]
        cells = [
            (" ".join(use.unused), f"{line.host}{line.pattern}", line.place, line.handler)
            for line, use in missed.items()
        ]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        table = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in cells
        ]
        never = sum(1 for use in missed.values() if not use.used)
        partly = f", {len(missed) - never} not by each method" if len(missed) > never else ""
        return [*table, f"{never} of {_count(self._uses)} not reached{partly}"]


def _counts(route: Route) -> bool:
    """Whether a route is the application's own and takes requests by itself."""
    return route.origin is Origin.APP and route.opens is None and not route.is_copy


def _taking(table: RouteTable, request: SeenRequest) -> list[Route]:
    """Routes that have taken a request, or may have if the application's own code decides."""
    path = request.target.partition("?")[0]
    found = match(table, Request(path, request.host))
    steps = [*found.maybe, *([found.step] if found.step is not None else [])]
    return [step for step in steps if isinstance(step, Route)]


def _method(route: Route, request: SeenRequest) -> str:
    """Method of a request as `Route.target` has it: a WebSocket's handshake is a GET."""
    methods = route.target.methods
    return (
        "WS"
        if request.method == "GET" and "GET" not in methods and "WS" in methods
        else request.method
    )


def _count(uses: Mapping[RouteLine, RouteUse]) -> str:
    return f"{len(uses)} route{'' if len(uses) == 1 else 's'}"
