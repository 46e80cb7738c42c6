"""A rule that is given another matcher is noticed, and nobody notices that."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from tornado.routing import AnyMatches, PathMatches, Rule, URLSpec

from tornkit.engine.routers import edits


@pytest.fixture(autouse=True)
def _watching() -> None:
    assert edits.watch()


def counted(action: Any) -> int:
    before = edits.count
    action()
    return edits.count - before


def test_what_decides_is_counted() -> None:
    rule: Any = URLSpec("/a", object())
    assert counted(lambda: setattr(rule, "matcher", AnyMatches())) == 1
    assert counted(lambda: setattr(rule, "target", object())) == 1
    assert counted(lambda: setattr(rule, "__class__", Rule)) == 1
    matcher: Any = PathMatches("/a")
    assert counted(lambda: setattr(matcher, "regex", matcher.regex)) == 1
    assert counted(lambda: setattr(matcher, "match", None)) == 1
    assert counted(lambda: setattr(matcher, "__class__", AnyMatches)) == 1


def test_what_does_not_decide_is_not() -> None:
    rule: Any = Rule(PathMatches("/a"), object())
    assert counted(lambda: setattr(rule, "target_kwargs", {})) == 0
    assert counted(lambda: setattr(rule, "mine", 1)) == 0
    assert (rule.target_kwargs, rule.mine) == ({}, 1)


def test_one_that_is_taken_away_and_given_again_is_counted() -> None:
    rule = Rule(PathMatches("/a"), object())
    del rule.matcher
    assert counted(lambda: setattr(rule, "matcher", AnyMatches())) == 1
    matcher: Any = PathMatches("/a")
    regex = matcher.regex
    del matcher.regex
    assert counted(lambda: setattr(matcher, "regex", regex)) == 1


def test_what_is_made_is_not_counted() -> None:
    assert counted(lambda: PathMatches("/a")) == 0
    assert counted(lambda: Rule(PathMatches("/a"), object())) == 0
    assert counted(lambda: URLSpec("/a", object())) == 0


def test_copies_are_as_ever() -> None:
    rule = URLSpec("/a/(b)", int, {"x": 1}, "name")
    for other in (copy.copy(rule), copy.deepcopy(rule), pickle.loads(pickle.dumps(rule))):
        assert vars(other).keys() == vars(rule).keys()
        assert repr(other) == repr(rule)


def test_what_another_base_does_is_done() -> None:
    class Other:
        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, (value,))

    class Both(Rule, Other):
        pass

    both: Any = Both(PathMatches("/a"), int)
    assert both.target == (int,)


def test_to_watch_twice_changes_nothing() -> None:
    before = vars(Rule)["__setattr__"]
    assert edits.watch()
    assert vars(Rule)["__setattr__"] is before


def test_where_rules_are_made_otherwise_nothing_is_compiled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(edits, "_watching", False)
    monkeypatch.delattr(Rule, "__setattr__")
    monkeypatch.delattr(PathMatches, "__setattr__")
    monkeypatch.setitem(edits._DECIDE, Rule, (frozenset({"matcher"}), "missing"))
    assert not edits.watch()
    assert "__setattr__" not in vars(Rule)


def test_where_somebody_else_watches_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edits, "_watching", False)
    assert not edits.watch()
