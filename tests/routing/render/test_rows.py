from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from tornado.routing import AnyMatches, Matcher, PathMatches, Rule
from tornado.web import Application, RequestHandler, authenticated
from tornado.websocket import WebSocketHandler

from tests.routing.render.tables import (
    BASE,
    FILE,
    Entry,
    Home,
    Private,
    full,
    line_of,
    report_of,
    shown,
    simple,
)
from tornkit.routing.findings.codes import finding
from tornkit.routing.model import Report, Severity, Source
from tornkit.routing.render.rows import COLUMNS, Row, columns_in_use, marks_in_use, rows
from tornkit.routing.report import report_on


def made(report: Report) -> list[Row]:
    return rows(report, report.routes, BASE)


def column(report: Report, name: str) -> list[str]:
    return [row.cell(name) for row in made(report)]


def test_every_cell_has_a_column() -> None:
    assert list(Row._fields) == [*COLUMNS, "worst"]


def test_arguments_by_name_and_by_position() -> None:
    class Many(RequestHandler):
        def get(self, *args: str, **kwargs: str) -> None: ...

    rules = [
        ("/", Many),
        (r"/(?P<year>\d+)/(?P<slug>.*)", Many),
        (r"/(\d+)/(?:a|b)/(x)", Many),
    ]
    assert column(report_of(*rules), "arguments") == ["", "year, slug", "#1, #2"]


def test_the_groups_of_an_outer_pattern_are_no_arguments() -> None:
    report = report_of((PathMatches(r"/(?P<user>\w+)/.*"), [(r"/\w+/(\d+)", Home)]))
    assert column(report, "arguments") == ["#1"]


def test_what_is_no_handler_gets_no_arguments() -> None:
    def callback(request: object) -> None: ...

    assert column(report_of((r"/(\d+)", callback)), "arguments") == [""]


def test_keyword_arguments_with_their_secrets_masked() -> None:
    (row,) = made(report_of(("/(.*)", Entry, {"size": 7, "password": "hunter2"})))
    assert row.kwargs == "size=7, password='***'"


def test_a_path_among_keyword_arguments_is_relative_where_it_is_below(tmp_path: Path) -> None:
    class Files(RequestHandler):
        def initialize(self, text: str, path: Path, other: str) -> None: ...

    folder = tmp_path / ("long" * 20)
    kwargs = {"text": f"{folder}/a", "path": folder / "b", "other": "/elsewhere"}
    report = report_of(("/", Files, kwargs))
    (row,) = rows(report, report.routes, folder)
    assert row.kwargs == "text='a', path=PosixPath('b'), other='/elsewhere'"


def test_a_path_below_stays_masked(tmp_path: Path) -> None:
    class Files(RequestHandler):
        def initialize(self, **kwargs: object) -> None: ...

    kwargs = {"token": f"{tmp_path}/secret", "url": f"{tmp_path}/x?token=s3cret"}
    report = report_of(("/", Files, kwargs))
    (row,) = rows(report, report.routes, tmp_path)
    assert "s3cret" not in row.kwargs
    assert "secret" not in row.kwargs


def test_who_has_to_be_signed_in() -> None:
    class Socket(WebSocketHandler):
        @authenticated
        def open(self, *args: str, **kwargs: str) -> None: ...

    report = report_of(("/a", Home), ("/b/(.*)", Entry), ("/c", Private), ("/d", Socket))
    assert column(report, "auth") == ["", "POST", "yes", "yes"]


def test_the_kind_of_a_host() -> None:
    report = full()
    assert column(report, "host_kind") == [
        "rule",
        "rule",
        *[""] * 11,
        "default_host",
        "default_host",
    ]
    assert made(report)[-1].host == r"b\.com"
    assert "host_kind" in columns_in_use(made(report))
    without = [row for row in made(report) if row.host_kind != "default_host"]
    assert "host_kind" not in columns_in_use(without)
    assert "host" in columns_in_use(without)


