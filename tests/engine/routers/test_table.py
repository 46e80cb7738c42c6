"""A table of rules finds what its router would, as long as the rules are those that it read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from tornado import web
from tornado.httputil import HTTPServerRequest
from tornado.routing import (
    AnyMatches,
    HostMatches,
    Matcher,
    PathMatches,
    ReversibleRuleRouter,
    Rule,
    RuleRouter,
    URLSpec,
)
from tornado.web import Application, RequestHandler

from tests.engine.routers.asking import calls_of, made, outcome, told
from tornkit.engine.routers import counted_rules, edits, table
from tornkit.engine.routers.rules import NO_PARAMS, Find
from tornkit.engine.routers.table import Table, can_be_compiled, decisive_regex

FIND = RuleRouter.find_handler.__code__
FEW, MANY = 3, 20  # rules: an index is made for the second


class Handler(RequestHandler):
    pass


class Regex:
    """One of another library."""

    pattern, groups, flags = "/a", 0, 0
    groupindex: ClassVar[dict[str, int]] = {}

    def match(self, path: str) -> object:
        return path == "/a" or None


def never(request: HTTPServerRequest) -> None:
    return None


def no_table(target: Any, known: dict[int, Find]) -> Find | None:
    return None


def table_of(router: RuleRouter, compile_target: Any = no_table) -> Table:
    edits.watch()
    made_of = Table(router, compile_target)
    made_of.read({id(router): made_of.find})
    return made_of


def other_matcher(matcher: Any, **attributes: Any) -> Rule:
    for name, value in attributes.items():
        setattr(matcher, name, value)
    return Rule(matcher, Handler)


class OwnRule(Rule):
    pass


class OwnPathMatches(PathMatches):
    pass


@pytest.mark.parametrize(
    ("rule", "pattern"),
    [
        (Rule(PathMatches("/a"), Handler), "/a$"),
        (URLSpec("/(b)", Handler), "/(b)$"),
        (Rule(PathMatches(re.compile("/c")), Handler), "/c"),
    ],
)
def test_a_path_alone_is_decided_by_its_regex(rule: Rule, pattern: str) -> None:
    regex = decisive_regex(rule)
    assert regex is not None
    assert regex.pattern == pattern
    assert isinstance(rule.matcher, PathMatches)
    assert regex is rule.matcher.regex


@pytest.mark.parametrize(
    "rule",
    [
        Rule(AnyMatches(), Handler),
        Rule(HostMatches("a.com"), Handler),
        OwnRule(PathMatches("/a"), Handler),
        Rule(OwnPathMatches("/a"), Handler),
        other_matcher(PathMatches("/a"), match=lambda request: {}),
        other_matcher(PathMatches("/a"), regex=Regex()),
        other_matcher(PathMatches("/a"), regex=re.compile(b"/a")),
        other_matcher(PathMatches("/a"), regex=None),
    ],
    ids=["any", "host", "rule", "matcher", "its own match", "library", "bytes", "none"],
)
def test_anything_else_is_decided_by_the_matcher(rule: Rule) -> None:
    assert decisive_regex(rule) is None


class Watched(RuleRouter):
    def __getattribute__(self, name: str) -> Any:
        return super().__getattribute__(name)


class Finding(RuleRouter):
    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        return super().find_handler(request, **kwargs)


class WithRulesInTheClass(RuleRouter):
    rules: ClassVar[list[Rule]] = []  # type: ignore[misc]


class Targets(RuleRouter):
    def get_target_delegate(
        self, target: Any, request: HTTPServerRequest, **target_params: Any
    ) -> Any:
        return None


class Equal(Rule):
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rule)

    __hash__ = Rule.__hash__


def with_rules(rules: Any) -> RuleRouter:
    router = RuleRouter()
    router.rules = rules
    return router


def without_rules() -> RuleRouter:
    router = RuleRouter()
    del router.rules
    return router


def with_its_own_find() -> RuleRouter:
    router = RuleRouter()
    router.find_handler = never  # type: ignore[method-assign,assignment]
    return router


def with_another_ones_find() -> RuleRouter:
    router = RuleRouter()
    router.find_handler = RuleRouter().find_handler  # type: ignore[method-assign]
    return router


@pytest.mark.parametrize(
    ("router", "expected"),
    [
        (RuleRouter(), True),
        (ReversibleRuleRouter(), True),
        (Application().wildcard_router, True),
        (Targets(), True),  # whose answer is asked for
        (with_rules(counted_rules.CountedRules()), True),
        (with_rules(()), False),
        (with_rules(type("Rules", (list,), {})()), False),
        (with_rules([Equal(AnyMatches(), never)]), False),
        (without_rules(), False),
        (WithRulesInTheClass(), False),
        (Watched(), False),
        (Finding(), False),
        (with_its_own_find(), False),
        (with_another_ones_find(), False),
    ],
)
def test_which_routers_can_have_a_table(router: RuleRouter, expected: bool) -> None:
    assert can_be_compiled(router) is expected


@pytest.mark.parametrize(
    ("owner", "name"),
    [(PathMatches, "match"), (AnyMatches, "match"), (RuleRouter, "get_target_delegate")],
)
def test_a_method_for_which_tables_answer_is_missed_when_it_is_replaced(
    owner: type, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert table.nothing_is_replaced()
    monkeypatch.setattr(owner, name, never)
    assert not table.nothing_is_replaced()


# ---- finding ----


PATTERNS = ["/(a)/([^/]*)(/x)?", "/named/(?P<one>[^/]*)/(?P<two>x)?", "/mixed"]
MIXED = "/mixed/(.)/(?P<n>.*)$"  # which Tornado does not take, but uses
PATHS = [
    *("/a/b", "/a/b/x", "/a/", "/a/%20", "/a/caf%C3%A9", "/a/%ff", "/a/+", "/a/%", "/a/\xe9"),
    *("/named/b/", "/named/%2F/x", "/named//", "/mixed/a/b%20", "/none", "", "/a/b\n"),
]


@pytest.mark.parametrize("size", [FEW, MANY])
@pytest.mark.parametrize("given", [None, {"n": 1}])
def test_a_handler_is_given_what_the_router_would_give(
    size: int, given: dict[str, Any] | None
) -> None:
    app = Application()
    router = app.wildcard_router
    router.add_rules([URLSpec(pattern, Handler, given) for pattern in PATTERNS])
    router.add_rules([URLSpec(f"/{n}", Handler) for n in range(size - FEW)])
    setattr(router.rules[2].matcher, "regex", re.compile(MIXED))  # noqa: B010
    found_by = table_of(router)
    for path in PATHS:
        expected = outcome(router.find_handler, made(path))
        assert outcome(found_by.find, made(path)) == expected, path
    assert calls_of(FIND, lambda: [found_by.find(made(path)) for path in PATHS]) == 0


@pytest.mark.parametrize("size", [FEW, MANY])
def test_the_first_rule_whose_target_answers_is_taken(size: int) -> None:
    router = RuleRouter([("/.*", RuleRouter()), ("/a", never), (AnyMatches(), RuleRouter())])
    router.add_rules([(f"/{n}", never) for n in range(size - FEW)])
    router.add_rules([("/a", never)])
    answering: Any = router.rules[1].target
    found_by = table_of(router)
    assert answering is never
    assert told(found_by.find(made("/a"))) == told(router.find_handler(made("/a")))
    assert found_by.find(made("/b")) is router.find_handler(made("/b")) is None


def test_what_a_matcher_gives_is_handed_on_as_it_is() -> None:
    shared: dict[str, Any] = {"path_args": [b"own"]}

    class Giving(Matcher):
        def match(self, request: HTTPServerRequest) -> dict[str, Any]:
            return shared

    router = Application().wildcard_router
    router.rules[:] = [Rule(Giving(), Handler, {"n": 1})]
    found = told(table_of(router).find(made("/")))
    assert found[1:4] == ([b"own"], {}, {"n": 1})
    assert shared == {"path_args": [b"own"], "target_kwargs": {"n": 1}}  # as with Tornado


@pytest.mark.parametrize("kwargs", [None, {"n": 1}])
@pytest.mark.parametrize("matcher", [AnyMatches(), PathMatches("/(?P<n>.*)"), HostMatches("a.com")])
def test_a_nested_table_is_given_what_a_nested_router_would_be(
    matcher: Matcher, kwargs: dict[str, Any] | None
) -> None:
    def spying(request: HTTPServerRequest, **params: Any) -> None:
        expected.append(params)

    def nested(request: HTTPServerRequest, params: dict[str, Any] = NO_PARAMS, /) -> None:
        given.append(dict(params))

    expected: list[dict[str, Any]] = []
    given: list[dict[str, Any]] = []
    inner: Any = RuleRouter()
    router = RuleRouter([Rule(matcher, inner, kwargs)])
    found_by = table_of(router, lambda target, known: nested if target is inner else None)
    inner.find_handler = spying
    assert router.find_handler(made("/a")) is found_by.find(made("/a")) is None
    assert given == expected
    assert len(given) == 1
    assert NO_PARAMS == {}


def test_targets_that_may_be_routers_are_looked_at_unless_the_router_has_its_own_way() -> None:
    def looking(target: Any, known: dict[int, Find]) -> None:
        seen.append(target)
        assert id(router) in known

    seen: list[Any] = []
    inner = RuleRouter()
    rules: list[Any] = [("/a", Handler), ("/b", never), ("/c", inner)]
    router: RuleRouter = Application().wildcard_router
    router.add_rules(rules)
    table_of(router, looking)
    assert seen == [never, inner]  # a handler class goes to the application
    seen.clear()
    router = RuleRouter(rules)
    table_of(router, looking)
    assert seen == [Handler, never, inner]
    seen.clear()
    router = Targets(rules)
    table_of(router, looking)
    assert seen == []


# ---- coming to rest ----


@pytest.fixture(params=["a list", "counted"])
def router(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> RuleRouter:
    if request.param == "counted":
        monkeypatch.setattr(RuleRouter, "__init__", counted_rules.initialise)
    made_with: RuleRouter = web._ApplicationRouter(
        Application(), [URLSpec(f"/{n}", Handler) for n in range(MANY)]
    )
    return made_with


def by_tornado(found_by: Table, count: int) -> list[int]:
    """For each of so many requests, how often Tornado's loop answers it."""
    return [calls_of(FIND, lambda: found_by.find(made("/7"))) for _ in range(count)]


