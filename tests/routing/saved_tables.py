"""Tables as `tornkit routes --format json` saves them, of real applications."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tornado.web import Application, RequestHandler

from tornkit.routing.comparing.saved import SavedTable, read
from tornkit.routing.findings.codes import LISTED
from tornkit.routing.render import table_json
from tornkit.routing.report import report_on


class Home(RequestHandler):
    def get(self, *args: str) -> None: ...


class Form(RequestHandler):
    def initialize(self, **kwargs: object) -> None: ...

    def get(self, *args: str) -> None: ...

    def post(self, *args: str) -> None: ...


class Other(RequestHandler):
    def get(self, *args: str) -> None: ...


def written(*applications: Any, families: Sequence[str] = LISTED) -> str:
    report = report_on(applications, "app.py", families)
    return table_json.document(report, report.routes, Path("/nowhere"))


def saved(*rules: Any, families: Sequence[str] = LISTED, **settings: Any) -> SavedTable:
    """The table of an application with these rules."""
    return read(written(Application([*rules], **settings), families=families))


def document(*rules: Any, **settings: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(written(Application([*rules], **settings)))
    return found
