"""Plain text for a pipe or a file: aligned columns, a line a route, never wrapped, cut or coloured.

Two spaces part the columns (``awk -F '  +'``), and an empty cell is ``-``, so that every line of
a table has the same fields.
"""

from __future__ import annotations

from collections.abc import Sequence

from tornkit.routing.render.below import Line
from tornkit.routing.render.rows import COLUMNS, Row, cells_of, columns_in_use, marks_in_use
from tornkit.routing.render.spans import padded

GAP = "  "


def table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Headings and rows; no line ends in a space."""
    columns_of_cells = [
        padded([COLUMNS[column].heading, *[cell or "-" for cell in cells]])
        for column, cells in zip(columns, cells_of(rows, columns), strict=True)
    ]
    lines = zip(*columns_of_cells, strict=True)
    return "".join([f"{GAP.join(line).rstrip()}\n" for line in lines])


def document(
    rows: Sequence[Row], below: Sequence[Line], columns: Sequence[str] | None = None
) -> str:
    """Plain text of the table, of the legend of its marks, and of the lines below.

    :param columns: keys of `COLUMNS`; those that tell something if None.
    """
    columns = columns_in_use(rows) if columns is None else columns
    parts = [table(rows, columns)] if rows else []
    legend = marks_in_use(rows) if "marks" in columns else []
    if legend:
        parts.append("".join(f"{line}\n" for line in legend))
    parts.append("".join(f"{line.text}\n" for line in below))
    return "\n".join(parts)
