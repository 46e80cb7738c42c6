"""`match` against Tornado itself: whatever ``find_handler`` finds, the model has to find.

TORNKIT_TEST_REQUESTS says how many random requests are tried; 50,000 take a minute.
"""

from __future__ import annotations

import math
import os
from typing import Any

import pytest
from tornado.routing import AnyMatches, Matcher, PathMatches, Router, Rule, RuleRouter
from tornado.web import Application, HTTPError, RequestHandler

from tests.marks import some_of_many
from tests.routing.random_applications import Builder, found_by_tornado, tornado_request
from tornkit.routing.conditions import PathCondition
from tornkit.routing.matching.answers import MatchVerdict
from tornkit.routing.matching.asked import Asked
from tornkit.routing.matching.explain import Explanation, explain
from tornkit.routing.matching.search import Request, match
from tornkit.routing.matching.sendable import sent
from tornkit.routing.model import Fallback, Outcome, RouteTable, TargetKind
from tornkit.routing.reading.extract import unreversed_tables
from tornkit.routing.tables import route_table

REQUESTS = int(os.environ.get("TORNKIT_TEST_REQUESTS", "6000"))
BLOCKS = 10
REQUESTS_EACH = 12


def found_by_model(table: RouteTable, request: Request) -> tuple[Any, ...] | None:
    found = match(table, request)
    assert not found.maybe
    if found.step is None:
        return None
    name = found.step.target.short_name
    handler = found.step.target.kind is not TargetKind.CALLABLE
    return name, found.path_args, dict(found.path_kwargs), handler


@pytest.mark.thorough
@pytest.mark.parametrize("block", some_of_many(BLOCKS, ordinary=4))
def test_agrees_with_tornado_on_random_applications(block: int) -> None:
    reached = set()
    applications = math.ceil(REQUESTS / REQUESTS_EACH / BLOCKS)
    for seed in range(block * applications, (block + 1) * applications):
        builder = Builder(seed)
        application: Any = builder.application()
        if seed % 5 == 0:  # no Application around it: Tornado's bare 404
            application = RuleRouter([Rule(builder.matcher(), application)])
        table = unreversed_tables([application])[0].table
        for _ in range(REQUESTS_EACH):
            path, host = builder.path(), builder.host()
            proxied = builder.random.random() < 0.3
            expected = found_by_tornado(application, tornado_request(path, host, proxied))
            assert found_by_model(table, Request(path, host, proxied)) == expected
            headers = (("X-Real-IP", ""),) if proxied else ()
            explanation = explain(table, Asked("GET", path, host, headers=headers), "6.6")
            assert explained(explanation) == expected_to_be_explained(expected), (path, host)
            assert_that_reasons_hold(explanation)
            reached.add((seed, expected and expected[0]))
    assert len(reached) > 2 * applications  # they are not all catch-alls


def explained(explanation: Explanation) -> tuple[Any, ...] | None:
    """(name, positional arguments, named arguments), as `explain` says that they are decoded."""
    if explanation.step is None:
        return None
    reply = explanation.reply
    assert (reply.verdict is MatchVerdict.BAD_REQUEST) is any(
        isinstance(value, bytes)
        for value in (*reply.args, *reply.kwargs.values())
        if reply.verdict is not MatchVerdict.DELEGATE
    )
    return explanation.step.target.short_name, reply.args, dict(reply.kwargs)


def expected_to_be_explained(found: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    """What ``find_handler`` gave, the arguments decoded by Tornado's own ``decode_argument``."""
    if found is None:
        return None
    name, args, kwargs, is_handler = found

    def decoded(value: Any) -> Any:
        try:
            return RequestHandler.decode_argument(None, value) if is_handler else value  # type: ignore[arg-type]
        except HTTPError:
            return value

    return name, tuple(map(decoded, args)), {key: decoded(value) for key, value in kwargs.items()}


def assert_that_reasons_hold(explanation: Explanation) -> None:
    for passed in explanation.passed:
        if passed.miss.instead is not None:
            condition = passed.route.condition
            assert isinstance(condition, PathCondition)
            assert condition.regex.match(passed.miss.instead), passed


@pytest.mark.thorough
@pytest.mark.parametrize("block", some_of_many(4, ordinary=1))
def test_reversals_agree_with_tornado_on_random_applications(block: int) -> None:
    outcomes = set()
    for seed in range(block * 75, (block + 1) * 75):
        application = Builder(seed, names=True).application()
        table = route_table(application)
        for route in table.routes:
            reversal = route.reversal
            if reversal is None or reversal.host is None or reversal.url is None:
                continue
            if route.is_copy:  # has the same target as its original
                continue
            request = tornado_request(sent(reversal.url), reversal.host)
            found = found_by_tornado(application, request)
            assert found is not None
            came_back = found[0] == route.target.short_name
            assert came_back is (reversal.outcome is Outcome.OK), reversal
            outcomes.add(reversal.outcome)
    assert {Outcome.OK, Outcome.TAKEN} <= outcomes


def test_a_nested_application_ends_the_search_and_a_nested_router_does_not() -> None:
    class Inner(RequestHandler): ...

    class Last(RequestHandler): ...

    def table(nested: Any) -> RouteTable:
        return route_table(Application([(PathMatches("/in/.*"), nested), ("/.*", Last)]))

    request = Request("/in/nothing")
    rules = [("/in/there", Inner)]
    declined = match(table(rules), request)
    assert declined.route is not None
    assert declined.route.target.short_name == "Last"
    ended = match(table(Application(rules)), request)
    assert isinstance(ended.step, Fallback)
    assert ended.step.target.name == "tornado.web.ErrorHandler"


def test_what_the_users_code_decides_is_maybe() -> None:
    class Opaque(Router): ...

    class Custom(Matcher): ...

    class Home(RequestHandler): ...

    application = Application([("/a.*", Opaque()), (Custom(), Home), ("/a", Home), ("/", Home)])
    table = route_table(application)
    found = match(table, Request("/a"))
    assert [step.index for step in found.maybe if not isinstance(step, Fallback)] == [0, 1]
    assert found.first is table.routes[0]
    assert found.route is table.routes[2]
    other = match(table, Request("/"))
    assert [step.index for step in other.maybe if not isinstance(step, Fallback)] == [1]


def test_below_an_overridden_find_handler_all_is_maybe() -> None:
    class Tracing(RuleRouter):
        def find_handler(self, request: Any, **kwargs: Any) -> Any: ...

    class Home(RequestHandler): ...

    rules = [("/a", Application([("/a", Home)]))]
    table = route_table(Application([(AnyMatches(), Tracing(rules)), ("/.*", Home)]))
    found = match(table, Request("/a"))
    assert len(found.maybe) == 2  # its route, and its 404
    assert found.route is table.routes[1]


def test_host_name_is_lower_case_and_without_port() -> None:
    assert Request("/", "WWW.Example.COM:8080").host_name == "www.example.com"
    assert Request("/", "[::1]:80").host_name == "[::1]"
    assert Request("/", "localhost").host_name == "localhost"
