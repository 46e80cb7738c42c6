"""Tests of what routes, tables and reports derive from their fields."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.routing.handmade import ERROR, PAGE, a_fallback, a_route, a_scope, a_table, host, path
from tornkit.routing.conditions import (
    CustomCondition,
    DefaultHostCondition,
)
from tornkit.routing.model import (
    Fallback,
    Keyword,
    Origin,
    Outcome,
    Report,
    Reversal,
    Route,
    RouteTable,
    RouteTarget,
    Source,
    Takes,
    TargetKind,
)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("blog.handlers.Home", "Home"),
        ("Home", "Home"),
        ("app.make.<locals>.Home", "Home"),
    ],
)
def test_the_short_name_of_a_target(name: str, short: str) -> None:
    assert RouteTarget(name, TargetKind.HANDLER).short_name == short


def test_live_objects_are_neither_compared_nor_shown() -> None:
    """Reason: two runs of a program have classes of their own, and a value may be a secret."""
    assert replace(PAGE, live=int) == replace(PAGE, live=str)
    assert Keyword("key", "'***'", "hunter2") == Keyword("key", "'***'", "other")
    assert "hunter2" not in repr(Keyword("key", "'***'", "hunter2"))
    assert "live" not in repr(replace(PAGE, live=int))
    assert {Keyword("key", "<list>", [])}  # nor are they hashed


class TestRoute:
    def test_the_line_to_open_is_the_rules_own_or_else_the_handlers(self) -> None:
        rule, handler = Source("/app.py", 3), Source("/handlers.py", 7)
        target = replace(PAGE, source=handler)
        assert a_route("/", target=target, declared=rule).where == rule
        assert a_route("/", target=target).where == handler
        assert a_route("/").where is None

    def test_conditions_go_from_the_outermost_inward(self) -> None:
        outer, inner = host(r"a\.com$"), path("/in/.*$")
        scopes = (a_scope(outer, 0), a_scope(None, 1), a_scope(inner, 2))
        own = path("/in/x$")
        assert a_route(own, scopes=scopes).conditions == (outer, inner, own)
        assert a_route(None, scopes=scopes).conditions == (outer, inner)
        assert a_route(None).conditions == ()

    def test_a_reversal_is_all_that_reversed_as_changes(self) -> None:
        route = a_route("/x", name="x", kwargs=(Keyword("a", "1"),))
        reversal = Reversal(Outcome.OK, url="/x")
        before = route.reversed_as(reversal)
        assert before == replace(route, reversal=reversal)
        assert route.reversal is None
        assert before.conditions == route.conditions
        assert route.reversed_as(reversal).conditions is route.conditions  # not made again
        assert type(before) is Route

    def test_another_rules_route_has_its_own_index_condition_and_name(self) -> None:
        route = a_route("/x", name="x", takes=Takes.MAYBE, origin=Origin.PACKAGE)
        assert route.conditions == (path("/x$"),)  # which is kept, and not handed on
        other = route.of_rule(7, path("/y"), None)
        assert other == replace(route, index=7, condition=path("/y"), name=None)
        assert other.conditions == (path("/y"),)
        assert route.index != 7
        assert type(other) is Route

    def test_the_router_that_holds_the_rule_is_the_innermost(self) -> None:
        scopes = (a_scope(number=0), a_scope(number=4))
        assert a_route("/", scopes=scopes).router == 4
        assert a_route("/").router == -1

    def test_a_copy_is_known_by_any_router_above_it(self) -> None:
        assert not a_route("/", scopes=(a_scope(), a_scope(number=1))).is_copy
        copy = a_scope(number=2, copy_of=0)  # of the very first router, whose number is 0
        assert a_route("/", scopes=(copy,)).is_copy
        assert a_route("/", scopes=(a_scope(), copy, a_scope(number=3))).is_copy

    @pytest.mark.parametrize(
        "route",
        [
            a_route("/", takes=Takes.MAYBE),
            a_route(CustomCondition("Mine")),
            a_route("/", CustomCondition("Mine")),
            a_route("/", scopes=(a_scope(overrides=("find_handler",)), a_scope(number=1))),
        ],
    )
    def test_what_the_users_code_decides_is_uncertain(self, route: Route) -> None:
        assert route.uncertain

    @pytest.mark.parametrize(
        "route",
        [
            a_route("/"),
            a_route(None),
            a_route("/", host("a$"), path("/.*$")),
            a_route("/", takes=Takes.NEVER),
            a_route("/", DefaultHostCondition(re.compile("a$"), "a")),
            a_route("/", target=replace(PAGE, overrides=("prepare",))),  # after the routing
        ],
    )
    def test_what_tornado_decides_is_not(self, route: Route) -> None:
        assert not route.uncertain


def test_conditions_of_a_fallback_are_those_of_its_routers() -> None:
    outer, inner = host(r"a\.com$"), path("/in/.*$")
    scopes = (a_scope(outer), a_scope(None, 1), a_scope(inner, 2))
    assert Fallback(0, scopes, ERROR).conditions == (outer, inner)
    assert a_fallback(0).conditions == ()


def steps(table: RouteTable) -> list[str]:
    """Indices of the table's routes, and in brackets the positions of its fallbacks."""
    return [
        str(step.index) if isinstance(step, Route) else f"[{step.position}]" for step in table.steps
    ]


