from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tornado.routing import AnyMatches, Matcher, PathMatches, Router, URLSpec
from tornado.web import Application, RedirectHandler, RequestHandler

from tornkit.routing.model import Report
from tornkit.routing.render import plain, structured, terminal
from tornkit.routing.render.rows import columns_in_use, lines_below, rows, select
from tornkit.routing.report import report_on

HERE = Path(__file__).parent
BASE = HERE.parent


class Home(RequestHandler):
    def get(self) -> None: ...


class Entry(RequestHandler):
    def get(self, slug: str) -> None: ...

    def post(self, slug: str) -> None: ...


class NotFound(RequestHandler): ...


def simple() -> Report:
    return report_on([Application([("/", Home), ("/[a-z]+", Home)])], "app.py")


def full() -> Report:
    class Opaque(Router): ...

    application = Application(
        [
            ("/", Home, {}, "home"),
            ("/entry/(?P<slug>[a-z0-9-]+)", Entry, {}, "entry"),
            ("/opt/?", Home, {}, "opt"),
            ("/(?:x|y)", Home, {}, "xy"),
            ("/a|/b", Home),
            ("/old", RedirectHandler, {"url": "/new"}),
            (PathMatches("/in/.*"), [("/in/[a-z]+", Home)]),
            ("/opaque", Opaque()),
        ],
        default_host="www.example.com",
        default_handler_class=NotFound,
        static_path="/nowhere",
    )
    application.add_handlers(r"www\.example\.com", [("/host", Home, {}, "at-host")])
    application.add_handlers(r"b\.com", [("/b", Home)])
    return report_on([application], "app.py:make_app")


def as_plain(report: Report, grep: str | None = None) -> str:
    routes = select(report, grep, BASE)
    return plain.document(rows(report, routes, BASE), lines_below(report, routes, BASE))


def as_terminal(report: Report, width: int, **options: Any) -> str:
    file = StringIO()
    console = Console(file=file, width=width, highlight=False, soft_wrap=True, **options)
    below = lines_below(report, report.routes, BASE)
    console.print(
        terminal.document(rows(report, report.routes, BASE), below, width), soft_wrap=False
    )
    return file.getvalue()


def as_json(report: Report, grep: str | None = None) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        structured.document(report, select(report, grep, BASE), BASE)
    )
    return document


class TestPlain:
    def test_one_aligned_line_a_route(self) -> None:
        lines = as_plain(simple()).splitlines()
        assert lines[0].split() == ["#", "pattern", "methods", "handler", "defined", "at"]
        assert lines[1].split()[:4] == ["0", "/", "GET", "Home"]
        assert lines[2].split()[:4] == ["1", "/[a-z]+", "GET", "Home"]
        assert lines[1].split()[4].startswith("routing/test_render.py:")
        for heading in ("pattern", "methods", "handler", "defined at"):
            place = lines[0].index(heading)
            assert {line[place - 1] for line in lines[:3]} == {" "}
            assert " " not in {line[place] for line in lines[:3]}
        assert lines[3:] == ["", "2 routes."]

    def test_never_wrapped_cut_or_padded_at_the_end(self) -> None:
        long = "/" + "x" * 500
        text = as_plain(report_on([Application([(long, Home)])], "app"))
        assert any(long in line and "test_render.py" in line for line in text.splitlines())
        assert not any(line.endswith(" ") for line in as_plain(full()).splitlines())

    def test_empty_cells_keep_the_fields_countable(self) -> None:
        table = as_plain(full()).split("\n\n")[0].splitlines()
        assert len(table) == 1 + 15
        assert "-" in table[1].split()

    def test_marks_are_explained_when_used(self) -> None:
        text = as_plain(full())
        for line in (
            "t  inserted by Tornado for static_path",
            "d  a host rule's route again, reached through default_host",
            "x  no request can reach it",
            "?  code of the application's own",
            "~  the regex is open at its end",
            "!  the name does not reverse",
        ):
            assert f"\n{line}" in text
        assert "static_path" not in as_plain(simple())
        marked = {row.pattern: row.marks for row in rows(full(), full().routes, BASE)}
        assert marked[r"/(robots\.txt)"] == "t"
        assert marked["/opt/?"] == "!"
        assert marked["/a|/b"] == "~"
        assert marked["/opaque"] == "?"
        assert marked["/host"] == "d"  # the last of two wins here: the copy
        assert marked["/b"] == "x"
        assert marked["/"] == ""

    def test_findings_below(self) -> None:
        lines = as_plain(full()).splitlines()
        assert "15 routes." in lines
        assert any(line.startswith("Anything else: NotFound (routing/test") for line in lines)
        at = lines.index("2 of 5 names do not reverse to the route:")
        assert lines[at + 1].startswith("  TK301 route 8 xy: can't be reversed: ValueError")
        assert lines[at + 2].startswith("  TK302 route 7 opt: reverses to /opt/?, which")
        assert ":" in lines[at + 2].rsplit("(", 1)[1]
        assert len(lines) == at + 3

    def test_all_names_reverse(self) -> None:
        def said(*names: str) -> str:
            rules = [(f"/{name}", Home, {}, name) for name in names]
            return as_plain(report_on([Application(rules)], "app")).splitlines()[-1]

        assert said("a", "b") == "All 2 names reverse."
        assert said("a") == "Its name reverses."

    def test_what_is_undecided_shares_a_line(self) -> None:
        class Custom(Matcher): ...

        rules = [(Custom(), Home), ("/a", Home, {}, "a"), ("/b", Home, {}, "b")]
        lines = as_plain(report_on([Application(rules)], "app")).splitlines()
        assert lines[-2] == "2 of 2 names undecided:"
        assert lines[-1].startswith("  TK000 routes 1 a, 2 b: undecided: whether route 0 (Home)")

    def test_handlers_that_are_none(self) -> None:
        def callback(request: object) -> None: ...

        rules = [("/", callback), (AnyMatches(), Home), ("/in", [("/x", Home)], {}, "named")]
        found = rows(report := report_on([Application(rules)], "app"), report.routes, BASE)
        assert found[0].handler == "callback (callable)"
        assert found[1].pattern == "(any)"
        assert found[2].handler == "rules (its routes follow)"
        assert found[3].pattern == "/in & /x"

    def test_several_applications(self) -> None:
        report = report_on([Application([("/", Home)]), Application([("/", Home)])], "program")
        assert [row.app for row in rows(report, report.routes, BASE)] == ["0", "1"]
        assert "app" in columns_in_use(rows(report, report.routes, BASE))
        assert [route["application"] for route in as_json(report)["routes"]] == [0, 1]


