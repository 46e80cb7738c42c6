"""TK301, TK302, TK303 and TK000: names that do not reverse to their own route.

The work is done in `tornkit.routing.reverse`; here its outcomes become findings. A copy of a
host rule's list under ``default_host`` is not reported: its names are judged at the original.
"""

from __future__ import annotations

from collections.abc import Iterator

from tornkit.routing.model import Finding, Outcome, Reversal, Route, RouteTable, Severity


def check(table: RouteTable) -> Iterator[Finding]:
    """A finding for each named route whose URL did not come back to it."""
    for route in table.routes:
        if route.reversal is None or route.is_copy:
            continue
        described = _described(route.reversal)
        if described is not None:
            yield _finding(route, route.reversal, *described)


def _described(reversal: Reversal) -> tuple[str, Severity, str] | None:
    """Code, severity and message; None for a name that works or that TK10x speaks of."""
    match reversal.outcome:
        case Outcome.OK | Outcome.SHADOWED:
            return None
        case Outcome.FAILS:
            return "TK301", Severity.ERROR, f"can't be reversed: {reversal.reason}"
        case Outcome.MISSES:
            message = f"reverses to {reversal.url}, which does not lead back: {reversal.reason}"
            return "TK302", Severity.ERROR, message
        case Outcome.TAKEN:
            message = f"reverses to {reversal.url}, but {reversal.reason}"
            return "TK303", Severity.ERROR, message
        case Outcome.UNDECIDED:
            return "TK000", Severity.INFO, f"undecided: {reversal.reason}"


def _finding(
    route: Route, reversal: Reversal, code: str, severity: Severity, message: str
) -> Finding:
    return Finding(
        code,
        severity,
        message,
        route=route.index,
        witness=reversal.url,
        by=reversal.by,
        where=route.target.source,
    )
