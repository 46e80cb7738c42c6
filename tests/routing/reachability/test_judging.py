"""Tests of judging: the routes that are judged, the quick answer, reasons for none.

That the verdicts are true, `tests/routing/test_reachability.py` asks of Tornado itself.
"""

from __future__ import annotations

import re

import pytest

from tests.routing.handmade import a_route, a_scope, a_table, host, path
from tornkit.regex.automata.positions import TooLarge
from tornkit.regex.automata.search import OverBudget
from tornkit.regex.automata.translate import Untranslatable
from tornkit.routing.conditions import CustomCondition, DefaultHostCondition
from tornkit.routing.matching.search import Request
from tornkit.routing.model import Route, Takes
from tornkit.routing.patience import OutOfPatience
from tornkit.routing.reachability import judging
from tornkit.routing.reachability.fates import Fate, Verdict
from tornkit.routing.reachability.judging import verdict, verdicts

DEFAULT = DefaultHostCondition(re.compile(r"a\.com$"), "a.com")


def of(*routes: Route | str) -> Verdict:
    """Verdict on the last of these routes."""
    table = a_table(routes)
    return verdict(table.routes[-1], table)


class Raising:
    """Stand-in for a question, which ends in an error; without one, in `ASKED`."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked = 0

    def __call__(self, *about: object) -> Raising:
        self.asked += 1
        return self

    def verdict(self) -> Verdict:
        if self.error is not None:
            raise self.error
        return ASKED


ASKED = Verdict(Fate.COVERED, by=(0,))


@pytest.fixture
def question(monkeypatch: pytest.MonkeyPatch) -> Raising:
    """Replace the question to the languages, and count how often it is asked."""
    made = Raising()
    monkeypatch.setattr(judging, "Question", made)
    return made


class TestWhichRoutes:
    def test_all_that_take_requests_in_their_order(self) -> None:
        table = a_table(
            [
                "/a",
                a_route("/b", takes=Takes.NEVER),
                a_route("/c", takes=Takes.MAYBE),
                a_route("/d", scopes=(a_scope(copy_of=0),)),
                a_route("/e"),
            ],
            start=2,
        )
        judged = list(verdicts(table))
        assert [route.index for route, _ in judged] == [2, 4, 6]
        assert {found.fate for _, found in judged} == {Fate.REACHED}


class TestExamples:
    """Quick answer: a request made of an example."""

    def test_one_that_arrives_is_answer_enough(self, question: Raising) -> None:
        found = of("/posts/new", r"/posts/(\d+)")
        assert found == Verdict(Fate.REACHED, Request("/posts/1"))
        assert not question.asked

    def test_a_second_one_may_arrive(self, question: Raising) -> None:
        assert of("/a", "/a|/b") == Verdict(Fate.REACHED, Request("/b"))
        assert not question.asked

    def test_no_other_is_made_where_the_first_arrives(self, question: Raising) -> None:
        """Reason: it may take long to find another, or be impossible."""
        deep = "(?:" * 50 + "a" + "x)*" * 50
        assert of(f"/b|/{deep}") == Verdict(Fate.REACHED, Request("/b"))
        assert not question.asked

    def test_without_a_pattern_it_is_the_root(self, question: Raising) -> None:
        assert of(a_route(None)) == Verdict(Fate.REACHED, Request("/"))
        assert of(a_route(CustomCondition("Mine"))) == Verdict(Fate.REACHED, Request("/"))
        assert not question.asked

    def test_at_the_routes_own_host(self, question: Raising) -> None:
        found = of(a_route("/x", host(r"www\.(a|b)\.com$")))
        assert found == Verdict(Fate.REACHED, Request("/x", "www.a.com"))
        # Which is the second, where the first is another's.
        at_a = a_route("/x", host(r"www\.a\.com$"))
        found = of(at_a, a_route("/x", host(r"www\.(a|b)\.com$")))
        assert found == Verdict(Fate.REACHED, Request("/x", "www.b.com"))
        assert not question.asked

    @pytest.mark.parametrize(
        "route",
        [
            a_route("x"),  # no form of a request
            a_route("/é"),  # would arrive percent-encoded
            a_route("/<a>"),
            a_route("/x", host("a b$")),
            a_route("/x", path("/y$")),
            a_route("/x", DefaultHostCondition(re.compile("b"), "a")),
        ],
    )
    def test_one_that_no_browser_sends_is_none(self, question: Raising, route: Route) -> None:
        assert of(route) == ASKED
        assert question.asked == 1

    def test_those_that_are_all_taken_leave_the_question(self, question: Raising) -> None:
        assert of("/.*", "/a") == ASKED


class TestUndecided:
    @pytest.mark.parametrize(
        ("error", "reason"),
        [
            (OutOfPatience(), "it takes too long, or the patterns before it do"),
            (OverBudget(), "there are too many states to search"),
            (TooLarge(), "the pattern is too large"),
            (RecursionError(), "the pattern is nested too deep"),
            (Untranslatable("it is odd"), "the pattern can't be analysed: it is odd"),
        ],
    )
    def test_the_reason_is_said(self, question: Raising, error: Exception, reason: str) -> None:
        question.error = error
        assert of("/.*", "/a") == Verdict(Fate.UNDECIDED, reason=reason)

    def test_another_error_is_a_mistake_of_ours(self, question: Raising) -> None:
        question.error = ValueError("not foreseen")
        with pytest.raises(ValueError, match="not foreseen"):
            of("/.*", "/a")

    def test_one_that_takes_too_long_is_ended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(judging, "PATIENCE", 0.05)
        hostile = a_route(path("/(?:a+)+b$"))
        found = of(hostile, "/a{40}")
        assert found.fate is Fate.UNDECIDED
        assert found.reason.startswith("it takes too long")

    def test_the_others_are_judged_none_the_less(self) -> None:
        branches = a_route(path("/" + r"(?:a\b|b\b|c\b|d\b)" * 8))
        table = a_table(["/x.*", branches, "/xy", "/y"])
        assert [found.fate for _, found in verdicts(table)] == [
            *(Fate.REACHED, Fate.UNDECIDED, Fate.COVERED, Fate.REACHED)
        ]
