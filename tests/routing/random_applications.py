"""Random applications and requests, and what Tornado itself finds for them.

Every target has a name of its own, by which it is recognised.
"""

from __future__ import annotations

import random
import re
from typing import Any

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
HOST_NAMES = [
    *("a.com", "A.com:8888", "b.com", "b.com.evil.org", "www.a.com", "www.b.com", "WWW.B.COM"),
    *("localhost", "[::1]", "127.0.0.1", "x", "aXcom"),
]


SEGMENTS = ["a", "b", "A", "12", "word", "caf%C3%A9", "%FF", "x%20y", "2%2F3", "x$", "", "%zz"]


class Builder:
    """One seed's applications and requests."""

    def __init__(self, seed: int, *, names: bool = False) -> None:
        self.random = random.Random(seed)
        self.names = names
        self.count = 0

    def path(self) -> str:
        """Half of them are such that the patterns above are near."""
        if self.random.random() < 0.5:
            return self.random.choice(PATHS)
        count = self.random.randint(1, 4)
        return "/" + "/".join(self.random.choice(SEGMENTS) for _ in range(count))

    def host(self) -> str:
        port = self.random.choice(["", "", ":80", ":8888"])
        return self.random.choice(HOST_NAMES).removesuffix(":8888") + port

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
        rules, handler = self.rules(depth), self.handler()
        settings: dict[str, Any] = {}
        if self.random.random() < 0.2:
            settings["static_path"] = "/nowhere"
        application = Application(
            rules, default_host=default_host, default_handler_class=handler, **settings
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
    """What takes the request: its name, positional and named arguments, and whether it is a
    handler, which decodes them.
    """
    delegate: Any = application.find_handler(request)
    if delegate is None:
        return None
    if hasattr(delegate, "handler_class"):
        return (
            delegate.handler_class.__name__,
            tuple(delegate.path_args),
            dict(delegate.path_kwargs),
            True,
        )
    callback = delegate.request_callback  # a partial of the function and the arguments
    keywords = callback.keywords
    args, kwargs = keywords.get("path_args", ()), keywords.get("path_kwargs", {})
    return callback.func.__qualname__, tuple(args), dict(kwargs), False
