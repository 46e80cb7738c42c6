"""Tests of the names that messages give a pattern, and of whose rule it is in."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.routing.handmade import PAGE, a_route, a_table, host, path
from tornkit.routing.checks.place import Place, is_own, places_of
from tornkit.routing.conditions import CustomCondition, DefaultHostCondition
from tornkit.routing.model import Origin, Places, Severity, Source

ROUTE = a_route("/x", declared=Source("/app.py", 3))
FILE = "/project/app.py"


class TestHowItIsCalled:
    def test_what_stands_beside_the_message_is_not_repeated(self) -> None:
        assert Place(ROUTE, re.compile("/x$"), host=False, outer=False).called == "the pattern"

    @pytest.mark.parametrize(
        ("is_host", "outer", "called"),
        [
            (True, False, "the host pattern /x"),
            (False, True, "the outer pattern /x"),
            (True, True, "the host pattern /x"),
        ],
    )
    def test_another_is_written_out_as_its_author_wrote_it(
        self, is_host: bool, outer: bool, called: str
    ) -> None:
        assert Place(ROUTE, re.compile("/x$"), host=is_host, outer=outer).called == called

    @pytest.mark.parametrize(("length", "kept"), [(80, 80), (81, 79)])
    def test_a_long_one_is_cut_to_eighty_characters(self, length: int, kept: int) -> None:
        place = Place(ROUTE, re.compile("x" * length), host=True, outer=False)
        cut = "…" if kept < length else ""
        assert place.called == f"the host pattern {'x' * kept}{cut}"


def test_a_finding_is_about_the_route_and_at_its_line() -> None:
    place = Place(
        a_route("/x", index=4, declared=Source("/app.py", 3)), re.compile("/x"), *[False] * 2
    )
    found = place.finding("TK501", "a message", "/y")
    assert (found.code, found.severity, found.message) == ("TK501", Severity.WARNING, "a message")
    assert (found.route, found.where, found.witness) == (4, Source("/app.py", 3), "/y")
    assert place.finding("TK501", "a message").witness is None


def test_a_place_is_a_pattern_of_what_a_client_sends() -> None:
    (at_path,) = places_of(ROUTE, path("/a$"), outer=True)
    assert (at_path.regex.pattern, at_path.host, at_path.outer) == ("/a$", False, True)
    (at_host,) = places_of(ROUTE, host("a$"), outer=False)
    assert (at_host.regex.pattern, at_host.host, at_host.outer) == ("a$", True, False)
    # The application's own host is no client's, and what a matcher does with a text is not known.
    default = DefaultHostCondition(re.compile("a"), "a")
    for condition in (None, default, CustomCondition("Mine", "/a.b")):
        assert list(places_of(ROUTE, condition, outer=False)) == []


def test_a_rule_is_the_users_unless_tornado_or_a_package_wrote_it() -> None:
    table = replace(a_table(["/x"]), places=Places((FILE,)))
    assert is_own(ROUTE, table)
    assert not is_own(replace(ROUTE, origin=Origin.TORNADO), table)
    assert not is_own(replace(ROUTE, origin=Origin.PACKAGE), table)
    # A handler of Tornado's, in a rule that may be anybody's.
    generic = replace(PAGE, name="tornado.web.RedirectHandler")
    assert is_own(replace(ROUTE, origin=Origin.PACKAGE, target=generic), table)
    assert not is_own(replace(ROUTE, origin=Origin.TORNADO, target=generic), table)
