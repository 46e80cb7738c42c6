"""Markdown of GitHub's for a document or a review: a table, and the lines below as a list.

What a route is made of stands in code spans, so that ``(?P<slug>...)`` is no HTML and ``*`` no
emphasis. A pipe is escaped there too: GitHub splits cells before it looks for code (GitHub
Flavored Markdown, "Tables (extension)"), and takes the backslash away again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tornkit.routing.render.below import Line
from tornkit.routing.render.rows import COLUMNS, Row, columns_in_use, marks_in_use

_AS_TEXT = frozenset({"index", "app", "host_kind", "methods", "auth", "origin", "findings"})
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&])")  # at least these mean something inside a line


def document(
    rows: Sequence[Row], below: Sequence[Line], columns: Sequence[str] | None = None
) -> str:
    """Markdown of the table, of the legend of its marks, and of the lines below.

    :param columns: keys of `COLUMNS`; those that tell something if None.
    """
    columns = columns_in_use(rows) if columns is None else columns
    parts = []
    if rows:
        parts.append(_table(rows, columns))
    legend = marks_in_use(rows) if "marks" in columns else []
    if legend:
        parts.append("".join(f"- {code(line[0])} {escaped(line[3:])}\n" for line in legend))
    sentences = [line for line in below if not line.text.startswith(" ")]
    findings = [line for line in below if line.text.startswith(" ")]
    parts.append("  \n".join(escaped(line.text) for line in sentences) + "\n")
    if findings:
        parts.append("".join(f"- {escaped(line.text.strip())}\n" for line in findings))
    return "\n".join(parts)


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", text)


def _table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    lines = [
        [COLUMNS[column].heading for column in columns],
        ["---:" if column == "index" else "---" for column in columns],
        *([_cell(row, column) for column in columns] for row in rows),
    ]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cell(row: Row, column: str) -> str:
    text = row.cell(column)
    return escaped(text) if column in _AS_TEXT else code(text).replace("|", r"\|")


def code(text: str) -> str:
    """A code span. Its fence is longer than any run of backticks inside (CommonMark 6.1)."""
    if not text:
        return ""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{space}{text}{space}{fence}"
