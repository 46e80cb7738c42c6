"""The sentences below a table: counts, what answers when no route does, and the findings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tornkit.printable import printable
from tornkit.routing.model import (
    Finding,
    Outcome,
    Report,
    Route,
    RouteTarget,
    Severity,
    TargetKind,
)
from tornkit.routing.render.words import handler_name, place

_GOES_WRONG = frozenset({Outcome.FAILS, Outcome.MISSES, Outcome.TAKEN, Outcome.SHADOWED})


@dataclass(frozen=True)
class Line:
    """A line below the table, and how much it matters (None: it only informs)."""

    text: str
    severity: Severity | None = None


def lines_below(
    report: Report,
    routes: Sequence[Route],
    base: Path,
    *,
    sorted_by: str = "match",
    others: bool = True,
) -> list[Line]:
    """Counts, what answers when no route does, and the findings about ``routes``.

    :param sorted_by: the order of the table, if it is not that in which Tornado tries them.
    :param others: whether to say what answers; a tree shows it itself.
    """
    total = len(report.routes)
    counted = count(total, "route")
    if len(routes) != total:
        counted = f"{len(routes)} of {counted} shown"
    if sorted_by != "match" and len(routes) > 1:
        counted += f", by {sorted_by}; # is the order in which Tornado tries them"
    lines = [Line(f"{counted}.")]
    for target in default_handlers(report) if others else ():
        where = f" ({place(target.source, base)})" if target.source else ""
        lines.append(Line(printable(f"Anything else: {handler_name(target)}{where}")))
    lines += [Line(sentence) for sentence in _about_names(report)]
    chosen = {None, *(route.index for route in routes)}
    told = [finding for finding in report.findings if finding.route in chosen]
    lines += finding_lines(told, report, base)
    if len(told) != len(report.findings):
        hidden = count(len(report.findings) - len(told), "finding")
        lines.append(Line(f"  and {hidden} about routes that are not shown"))
    return lines


def finding_lines(findings: Iterable[Finding], report: Report, base: Path) -> list[Line]:
    """Lines of text for findings; those that say the same of several routes share one.

    ``TK301 route 5 user: can't be reversed: ... (app/handlers.py:12)``. One matcher of the
    application's own before all others can leave every name undecided.
    """
    same: dict[tuple[str, str, Severity], list[Finding]] = {}
    for finding in findings:
        same.setdefault((finding.code, finding.message, finding.severity), []).append(finding)
    names = {route.index: route.name for route in report.routes} if same else {}
    lines = []
    for (code, message, severity), group in same.items():
        indices = [finding.route for finding in group if finding.route is not None]
        about = ", ".join(f"{index} {names[index] or ''}".rstrip() for index in indices)
        if about:
            about = f"route{'' if len(indices) == 1 else 's'} {about}: "
        where = place(group[0].where, base) if len(group) == 1 else ""
        text = f"  {code} {about}{message}{f' ({where})' if where else ''}"
        lines.append(Line(printable(text), severity))
    return lines


def default_handlers(report: Report) -> list[RouteTarget]:
    """Handlers of the application's own that answer what its routes do not take."""
    targets = (fallback.target for table in report.tables for fallback in table.fallbacks)
    return [target for target in targets if target.kind is not TargetKind.ERROR]


def named(report: Report) -> list[Route]:
    """Routes with a name, not counting ``default_host`` copies: their names are the originals'."""
    return [route for route in report.routes if route.reversal is not None and not route.is_copy]


def goes_wrong(route: Route) -> bool:
    """Whether a route's name surely does not reverse to the route."""
    if route.reversal is None or route.reversal.outcome is Outcome.OK:
        return False  # nearly all
    return route.reversal.outcome in _GOES_WRONG and not route.is_copy


def _about_names(report: Report) -> list[str]:
    names = named(report)
    total = len(names)
    wrong = sum(1 for route in names if goes_wrong(route))
    unsure = sum(
        1
        for route in names
        if route.reversal is not None and route.reversal.outcome is Outcome.UNDECIDED
    )
    said = []
    if wrong:
        verb = "does" if wrong == 1 else "do"
        said.append(f"{wrong} of {count(total, 'name')} {verb} not reverse to the route")
    if unsure:
        of_all = "" if wrong else f" of {count(total, 'name')}"
        said.append(f"{unsure}{of_all} undecided")
    if said:
        return [f"{', '.join(said)}:"]
    if not total:
        return []
    return ["Its name reverses." if total == 1 else f"All {total} names reverse."]


def count(number: int, what: str) -> str:
    """A number with its noun, in the plural unless it is 1: ``1 route``, ``2 routes``."""
    return f"{number} {what}{'' if number == 1 else 's'}"