class TestTable:
    def test_a_route_is_found_by_its_index_in_the_second_table_too(self) -> None:
        table = a_table(["/a", "/b"], start=5)
        assert [table.route(index).index for index in (5, 6)] == [5, 6]

    def test_a_fallback_stands_before_the_route_of_its_position(self) -> None:
        fallbacks = [a_fallback(0), a_fallback(2), a_fallback(3)]
        assert steps(a_table(["/a", "/b", "/c"], fallbacks)) == ["[0]", "0", "1", "[2]", "2", "[3]"]

    def test_positions_are_indices_and_not_places_in_the_table(self) -> None:
        assert steps(a_table(["/a", "/b"], [a_fallback(6), a_fallback(7)], start=5)) == [
            "5",
            "[6]",
            "6",
            "[7]",
        ]

    def test_fallbacks_of_one_position_keep_their_order(self) -> None:
        inner, outer = (
            a_fallback(1, path("/a/.*$"), path("/a/b/.*$")),
            a_fallback(1, path("/a/.*$")),
        )
        assert a_table(["/a", "/b"], [inner, outer]).steps[1:3] == (inner, outer)
        last = [replace(inner, position=2), replace(outer, position=2)]
        assert list(a_table(["/a", "/b"], last).steps[2:]) == last

    def test_no_routes(self) -> None:
        assert steps(a_table([])) == []
        assert steps(a_table([], [a_fallback(0)])) == ["[0]"]

    def test_the_steps_for_a_path_are_those_whose_own_pattern_matches(self) -> None:
        table = a_table(
            [
                "/posts/new",
                a_route(path("(?i)/POSTS/.*$")),
                r"/posts/(\d+)",
                a_route(CustomCondition("Mine")),
                a_route("/posts/new", path("/nothing$")),  # a router's own is not asked here
                a_route(None, host("a$")),
                "/(.*)",
                a_route(path("")),
            ],
            [a_fallback(3, path("/nothing$"))],
        )

        def found(text: str) -> list[str]:
            all_steps = list(table.steps)
            return [steps(table)[all_steps.index(step)] for step in table.steps_for(text)]

        assert found("/posts/new") == ["0", "1", "[3]", "3", "4", "5", "6", "7"]
        assert found("/posts/7") == ["1", "2", "[3]", "3", "5", "6", "7"]
        assert found("/") == ["[3]", "3", "5", "6", "7"]
        assert found("") == ["[3]", "3", "5", "7"]


def test_a_report_has_the_routes_of_all_its_tables() -> None:
    one, two = a_table(["/a", "/b"]), a_table(["/c"], start=2)
    report = Report("app.py", "6.6", (one, a_table([]), two))
    assert [route.index for route in report.routes] == [0, 1, 2]
