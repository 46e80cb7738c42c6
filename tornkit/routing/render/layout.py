"""The table for a terminal of some width: one line a route if that fits, else a few short ones.

Where a little is lacking, columns make way, the least useful first, and a line says which: the
arguments are in the pattern, a name that goes wrong is told below, a place in Tornado's own files
is not one to go to. What matches, what runs and its name stay to the last. Where these do not fit
either, each route gets a few lines, which hold everything. No cell is ever cut: what is too long
for a line folds onto the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat

from tornkit.routing.model import Severity
from tornkit.routing.render.below import Line
from tornkit.routing.render.rows import COLUMNS, Row, cells_of, columns_in_use, marks_in_use
from tornkit.routing.render.spans import (
    Span,
    SpanLine,
    fold,
    joined,
    line_width,
    padded,
    widest,
    width_of,
)

DROPPED = (
    *("declared", "arguments", "origin", "kwargs", "findings", "reverse"),
    *("host_kind", "source", "auth"),
)
"""Columns that make way where width is lacking, first to last."""

_GAP = "  "
_STYLES = {
    "index": "dim",
    "marks": "yellow",
    "host": "magenta",
    "host_kind": "dim",
    "pattern": "bold",
    "methods": "cyan",
    "name": "green",
    "auth": "yellow",
    "source": "dim",
    "declared": "dim",
    "origin": "dim",
}
_SEVERITIES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


def lines(
    rows: Sequence[Row],
    below: Sequence[Line],
    width: int,
    columns: Sequence[str] | None = None,
) -> list[SpanLine]:
    """Lines of the table, of the legend of its marks, and of the text below.

    :param columns: keys of `COLUMNS`, none of which makes way; those that tell something if None.
    """
    wanted = columns_in_use(rows) if columns is None else list(columns)
    made: list[SpanLine] = []
    if rows:
        made += [*_table(rows, wanted, width, () if columns else DROPPED), []]
    return made + under(rows, below, wanted, width)


def under(
    rows: Sequence[Row], below: Sequence[Line], columns: Sequence[str], width: int | None
) -> list[SpanLine]:
    """Legend of the marks, where they are among the columns; and the lines below, folded."""
    legend = marks_in_use(rows) if "marks" in columns else []
    made = [piece for line in legend for piece in fold([Span(line, "dim")], width, "   ")]
    made += [[]] if legend else []
    for text, severity in ((line.text, line.severity) for line in below):
        made += fold([Span(text, _SEVERITIES[severity] if severity else "")], width, "    ")
    return made


def cell(row: Row, column: str) -> Span:
    """A cell of a row, styled in its column's colour; in red what is wrong."""
    return Span(row.cell(column), _style(row, column))


def _style(row: Row, column: str) -> str:
    if column == "reverse" and "!" in row.marks:
        return "red"
    if column == "findings" and row.worst is not None:
        return _SEVERITIES[row.worst]
    return _STYLES.get(column, "")


def natural_widths(
    rows: Sequence[Row], columns: Sequence[str], *, headings: bool = True
) -> dict[str, int]:
    """Width of each column when nothing folds."""
    return {
        column: max(width_of(COLUMNS[column].heading) if headings else 0, widest(cells))
        for column, cells in zip(columns, cells_of(rows, columns), strict=True)
    }


def natural_width(widths: dict[str, int]) -> int:
    """Width that columns of these widths take together."""
    return sum(widths.values()) + len(_GAP) * (len(widths) - 1)


