"""For a pipe or a file: aligned columns, one line a route, never wrapped, cut or coloured.

An empty cell is ``-``, so that ``awk`` counts the same fields in every line of a table.
"""

from __future__ import annotations

from collections.abc import Sequence

from tornkit.routing.render.rows import COLUMNS, Line, Row, columns_in_use, marks_in_use

GAP = "  "


def table(rows: Sequence[Row]) -> str:
    """Headings and rows; no line ends in a space."""
    columns = columns_in_use(rows)
    cells = [[COLUMNS[column] for column in columns]]
    cells += [[row.cell(column) or "-" for column in columns] for row in rows]
    widths = [max(len(line[place]) for line in cells) for place in range(len(columns))]
    return "".join(
        GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        + "\n"
        for line in cells
    )


def document(rows: Sequence[Row], below: Sequence[Line]) -> str:
    """The table, what its marks mean, and the lines below."""
    parts = [table(rows)] if rows else []
    legend = marks_in_use(rows)
    if legend:
        parts.append("".join(f"{line}\n" for line in legend))
    parts.append("".join(f"{line.text}\n" for line in below))
    return "\n".join(parts)
