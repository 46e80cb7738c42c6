"""Tests of the earlier routes that take some of a route's requests, each with one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from tests.routing.handmade import a_fallback, a_route, a_table, host, path
from tornkit.routing.conditions import CustomCondition, DefaultHostCondition
from tornkit.routing.matching.search import Answer, Request, match, step_answer
from tornkit.routing.model import Fallback, Route, Takes
from tornkit.routing.reachability.overlaps import overlaps

DEFAULT = DefaultHostCondition(re.compile(r"a\.com$"), "a.com")
TOO_MANY = "/" + r"(?:a\b|b\b|c\b|d\b)" * 8  # branches with assertions in them


def found(
    *routes: Route | str, fallbacks: Iterable[Fallback] = (), start: int = 0
) -> list[tuple[int, Request]]:
    """Index and request of each that takes some of what the last of these routes matches.

    Every request goes to that one, and would be taken by the last.
    """
    table = a_table(routes, fallbacks, start)
    last = table.routes[-1]
    pairs = list(overlaps(last, table))
    for step, request in pairs:
        assert match(table, request).first is step
        assert step_answer(last, request, {}) is Answer.YES
    return [(step.index, request) for step, request in pairs]


def taking(*routes: Route | str, fallbacks: Iterable[Fallback] = ()) -> list[int]:
    return [index for index, _ in found(*routes, fallbacks=fallbacks)]


def test_each_with_a_request_of_both_that_it_gets() -> None:
    assert found("/a/new", "/b", "/a/(.*)", "/(.*)", start=4) == [
        (4, Request("/a/new")),
        (5, Request("/b")),
        (6, Request("/a/")),
    ]


def test_not_one_that_gets_nothing_of_it_itself() -> None:
    assert taking("/a.*", "/ab", "/.*") == [0]
    assert taking("/a", "/ab?", "/ab|/c") == [1]  # of /a alone there is nothing in common
    assert taking("/a", "/b") == []


def test_what_is_left_by_those_before_it_is_looked_for() -> None:
    assert found("/[a-y]", "/.", "/.*") == [(0, Request("/a")), (1, Request("/z"))]


def test_not_what_an_inexact_pattern_before_it_takes() -> None:
    assert taking(a_route(path(r"/(a|b)\1$")), "/aa", "/.*") == []


def test_what_comes_later_takes_nothing() -> None:
    table = a_table(["/a.*", "/.*"])
    assert list(overlaps(table.routes[0], table)) == []


@pytest.mark.parametrize(
    "doubtful",
    [
        a_route("/a", takes=Takes.MAYBE),
        a_route("/a", takes=Takes.NEVER),
        a_route("/a", CustomCondition("Mine")),
        a_route(path(TOO_MANY)),
    ],
)
def test_one_that_can_not_be_decided_is_left_out_and_the_others_are_told(doubtful: Route) -> None:
    assert taking(doubtful, "/b", "/.*") == [1]


def test_a_route_beyond_the_analysis_has_none() -> None:
    assert taking("/a.*", a_route(path(TOO_MANY))) == []


def test_a_404_is_no_route_but_may_be_in_its_way() -> None:
    inner = a_fallback(1, path("/a/.*$"))
    assert taking("/a/x", "/a/[xy]", "/b", "/.*", fallbacks=[inner]) == [0, 2]


def test_only_at_hosts_of_both() -> None:
    at_a, at_b = a_route("/x", host(r"a\.com$")), a_route("/x", host(r"b\.com$"))
    assert found(at_a, at_b) == []
    assert found(at_a, a_route("/.*", host(r".*\.com$"))) == [(0, Request("/x", "a.com"))]
    assert found(at_a, at_b, "/.*") == [(0, Request("/x", "a.com")), (1, Request("/x", "b.com"))]


def test_a_default_host_takes_what_comes_without_a_proxy() -> None:
    ((index, request),) = found(a_route("/x", DEFAULT), "/.*")
    assert (index, request.behind_proxy) == (0, False)
    # Behind one there is something left for the second, too.
    assert [each.behind_proxy for _, each in found(a_route("/x", DEFAULT), "/x", "/.*")] == [
        False,
        True,
    ]


def test_a_url_that_a_client_can_send_is_wanted() -> None:
    assert taking(a_route(path("[^/]*$")), "é", "/.*|b") == []
    assert found(a_route(path(r"\*$")), a_route(path(".*$"))) == [(0, Request("*"))]


def test_an_inexact_pattern_may_have_a_sure_part() -> None:
    assert taking(a_route(path(r"/x$|/(a|b)\1$")), "/.*") == [0]
    assert taking(a_route(path(r"/(a|b)\1$")), "/.*") == []
