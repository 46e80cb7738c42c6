"""For a pipe or a file: aligned columns, one line a route, never wrapped, cut or coloured.

Two spaces part the columns (``awk -F '  +'``), and an empty cell is ``-``, so that every line of
a table has the same fields.
"""

from __future__ import annotations

from collections.abc import Sequence

from tornkit.routing.render.below import Line
from tornkit.routing.render.rows import COLUMNS, Row, columns_in_use, marks_in_use
from tornkit.routing.render.spans import width_of

GAP = "  "


def table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Headings and rows; no line ends in a space."""
    cells = [[COLUMNS[column].heading for column in columns]]
    cells += [[row.cell(column) or "-" for column in columns] for row in rows]
    widths = [max(map(width_of, column)) for column in zip(*cells, strict=True)]
    return "".join(_line(line, widths) for line in cells)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell + " " * (width - width_of(cell)) for cell, width in zip(cells, widths, strict=True)
    )
    return f"{GAP.join(padded).rstrip()}\n"


def document(
    rows: Sequence[Row], below: Sequence[Line], columns: Sequence[str] | None = None
) -> str:
    """The table, what its marks mean, and the lines below.

    :param columns: keys of `COLUMNS`; those that tell something if None.
    """
    columns = columns_in_use(rows) if columns is None else columns
    parts = [table(rows, columns)] if rows else []
    legend = marks_in_use(rows) if "marks" in columns else []
    if legend:
        parts.append("".join(f"{line}\n" for line in legend))
    parts.append("".join(f"{line.text}\n" for line in below))
    return "\n".join(parts)