def _table(
    rows: Sequence[Row], wanted: Sequence[str], width: int, dropped: Sequence[str]
) -> list[SpanLine]:
    widths = natural_widths(rows, wanted)
    gone = []
    unplaced = False
    shown = rows
    for column in dropped:
        if natural_width(widths) <= width:
            break
        if column == "source" and "source" in widths:
            # The lines of one's own files may fit where `tornado/web.py:2901` is the widest.
            without = _without_tornado_places(rows)
            narrower = natural_widths(without, ["source"])
            if any(row.source for row in without) and (
                natural_width({**widths, **narrower}) <= width
            ):
                widths |= narrower
                shown, unplaced = without, True
                break
        if widths.pop(column, None) is not None:
            gone.append(column)
    if natural_width(widths) > width:
        left = [column for column in ("index", "marks") if column in wanted]
        beside = natural_widths(rows, left, headings=False)
        return [line for row in rows for line in _stacked(row, wanted, beside, width)]
    found = [_heading(widths), *_lines_of(shown, widths)]
    if gone:
        names = ", ".join(column for column in wanted if column in gone)
        if unplaced:
            names += " and lines of Tornado's own files"
        said = f"left out for the width: {names}; --columns shows what you name"
        found += [[], *fold([Span(said, "dim")], width)]
    return found


def _without_tornado_places(rows: Sequence[Row]) -> list[Row]:
    """The rows, without lines of Tornado's own files."""
    return [row._replace(source="") if row.source.startswith("tornado/") else row for row in rows]


def _heading(widths: dict[str, int]) -> SpanLine:
    """The line of column headings."""
    texts = _texts({column: [COLUMNS[column].heading] for column in widths}, widths)
    return [Span(text, "bold") for (text,) in texts]


def _lines_of(rows: Sequence[Row], widths: dict[str, int]) -> Iterator[SpanLine]:
    """One line of the table for each row, made column by column."""
    cells = dict(zip(widths, cells_of(rows, list(widths)), strict=True))
    styles = [[_style(row, column) for row in rows] for column in widths]
    spans = map(map, repeat(Span), _texts(cells, widths), styles)
    return map(list, zip(*spans, strict=True))


def _texts(cells: Mapping[str, Sequence[str]], widths: dict[str, int]) -> Iterator[list[str]]:
    """Each column's cells padded to the column's width; the index stands right, all else left.

    The space behind a cell is part of its span: half as many for rich to go through.
    """
    *_, last = widths
    for column, texts in cells.items():
        made = padded(texts, widths[column], right=column == "index")
        yield [text.rstrip() if column == last else text + _GAP for text in made]


def _stacked(
    row: Row, wanted: Sequence[str], left: dict[str, int], width: int
) -> Iterator[SpanLine]:
    """Several lines for one route, where its row is too wide for the terminal.

    Index and marks at the left of the first; beside them what matches, what runs, and the name.
    """
    begin: SpanLine = []
    for column, most in left.items():
        text, style = cell(row, column)
        padded = text.rjust(most) if column == "index" else text.ljust(most)
        begin += [Span(padded, style), Span(_GAP)]
    taken = line_width(begin)
    for line in _body(row, wanted):
        for piece in fold(line, width - taken):
            yield [*begin, *piece]
            begin = [Span(" " * taken)] if taken else []


def _body(row: Row, wanted: Sequence[str]) -> Iterator[SpanLine]:
    """Lines of a route beside its index, where its row is too wide; at most four."""

    def part(column: str, label: str = "") -> SpanLine:
        if column not in wanted or row.cell(column) in COLUMNS[column].silent:
            return []
        return [*([Span(f"{label} ", "dim")] if label else []), cell(row, column)]

    def call() -> SpanLine:
        arguments = part("arguments")
        if not part("handler"):
            return part("arguments", "arguments")
        return [*part("handler"), *([Span("("), *arguments, Span(")")] if arguments else [])]

    host = [*part("host"), *([Span(" "), *part("host_kind")] if part("host_kind") else [])]
    name = joined([part("name", "name"), part("reverse")], " → ")
    for line in (
        joined([host, part("pattern")], _GAP),
        joined(
            [
                part("app", "app"),
                part("methods"),
                call(),
                part("auth", "auth"),
                part("source"),
                part("declared", "declared at"),
                part("origin"),
            ],
            " · ",
        ),
        part("kwargs", "kwargs"),
        joined([name, part("findings")], " · "),
    ):
        if line:
            yield line
