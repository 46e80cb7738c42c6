"""What a handler is asked with, it is told as Tornado tells it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast
from unittest import mock

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.web import Application, RequestHandler

from tests.clients.asynchronous import Client
from tests.engine.serving import EITHER, EITHER_LOOP, ServerClass
from tests.engine.speedups.watching import Note, compare, installed

pytestmark = EITHER_LOOP

SOURCES: list[Any] = [
    {},
    {"a": []},
    {"a": [b"plain"]},
    {"a": [b"  around\t"]},
    {"a": [b""]},
    {"a": [b"one", b"two "]},
    {"a": [b"control\x00\x07 characters\x1f"]},
    {"a": [b"\x7f", b"\n"]},
    {"a": [b"tab\tand\r\nlines"]},
    {"a": ["caf\u00e9 \u3000".encode()]},
    {"a": ["zero\u200bwidth\u2028".encode()]},
    {"a": [b"\xff\xfe"]},
    {"a": [b"good", b"\xff"]},
    {"a": ["text already\x00"]},
    {"a": (b"tuple",)},
    {"a": b"x"},
    {"a": "x"},
    {"a": None},
    {"a": [None]},
    {"a": 5},
    {"b": [b"another"]},
]


def outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - which one is compared
        return type(error), str(error), getattr(error, "log_message", None)


def handler(kind: type[RequestHandler] = RequestHandler) -> RequestHandler:
    connection = mock.Mock()
    request = HTTPServerRequest(
        headers=HTTPHeaders({"Host": "x"}),
        connection=connection,
        start_line=RequestStartLine("GET", "/", "HTTP/1.1"),
    )
    return kind(Application(), cast("Any", request))


class Shouting(RequestHandler):
    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        return super().decode_argument(value, name).upper() + str(name)


class Strict(RequestHandler):
    _remove_control_chars_regex = re.compile("[a-m]")


@pytest.mark.parametrize("source", SOURCES, ids=repr)
@pytest.mark.parametrize("strip", [True, False])
@pytest.mark.parametrize("kind", [RequestHandler, Shouting, Strict])
def test_any_argument(source: Any, strip: bool, kind: type[RequestHandler]) -> None:
    def ask() -> list[Any]:
        made = handler(kind)
        made.request.arguments = made.request.query_arguments = source
        return [
            outcome(lambda: made._get_arguments("a", source, strip)),
            outcome(lambda: made._get_arguments("a", source)),
            outcome(lambda: made.get_arguments("a", strip=strip)),
            outcome(lambda: made.get_argument("a", strip=strip)),
            outcome(lambda: made.get_query_argument("a", "default", strip=strip)),
        ]

    without = ask()
    with installed():
        assert ask() == without
    assert ask() == without


def test_the_list_is_the_callers_own() -> None:
    source = {"a": [b"x"]}
    with installed():
        made = handler()
        made.get_arguments("a")
        first = made._get_arguments("a", source)
        first.append("y")
        assert made._get_arguments("a", source) == ["x"]
        missing = made._get_arguments("b", source)
        missing.append("y")
        assert made._get_arguments("b", source) == []


@EITHER
async def test_arguments_of_the_path(server_class: ServerClass) -> None:
    def make(note: Note) -> Application:
        class Plain(RequestHandler):
            def get(self, *args: Any, **kwargs: Any) -> None:
                note(type(self).__name__, args, kwargs, self.path_args, self.path_kwargs)
                self.write("x")

        class Overriding(Plain):
            def decode_argument(self, value: bytes, name: str | None = None) -> str:
                note("decode", value, name)
                return super().decode_argument(value, name)

        class Instance(Plain):
            def initialize(self) -> None:
                self.decode_argument = lambda value, name=None: f"<{value!r}>"  # type: ignore[method-assign]

        rules: list[Any] = []
        for kind in (Plain, Overriding, Instance):
            name = kind.__name__
            rules += [
                (f"/{name}/([^/]*)/([^/]*)", kind),
                (f"/{name}/(a)?b", kind),
                (f"/{name}/named/(?P<one>.*)", kind),
            ]
        return Application(rules)

    async def play(client: Client, note: Note) -> None:
        for name in ("Plain", "Overriding", "Instance"):
            for path in ("x/y", "%20/", "caf%C3%A9/b", "%ff/b", "b", "ab", "named/a/%31", "//"):
                note(await client.request(f"/{name}/{path}"))

    seen = await compare(server_class, make, play)
    assert {response[0] for response in seen.responses} == {200, 400, 404}


@EITHER
async def test_a_monkeypatch_is_seen(server_class: ServerClass) -> None:
    def make(note: Note) -> Application:
        class Asking(RequestHandler):
            def get(self, what: str) -> None:
                self.write(f"{what} {self.get_argument('q')}")

        return Application([("/(.*)", Asking)])

    def patched(self: RequestHandler, value: bytes, name: str | None = None) -> str:
        return f"[{value!r} {name}]"

    async def play(client: Client, note: Note) -> None:
        note(await client.request("/a?q=1"))
        with mock.patch.object(RequestHandler, "decode_argument", patched):
            note(await client.request("/a?q=1"))
        note(await client.request("/a?q=1"))

    seen = await compare(server_class, make, play)
    assert [response[3] for response in seen.responses] == [
        b"a 1",
        b"[b'a' None] [b'1' q]",
        b"a 1",
    ]
