from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from tornado.routing import PathMatches
from tornado.web import Application
from tornado.websocket import WebSocketHandler

from tests.routing.render.tables import (
    BASE,
    FILE,
    HERE,
    Home,
    NotFound,
    full,
    line_of,
    report_of,
    simple,
)
from tornkit.routing.findings.codes import finding
from tornkit.routing.model import Report, Source
from tornkit.routing.render import table_json
from tornkit.routing.report import report_on
from tornkit.routing.select import Filters, Order, ordered, select

SCHEMA = json.loads(Path(table_json.__file__).with_name("schema.json").read_text())
MODULE = NotFound.__module__


def as_json(report: Report, grep: str | None = None) -> dict[str, Any]:
    routes = select(report, Filters(grep=grep), BASE)
    document: dict[str, Any] = json.loads(table_json.document(report, routes, BASE))
    return document


def everything() -> Report:
    """A report in which each kind of value occurs."""

    class Socket(WebSocketHandler):
        def open(self) -> None: ...

    class Guarded(PathMatches):
        def match(self, request: Any) -> Any: ...

    def callback(request: object) -> None: ...

    report = full()
    found = (
        *report.findings,
        finding("TK201", "dead", route=9, witness="/x", by=(1, 2), where=Source("/a.py", 1)),
        finding("TK000", "unknown"),
    )
    declared = Source(str(BASE / "routes.py"), 3)
    first = report.tables[0]
    routes = (replace(first.routes[0], declared=declared), *first.routes[1:])
    more = report_of((Guarded("/x"), Home), ("/ws", Socket), ("/c", callback)).tables[0]
    later = tuple(replace(route, index=route.index + len(routes)) for route in more.routes)
    tables = (replace(first, routes=routes), replace(more, routes=later))
    return replace(report, tables=tables, findings=found)


def closed(schema: Any) -> Any:
    """The same schema without any room for a key that it does not describe."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if "properties" in made and "required" in made:
        made["additionalProperties"] = False
    return made


def described(schema: Any) -> Iterator[tuple[str, Any]]:
    """Each property's name and schema, at any depth."""
    if isinstance(schema, dict):
        properties = schema.get("properties", {})
        if isinstance(properties, dict):
            yield from properties.items()
        for value in schema.values():
            yield from described(value)