def test_origin_is_a_column_where_not_all_is_the_applications_own() -> None:
    assert column(full(), "origin")[2:6] == ["tornado", "tornado", "tornado", "app"]
    assert "origin" in columns_in_use(made(full()))
    assert "origin" not in columns_in_use(made(simple()))


def test_columns_that_tell_nothing_are_left_out() -> None:
    assert columns_in_use(made(simple())) == ["index", "pattern", "methods", "handler", "source"]
    assert columns_in_use([]) == []


def test_marks_are_explained_when_used() -> None:
    marked = {row.pattern: row.marks for row in made(full())}
    assert marked["/opt/?"] == "!"
    assert marked["/a|/b"] == "~"
    assert marked["/opaque"] == "?"
    assert marked["/b"] == "x"
    assert marked["/"] == ""
    assert [line[0] for line in marks_in_use(made(full()))] == ["x", "?", "~", "!"]
    assert marks_in_use(made(simple())) == []


def test_handlers_that_are_none() -> None:
    def callback(request: object) -> None: ...

    rules = [("/", callback), (AnyMatches(), Home), ("/in", [("/x", Home)], {}, "named")]
    found = made(report_of(*rules))
    assert found[0].handler == "callback (callable)"
    assert found[1].pattern == "(any)"
    assert found[2].handler == "rules (its routes follow)"
    assert found[3].pattern == "/in & /x"


def test_an_empty_pattern_is_not_any_path() -> None:
    report = report_of(("", Home), Rule(PathMatches(re.compile("")), Home))
    assert column(report, "pattern") == ["$", "''"]


def test_a_matcher_of_ones_own() -> None:
    class Custom(Matcher): ...

    class Guarded(PathMatches):
        def match(self, request: object) -> None: ...

    report = report_of(Rule(Custom(), Home), Rule(Guarded(r"/(\d+)"), Home))
    assert column(report, "pattern") == ["<Custom>", r"<Guarded /(\d+)$>"]
    assert column(report, "arguments") == ["", ""]


def test_several_applications() -> None:
    report = report_on([Application([("/", Home)]), Application([("/", Home)])], "program")
    assert column(report, "app") == ["0", "1"]
    assert "app" in columns_in_use(made(report))


def test_findings_of_a_route_stand_in_its_row() -> None:
    report = simple()
    found = (
        finding("TK504", "open", route=1),
        finding("TK201", "dead", route=1),
        finding("TK504", "open again", route=1),
        finding("TK601", "of none"),
    )
    first, second = made(replace(report, findings=found))
    assert (first.findings, first.worst) == ("", None)
    assert (second.findings, second.worst) == ("TK504 TK201", Severity.ERROR)


def test_a_cell_is_one_line_without_control_characters() -> None:
    pattern = PathMatches(re.compile("/a\n\x1b(?P<b>x)", re.VERBOSE))
    (row,) = made(report_of((pattern, Home, {}, "two\nlines")))
    assert row.pattern == r"(?x:/a\n\x1b(?P<b>x))"
    assert row.name == r"two\nlines"


def test_where_handler_and_rule_are_written() -> None:
    report = simple()
    declared = Source(str(BASE / "routes.py"), 3)
    routes = tuple(replace(route, declared=declared) for route in report.routes)
    row = rows(report, routes, BASE)[0]
    assert row.source == f"{FILE}:{line_of('class Home')}"
    assert row.declared == "routes.py:3"


def test_files_of_installed_packages_are_shown_from_there() -> None:
    report = simple()
    there = Source("/usr/lib/python3/site-packages/shop/handlers.py", 3)
    route = replace(report.routes[0], target=replace(report.routes[0].target, source=there))
    assert rows(report, [route], BASE)[0].source == "shop/handlers.py:3"


def test_shown_gives_the_rows_that_contain_a_text() -> None:
    found, below = shown(full(), "/opt")
    assert [row.index for row in found] == ["7"]
    assert below[0].text == "1 of 15 routes shown."