class TestGrep:
    @pytest.mark.parametrize(
        ("text", "indices"),
        [
            ("WWW", [0, 13]),
            ("robots", [2]),
            ("at-HOST", [0, 13]),
            ("staticfile", [2, 3, 4]),
            ("post", [6]),
            ("/entry/a", [6]),
            ("test_render.py", [0, 1, 5, 6, 7, 8, 9, 11, 12, 13, 14]),
            ("no such thing", []),
        ],
    )
    def test_every_column_in_any_case(self, text: str, indices: list[int]) -> None:
        assert [route.index for route in select(full(), text, BASE)] == indices

    def test_findings_of_other_routes_are_counted(self) -> None:
        text = as_plain(full(), "/opt")
        assert "1 of 15 routes shown." in text
        assert "TK302 route 7" in text
        assert "TK301" not in text
        assert text.endswith("  and 1 finding about routes that are not shown\n")

    def test_json_keeps_indices_and_all_findings(self) -> None:
        document = as_json(full(), "/opt")
        assert [route["index"] for route in document["routes"]] == [7]
        assert len(document["findings"]) == 2
        assert document["summary"]["routes"] == 15


class TestTerminal:
    def test_one_line_a_route_when_it_fits(self) -> None:
        report = full()
        width = terminal.natural_width(rows(report, report.routes, BASE))
        lines = as_terminal(report, width).splitlines()
        table = lines[: lines.index("")]
        assert len(table) == 1 + len(report.routes)
        assert max(len(line.rstrip()) for line in table) == width
        assert as_terminal(report, width - 1).splitlines()[0].split()[0] == "0"  # no headings
        assert all(
            route.target.short_name in line
            for route, line in zip(report.routes, table[1:], strict=True)
        )
        assert "/entry/(?P<slug>[a-z0-9-]+)" in table[7]

    @pytest.mark.parametrize("width", [20, 40, 80])
    def test_nothing_is_lost_when_it_does_not(self, width: int) -> None:
        report = full()
        assert width < terminal.natural_width(rows(report, report.routes, BASE))
        text = as_terminal(report, width)
        assert all(len(line) <= width for line in text.splitlines())
        squeezed = "".join(text.split())
        for row in rows(report, report.routes, BASE):
            for column in columns_in_use([row]):
                assert "".join(row.cell(column).split()) in squeezed
        for line in lines_below(report, report.routes, BASE):
            assert "".join(line.text.split()) in squeezed

    def test_stacked_lines(self) -> None:
        rules = [URLSpec(r"/entry/(?P<slug>[a-z]+)", Entry, name="entry")]
        lines = as_terminal(report_on([Application(rules)], "app"), 60).splitlines()
        assert [line.rstrip() for line in lines[:2]] == [
            "0  /entry/(?P<slug>[a-z]+)",
            f"   GET POST · Entry · routing/test_render.py:{_line_of('class Entry')}",
        ]
        assert lines[2].rstrip() == "   name entry → /entry/a"

    @pytest.mark.parametrize("width", [80, 300])
    def test_what_fails_is_red(self, width: int) -> None:
        text = as_terminal(full(), width, force_terminal=True, color_system="standard")
        assert "\x1b[31m(TK301)" in text
        assert "\x1b[31m/entry" not in text

    def test_an_empty_table(self) -> None:
        assert as_terminal(report_on([Application()], "app"), 80).split() == ["0", "routes."]


