"""For a terminal: one line a route if the natural width fits, else a few short lines a route.

Nothing is cut: what is too long for a line folds onto the next. All text goes through
`rich.text.Text`, because as markup a regex's ``[a-z]`` would vanish.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tornkit.routing.model import Severity
from tornkit.routing.render.rows import COLUMNS, Line, Row, columns_in_use, marks_in_use

_GAP = 2
_STYLES = {
    "index": "dim",
    "marks": "yellow",
    "host": "magenta",
    "pattern": "bold",
    "methods": "cyan",
    "name": "green",
    "source": "dim",
}
_SEVERITIES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


def document(rows: Sequence[Row], below: Sequence[Line], width: int) -> RenderableType:
    """The table in the layout that ``width`` columns allow, and everything under it."""
    parts: list[RenderableType] = []
    if rows:
        parts.append(_wide(rows) if natural_width(rows) <= width else _stacked(rows))
        parts.append(Text())
    legend = marks_in_use(rows)
    parts += [_folding(line, "dim") for line in legend]
    if legend:
        parts.append(Text())
    parts += [
        _folding(line.text, _SEVERITIES[line.severity] if line.severity else "") for line in below
    ]
    return Group(*parts)


def natural_width(rows: Sequence[Row]) -> int:
    """What the table of one line a route takes."""
    columns = columns_in_use(rows)
    widths = (
        max(cell_len(COLUMNS[column]), *(cell_len(row.cell(column)) for row in rows))
        for column in columns
    )
    return sum(widths) + _GAP * (len(columns) - 1)


def _wide(rows: Sequence[Row]) -> Table:
    columns = columns_in_use(rows)
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(
            Text(COLUMNS[column]),
            justify="right" if column == "index" else "left",
            no_wrap=True,
        )
    for row in rows:
        table.add_row(*(_cell(row, column) for column in columns))
    return table


def _stacked(rows: Sequence[Row]) -> Table:
    """Index and marks at the left; beside them what matches, what runs, and the name."""
    table = Table.grid(padding=(0, _GAP, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    if any(row.marks for row in rows):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        left = [_cell(row, "index"), _cell(row, "marks")][: len(table.columns) - 1]
        table.add_row(*left, Group(*_body(row)))
    return table


def _body(row: Row) -> Iterable[Text]:
    yield _joined(row, ("host", "pattern"), "  ")
    app = Text(f"app {row.app} · ") if row.app else Text()
    yield app + _joined(row, ("methods", "handler", "source"), " · ")
    if row.name:
        yield Text("name ") + _joined(row, ("name", "reverse"), " → ")


def _joined(row: Row, columns: Iterable[str], between: str) -> Text:
    cells = [_cell(row, column) for column in columns if row.cell(column)]
    text = Text(between, overflow="fold", no_wrap=False).join(cells)
    text.overflow = "fold"
    return text


def _cell(row: Row, column: str) -> Text:
    style = _STYLES.get(column, "")
    if column == "reverse" and "!" in row.marks:
        style = "red"
    return Text(row.cell(column), style=style)


def _folding(line: str, style: str) -> Text:
    return Text(line, style=style, overflow="fold")
