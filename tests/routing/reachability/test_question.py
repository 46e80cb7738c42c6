"""Tests of the question about one route: what counts as before it, and what is to blame.

That the verdicts are true, `tests/routing/test_reachability.py` asks of Tornado itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from tests.routing.handmade import ERROR, a_fallback, a_route, a_scope, a_table, host, path
from tornkit.regex.automata.search import OverBudget, SearchBudget
from tornkit.regex.automata.translate import Untranslatable
from tornkit.routing.conditions import CustomCondition, DefaultHostCondition
from tornkit.routing.matching.search import Request
from tornkit.routing.model import Fallback, Route, RouteTable, Takes
from tornkit.routing.reachability import question as module
from tornkit.routing.reachability.fates import Fate, Verdict
from tornkit.routing.reachability.question import Question, arrives, surely_taking
from tornkit.routing.reachability.worlds import World

DEFAULT = DefaultHostCondition(re.compile(r"a\.com$"), "a.com")
TRACING = a_scope(overrides=("find_handler",))


def before_last(*routes: Route | str, fallbacks: Iterable[Fallback] = ()) -> list[Route | Fallback]:
    """Steps that surely take requests before the last of these routes."""
    table = a_table(routes, fallbacks)
    return surely_taking(table.routes[-1], table)


def indices(steps: Iterable[Route | Fallback]) -> list[int]:
    return [step.index for step in steps if isinstance(step, Route)]


class TestSurelyTaking:
    def test_what_comes_later_takes_nothing(self) -> None:
        table = a_table(["/a", "/b", "/.*"], start=3)
        assert surely_taking(table.routes[0], table) == []
        wide = a_table(["/.*", "/a.*", "/ab", "/abc"], start=3)
        assert indices(surely_taking(wide.routes[2], wide)) == [3, 4]

    @pytest.mark.parametrize(
        "doubtful",
        [
            a_route("/.*", takes=Takes.NEVER),
            a_route("/.*", takes=Takes.MAYBE),
            a_route("/.*", scopes=(TRACING,)),
            a_route("/.*", CustomCondition("Mine")),
            a_route(CustomCondition("Mine")),
            a_route("/.*", host(r"(a|b)\1$")),  # which hosts it takes can't be said exactly
        ],
    )
    def test_what_may_let_a_request_pass_does_not_count(self, doubtful: Route) -> None:
        assert before_last(doubtful, "/a") == []

    def test_rules_on_the_host_count(self) -> None:
        assert indices(before_last(a_route("/.*", host("a$")), a_route(None, DEFAULT), "/a")) == [
            0,
            1,
        ]

    def test_a_pattern_that_is_inexact_counts_for_what_it_surely_takes(self) -> None:
        assert indices(before_last(path_only(r"/(a|b)\1$"), "/aa")) == [0]

    @pytest.mark.parametrize(
        ("earlier", "later", "meets"),
        [
            ("/a/.*", "/b/.*", False),
            ("/a/.*", "/a", True),
            ("/a", "/a/.*", True),
            (".*", "/a", True),
            ("/(?:ab|ac)x", "/b", False),
            ("(?i)/a", "/b", True),  # of which the beginning is not known
        ],
    )
    def test_another_beginning_has_nothing_in_common(
        self, earlier: str, later: str, meets: bool
    ) -> None:
        assert bool(before_last(earlier, later)) is meets

    def test_a_route_without_a_pattern_has_no_beginning(self) -> None:
        assert indices(before_last(a_route(None), "/a")) == [0]
        assert indices(before_last("/a", a_route(None))) == [0]

    def test_a_404_takes_all_that_gets_there(self) -> None:
        inner, odd = a_fallback(1, path("/in/.*$")), Fallback(1, (TRACING,), ERROR)
        unknown = a_fallback(1, CustomCondition("Mine"))
        later = a_fallback(2)
        assert before_last("/x", "/in/y", fallbacks=[inner, odd, unknown, later]) == [inner]


def path_only(pattern: str) -> Route:
    return a_route(path(pattern))


class TestArrives:
    def table(self) -> RouteTable:
        return a_table(
            [
                a_route(CustomCondition("Mine")),
                a_route("/a.*", host(r"a\.com$")),
                a_route("/b", takes=Takes.MAYBE),
                "/.*",
                "/a",
            ],
            start=2,
        )

    @pytest.mark.parametrize(
        ("request_", "taken"),
        [
            (Request("/a", "a.com"), [2, 3]),
            (Request("/a", "b.com"), [2, 5]),
            (Request("/b", "a.com"), [2, 4, 5]),
            (Request("*", "a.com"), [2]),
        ],
    )
    def test_a_request_passes_only_those_that_may_not_take_it(
        self, request_: Request, taken: list[int]
    ) -> None:
        table = self.table()
        assert [r.index for r in table.routes if arrives(r, table, request_)] == taken


def asked(*routes: Route | str, fallbacks: Iterable[Fallback] = ()) -> Question:
    """Question about the last of these routes."""
    table = a_table(routes, fallbacks)
    return Question(table.routes[-1], table)


def verdict(*routes: Route | str, fallbacks: Iterable[Fallback] = ()) -> Verdict:
    return asked(*routes, fallbacks=fallbacks).verdict()


def witness(found: Verdict) -> str:
    assert found.witness is not None
    return found.witness.path


class TestReached:
    def test_by_a_request_that_the_route_itself_suggests(self) -> None:
        found = verdict("/a", "/[ab]")
        assert (found.fate, witness(found)) == (Fate.REACHED, "/b")

    def test_by_the_one_path_in_a_million_that_is_left(self) -> None:
        """Search, since no draw would find it."""
        found = verdict(path_only(r"/(?!qZ9~)"), "/.{4}")
        assert (found.fate, witness(found)) == (Fate.REACHED, "/qZ9~")

    def test_by_a_path_that_only_tornado_would_take(self) -> None:
        found = verdict(path_only("/[!-~]*$"), "/.")
        assert found.fate is Fate.REACHED
        assert not witness(found).isascii()

    def test_by_one_that_a_browser_can_send_if_there_is_one(self) -> None:
        found = verdict(path_only(r"/(?!qZ9~$|é$).*$"), "/(?:.{4}|é)")
        assert (found.fate, witness(found)) == (Fate.REACHED, "/qZ9~")

    def test_at_a_host_that_is_left(self) -> None:
        found = verdict(a_route("/.*", host(r"a\.com$")), a_route("/x", host(r".*\.com$")))
        assert found.witness is not None
        assert found.witness.host != "a.com"
        assert found.witness.host.endswith(".com")

    def test_at_a_host_where_the_one_path_left_is_free(self) -> None:
        most, rest = path_only(r"/(?!qZ9~)"), a_route("/qZ9~", host(r"b\.org$"))
        assert verdict(most, rest, "/.{4}").witness == Request("/qZ9~", "localhost")

    def test_where_only_a_proxys_requests_are_left(self) -> None:
        found = verdict(a_route("/.*", DEFAULT), "/x")
        assert found.witness == Request("/x", "localhost", behind_proxy=True)


class TestUnsendable:
    def test_the_witness_is_what_it_would_match(self) -> None:
        assert verdict("a") == Verdict(Fate.UNSENDABLE, Request("a"))
        assert verdict("/é") == Verdict(Fate.UNSENDABLE, Request("/é"))

    def test_what_no_request_holds_has_none(self) -> None:
        assert verdict("/a b") == Verdict(Fate.UNSENDABLE)
        assert verdict(a_route("/a", path("/b$"))) == Verdict(Fate.UNSENDABLE)

    def test_nor_has_what_no_host_reaches(self) -> None:
        assert verdict(a_route("/x", host("A$"))) == Verdict(Fate.UNSENDABLE)
        never = DefaultHostCondition(re.compile("b$"), "a")
        assert verdict(a_route("/x", never)) == Verdict(Fate.UNSENDABLE)

    def test_whatever_is_before_it(self) -> None:
        assert verdict("/.*", ".*", "/a b").fate is Fate.UNSENDABLE


class TestCovered:
    def test_by_one_alone_if_there_is_one(self) -> None:
        """Name the second alone, though the first takes some, too."""
        found = verdict("/a.*", "/[ab].*", "/[ab]x")
        assert (found.fate, found.by) == (Fate.COVERED, (1,))

    def test_else_by_no_more_than_are_needed(self) -> None:
        found = verdict("/a.*", "/b.*", "/[ac].*", "/[abc].*")
        assert (found.fate, found.by) == (Fate.COVERED, (1, 2))

    def test_by_one_that_no_draw_would_have_shown(self) -> None:
        """Name a route that gets one path in a million; all others go to the first."""
        most = path_only(r"/a(?!qZ9~)")
        assert verdict(most, "/aqZ9~", "/a.{4}").by == (0, 1)
        assert verdict(most, "/aqZ9~", "/a.*", "/a.{4}").by == (2,)  # alone
        assert verdict(most, "/aqZ9~", "/a.{3}~", "/a.{4}").by == (0, 1)  # of two the earlier

    def test_the_witness_is_what_it_would_take_and_does_not_get(self) -> None:
        assert witness(verdict("/.*", "/posts/new")) == "/posts/new"
        found = verdict(a_route("/x", host("b$")), a_route("/x", host("b$")))
        assert found.witness == Request("/x", "b")

    def test_by_a_404_and_a_route_together(self) -> None:
        inner = a_fallback(0, path("/a/.*$"))
        found = verdict("/b/.*", "/[ab]/x", fallbacks=[inner])
        assert (found.fate, found.by, found.fallback) == (Fate.COVERED, (0,), inner)
        alone = verdict("/b/.*", "/a/x", fallbacks=[inner])
        assert (alone.by, alone.fallback) == ((), inner)

    def test_by_others_at_each_host(self) -> None:
        at_a, at_b = a_route("/.*", host("a$")), a_route("/.*", host("b$"))
        found = verdict(at_a, at_b, a_route("/x", host("[ab]$")))
        assert (found.fate, found.by) == (Fate.COVERED, (0, 1))

    def test_by_a_default_host_and_another_for_proxies(self) -> None:
        found = verdict(a_route("/x", DEFAULT), "/[xy]", "/x")
        assert (found.fate, found.by) == (Fate.COVERED, (1,))

    def test_a_language_too_large_to_draw_from_has_one_witness(self) -> None:
        found = verdict("/.*", "/(?:.*a.{12})?")
        assert (found.fate, found.by, witness(found)) == (Fate.COVERED, (0,), "/")

    def test_a_few_too_many_are_named_where_there_is_no_budget_to_leave_them_out(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        question = asked("/a.*", "/b.*", "/[ac].*", "/[abc].*")
        monkeypatch.setattr(module, "STATES", 0)  # for who is to blame; its own has been given
        found = question.verdict()
        assert (found.fate, found.by) == (Fate.COVERED, (0, 1, 2))


class TestNotDecided:
    def test_an_inexact_pattern_of_which_no_example_arrives(self) -> None:
        found = verdict("/a{2}", r"/(a+)\1")
        assert found.fate is Fate.UNDECIDED
        assert found.reason == (
            "a part of the pattern is beyond the analysis, and no example was found"
        )

    def test_what_is_before_it_and_inexact_proves_nothing(self) -> None:
        assert verdict(path_only(r"/(a|b)\1$"), "/aa").fate is not Fate.COVERED

    def test_a_spent_budget_is_told_to_who_asked(self) -> None:
        question = asked("/.*", "/a")
        question.budget = SearchBudget(0, 1)
        with pytest.raises(OverBudget):
            question.verdict()

    def test_a_pattern_beyond_the_analysis_is_refused_at_once(self) -> None:
        with pytest.raises(Untranslatable):
            asked(path_only("/" + r"(?:a\b|b\b|c\b|d\b)" * 8))


class TestWorlds:
    def worlds(self, *routes: Route | str) -> list[World]:
        return list(asked(*routes).worlds())

    def test_without_rules_on_hosts_there_is_one(self) -> None:
        assert self.worlds("/a", "/.*") == [World("localhost", proxied=False)]

    def test_rules_of_what_is_before_it_part_them(self) -> None:
        found = self.worlds(a_route("/a", host(r"b\.org$")), "/a")
        assert [each.host for each in found] == ["localhost", "b.org"]
        # One that has nothing in common with the route does not.
        assert len(self.worlds(a_route("/b", host(r"b\.org$")), "/a")) == 1

    def test_its_own_rules_hold_in_all(self) -> None:
        found = self.worlds(a_route("/a", host(r"b\.org$")), a_route("/a", host(r".*\.org$")))
        assert len(found) == 2
        assert all(each.host.endswith(".org") for each in found)

    def test_a_proxy_makes_a_difference_where_default_host_is_asked(self) -> None:
        assert [each.proxied for each in self.worlds(a_route("/a", DEFAULT), "/a")] == [False, True]
        assert [each.proxied for each in self.worlds("/a", a_route("/a", DEFAULT))] == [False]

    def test_a_rule_of_its_own_that_is_inexact_holds_nothing_off(self) -> None:
        assert self.worlds(a_route("/a", host(r"(a|b)\1$")))
        assert self.worlds(a_route("/a", CustomCondition("Mine")))