@pytest.mark.parametrize(
    "change",
    [
        lambda router: router.rules.append(URLSpec("/new", Handler)),
        lambda router: setattr(router, "rules", list(router.rules)),
        lambda router: setattr(router.rules[0], "target", never),
    ],
    ids=["another rule", "another list", "another target"],
)
def test_tornado_answers_until_the_rules_have_rested(
    router: RuleRouter, change: Callable[[RuleRouter], object]
) -> None:
    found_by = table_of(router)
    assert by_tornado(found_by, 2) == [0, 0]
    change(router)
    half = table.PATIENCE // 2
    assert by_tornado(found_by, half) == [1] * half
    change(router)  # and the waiting begins anew
    patience = table.PATIENCE + 1  # with the request by which it is made anew
    assert by_tornado(found_by, patience + 2) == [1] * patience + [0, 0]


def test_a_router_that_can_have_no_table_any_more_is_tornados_for_good(router: RuleRouter) -> None:
    found_by = table_of(router)
    router.rules.append(Equal(PathMatches("/new"), never))
    for _ in range(2):
        assert by_tornado(found_by, 2 * table.PATIENCE) == [1] * 2 * table.PATIENCE


def test_the_tables_of_nested_routers_are_kept() -> None:
    known_to: list[dict[int, Find]] = []

    def nested(request: HTTPServerRequest, params: dict[str, Any] = NO_PARAMS, /) -> None:
        return None

    def compiled(target: Any, known: dict[int, Find]) -> Find | None:
        known_to.append(dict(known))
        return nested if target is inner else None

    inner = RuleRouter()
    router = RuleRouter([("/a", inner)])
    found_by = table_of(router, compiled)
    router.rules.append(Rule(PathMatches("/b"), never))
    known_to.clear()
    for _ in range(table.PATIENCE + 1):
        found_by.find(made("/b"))
    assert len(known_to) == 2
    for known in known_to:
        assert known == {id(inner): nested, id(router): found_by.find}
