"""Work for each named route, in calls of Python functions: the same on every machine.

`tornkit routes` lists 10,000 named routes in 2 s, of which Tornado's own making of them is a
third. What is asked for every route is counted here, so that nothing creeps in.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import CodeType, FrameType

import pytest
from tornado.web import Application, RequestHandler, url

import tornkit
from tornkit.routing.model import Report
from tornkit.routing.render import layout, plain
from tornkit.routing.render.below import lines_below
from tornkit.routing.render.rows import Row, rows
from tornkit.routing.report import report_on

OWN = str(Path(tornkit.__file__).parent)
BASE = Path(__file__).parent


class Page(RequestHandler):
    def get(self, number: str) -> None: ...


def application(count: int) -> Application:
    """``count`` routes as those of which the promise speaks, of one handler class."""
    return Application(
        [url(rf"/section{n}/(\d+)/page{n}", Page, name=f"page{n}") for n in range(count)]
    )


def calls(work: Callable[[], object]) -> Counter[CodeType]:
    """Calls of tornkit's functions while ``work`` runs; a generator's each step is one."""
    counted: Counter[CodeType] = Counter()

    def count(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(OWN):
            counted[frame.f_code] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return counted


def more_for_each(work: Callable[[int], Callable[[], object]]) -> float:
    """Calls that a route more takes."""
    few, many = (sum(calls(work(count)).values()) for count in (100, 200))
    return (many - few) / 100


def reported(count: int) -> Report:
    return report_on([application(count)], "app.py")


def rows_of(count: int) -> tuple[Report, list[Row]]:
    report = reported(count)
    return report, rows(report, report.routes, BASE)


@pytest.fixture(autouse=True)
def _nothing_for_the_first_time() -> None:
    reported(1)


def test_reading_and_reversing() -> None:
    def work(count: int) -> Callable[[], object]:
        made = application(count)
        return lambda: report_on([made], "app.py")

    assert more_for_each(work) < 44


def test_rows() -> None:
    def work(count: int) -> Callable[[], object]:
        report = reported(count)
        return lambda: rows(report, report.routes, BASE)

    assert more_for_each(work) < 18


def test_plain_text() -> None:
    def work(count: int) -> Callable[[], object]:
        report, made = rows_of(count)
        return lambda: plain.document(made, lines_below(report, report.routes, BASE))

    assert more_for_each(work) < 9


def test_the_table_for_a_terminal() -> None:
    def work(count: int) -> Callable[[], object]:
        made = rows_of(count)[1]
        return lambda: layout.lines(made, [], 200)

    assert more_for_each(work) < 10


@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("reading.extract", "_keywords"),
        ("reading.extract", "_origin"),
        ("reading.extract", "_replaced"),
        ("reading.extract", "_reverser"),
        ("reading.targets", "methods"),
        ("reversing.reverse", "_name_root"),
        ("reversing.reverse", "_round_trip"),
        ("render.words", "auth"),
        ("render.words", "handler_name"),
    ],
)
def test_not_once_for_each_route(module: str, function: str) -> None:
    """What a class or a router tells, and the whole journey of a URL that leads straight back."""
    found = sys.modules[f"tornkit.routing.{module}"]
    code = getattr(found, function).__code__
    few, many = (calls(partial(rows_of, count))[code] for count in (5, 50))
    assert few == many
