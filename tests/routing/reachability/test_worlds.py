"""Tests of worlds: hosts that no rule of a table tells apart."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from tornado.httputil import HTTPHeaders, HTTPInputError, HTTPServerRequest, RequestStartLine

from tests.routing.handmade import a_fallback, a_route, host, path
from tornkit.regex.automata.search import OverBudget
from tornkit.routing.conditions import Condition, CustomCondition, DefaultHostCondition
from tornkit.routing.matching.sendable import USUAL_HOSTS
from tornkit.routing.reachability.worlds import (
    World,
    distinct_hosts,
    holds_in,
    host_regexes,
    is_exact,
    is_host,
)

DEFAULT = DefaultHostCondition(re.compile("a$"), "a")


def regexes(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


class TestHoldsIn:
    def test_every_rule_on_the_host_has_to_hold(self) -> None:
        route = a_route("/x", host(r"a\..*$"), host(r".*\.com$"))
        held = [holds_in(route, World(name, False)) for name in ("a.com", "a.org", "b.com")]
        assert held == [True, False, False]

    def test_rules_on_the_path_are_not_asked(self) -> None:
        route = a_route("/nothing", path("/else$"))
        assert holds_in(route, World("a.com", False))

    def test_a_proxy_switches_default_host_off(self) -> None:
        route = a_route("/x", DEFAULT)
        assert holds_in(route, World("elsewhere", False))
        assert not holds_in(route, World("elsewhere", True))
        never = a_route("/x", DefaultHostCondition(re.compile("b$"), "a"))
        assert not holds_in(never, World("b", False))

    def test_what_only_may_hold_does_not(self) -> None:
        assert not holds_in(a_route("/x", CustomCondition("Mine")), World("a", False))

    def test_a_fallback_is_asked_as_a_route_is(self) -> None:
        step = a_fallback(0, host("a$"))
        assert [holds_in(step, World(name, False)) for name in ("a", "b")] == [True, False]


@pytest.mark.parametrize(
    ("condition", "exact"),
    [
        (host(r".*\.(?:a|b)\.com$"), True),
        (host(r"(a|b)\.\1$"), False),
        (host("".join(r"(?:a\b|b\b|c\b|d\b)" for _ in range(8))), False),  # not translated at all
        (path(r"/(a|b)\1$"), True),  # says nothing of hosts
        (DEFAULT, True),
        (CustomCondition("Mine"), False),
    ],
)
def test_what_one_host_can_answer_for(condition: Condition, exact: bool) -> None:
    assert is_exact(condition) is exact


def test_the_regexes_of_host_rules_each_once_in_their_order() -> None:
    conditions: list[Condition] = [
        host("b$"),
        path("/x$"),
        host("a$"),
        host(r"(a|b)\1$"),  # no world can be built on it
        DEFAULT,
        CustomCondition("Mine"),
        host("b$"),
    ]
    assert host_regexes(conditions) == regexes("b$", "a$")


def taken_by_tornado(name: str) -> bool:
    """Ask Tornado whether it routes a request with this ``Host``, and by this very name."""
    connection: Any = object()
    try:
        request = HTTPServerRequest(
            start_line=RequestStartLine("GET", "/", "HTTP/1.1"),
            headers=HTTPHeaders({"Host": f"{name}:80"}),
            connection=connection,
        )
    except HTTPInputError:
        return False
    return request.host_name == name


def test_hosts_are_those_that_tornado_lets_in() -> None:
    marks = [chr(code) for code in range(0x21, 0x100)]
    pairs = ["".join(pair) for pair in itertools.product("%a0GA", repeat=3)]
    for name in ("localhost", "[::1]", *(f"a{mark}b" for mark in marks), *pairs):
        assert is_host(name) is taken_by_tornado(name), name


class TestDistinctHosts:
    def test_one_for_each_way_in_which_the_rules_can_answer(self) -> None:
        rules = regexes(r".*\.com$", r"a\..*$")
        found = distinct_hosts((), rules)
        answers = [tuple(bool(regex.match(name)) for regex in rules) for name in found]
        assert sorted(answers) == sorted(itertools.product((False, True), repeat=2))

    def test_a_way_that_no_host_answers_is_missing(self) -> None:
        rules = regexes(r"a\.com$", r".*\.com$")
        answers = {
            tuple(bool(regex.match(name)) for regex in rules) for name in distinct_hosts((), rules)
        }
        assert answers == {(False, False), (False, True), (True, True)}

    def test_its_own_rules_say_yes_in_every_world(self) -> None:
        found = distinct_hosts(regexes(r".*\.com$"), regexes(r".*\.com$", r"a\..*$"))
        assert len(found) == 2
        assert all(name.endswith(".com") for name in found)

    def test_rules_that_contradict_each_other_have_no_world(self) -> None:
        assert distinct_hosts(regexes("a$", "b$"), ()) == ()
        assert distinct_hosts(regexes("A$"), ()) == ()  # no host has a capital

    def test_a_name_that_one_would_expect_stands_for_its_world(self) -> None:
        assert distinct_hosts((), ()) == (USUAL_HOSTS[0],)
        assert distinct_hosts((), regexes(r".*\.com$")) == ("localhost", "example.com")
        assert distinct_hosts(regexes(r"www\.[a-z]+\.org$"), ()) == ("www.a.org",)
        assert distinct_hosts((), regexes("localhost$"))[0] == "localhost"
        # A developer's own before whatever a rule suggests.
        assert distinct_hosts(regexes("[a-z]+$"), ()) == ("localhost",)

    def test_what_a_search_finds_is_a_host(self) -> None:
        """Leave out what the letters alone would allow: a % that nothing follows."""
        assert all(map(is_host, distinct_hosts((), regexes("%?.$", "[^a-z]$"))))
        assert distinct_hosts(regexes("%$"), ()) == ()

    def test_too_many_are_not_searched(self) -> None:
        rules = regexes(*(rf".*{letter}.{{9}}$" for letter in "abcd"))
        with pytest.raises(OverBudget):
            distinct_hosts((), rules)
