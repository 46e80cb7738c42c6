"""Comma-separated values (RFC 4180), for spreadsheets and programs.

The first line names the columns, by the words that ``--columns`` takes; all of them, whether they
tell something or not, so that they are the same for every application. Columns are only ever
added.

A spreadsheet runs what begins like a formula (OWASP, "CSV Injection"): such a cell gets an
apostrophe in front, which says that text follows. A program that wants the exact text reads JSON.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from tornkit.routing.render.rows import COLUMNS, Row

LINE_END = "\r\n"

# Cells hold no tab and no line end any more (`tornkit.routing.render.rows`). The wide forms are
# those that Japanese and Chinese versions take for the others.
_LIKE_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def document(rows: Sequence[Row], columns: Sequence[str] | None = None) -> str:
    """CSV document of the rows under a line of headings; lines end in CR and LF.

    :param columns: keys of `COLUMNS`; all if None.
    """
    columns = list(COLUMNS) if columns is None else columns
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=LINE_END)
    writer.writerow(columns)
    writer.writerows([_cell(row.cell(column)) for column in columns] for row in rows)
    return text.getvalue()


def _cell(text: str) -> str:
    # Spaces are passed over before it is looked whether a formula begins.
    return f"'{text}" if text.lstrip(" ").startswith(_LIKE_A_FORMULA) else text
