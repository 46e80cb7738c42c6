"""Comma-separated values (RFC 4180), for spreadsheets and programs.

The first line names the columns, by the words that ``--columns`` takes; all of them, whether they
tell something or not, so that they are the same for every application. Columns are only ever
added.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from tornkit.routing.render.rows import COLUMNS, Row


def document(rows: Sequence[Row], columns: Sequence[str] | None = None) -> str:
    """Lines that end in CR and LF.

    :param columns: keys of `COLUMNS`; all if None.
    """
    columns = list(COLUMNS) if columns is None else columns
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([row.cell(column) for column in columns] for row in rows)
    return text.getvalue()
