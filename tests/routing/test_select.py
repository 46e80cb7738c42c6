from __future__ import annotations

import pytest
from tornado.web import Application
from tornado.websocket import WebSocketHandler

from tests.routing.render.tables import BASE, Entry, Home, full, report_of
from tornkit.routing.model import Origin, Report
from tornkit.routing.report import report_on
from tornkit.routing.select import Filters, Order, ordered, select


def found(report: Report, **filters: object) -> list[int]:
    chosen = select(report, Filters(**filters), BASE)  # type: ignore[arg-type]
    return [route.index for route in chosen]


def test_nothing_given_is_everything() -> None:
    assert Filters().given == {}
    assert found(full()) == list(range(15))


@pytest.mark.parametrize(
    ("text", "indices"),
    [
        ("WWW", [0, 13]),
        ("robots", [2]),
        ("robots.txt", [2]),
        ("b.com", [1, 14]),
        ("at-HOST", [0, 13]),
        ("staticfile", [2, 3, 4]),
        ("post", [6]),
        ("/entry/a", [6]),
        ("size=7", [6]),
        ("/new", [10]),
        ("render/tables.py", [0, 1, 5, 6, 7, 8, 9, 11, 12, 13, 14]),
        ("x9", []),  # the password
        ("no such thing", []),
    ],
)
def test_grep_looks_at_every_text_in_any_case(text: str, indices: list[int]) -> None:
    assert found(full(), grep=text) == indices


@pytest.mark.parametrize(
    ("host", "indices"),
    [
        ("example", [0, 13]),
        ("EXAMPLE.com", [0, 13]),
        (r"b\.com", [1, 14]),
        ("localhost", []),
        (".com", [0, 1, 13, 14]),
    ],
)
def test_host_is_a_part_of_a_rule(host: str, indices: list[int]) -> None:
    assert found(full(), host=host) == indices


def test_host_is_a_host_that_a_rule_takes() -> None:
    application = Application([("/", Home)])
    application.add_handlers(r"[a-z]+\.example\.(com|org)", [("/a", Home)])
    application.add_handlers(r".*", [("/b", Home)])
    report = report_on([application], "app")
    assert found(report, host="Shop.example.org") == [0, 1]
    assert found(report, host="elsewhere.net") == [1]


def test_name_is_a_part_of_one() -> None:
    assert found(full(), name="HO") == [0, 5, 13]
    assert found(full(), name="") == [0, 5, 6, 7, 8, 13]


def test_method_is_one_that_is_implemented() -> None:
    class Socket(WebSocketHandler):
        def open(self, *args: str, **kwargs: str) -> None: ...

    def callback(request: object) -> None: ...

    report = report_of(("/a", Home), ("/b/(.*)", Entry), ("/c", Socket), ("/d", callback))
    assert found(report, method="GET") == [0, 1, 3]
    assert found(report, method="post") == [1, 3]
    assert found(report, method="WS") == [2, 3]
    assert found(report, method="GE") == [3]


def test_handler_is_a_part_of_its_dotted_name() -> None:
    assert found(full(), handler="tables.entry") == [6]
    assert found(full(), handler="redirect") == [10]
    assert found(full(), handler="to /NEW") == [10]


def test_origin() -> None:
    assert found(full(), origin=Origin.TORNADO) == [2, 3, 4]
    assert found(full(), origin=Origin.PACKAGE) == []


def test_all_that_is_given_has_to_hold() -> None:
    assert found(full(), name="ho", host="example") == [0, 13]
    assert found(full(), name="ho", host="example", method="POST") == []
    assert found(full(), grep="a", name="entry", origin=Origin.APP) == [6]


def test_what_is_given_by_name() -> None:
    filters = Filters(grep="x", origin=Origin.APP)
    assert filters.given == {"grep": "x", "origin": "app"}


@pytest.mark.parametrize(
    ("order", "indices"),
    [
        (Order.MATCH, [0, 1, 2, 3]),
        (Order.PATH, [3, 1, 2, 0]),
        (Order.NAME, [3, 1, 0, 2]),
        (Order.HANDLER, [2, 0, 1, 3]),
    ],
)
def test_orders(order: Order, indices: list[int]) -> None:
    class A(Home): ...

    report = report_of(
        ("/c", Home, {}, "y"), ("/B", Home, {}, "X"), ("/b", A), ("/a", Home, {}, "a")
    )
    assert [route.index for route in ordered(report.routes, order)] == indices


def test_a_file_is_searched_as_it_is_shown() -> None:
    # Where a checkout is, is no part of a route: "/a" in its path would find every one.
    report = full()
    assert found(report, grep="render/tables.py:")
    assert found(report, grep=f"{BASE.name}/render/tables.py") == []
    assert found(report, grep=str(BASE)) == []