class TestSchema:
    def test_is_itself_valid(self) -> None:
        Draft202012Validator.check_schema(SCHEMA)

    @pytest.mark.parametrize("make", [full, simple, everything, report_of])
    def test_describes_every_key_of_the_real_thing(self, make: Any) -> None:
        document = as_json(make())
        Draft202012Validator(SCHEMA).validate(document)
        Draft202012Validator(closed(SCHEMA)).validate(document)

    def test_every_key_has_a_description(self) -> None:
        names = [name for name, schema in described(SCHEMA) if not schema.get("description")]
        assert names == []

    def test_every_key_is_there(self) -> None:
        for part, keys in (
            (SCHEMA, as_json(full())),
            (SCHEMA["$defs"]["route"], as_json(full())["routes"][0]),
            (SCHEMA["$defs"]["finding"], as_json(full())["findings"][0]),
            (SCHEMA["$defs"]["summary"], as_json(full())["summary"]),
        ):
            assert list(keys) == list(part["properties"]) == part["required"]

    @pytest.mark.parametrize(
        "change",
        [
            {"version": 2},
            {"routes": [{}]},
            {"findings": [{"code": "E1"}]},
            {"summary": None},
        ],
    )
    def test_refuses_what_is_not_so(self, change: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            Draft202012Validator(SCHEMA).validate({**as_json(full()), **change})

    def test_new_keys_are_no_error(self) -> None:
        Draft202012Validator(SCHEMA).validate({**as_json(full()), "later": 1})


def test_keys_of_the_document() -> None:
    document = as_json(full())
    assert list(document) == ["version", "tornado", "app", "routes", "findings", "summary"]
    assert document["version"] == 1
    assert document["app"] == "app.py:make_app"
    assert document["tornado"].startswith("6.")


def test_a_named_route() -> None:
    route = as_json(full())["routes"][6]
    line = line_of("class Entry")
    source = {"file": FILE, "line": line}
    assert route.pop("source") == source
    get, post = route.pop("operations")
    assert get == {
        "method": "GET",
        "authenticated": False,
        "summary": "Show it.",
        "source": {"file": FILE, "line": get["source"]["line"]},
    }
    assert line < get["source"]["line"] < post["source"]["line"]
    assert (post["method"], post["authenticated"], post["summary"]) == ("POST", True, None)
    assert route == {
        "index": 6,
        "application": 0,
        "host": None,
        "default_host": False,
        "path": "/entry/(?P<slug>[a-z0-9-]+)",
        "open_ended": False,
        "methods": ["GET", "POST"],
        "name": "entry",
        "target": f"{MODULE}.Entry",
        "target_kind": "handler",
        "detail": None,
        "arguments": ["slug"],
        "kwargs": {"size": "7", "password": "'***'"},
        "authenticated": ["POST"],
        "declared": None,
        "reverse": "/entry/a",
        "reverse_args": ["a"],
        "reverse_outcome": "ok",
        "origin": "app",
        "takes": "always",
        "conditions": [{"kind": "path", "regex": "/entry/(?P<slug>[a-z0-9-]+)$", "flags": 32}],
    }


def test_hosts_nesting_and_what_is_not_sure() -> None:
    routes = as_json(full())["routes"]
    assert routes[0]["host"] == r"www\.example\.com"
    assert routes[13]["host"] == r"www\.example\.com"
    assert [route["default_host"] for route in routes[-3:]] == [False, True, True]
    assert routes[13]["conditions"][0]["default_host"] == "www.example.com"
    assert [route["origin"] for route in routes[2:6]] == ["tornado"] * 3 + ["app"]
    assert routes[11]["path"] == r"/in/([a-z]+)/(\d+)"
    assert routes[11]["arguments"] == [1, 2]
    assert [condition["regex"] for condition in routes[11]["conditions"]] == [
        "/in/.*$",
        r"/in/([a-z]+)/(\d+)$",
    ]
    assert (routes[12]["target_kind"], routes[12]["takes"]) == ("router", "maybe")
    assert routes[9]["open_ended"] is True
    assert (routes[8]["reverse"], routes[8]["reverse_outcome"]) == (None, "fails")


def test_grep_keeps_indices_and_all_findings() -> None:
    document = as_json(full(), "/opt")
    assert [route["index"] for route in document["routes"]] == [7]
    assert len(document["findings"]) == 2
    assert document["summary"]["routes"] == 15


def test_another_order() -> None:
    report = report_of(("/b", Home), ("/a", Home))
    text = table_json.document(report, ordered(report.routes, Order.PATH), BASE)
    assert [route["index"] for route in json.loads(text)["routes"]] == [1, 0]


def test_each_route_and_finding_is_a_line() -> None:
    report = full()
    lines = table_json.document(report, report.routes, BASE).splitlines()
    at = lines.index('  "routes": [')
    assert [json.loads(line.rstrip(","))["index"] for line in lines[at + 1 : at + 16]] == list(
        range(15)
    )
    assert lines[at + 16 : at + 18] == ["  ],", '  "findings": [']


def test_everything_is_ascii() -> None:
    report = report_of(("/caf\u00e9", Home))
    text = table_json.document(report, report.routes, BASE)
    assert text.isascii()
    assert json.loads(text)["routes"][0]["path"] == "/caf\u00e9"


def test_findings() -> None:
    failed, missed = as_json(full())["findings"]
    assert (failed["code"], failed["severity"], failed["route"]) == ("TK301", "error", 8)
    assert (missed["code"], missed["witness"], missed["by"]) == ("TK302", "/opt/?", [])
    assert missed["where"] == {"file": FILE, "line": line_of("class Home")}


def test_summary() -> None:
    summary = as_json(full())["summary"]
    (not_found,) = summary.pop("not_found")
    assert not_found["target"] == f"{MODULE}.NotFound"
    assert summary == {
        "routes": 15,
        "named": 5,
        "reversed": 3,
        "not_reversed": 2,
        "undecided": 0,
        "errors": 2,
        "warnings": 0,
    }


def test_a_matcher_of_ones_own() -> None:
    class Guarded(PathMatches):
        def match(self, request: Any) -> Any: ...

    (route,) = as_json(report_of((Guarded("/x"), Home)))["routes"]
    assert (route["path"], route["takes"]) == ("/x$", "maybe")
    assert route["arguments"] is None
    assert route["conditions"] == [{"kind": "custom", "matcher": "Guarded", "regex": "/x$"}]


def test_what_stands_for_a_router_takes_nothing() -> None:
    class App(Application):
        def find_handler(self, request: Any, **kwargs: Any) -> Any: ...

    application = App([(PathMatches("/in"), [("/in", Home)], {}, "inside")])
    routes = as_json(report_on([application], "app"))["routes"]
    assert [route["takes"] for route in routes] == ["never", "maybe"]


def test_several_applications() -> None:
    report = report_on([Application([("/", Home)]), Application([("/", Home)])], "program")
    assert [route["application"] for route in as_json(report)["routes"]] == [0, 1]


def test_files_elsewhere_are_absolute(tmp_path: Path) -> None:
    report = simple()
    document = json.loads(table_json.document(report, report.routes, tmp_path))
    assert document["routes"][0]["source"]["file"] == str(HERE / "tables.py")
