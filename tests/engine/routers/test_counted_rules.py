"""Rules that are counted are a list like any other, and no change of them goes unseen."""

from __future__ import annotations

import copy
import operator
import pickle
import random
from collections.abc import Callable
from typing import Any

import pytest
from tornado.routing import ReversibleRuleRouter, RuleRouter
from tornado.web import Application, RequestHandler

from tests.engine.routers.asking import both
from tornkit.engine.routers import Compiled, counted_rules
from tornkit.engine.routers.counted_rules import CountedRules
from tornkit.engine.routers.table import PATIENCE


def extended_in_place(rules: Any) -> Any:
    rules += [7]
    return rules


def doubled_in_place(rules: Any) -> Any:
    rules *= 2
    return rules


CHANGES: dict[str, Callable[[Any], Any]] = {
    "append": lambda rules: rules.append(7),
    "extend": lambda rules: rules.extend([7, 8]),
    "extend by itself": lambda rules: rules.extend(rules),
    "+=": extended_in_place,
    "*=": doubled_in_place,
    "insert": lambda rules: rules.insert(1, 7),
    "pop": lambda rules: rules.pop(),
    "pop from the front": lambda rules: rules.pop(0),
    "remove": lambda rules: rules.remove(2),
    "clear": lambda rules: rules.clear(),
    "reverse": lambda rules: rules.reverse(),
    "sort": lambda rules: rules.sort(key=lambda number: -number),
    "[]=": lambda rules: operator.setitem(rules, 0, 7),
    "[:]=": lambda rules: operator.setitem(rules, slice(1, 2), [7, 8, 9]),
    "del []": lambda rules: operator.delitem(rules, 0),
    "del [:]": lambda rules: operator.delitem(rules, slice(None)),
    "made anew": lambda rules: rules.__init__([7]),
    "shuffled": lambda rules: random.Random(1).shuffle(rules),
}


def outcome(action: Callable[[Any], Any], rules: Any) -> Any:
    try:
        found = action(rules)
    except Exception as error:  # noqa: BLE001 - which one is compared
        found = (type(error), str(error))
    return "itself" if found is rules else found


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("content", [[3, 1, 2], [2], []])
def test_each_change_is_made_and_counted(name: str, content: list[int]) -> None:
    plain: Any = list(content)
    ours: Any = CountedRules()
    ours.extend(content)
    before = ours.edits
    assert outcome(CHANGES[name], ours) == outcome(CHANGES[name], plain)
    assert ours == plain
    assert ours.edits != before or ours == content
    assert ours.edits % 2 == 0


def test_every_method_that_changes_a_list_is_known() -> None:
    harmless = {
        *("__add__", "__class_getitem__", "__contains__", "__eq__", "__ge__", "__getattribute__"),
        *("__getitem__", "__gt__", "__iter__", "__le__", "__len__", "__lt__", "__mul__", "__ne__"),
        *("__new__", "__repr__", "__reversed__", "__rmul__", "__sizeof__", "copy", "count"),
        *("index", "__hash__", "__doc__"),
    }
    assert {*vars(list), "__getattribute__"} == harmless | set(counted_rules._CHANGING)


def test_while_it_is_sorted_it_is_not_as_before() -> None:
    rules: Any = CountedRules()
    rules.extend([3, 1, 2])
    before = rules.edits
    seen: set[int] = set()

    def look(number: int) -> int:
        seen.add(rules.edits)
        return number

    rules.sort(key=look)
    assert before not in seen
    assert rules.edits not in seen


def test_it_looks_like_a_list() -> None:
    rules: Any = CountedRules()
    rules.append(1)
    assert repr(rules) == "[1]"
    assert isinstance(rules, list)
    assert type(rules.copy()) is type(rules[:]) is type(rules * 2) is list
    assert str(type(rules).__name__) == "list"
    for other in (copy.copy(rules), copy.deepcopy(rules), pickle.loads(pickle.dumps(rules))):
        assert other == [1]
        assert type(other) is list
        other.append(2)
        assert rules == [1]
    with pytest.raises(TypeError, match="unhashable type: 'list'"):
        hash(rules)


class One(RequestHandler):
    pass


class Other(RequestHandler):
    pass


def test_a_router_is_made_with_them_and_each_edit_counts_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RuleRouter, "__init__", counted_rules.initialise)
    application = Application([(f"/{n}", One) for n in range(20)])
    rules = application.wildcard_router.rules
    assert type(rules) is CountedRules
    assert type(ReversibleRuleRouter([]).rules) is CountedRules
    stand_in = Compiled()
    for _ in range(PATIENCE * 3):
        assert both(stand_in, application, "/7")[0] == "One"
    other: Any = Application([("/7", Other)]).wildcard_router.rules[0]
    held = rules[7]
    for rule, found in ((other, "Other"), (held, "One")) * 3:
        rules[7] = rule
        assert both(stand_in, application, "/7")[0] == found
    application.wildcard_router.rules = [other]
    assert both(stand_in, application, "/7")[0] == "Other"
    assert both(stand_in, application, "/8")[0] == "ErrorHandler"
