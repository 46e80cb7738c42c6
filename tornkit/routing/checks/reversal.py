"""TK301, TK302, TK303 and TK000: names that do not reverse to their own route.

The work is done in `routing.reversing.reverse`; here its outcomes become findings. A copy of a
host rule's list under ``default_host`` is not reported: its names are judged at the original.
"""

from __future__ import annotations

from collections.abc import Iterator

from tornkit.routing.findings.codes import finding
from tornkit.routing.model import Finding, Outcome, Reversal, RouteTable


def check(table: RouteTable) -> Iterator[Finding]:
    """A finding for each named route whose URL did not come back to it."""
    for route in table.routes:
        if route.reversal is None or route.is_copy:
            continue
        described = _described(route.reversal)
        if described is not None:
            code, message = described
            yield finding(
                code,
                message,
                route=route.index,
                witness=route.reversal.url,
                by=route.reversal.by,
                where=route.where,
            )


def _described(reversal: Reversal) -> tuple[str, str] | None:
    """Code and message of a failed reversal; None where it worked or TK10x reports it."""
    match reversal.outcome:
        case Outcome.OK | Outcome.SHADOWED:
            return None
        case Outcome.FAILS:
            return "TK301", f"can't be reversed: {reversal.reason}"
        case Outcome.MISSES:
            return (
                "TK302",
                f"reverses to {reversal.url}, which does not lead back: {reversal.reason}",
            )
        case Outcome.TAKEN:
            return "TK303", f"reverses to {reversal.url}, but {reversal.reason}"
        case Outcome.UNDECIDED:
            return "TK000", f"undecided: {reversal.reason}"
