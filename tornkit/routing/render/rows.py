"""A route as a row of short strings: what every table format shows.

Computes, and knows nothing of widths or colours. Marks are single ASCII letters, so that they
survive a pipe; `marks_in_use` tells the reader what they mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tornkit.routing.model import (
    CustomCondition,
    DefaultHostCondition,
    Finding,
    HostCondition,
    Origin,
    Outcome,
    PathCondition,
    Report,
    Route,
    Severity,
    Source,
    Target,
    TargetKind,
)
from tornkit.routing.pattern import open_ended, shown

MARKS = {
    "t": "inserted by Tornado for static_path",
    "d": "a host rule's route again, reached through default_host",
    "x": "no request can reach it: default_host is not a host of its rule",
    "?": "code of the application's own decides whether it takes a request",
    "~": "the regex is open at its end: longer paths match too",
    "!": "the name does not reverse to this route",
}

COLUMNS = {
    "index": "#",
    "marks": "mark",
    "app": "app",
    "host": "host",
    "pattern": "pattern",
    "methods": "methods",
    "name": "name",
    "handler": "handler",
    "source": "defined at",
    "reverse": "reverse_url",
}
"""Field of `Row` -> heading, in the order of a table."""

_GOES_WRONG = (Outcome.FAILS, Outcome.MISSES, Outcome.TAKEN, Outcome.SHADOWED)


@dataclass(frozen=True)
class Row:
    """One route. An empty string is an empty cell."""

    index: str
    marks: str
    app: str
    host: str
    pattern: str
    methods: str
    name: str
    handler: str
    source: str
    reverse: str

    def cell(self, column: str) -> str:
        """The cell of a `COLUMNS` key."""
        text: str = getattr(self, column)
        return text


@dataclass(frozen=True)
class Line:
    """A line below the table, and how much it matters (None: it only informs)."""

    text: str
    severity: Severity | None = None


def select(report: Report, text: str | None, base: Path) -> tuple[Route, ...]:
    """The routes that contain ``text``, case-insensitively; all of them for None.

    Looked for in host, path, name, target, methods, reverse and source.
    """
    if text is None:
        return report.routes
    wanted = text.casefold()
    return tuple(
        route
        for route in report.routes
        if any(wanted in field.casefold() for field in _searched(route, base))
    )


def rows(report: Report, routes: Iterable[Route], base: Path) -> list[Row]:
    """Rows for some routes of ``report``; files are shown relative to ``base`` when below it."""
    codes: dict[int, list[str]] = {}
    for finding in report.findings:
        if finding.route is not None and finding.code[:3] in ("TK0", "TK1", "TK3"):
            codes.setdefault(finding.route, []).append(finding.code)
    several = len(report.tables) > 1
    return [
        _row(route, codes.get(route.index, []), report if several else None, base)
        for route in routes
    ]


def columns_in_use(rows: Sequence[Row]) -> list[str]:
    """The columns that hold something in at least one row."""
    return [column for column in COLUMNS if any(row.cell(column) for row in rows)]


def marks_in_use(rows: Sequence[Row]) -> list[str]:
    """One line of explanation for each mark that occurs."""
    used = set("".join(row.marks for row in rows))
    return [f"{mark}  {meaning}" for mark, meaning in MARKS.items() if mark in used]


def lines_below(report: Report, routes: Sequence[Route], base: Path) -> list[Line]:
    """Counts, what answers when no route does, and the findings about ``routes``."""
    total = len(report.routes)
    counted = _count(total, "route")
    if len(routes) != total:
        counted = f"{len(routes)} of {counted} shown"
    lines = [Line(f"{counted}.")]
    for target in default_handlers(report):
        where = f" ({place(target.source, base)})" if target.source else ""
        lines.append(Line(f"Anything else: {handler_name(target)}{where}"))
    lines += [Line(sentence) for sentence in _about_names(report)]
    chosen = {None, *(route.index for route in routes)}
    told = [finding for finding in report.findings if finding.route in chosen]
    lines += finding_lines(told, report, base)
    if len(told) != len(report.findings):
        hidden = _count(len(report.findings) - len(told), "finding")
        lines.append(Line(f"  and {hidden} about routes that are not shown"))
    return lines


def default_handlers(report: Report) -> list[Target]:
    """Handlers of the application's own that answer what its routes do not take."""
    targets = (fallback.target for table in report.tables for fallback in table.fallbacks)
    return [target for target in targets if target.kind is not TargetKind.ERROR]


def named(report: Report) -> list[Route]:
    """Routes with a name, not counting ``default_host`` copies: their names are the originals'."""
    return [route for route in report.routes if route.reversal is not None and not route.is_copy]


def goes_wrong(route: Route) -> bool:
    """Whether the route's name surely does not reverse to it."""
    return (
        route.reversal is not None and not route.is_copy and route.reversal.outcome in _GOES_WRONG
    )


def host(route: Route) -> str:
    """All host rules on the way, as written; empty if there is none."""
    rules = (HostCondition, DefaultHostCondition)
    return " & ".join(shown(c.regex) for c in route.conditions if isinstance(c, rules))


