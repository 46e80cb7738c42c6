"""A route as a row of short strings: what every format for people, and CSV, shows.

Computes, and knows nothing of widths or colours. A cell is one line whatever is in it, and holds
no two spaces that are not a pattern's own, so that two spaces part the columns of plain text.
Marks are single ASCII characters, so that they survive a pipe; `marks_in_use` says what they mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tornkit.printable import printable
from tornkit.regex.patterns.pattern import open_ended
from tornkit.routing.conditions import DefaultHostCondition, PathCondition
from tornkit.routing.model import Report, Route, RouteTarget, Severity
from tornkit.routing.render import words
from tornkit.routing.render.below import goes_wrong

MARKS = {
    "x": "no request can reach it: default_host is not a host of its rule",
    "?": "code of the application's own decides whether it takes a request",
    "~": "the regex is open at its end: longer paths match too",
    "!": "the name does not reverse to this route",
}


@dataclass(frozen=True)
class Column:
    """A column of all tables. One that has nothing but ``silent`` cells tells nothing."""

    heading: str
    silent: frozenset[str] = frozenset({""})


COLUMNS = {
    "index": Column("#"),
    "marks": Column("mark"),
    "app": Column("app", frozenset({"0"})),
    "host": Column("host"),
    "host_kind": Column("host kind", frozenset({"", "rule"})),
    "pattern": Column("pattern"),
    "methods": Column("methods"),
    "name": Column("name"),
    "handler": Column("handler"),
    "arguments": Column("arguments"),
    "kwargs": Column("kwargs"),
    "auth": Column("auth"),
    "source": Column("defined at"),
    "declared": Column("declared at"),
    "origin": Column("origin", frozenset({"app"})),
    "reverse": Column("reverse_url"),
    "findings": Column("findings"),
}
"""Field of `Row`, name for ``--columns`` and heading of CSV -> column, in the order of a table."""


def column_called(name: str) -> str | None:
    """Find a column by its key or its heading, in any case: ``defined at`` -> ``source``.

    A hyphen or an underscore may stand for a space, so that a heading needs no quotes.
    """
    return _CALLED.get(_words_of(name))


def _words_of(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


_CALLED = {
    _words_of(each): key for key, column in COLUMNS.items() for each in (column.heading, key)
}


class Row(NamedTuple):
    """The texts of one route, by column. ``worst`` is the worst severity of its findings.

    An empty string is an empty cell.

    A tuple: made in a third of a frozen dataclass's time, and `zip` makes columns of rows.
    """

    index: str  # type: ignore[assignment]  # in the place of a tuple's method, unused here
    marks: str
    app: str
    host: str
    host_kind: str
    pattern: str
    methods: str
    name: str
    handler: str
    arguments: str
    kwargs: str
    auth: str
    source: str
    declared: str
    origin: str
    reverse: str
    findings: str
    worst: Severity | None = None

    def cell(self, column: str) -> str:
        """Text of the cell in ``column``, a key of `COLUMNS`."""
        text: str = getattr(self, column)
        return text


def rows(report: Report, routes: Iterable[Route], base: Path) -> list[Row]:
    """Rows for some routes of ``report``; files are shown relative to ``base`` when below it."""
    found: dict[int, list[tuple[str, Severity]]] = {}
    for finding in report.findings:
        if finding.route is not None:
            found.setdefault(finding.route, []).append((finding.code, finding.severity))
    numbers = application_numbers(report)
    made = _Maker(base)
    return [made.row(route, found.get(route.index, ()), numbers[route.index]) for route in routes]


def application_numbers(report: Report) -> dict[int, int]:
    """A route's index -> which of the program's applications it belongs to, from 0."""
    return {
        route.index: number for number, table in enumerate(report.tables) for route in table.routes
    }


def columns_in_use(rows: Sequence[Row]) -> list[str]:
    """The columns that tell something in at least one row."""
    return [
        name
        for (name, column), cells in zip(COLUMNS.items(), zip(*rows, strict=True), strict=False)
        if not column.silent.issuperset(cells)
    ]


def cells_of(rows: Iterable[Row], columns: Sequence[str]) -> list[tuple[str, ...]]:
    """The cells of some columns, column by column; nothing but empty ones if there is no row."""
    made = list(zip(*rows, strict=True)) or [()] * len(Row._fields)
    return [made[Row._fields.index(column)] for column in columns]


def marks_in_use(rows: Sequence[Row]) -> list[str]:
    """One line of explanation for each mark that occurs."""
    used = set("".join(row.marks for row in rows))
    return [f"{mark}  {meaning}" for mark, meaning in MARKS.items() if mark in used]


class _TargetCells(NamedTuple):
    """The cells that all routes to one target share."""

    methods: str
    handler: str
    auth: str
    source: str


class _Maker:
    """Makes rows. What a target or a place says is put into words once, however many share it."""

    def __init__(self, base: Path) -> None:
        self._base = base
        # By identity, with the target itself to keep it: to hash one takes longer than its words.
        self._targets: dict[int, tuple[RouteTarget, _TargetCells]] = {}

    def row(self, route: Route, found: Sequence[tuple[str, Severity]], app: int) -> Row:
        target = self._cells_of(route.target)
        conditions = route.conditions
        url = route.reversal.url if route.reversal is not None else None
        # Nearly all; there is no host to look for.
        only_a_path = len(conditions) == 1 and isinstance(conditions[0], PathCondition)
        pattern = words.condition_text(conditions[0]) if only_a_path else words.pattern(route)
        return Row(
            index=str(route.index),
            marks=_marks(route),
            app=str(app),
            host="" if only_a_path else printable(words.host(route)),
            host_kind="" if only_a_path else words.host_kind(route),
            pattern=printable(pattern),
            methods=target.methods,
            name=printable(route.name or ""),
            handler=target.handler if route.opens is None else printable(words.handler(route)),
            arguments=words.arguments_text(route),
            kwargs=printable(words.keywords_text(route, self._base)) if route.kwargs else "",
            auth=target.auth,
            source=target.source,
            declared=printable(words.place(route.declared, self._base)) if route.declared else "",
            origin=route.origin.value,
            reverse=printable(url or ""),
            findings=" ".join(dict.fromkeys([code for code, _ in found])) if found else "",
            worst=min([severity for _, severity in found], key=list(Severity).index)
            if found
            else None,
        )

    def _cells_of(self, target: RouteTarget) -> _TargetCells:
        known = self._targets.get(id(target))
        if known is None:
            cells = _TargetCells(
                printable(" ".join(target.methods)),
                printable(words.handler_name(target)),
                printable(words.auth(target)),
                printable(words.place(target.source, self._base)),
            )
            known = self._targets[id(target)] = target, cells
        return known[1]


def _marks(route: Route) -> str:
    """Marks of a route: the keys of `MARKS` that apply to it, in their order."""
    marks = ""
    for condition in route.conditions:
        if isinstance(condition, DefaultHostCondition) and not condition.possible:
            marks = "x"
    if route.uncertain:
        marks += "?"
    if isinstance(route.condition, PathCondition) and open_ended(route.condition.regex):
        marks += "~"
    if goes_wrong(route):
        marks += "!"
    return marks