class TestJson:
    def test_keys_of_the_document(self) -> None:
        document = as_json(full())
        assert list(document) == ["tornado", "app", "routes", "findings", "summary"]
        assert document["app"] == "app.py:make_app"
        assert document["tornado"].startswith("6.")

    def test_a_named_route(self) -> None:
        route = as_json(full())["routes"][6]
        source = route.pop("source")
        assert source == {"file": "routing/test_render.py", "line": _line_of("class Entry")}
        assert route == {
            "index": 6,
            "application": 0,
            "host": None,
            "default_host": False,
            "path": "/entry/(?P<slug>[a-z0-9-]+)",
            "open_ended": False,
            "methods": ["GET", "POST"],
            "name": "entry",
            "target": f"{__name__}.Entry",
            "target_kind": "handler",
            "detail": None,
            "reverse": "/entry/a",
            "reverse_args": ["a"],
            "reverse_outcome": "ok",
            "origin": "app",
            "takes": "always",
            "conditions": [{"kind": "path", "regex": "/entry/(?P<slug>[a-z0-9-]+)$", "flags": 32}],
        }

    def test_hosts_nesting_and_what_is_not_sure(self) -> None:
        routes = as_json(full())["routes"]
        assert routes[0]["host"] == r"www\.example\.com"
        assert routes[13]["host"] == r"www\.example\.com"
        assert [route["default_host"] for route in routes[-3:]] == [False, True, True]
        assert routes[13]["conditions"][0]["default_host"] == "www.example.com"
        assert [route["origin"] for route in routes[2:6]] == ["tornado"] * 3 + ["app"]
        assert routes[11]["path"] == "/in/[a-z]+"
        assert [condition["regex"] for condition in routes[11]["conditions"]] == [
            "/in/.*$",
            "/in/[a-z]+$",
        ]
        assert (routes[12]["target_kind"], routes[12]["takes"]) == ("router", "maybe")
        assert routes[9]["open_ended"] is True
        assert (routes[8]["reverse"], routes[8]["reverse_outcome"]) == (None, "fails")

    def test_findings(self) -> None:
        failed, missed = as_json(full())["findings"]
        assert (failed["code"], failed["severity"], failed["route"]) == ("TK301", "error", 8)
        assert (missed["code"], missed["witness"], missed["by"]) == ("TK302", "/opt/?", [])
        assert missed["where"] == {
            "file": "routing/test_render.py",
            "line": _line_of("class Home"),
        }

    def test_summary(self) -> None:
        summary = as_json(full())["summary"]
        (not_found,) = summary.pop("not_found")
        assert not_found["target"] == f"{__name__}.NotFound"
        assert summary == {
            "routes": 15,
            "named": 5,
            "reversed": 3,
            "not_reversed": 2,
            "undecided": 0,
            "errors": 2,
            "warnings": 0,
        }

    def test_a_matcher_of_ones_own(self) -> None:
        class Guarded(PathMatches):
            def match(self, request: Any) -> Any: ...

        (route,) = as_json(report_on([Application([(Guarded("/x"), Home)])], "app"))["routes"]
        assert (route["path"], route["takes"]) == ("/x$", "maybe")
        assert route["conditions"] == [{"kind": "custom", "matcher": "Guarded", "regex": "/x$"}]

    def test_what_stands_for_a_router_takes_nothing(self) -> None:
        class App(Application):
            def find_handler(self, request: Any, **kwargs: Any) -> Any: ...

        application = App([(PathMatches("/in"), [("/in", Home)], {}, "inside")])
        routes = as_json(report_on([application], "app"))["routes"]
        assert [route["takes"] for route in routes] == ["never", "maybe"]

    def test_files_elsewhere_are_absolute(self, tmp_path: Path) -> None:
        report = simple()
        document = json.loads(structured.document(report, report.routes, tmp_path))
        assert document["routes"][0]["source"]["file"] == str(HERE / "test_render.py")


def _line_of(start: str) -> int:
    lines = Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(start))
