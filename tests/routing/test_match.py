"""`match` against Tornado itself: whatever ``find_handler`` finds, the model has to find."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.routing import (
    AnyMatches,
    HostMatches,
    Matcher,
    PathMatches,
    Router,
    Rule,
    RuleRouter,
    URLSpec,
)
from tornado.web import Application, RequestHandler

from tornkit.routing.extract import route_table
from tornkit.routing.match import Request, match
from tornkit.routing.model import Fallback, Outcome, RouteTable
from tornkit.routing.reverse import sent

PATTERNS: list[Any] = [
    r"/",
    r"/a",
    r"/a/(\d+)",
    r"/a/?(.*)",
    r"/(?P<word>[a-z]+)",
    r"/(?P<first>[^/]+)/(?P<rest>.*)",
    r"/b/([^/]+)(/.*)?",
    r"/a|/b",
    r"/x\$",
    r"/(.*)",
    r".*",
    r"/caf%C3%A9/(.*)",
    re.compile(r"/A/[B-D]", re.IGNORECASE),
    re.compile(r"/pre"),
]
PATHS = [
    "/",
    "/a",
    "/a/",
    "/a/12",
    "/aXY",
    "/A/c",
    "/b",
    "/b/x%20y",
    "/b/1/2%2F3",
    "/word",
    "/caf%C3%A9/%FF",
    "/prefix",
    "/x$",
    "/q/w/e",
    "*",
]
HOSTS = [r"a\.com", r"a.com|b.com", r".*\.com", r"www\.(a|b)\.com", r"[^.]+", r"localhost"]
HOST_NAMES = ["a.com", "A.com:8888", "b.com.evil.org", "www.b.com", "localhost", "[::1]:80", "x"]


class Builder:
    """Random applications. Every target has a name of its own, by which it is recognised."""

    def __init__(self, seed: int, *, names: bool = False) -> None:
        self.random = random.Random(seed)
        self.names = names
        self.count = 0

    def label(self) -> str:
        self.count += 1
        return f"T{self.count}"

    def target(self) -> Any:
        label = self.label()
        if self.random.random() < 0.1:

            def function(request: object, **kwargs: object) -> None: ...

            function.__qualname__ = label
            return function
        return self.handler(label)

    def handler(self, label: str | None = None) -> type[RequestHandler]:
        return type(label or self.label(), (RequestHandler,), {"__module__": __name__})

    def rules(self, depth: int) -> list[Any]:
        return [self.rule(depth) for _ in range(self.random.randint(0 if depth else 1, 4))]

    def rule(self, depth: int) -> Any:
        chance = self.random.random()
        if depth < 3 and chance < 0.35:
            return Rule(self.matcher(), self.nested(depth + 1, chance))
        name = self.random.choice(["one", "two", "three", "four"]) if self.names else None
        return URLSpec(self.random.choice(PATTERNS), self.target(), name=name)

    def matcher(self) -> Matcher:
        kind = self.random.randrange(4)
        if kind == 0:
            return AnyMatches()
        if kind == 1:
            return HostMatches(self.random.choice(HOSTS))
        return PathMatches(self.random.choice([r"/a.*", r"/[ab]/(.*)", r"/.*", r".*"]))

    def nested(self, depth: int, chance: float) -> Any:
        if chance < 0.05:
            return self.application(depth)
        if chance < 0.12:
            # A plain RuleRouter would call a handler class as if it were a callback.
            return RuleRouter([Rule(self.matcher(), self.rules_in_application(depth))])
        return self.rules(depth)

    def rules_in_application(self, depth: int) -> Any:
        return self.application(depth) if self.random.random() < 0.5 else self.target_function()

    def target_function(self) -> Any:
        def function(request: object, **kwargs: object) -> None: ...

        function.__qualname__ = self.label()
        return function

    def application(self, depth: int = 0) -> Application:
        default_host = self.random.choice([None, "a.com", "localhost"])
        application = Application(
            self.rules(depth),
            default_host=default_host,
            default_handler_class=self.handler(),
            **({"static_path": "/nowhere"} if self.random.random() < 0.2 else {}),
        )
        for _ in range(self.random.randint(0, 3)):
            application.add_handlers(self.random.choice(HOSTS), self.rules(depth + 1))
        return application


def tornado_request(path: str, host: str, behind_proxy: bool = False) -> HTTPServerRequest:
    headers = HTTPHeaders({"Host": host})
    if behind_proxy:
        headers["X-Real-Ip"] = "10.0.0.1"
    connection: Any = object()
    start_line = RequestStartLine("GET", path, "HTTP/1.1")
    return HTTPServerRequest(start_line=start_line, headers=headers, connection=connection)


def found_by_tornado(application: Router, request: HTTPServerRequest) -> tuple[Any, ...] | None:
    """(name, positional arguments, named arguments) of what takes the request."""
    delegate: Any = application.find_handler(request)
    if delegate is None:
        return None
    if hasattr(delegate, "handler_class"):
        return (
            delegate.handler_class.__name__,
            tuple(delegate.path_args),
            dict(delegate.path_kwargs),
        )
    callback = delegate.request_callback  # a partial of the function and the arguments
    keywords = callback.keywords
    args, kwargs = keywords.get("path_args", ()), keywords.get("path_kwargs", {})
    return callback.func.__qualname__, tuple(args), dict(kwargs)


def found_by_model(table: RouteTable, request: Request) -> tuple[Any, ...] | None:
    found = match(table, request)
    assert not found.maybe
    if found.step is None:
        return None
    return found.step.target.short_name, found.path_args, dict(found.path_kwargs)


@pytest.mark.parametrize("block", range(8))
def test_agrees_with_tornado_on_random_applications(block: int) -> None:
    reached = set()
    for seed in range(block * 50, block * 50 + 50):
        builder = Builder(seed)
        application: Any = builder.application()
        if seed % 5 == 0:  # no Application around it: Tornado's bare 404
            application = RuleRouter([Rule(builder.matcher(), application)])
        table = route_table(application)
        for _ in range(12):
            path, host = builder.random.choice(PATHS), builder.random.choice(HOST_NAMES)
            proxied = builder.random.random() < 0.3
            expected = found_by_tornado(application, tornado_request(path, host, proxied))
            assert found_by_model(table, Request(path, host, proxied)) == expected
            reached.add(expected and expected[0])
    assert len(reached) > 10  # the applications are not all catch-alls


def test_reversals_agree_with_tornado_on_random_applications() -> None:
    outcomes = set()
    for seed in range(300):
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
