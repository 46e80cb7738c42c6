"""Applications whose tables the tests of all formats look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tornado.routing import PathMatches, Router
from tornado.web import Application, RedirectHandler, RequestHandler, authenticated

from tornkit.routing.model import Report
from tornkit.routing.render.below import Line, lines_below
from tornkit.routing.render.rows import Row, rows
from tornkit.routing.report import report_on
from tornkit.routing.select import Filters, select

HERE = Path(__file__).parent
BASE = HERE.parent
FILE = "render/tables.py"


class Home(RequestHandler):
    def get(self) -> None: ...


class Entry(RequestHandler):
    """An entry of the blog."""

    def initialize(self, size: int = 1, password: str = "") -> None: ...

    def get(self, slug: str) -> None:
        """Show it.

        At length.
        """

    @authenticated
    def post(self, slug: str) -> None: ...


class Private(RequestHandler):
    @authenticated
    def get(self, *args: str) -> None: ...


class NotFound(RequestHandler): ...


def report_of(*rules: Any, **settings: Any) -> Report:
    """Of an application with these rules alone."""
    return report_on([Application(list(rules), **settings)], "app.py")


def simple() -> Report:
    """Two routes that have nothing but a pattern and a handler."""
    return report_of(("/", Home), ("/[a-z]+", Home))


def full() -> Report:
    """Hosts, default_host, nested routers, static files; 16 routes, two names go wrong."""

    class Opaque(Router): ...

    application = Application(
        [
            ("/", Home, {}, "home"),
            ("/entry/(?P<slug>[a-z0-9-]+)", Entry, {"size": 7, "password": "x9"}, "entry"),
            ("/opt/?", Home, {}, "opt"),
            ("/(?:x|y)", Home, {}, "xy"),
            ("/a|/b", Home),
            ("/old", RedirectHandler, {"url": "/new"}),
            (PathMatches("/in/.*"), [(r"/in/([a-z]+)/(\d+)", Private)]),
            ("/opaque", Opaque()),
        ],
        default_host="www.example.com",
        default_handler_class=NotFound,
        static_path=str(HERE),
    )
    application.add_handlers(r"www\.example\.com", [("/host", Home, {}, "at-host")])
    application.add_handlers(r"b\.com", [("/b", Home)])
    return report_on([application], "app.py:make_app")


def shown(report: Report, grep: str | None = None) -> tuple[list[Row], list[Line]]:
    """The rows and the lines below them."""
    routes = select(report, Filters(grep=grep), BASE)
    return rows(report, routes, BASE), lines_below(report, routes, BASE)


def line_of(start: str) -> int:
    """The line of this file that begins so."""
    lines = Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(start))
