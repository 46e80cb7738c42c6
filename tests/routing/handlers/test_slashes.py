"""`some_get_through` against what `addslash` and `removeslash` let through when they are asked."""

from __future__ import annotations

import contextlib
import itertools
import re
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.web import Application, HTTPError, RequestHandler, addslash, removeslash

from tornkit.routing.handlers.slashes import Gate, some_get_through
from tornkit.routing.model import Route
from tornkit.routing.tables import route_table

DECORATORS: dict[Gate, Any] = {Gate.ADDSLASH: addslash, Gate.REMOVESLASH: removeslash}
PATTERNS = [
    r"/",
    r"/(a|b)",
    r"/a/",
    r"/(user|services)/([^/]+)",
    r"/a/?",
    r"/a/*",
    r"/a/(.*)",
    r"//+",
    r".*",
    r"/a(?!/)",
    r"/(?=a).*/",
]


class Plain(RequestHandler):
    pass


def route(pattern: str) -> Route:
    return route_table(Application([(pattern, Plain)])).routes[0]


class Asked:
    """What a decorator looks at of a handler, and what it does."""

    def __init__(self, method: str, path: str) -> None:
        self.request = SimpleNamespace(method=method, path=path, query="")

    def redirect(self, url: str, permanent: bool) -> None: ...


def gets_through(gates: tuple[Gate, ...], method: str, path: str) -> bool:
    called = []

    def answer(handler: object) -> None:
        called.append(handler)

    decorated: Any = answer
    for gate in gates:
        decorated = DECORATORS[gate](decorated)
    with contextlib.suppress(HTTPError):
        decorated(Asked(method.upper(), path))
    return bool(called)


def paths(pattern: str) -> list[str]:
    """All short ones that the pattern matches."""
    texts = (
        "/" + "".join(letters)
        for length in range(6)
        for letters in itertools.product("/a", repeat=length)
    )
    more = ["/user/a", "/user/a/", "/services/a"]
    return [text for text in (*texts, *more) if re.match(f"{pattern}$", text)]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("method", ["get", "head", "post"])
@pytest.mark.parametrize(
    "gates", [(Gate.ADDSLASH,), (Gate.REMOVESLASH,), (Gate.ADDSLASH, Gate.REMOVESLASH)]
)
def test_it_is_as_the_decorators_do(pattern: str, method: str, gates: tuple[Gate, ...]) -> None:
    tried = paths(pattern)
    assert tried
    expected = any(gets_through(gates, method, path) for path in tried)
    assert some_get_through(route(pattern), method, gates) is expected


@pytest.mark.parametrize(
    "pattern", [r"/(a+)\1(?<!aa)/", r"/(a|b)c\1/", r"/(?:(a)|(b))(?(1)\2|\1)/"]
)
def test_what_is_beyond_the_analysis_is_not_known(pattern: str) -> None:
    assert some_get_through(route(pattern), "get", [Gate.ADDSLASH]) is None
