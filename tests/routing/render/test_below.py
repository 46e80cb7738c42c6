"""Tests of the sentences below a table, from findings and reversals made by hand.

How they look below a real table, `test_plain` shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.routing.handmade import ERROR, PAGE, a_fallback, a_route, a_scope, a_table
from tornkit.routing.findings.codes import finding
from tornkit.routing.model import (
    Fallback,
    Finding,
    Outcome,
    Report,
    Reversal,
    Route,
    Severity,
    Source,
)
from tornkit.routing.render.below import (
    Line,
    count,
    default_handlers,
    finding_lines,
    goes_wrong,
    lines_below,
    named,
)

BASE = Path("/project")
WRONG = [Outcome.FAILS, Outcome.MISSES, Outcome.TAKEN, Outcome.SHADOWED]


def a_name(outcome: Outcome, *, copy: bool = False) -> Route:
    scopes = (a_scope(number=1, copy_of=0),) if copy else ()
    return a_route("/x", name="x", reversal=Reversal(outcome, url="/x"), scopes=scopes)


def a_report(
    routes: Iterable[Route | str] = (),
    findings: Iterable[Finding] = (),
    fallbacks: Iterable[Fallback] = (),
) -> Report:
    return Report("app.py", "6.6", (a_table(routes, fallbacks),), tuple(findings))


def said(report: Report, *indices: int, **how: object) -> list[str]:
    """Lines below these routes of the report; below all of them without any."""
    routes = [report.routes[index] for index in indices] if indices else report.routes
    return [line.text for line in lines_below(report, routes, BASE, **how)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 routes"), (1, "1 route"), (2, "2 routes"), (10_000, "10000 routes")]
)
def test_a_number_of_things(number: int, text: str) -> None:
    assert count(number, "route") == text


class TestCounts:
    def test_of_all_routes(self) -> None:
        assert said(a_report(["/a", "/b"])) == ["2 routes."]
        assert said(a_report(["/a"])) == ["1 route."]

    def test_of_those_that_are_shown(self) -> None:
        assert said(a_report(["/a", "/b"]), 1) == ["1 of 2 routes shown."]
        assert [line.text for line in lines_below(a_report(["/a"]), [], BASE)] == [
            "0 of 1 route shown."
        ]

    def test_another_order_is_told_where_it_makes_a_difference(self) -> None:
        report = a_report(["/a", "/b", "/c"])
        order = "by path; # is the order in which Tornado tries them."
        assert said(report, sorted_by="path") == [f"3 routes, {order}"]
        assert said(report, 0, 2, sorted_by="path") == [f"2 of 3 routes shown, {order}"]
        assert said(report, 0, sorted_by="path") == ["1 of 3 routes shown."]
        assert said(report, sorted_by="match") == ["3 routes."]


class TestAnythingElse:
    OWN = replace(PAGE, name="app.NotFound", source=Source("/project/app.py", 7))

    def test_a_404_of_tornados_is_not_worth_a_line(self) -> None:
        report = a_report(["/a"], fallbacks=[a_fallback(1)])
        assert default_handlers(report) == []
        assert said(report) == ["1 route."]

    def test_a_handler_of_the_applications_own_is(self) -> None:
        own = replace(a_fallback(1), target=self.OWN)
        report = a_report(["/a"], fallbacks=[a_fallback(0), own])
        assert default_handlers(report) == [self.OWN]
        assert said(report) == ["1 route.", "Anything else: NotFound (app.py:7)"]
        assert said(report, others=False) == ["1 route."]

    def test_its_place_may_be_unknown_and_its_detail_odd(self) -> None:
        odd = replace(ERROR, name="app.Odd", kind=PAGE.kind, detail="\x1b[31m")
        report = a_report(["/a"], fallbacks=[replace(a_fallback(1), target=odd)])
        assert said(report)[1] == r"Anything else: Odd \x1b[31m"

    def test_each_application_may_have_one(self) -> None:
        table = a_table(["/a"], [replace(a_fallback(1), target=self.OWN)])
        assert default_handlers(Report("app.py", "6.6", (table, table))) == [self.OWN] * 2


class TestNames:
    @pytest.mark.parametrize(
        ("outcomes", "sentence"),
        [
            ([Outcome.OK], "Its name reverses."),
            ([Outcome.OK, Outcome.OK], "All 2 names reverse."),
            ([Outcome.FAILS], "1 of 1 name does not reverse to the route:"),
            ([Outcome.FAILS, Outcome.OK], "1 of 2 names does not reverse to the route:"),
            (WRONG, "4 of 4 names do not reverse to the route:"),
            ([Outcome.UNDECIDED], "1 of 1 name undecided:"),
            ([Outcome.UNDECIDED, Outcome.OK], "1 of 2 names undecided:"),
            (
                [Outcome.TAKEN, Outcome.UNDECIDED, Outcome.OK],
                "1 of 3 names does not reverse to the route, 1 undecided:",
            ),
        ],
    )
    def test_how_many_go_wrong(self, outcomes: list[Outcome], sentence: str) -> None:
        report = a_report(["/other", *map(a_name, outcomes)])
        assert said(report)[1:] == [sentence]

    def test_without_names_nothing_is_said(self) -> None:
        assert said(a_report(["/a"])) == ["1 route."]

    def test_a_copy_under_default_host_has_no_name_of_its_own(self) -> None:
        report = a_report([a_name(Outcome.OK), a_name(Outcome.TAKEN, copy=True)])
        assert named(report) == [report.routes[0]]
        assert said(report)[1:] == ["Its name reverses."]

    @pytest.mark.parametrize("outcome", Outcome)
    def test_what_surely_goes_wrong(self, outcome: Outcome) -> None:
        assert goes_wrong(a_name(outcome)) is (outcome in WRONG)
        assert not goes_wrong(a_name(outcome, copy=True))

    def test_a_route_without_a_name_can_not(self) -> None:
        assert not goes_wrong(a_route("/x"))


DEAD = finding("TK201", "dead", route=1)
FILE = finding("TK601", "no such name", where=Source("/project/a.html", 3))


class TestFindings:
    def lines(self, *findings: Finding) -> list[Line]:
        report = a_report(["/a", a_route("/b", name="b"), "/c"])
        return finding_lines(findings, report, BASE)

    def test_one_with_its_route_and_place(self) -> None:
        dead = replace(DEAD, where=Source("/project/app.py", 7))
        assert self.lines(dead) == [Line("  TK201 route 1 b: dead (app.py:7)", Severity.ERROR)]
        assert self.lines(replace(dead, route=2))[0].text == "  TK201 route 2: dead (app.py:7)"

    def test_one_of_no_route_or_no_place(self) -> None:
        assert self.lines(FILE) == [Line("  TK601 no such name (a.html:3)", Severity.ERROR)]
        assert self.lines(finding("TK000", "x")) == [Line("  TK000 x", Severity.INFO)]

    def test_what_is_said_of_several_is_said_once_without_a_place(self) -> None:
        here = Source("/project/app.py", 7)
        same = [replace(DEAD, route=index, where=here) for index in (2, 0, 1)]
        assert [line.text for line in self.lines(*same)] == ["  TK201 routes 2, 0, 1 b: dead"]

    def test_another_code_message_or_severity_is_another_line(self) -> None:
        others = (
            replace(DEAD, code="TK202"),
            replace(DEAD, message="deader"),
            replace(DEAD, severity=Severity.INFO),
        )
        found = self.lines(DEAD, *others, replace(DEAD, route=2))
        assert [line.text for line in found] == [
            "  TK201 routes 1 b, 2: dead",
            "  TK202 route 1 b: dead",
            "  TK201 route 1 b: deader",
            "  TK201 route 1 b: dead",
        ]
        assert found[-1].severity is Severity.INFO

    def test_a_line_is_one_line(self) -> None:
        assert self.lines(finding("TK000", "two\nlines"))[0].text == "  TK000 two\\nlines"

    def test_there_may_be_none(self) -> None:
        assert self.lines() == []

    def test_those_of_routes_that_are_not_shown_are_counted(self) -> None:
        report = a_report(["/a", "/b"], [DEAD, FILE])
        assert said(report)[1:] == ["  TK201 route 1: dead", "  TK601 no such name (a.html:3)"]
        assert said(report, 0)[1:] == [
            "  TK601 no such name (a.html:3)",
            "  and 1 finding about routes that are not shown",
        ]
        report = replace(report, findings=(DEAD, DEAD))
        assert said(report, 0)[1:] == ["  and 2 findings about routes that are not shown"]

    def test_only_a_finding_has_a_severity(self) -> None:
        report = a_report([a_name(Outcome.FAILS)], [FILE])
        assert [line.severity for line in lines_below(report, report.routes, BASE)] == [
            None,
            None,
            Severity.ERROR,
        ]
