"""TK201, TK202: routes that no request can reach (see `tornkit.routing.reachability`)."""

from __future__ import annotations

from collections.abc import Iterator

from tornkit.regex.patterns.pattern import shown
from tornkit.routing.conditions import HostCondition, PathCondition
from tornkit.routing.findings.codes import finding
from tornkit.routing.matching.search import Request
from tornkit.routing.model import Finding, Route, RouteTable
from tornkit.routing.reachability import Fate, Verdict, verdicts


def check(table: RouteTable) -> Iterator[Finding]:
    """A finding for each dead route, and for each that could not be decided."""
    for route, verdict in verdicts(table):
        match verdict.fate:
            case Fate.REACHED:
                continue
            case Fate.COVERED:
                code, message = "TK201", _covered(table, verdict)
            case Fate.UNSENDABLE:
                code, message = "TK202", _unsendable(route, verdict)
            case Fate.UNDECIDED:
                code, message = "TK000", f"whether a request can reach it: {verdict.reason}"
        yield finding(
            code,
            message,
            route=route.index,
            witness=None if verdict.witness is None else url(verdict.witness),
            by=verdict.by,
            where=route.where,
        )


def url(request: Request) -> str:
    """URL of a request: ``/path`` for a host that anything goes for, else ``//host/path``.

    >>> url(Request("/a", "localhost")), url(Request("/a", "api.example.com"))
    ('/a', '//api.example.com/a')
    >>> url(Request("//a", "localhost"))  # whose first segment would be read as a host
    '//localhost//a'
    """
    path_alone = request.host == "localhost" and not request.path.startswith("//")
    if path_alone or not request.path.startswith("/"):
        return request.path
    return f"//{request.host}{request.path}"


def _covered(table: RouteTable, verdict: Verdict) -> str:
    takers = [called(table.route(index)) for index in verdict.by]
    if verdict.fallback is not None:
        takers.append(f"the 404 of the {verdict.fallback.scopes[-1].label} before it")
    who = " and ".join([", ".join(takers[:-1]), takers[-1]] if takers[1:] else takers)
    together = " together" if takers[1:] else ""
    verb = "take" if takers[1:] else "takes"
    return f"no request reaches it: {who}{together} {verb} whatever it matches"


def called(route: Route) -> str:
    """Name of a route in a message: ``route 3 /posts/(.*)``."""
    pattern = (
        f" {shown(route.condition.regex)}" if isinstance(route.condition, PathCondition) else ""
    )
    return f"route {route.index}{pattern}"


def _unsendable(route: Route, verdict: Verdict) -> str:
    reason = _reason(route, verdict)
    return f"matches no URL that a client can send{reason}"


def _reason(route: Route, verdict: Verdict) -> str:
    if verdict.witness is not None:
        path = verdict.witness.path
        if not path.isascii():
            return ": its letters arrive percent-encoded, as in %C3%A9 for é"
        if not path.startswith("/"):
            return ": a path begins with '/'"
        return ""
    hosts = [c.regex for c in route.conditions if isinstance(c, HostCondition)]
    if any(regex.pattern != regex.pattern.lower() for regex in hosts):
        return ": a host is lower-cased before it is compared"
    patterns = [c.regex.pattern for c in route.conditions if isinstance(c, PathCondition)]
    for mark, name in ((" ", "a space"), (r"\?", "a question mark"), ("#", "a '#'")):
        if any(mark in pattern for pattern in patterns):
            return f": the raw path never holds {name}"
    if any(not pattern.isascii() for pattern in patterns):
        return ": its letters arrive percent-encoded, as in %C3%A9 for é"
    return ""
