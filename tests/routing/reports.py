"""Reports for tests that need findings about real routes and not the checks themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tornado.web import Application, RequestHandler

from tornkit.routing.model import Finding, Report
from tornkit.routing.report import report_on


class Page(RequestHandler):
    def get(self) -> None: ...


class Post(RequestHandler):
    def get(self, number: str) -> None: ...


RULES: list[Any] = [
    ("/", Page, {}, "home"),
    (r"/posts/([0-9]{1,9})", Post, {}, "post"),
    (r"/posts/(\d+)", Post),
]


def a_report(
    findings: Iterable[Finding] = (),
    rules: Iterable[Any] = RULES,
    hosts: Iterable[tuple[str, list[Any]]] = (),
) -> Report:
    """Of an application with these rules; its findings are those given."""
    application = Application(list(rules))
    for host, below in hosts:
        application.add_handlers(host, below)
    return replace(report_on([application], "app.py:app"), findings=tuple(findings))
