"""Output of ``--check`` for a person: findings grouped by route, and a line that sums up.

Lines of spans: `text` joins them for a pipe, `folded` breaks them for a terminal. What is
undecided for the same reason in several routes is said once: one matcher of the application's own
before all others can leave every name undecided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tornkit.printable import printable
from tornkit.routing.findings.codes import UNDECIDED
from tornkit.routing.findings.sift import Sifted
from tornkit.routing.model import Finding, Route, Severity, Source
from tornkit.routing.render.below import count
from tornkit.routing.render.spans import Span, SpanLine, fold, text_of
from tornkit.routing.render.words import handler_name, host, pattern, relative


@dataclass(frozen=True)
class FindingLine:
    """Line of styled text; ``hang`` is how many columns its folded rest is indented."""

    spans: tuple[Span, ...] = ()
    hang: int = 0


_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_WORDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "info"}
_ORDER = list(_WORDS)
_GAP = "  "
_LABELS = 6  # "URL", "host", "by" or "at", and a gap


def text(lines: Iterable[FindingLine]) -> str:
    """Text of the lines for a pipe: as they are, never folded."""
    return text_of(line.spans for line in lines)


def folded(lines: Iterable[FindingLine], width: int) -> list[SpanLine]:
    """Lines folded for a terminal of ``width`` columns."""
    return [
        part for line in lines for part in fold(list(line.spans), width, indent=" " * line.hang)
    ]


def document(sifted: Sifted, checks: int, base: Path) -> list[FindingLine]:
    """All findings and the summary.

    :param checks: how many codes were looked for.
    :param base: files below this folder are shown relative to it.
    """
    report = sifted.report
    lines: list[FindingLine] = []
    routes = {route.index: route for route in report.routes}
    for group in _groups(report.findings):
        lines += [*_group(group, routes, base), FindingLine()]
    lines += summary(sifted, checks)
    if report.findings:
        code = min(report.findings, key=lambda f: (_ORDER.index(f.severity), f.code)).code
        hint = f"tornkit routes --explain {code} says what a code means, and the cure."
        lines.append(FindingLine((Span(hint, "dim"),)))
    return lines


def summary(sifted: Sifted, checks: int) -> list[FindingLine]:
    """Summary of the findings, with a line on the baseline where entries of it are mended.

    ``3 errors, 1 warning in 34 routes; 2 ignored, 1 in the baseline.``
    """
    findings = sifted.report.findings
    routes = count(len(sifted.report.routes), "route")
    if findings:
        worst = min((finding.severity for finding in findings), key=_ORDER.index)
        said, style = f"{', '.join(_counted(findings))} in {routes}", _STYLES[worst]
    elif sifted.undecided:
        said, style = f"Nothing wrong was found in {routes}", ""
    elif sifted.known:
        said, style = f"Nothing new in {routes}", "green"
    else:
        said, style = f"All is well: {routes}, {count(checks, 'check')}", "green"
    aside = []
    if sifted.packages:
        aside.append(f"{sifted.packages} in installed packages")
    if sifted.ignored:
        aside.append(f"{sifted.ignored} ignored")
    if sifted.known:
        aside.append(f"{sifted.known} in the baseline")
    if sifted.undecided:
        aside.append(f"{sifted.undecided} undecided (--select {UNDECIDED} shows them)")
    spans = (Span(said, style), Span(f"; {', '.join(aside)}." if aside else "."))
    lines = [FindingLine(spans)]
    if sifted.mended:
        which = "entry of the baseline is" if sifted.mended == 1 else "entries of the baseline are"
        told = f"{sifted.mended} {which} mended: write it anew with --write-baseline."
        lines.append(FindingLine((Span(told),)))
    return lines


def _counted(findings: Sequence[Finding]) -> list[str]:
    undecided = sum(1 for finding in findings if finding.code == UNDECIDED)
    errors = sum(1 for finding in findings if finding.severity is Severity.ERROR)
    warnings = sum(1 for finding in findings if finding.severity is Severity.WARNING)
    remarks = len(findings) - undecided - errors - warnings
    named = ((errors, "error"), (warnings, "warning"), (remarks, "remark"))
    said = [count(number, word) for number, word in named if number]
    return [*said, f"{undecided} undecided"] if undecided else said


@dataclass(frozen=True)
class _Group:
    """Findings under one heading: of one route, of several at once, or of one file."""

    routes: tuple[int, ...]
    file: str
    findings: tuple[Finding, ...]


def _groups(findings: Sequence[Finding]) -> Iterator[_Group]:
    """Findings by heading: undecided about several routes at once first, then by route, by file.

    The first often explain the rest.
    """
    same: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.code == UNDECIDED and finding.route is not None:
            same.setdefault(finding.message, []).append(finding)
    several = {said: group for said, group in same.items() if len(_routes_of(group)) > 1}
    for group in several.values():
        yield _Group(_routes_of(group), "", (group[0],))
    of_route: dict[int, list[Finding]] = {}
    of_file: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.route is None:
            file = finding.where.file if finding.where is not None else ""
            of_file.setdefault(file, []).append(finding)
        elif finding.code != UNDECIDED or finding.message not in several:
            of_route.setdefault(finding.route, []).append(finding)
    for index in sorted(of_route):
        yield _Group((index,), "", _worst_first(of_route[index]))
    for file, group in of_file.items():
        yield _Group((), file, _worst_first(group))


def _routes_of(findings: Iterable[Finding]) -> tuple[int, ...]:
    return tuple(sorted({each.route for each in findings if each.route is not None}))


def _worst_first(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity)))


def _group(group: _Group, routes: Mapping[int, Route], base: Path) -> Iterator[FindingLine]:
    shared = len(group.routes) > 1
    if shared:
        names = (
            printable(f"{index} {routes[index].name or ''}".rstrip()) for index in group.routes
        )
        yield FindingLine((Span(f"routes {', '.join(names)}", "bold"),), hang=2)
    elif group.routes:
        yield _heading(routes[group.routes[0]], base)
    else:
        file = relative(Source(group.file, 1), base) if group.file else "the application"
        yield FindingLine((Span(printable(file), "bold"),))
    at = routes[group.routes[0]].where if len(group.routes) == 1 else None
    for finding in group.findings:
        yield _message(finding)
        if not shared:  # URL and place differ from route to route
            yield from _details(finding, at, routes, base)


def _heading(route: Route, base: Path) -> FindingLine:
    name = [Span(" "), Span(printable(route.name), "green")] if route.name else []
    spans = (Span(f"route {route.index}", "bold"), *name, Span(_GAP), *_described(route, base))
    return FindingLine(spans, hang=2)


def _described(route: Route, base: Path) -> list[Span]:
    """Host, pattern, handler and place: what tells a route from the others."""
    cells = (
        Span(host(route), "magenta"),
        Span(pattern(route), "bold"),
        Span(handler_name(route.target)),
        Span(_place(route.where, base), "dim"),
    )
    spans: list[Span] = []
    for cell in cells:
        if cell.text:
            spans += [*([Span(_GAP)] if spans else []), Span(printable(cell.text), cell.style)]
    return spans


def _message(finding: Finding) -> FindingLine:
    head = f"{_WORDS[finding.severity]} {finding.code}"
    said = printable(" ".join(finding.message.split()))
    spans = (Span("  "), Span(head, _STYLES[finding.severity]), Span(_GAP + said))
    return FindingLine(spans, hang=4)


def _details(
    finding: Finding, at: Source | None, routes: Mapping[int, Route], base: Path
) -> Iterator[FindingLine]:
    if finding.witness is not None:
        # A host's dots are shown by a host.
        label = "URL" if "/" in finding.witness else "host"
        yield _labelled(label, Span(printable(finding.witness)))
    for index in finding.by:
        if (culprit := routes.get(index)) is not None:
            yield _labelled("by", Span(f"route {index}{_GAP}"), *_described(culprit, base))
    if finding.where is not None and finding.where != at:
        yield _labelled("at", Span(printable(_place(finding.where, base)), "dim"))


def _labelled(label: str, *spans: Span) -> FindingLine:
    return FindingLine((Span(f"    {label.ljust(_LABELS)}", "dim"), *spans), hang=4 + _LABELS)


def _place(source: Source | None, base: Path) -> str:
    """Place as ``handlers.py:12``, which a terminal can open: never cut to what is no path."""
    return "" if source is None else f"{relative(source, base)}:{source.line}"
