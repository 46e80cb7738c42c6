"""TK203: routes of which an earlier route takes some of the requests, but not all.

That is how most tables are meant to be (``/posts/new`` before ``/posts/(.*)``), so nobody hears of
it unless they ask; it answers "what else could take this URL".
"""

from __future__ import annotations

from collections.abc import Iterator

from tornkit.routing.checks.reachability import called, url
from tornkit.routing.findings.codes import finding
from tornkit.routing.model import Finding, RouteTable
from tornkit.routing.reachability import Fate, overlaps, verdicts


def check(table: RouteTable) -> Iterator[Finding]:
    """A finding for each pair of overlapping routes, with a URL that both match.

    The earlier route gets it.
    """
    for route, verdict in verdicts(table):
        if verdict.fate is not Fate.REACHED:
            continue
        for step, request in overlaps(route, table):
            yield finding(
                "TK203",
                f"{called(step)} takes some of what it matches",
                route=route.index,
                witness=url(request),
                by=(step.index,),
                where=route.where,
            )