def pattern(route: Route) -> str:
    """All path rules on the way, outermost first: ``/api/.* & /api/users``."""
    parts = []
    for condition in route.conditions:
        if isinstance(condition, PathCondition):
            parts.append(shown(condition.regex))
        elif isinstance(condition, CustomCondition):
            inside = [condition.label, *([condition.pattern] if condition.pattern else [])]
            parts.append(f"<{' '.join(inside)}>")
    return " & ".join(parts) or "(any)"


def handler_name(target: Target) -> str:
    """The short name, and what it is where it is no handler."""
    kinds = (TargetKind.ROUTER, TargetKind.DELEGATE, TargetKind.CALLABLE, TargetKind.NOTHING)
    kind = f" ({target.kind.value})" if target.kind in kinds else ""
    return f"{target.short_name}{kind}{f' {target.detail}' if target.detail else ''}"


def place(source: Source | None, base: Path) -> str:
    """``handlers.py:12``: below ``base``, else below site-packages, else the full path."""
    if source is None:
        return ""
    parts = Path(source.file).parts
    for folder in ("site-packages", "dist-packages"):
        if folder in parts:
            return f"{Path(*parts[parts.index(folder) + 1 :])}:{source.line}"
    return f"{relative(source, base)}:{source.line}"


def relative(source: Source, base: Path) -> str:
    """The file, relative to ``base`` when below it."""
    path = Path(source.file)
    return str(path.relative_to(base) if path.is_relative_to(base) else path)


def finding_lines(findings: Iterable[Finding], report: Report, base: Path) -> list[Line]:
    """``TK301 route 5 user: can't be reversed: ... (app/handlers.py:12)``

    Findings that say the same of several routes share a line: one matcher of the application's
    own before all others can leave every name undecided.
    """
    same: dict[tuple[str, str, Severity], list[Finding]] = {}
    for finding in findings:
        same.setdefault((finding.code, finding.message, finding.severity), []).append(finding)
    names = {route.index: route.name for route in report.routes}
    lines = []
    for (code, message, severity), group in same.items():
        indices = [finding.route for finding in group if finding.route is not None]
        about = ", ".join(f"{index} {names[index] or ''}".rstrip() for index in indices)
        if about:
            about = f"route{'' if len(indices) == 1 else 's'} {about}: "
        where = place(group[0].where, base) if len(group) == 1 else ""
        lines.append(Line(f"  {code} {about}{message}{f' ({where})' if where else ''}", severity))
    return lines


def _about_names(report: Report) -> list[str]:
    total = len(named(report))
    wrong = sum(1 for route in named(report) if goes_wrong(route))
    unsure = sum(
        1
        for route in named(report)
        if route.reversal is not None and route.reversal.outcome is Outcome.UNDECIDED
    )
    said = []
    if wrong:
        said.append(f"{wrong} of {_count(total, 'name')} {_verb(wrong)} not reverse to the route")
    if unsure:
        of_all = "" if wrong else f" of {_count(total, 'name')}"
        said.append(f"{unsure}{of_all} undecided")
    if said:
        return [f"{', '.join(said)}:"]
    if not total:
        return []
    return ["Its name reverses." if total == 1 else f"All {total} names reverse."]


def _verb(count: int) -> str:
    return "does" if count == 1 else "do"


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _row(route: Route, codes: list[str], several: Report | None, base: Path) -> Row:
    url = route.reversal.url if route.reversal is not None else None
    return Row(
        index=str(route.index),
        marks=_marks(route),
        app=_application_of(route, several),
        host=host(route),
        pattern=pattern(route),
        methods=" ".join(route.target.methods),
        name=route.name or "",
        handler=_handler(route),
        source=place(route.target.source, base),
        reverse=" ".join([*([url] if url else []), *(f"({code})" for code in codes)]),
    )


def _handler(route: Route) -> str:
    if route.opens is not None:
        return f"{route.target.short_name} (its routes follow)"
    return handler_name(route.target)


def _application_of(route: Route, several: Report | None) -> str:
    if several is None:
        return ""
    return next(str(n) for n, table in enumerate(several.tables) if route in table.routes)


def _marks(route: Route) -> str:
    rules = [c for c in route.conditions if isinstance(c, DefaultHostCondition)]
    open_path = isinstance(route.condition, PathCondition) and open_ended(route.condition.regex)
    marks = {
        "t": route.origin is Origin.TORNADO,
        "d": bool(rules) and all(rule.possible for rule in rules),
        "x": any(not rule.possible for rule in rules),
        "?": route.uncertain,
        "~": open_path,
        "!": goes_wrong(route),
    }
    return "".join(mark for mark, set_ in marks.items() if set_)


def _searched(route: Route, base: Path) -> list[str]:
    url = route.reversal.url if route.reversal is not None else None
    return [
        host(route),
        pattern(route),
        route.name or "",
        route.target.name,
        " ".join(route.target.methods),
        url or "",
        place(route.target.source, base),
        route.target.source.file if route.target.source else "",
    ]
