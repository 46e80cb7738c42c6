"""Tests of the paths of a step as a language, and of those that a client can send."""

from __future__ import annotations

import random
import re

import pytest

from tests.routing.handmade import ERROR, a_fallback, a_route, host, path
from tornkit.regex.automata.alphabet import SENDABLE, WIRE
from tornkit.regex.automata.expressions import anything
from tornkit.regex.automata.languages import language
from tornkit.regex.automata.translate import Bound, Untranslatable
from tornkit.routing.conditions import Condition, CustomCondition, DefaultHostCondition
from tornkit.routing.model import Route
from tornkit.routing.path_language import (
    Paths,
    is_path,
    is_sendable,
    paths_of,
    sendable_paths,
    takes_everything,
    union,
)

DEFAULT = DefaultHostCondition(re.compile("a"), "a")
TOO_MANY = "/" + r"(?:a\b|b\b|c\b|d\b)" * 8 + "$"  # branches with assertions in them


def has(found: Paths, *texts: str) -> list[bool]:
    machine = language(found.expression, WIRE)
    return [machine.contains(text) for text in texts]


@pytest.mark.parametrize(
    ("condition", "of_path"),
    [(path("/"), True), (host("a"), False), (DEFAULT, False), (CustomCondition("M", "/"), False)],
)
def test_what_looks_at_the_path_alone(condition: Condition, of_path: bool) -> None:
    assert is_path(condition) is of_path


def test_a_step_takes_every_path_where_no_rule_on_its_way_has_a_pattern() -> None:
    assert takes_everything(a_route(None))
    assert takes_everything(a_route(None, host("a"), DEFAULT))
    assert takes_everything(a_fallback(0))
    assert not takes_everything(a_route("/x"))
    assert not takes_everything(a_route(None, path("/x")))
    assert not takes_everything(a_fallback(0, host("a"), path("/x")))
    assert not takes_everything(a_fallback(0, path("/x"), host("a")))


class TestPathsOf:
    def test_all_patterns_on_the_way_have_to_match(self) -> None:
        found = paths_of(a_route(r"/in/\w+", path("/in/[ab].*$"), path(".*x$")), Bound.OVER)
        assert has(found, "/in/ax", "/in/bcx", "/in/cx", "/in/a", "/out/ax") == [
            *(True, True, False, False, False)
        ]
        assert found.exact

    def test_a_pattern_without_an_end_takes_what_follows(self) -> None:
        found = paths_of(a_route(path("/a")), Bound.OVER)
        assert has(found, "/a", "/abc/d", "/b") == [True, True, False]

    def test_rules_on_hosts_play_no_part(self) -> None:
        found = paths_of(a_route("/x", host("a"), DEFAULT), Bound.OVER)
        assert has(found, "/x", "/y") == [True, False]

    def test_without_a_pattern_it_is_any_path_at_all(self) -> None:
        for step in (a_route(None, host("a")), a_fallback(0, host("a"))):
            assert paths_of(step, Bound.UNDER) == Paths(anything(WIRE), exact=True)

    def test_one_pattern_that_is_inexact_makes_all_of_it_so(self) -> None:
        doubtful = a_route("/(a|b)/x", path(r"/(a|b)/.*\1"))
        over, under = paths_of(doubtful, Bound.OVER), paths_of(doubtful, Bound.UNDER)
        assert not over.exact
        assert not under.exact
        assert has(over, "/a/x", "/c/x") == [True, False]
        assert has(under, "/a/x") == [False]  # nothing that only may be one

    def test_what_is_beyond_the_analysis_is_said(self) -> None:
        with pytest.raises(Untranslatable):
            paths_of(a_route(path(TOO_MANY)), Bound.OVER)


class TestUnion:
    def test_is_one_machine_for_all(self) -> None:
        (machine,) = union([a_route("/a"), a_route("/b", path("/.*$")), a_fallback(0, path("/c"))])
        texts = ["/a", "/b", "/cd", "/d"]
        assert [machine.contains(text) for text in texts] == [True, True, True, False]

    def test_of_nothing_there_is_none(self) -> None:
        assert union([]) == []
        assert union([a_route(path(TOO_MANY))]) == []

    def test_a_step_that_can_not_be_translated_proves_nothing(self) -> None:
        (machine,) = union([a_route(path(TOO_MANY)), a_route("/a")])
        assert [machine.contains(text) for text in ("/a", "/aaaaaaaa")] == [True, False]

    def test_only_what_surely_goes_there_counts(self) -> None:
        (machine,) = union([a_route(path(r"/(a|b)\1$")), a_route("/x")])
        assert [machine.contains(text) for text in ("/aa", "/ab", "/x")] == [False, False, True]


FORMS = [
    ("/", True),
    ("//", True),
    ("/a/b.c;d=e,f~g|h[i]", True),
    ("/caf%C3%A9", True),
    ("*", True),  # of OPTIONS
    ("http://a.org/x", True),  # to a proxy
    ("a+b-1.c://", True),
    ("", False),
    ("a", False),
    ("a/b", False),
    ("**", False),
    ("*/", False),
    ("://a", False),
    ("1http://a", False),
    ("http:/a", False),
    ("/a b", False),
    ("/a?b", False),  # the query is no part of a path
    ("/a#b", False),  # never sent
    ("/é", False),
    ("/a\n", False),
    ("/a\x7f", False),
]


@pytest.mark.parametrize(("text", "sendable"), FORMS)
def test_forms_of_a_request_target(text: str, sendable: bool) -> None:
    assert is_sendable(text) is sendable
    machine = language(sendable_paths(), WIRE)
    if all(WIRE >> ord(letter) & 1 for letter in text):
        assert machine.contains(text) is sendable


def test_the_expression_has_the_very_paths_of_the_test() -> None:
    chance = random.Random(1)
    machine = language(sendable_paths(), WIRE)
    letters = "".join(chr(code) for code in range(0x100) if WIRE >> code & 1)
    found = {True: 0, False: 0}
    for _ in range(4000):
        beginning = chance.choice(["", "/", "*", "a", "h+p", "a:/", "b.c://", "9"])
        rest = "".join(chance.choices("/:ab*#" + chance.choice(letters), k=chance.randint(0, 3)))
        text = beginning + rest
        assert machine.contains(text) is is_sendable(text), text
        found[is_sendable(text)] += 1
    assert min(found.values()) > 500


def test_every_letter_that_a_path_may_hold() -> None:
    letters = [chr(code) for code in range(0x180) if is_sendable(f"/{chr(code)}")]
    assert letters == [chr(code) for code in range(0x180) if SENDABLE >> code & 1]


def test_a_route_is_asked_for_its_own_pattern_too() -> None:
    route = Route(0, (), path("/a$"), ERROR)
    assert has(paths_of(route, Bound.UNDER), "/a", "/b") == [True, False]
