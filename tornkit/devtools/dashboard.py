"""Data of the page that shows a server: its routes with their findings, and where a URL goes.

What `tornkit routes` says, of the applications as they are in this process.
"""

from __future__ import annotations

from collections.abc import Collection
from json import dumps, loads
from pathlib import Path
from typing import Any

import tornado
from tornado.web import Application

from tornkit.routing.findings.codes import ALL
from tornkit.routing.matching.asked import asked
from tornkit.routing.matching.explain import explain
from tornkit.routing.reading.extract import unreversed_tables
from tornkit.routing.render import explained, table_json
from tornkit.routing.report import report_on

_MOST_CHECKED = 1_000  # routes whose checks are done while a worker serves


def routes(applications: Collection[Application], label: str) -> bytes:
    """JSON of the table (``routing/render/schema.json``); ``checked``: findings were looked for."""
    few = sum(len(each.table.routes) for each in unreversed_tables(applications)) <= _MOST_CHECKED
    report = report_on(applications, label, ALL if few else (), declared=True)
    document = loads(table_json.document(report, report.routes, _here()))
    return dumps({**document, "checked": few}).encode()


def match(applications: Collection[Application], url: str, method: str) -> dict[str, Any]:
    """Where a URL goes, and why: ``lines`` of spans (text, style); or ``error``, one line."""
    try:
        request = asked(url, method or None)
    except ValueError as error:
        return {"error": str(error)}
    tables = unreversed_tables(applications)
    found = [explain(each.table, request, tornado.version) for each in tables]
    lines = explained.lines(found, _here(), None)
    return {"lines": [[[span.text, span.style] for span in line] for line in lines]}


def _here() -> Path:
    try:
        return Path.cwd()
    except OSError:
        return Path("/")
