"""The table of what the engine skips is whole, and says what happens."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import Counter
from typing import Any

import pytest
import tornado.httpserver
from tornado.web import Application, RedirectHandler, RequestHandler
from tornado.websocket import WebSocketHandler

from tests.clients.asynchronous import Client
from tests.engine.replacing import Passing, Wrap, counted, entries, plain
from tests.engine.serving import ServerClass, serving
from tests.engine.speedups.watching import installed
from tornkit.engine.fidelity import replaced
from tornkit.engine.fidelity.skipped import LOOP, TABLE, Part
from tornkit.engine.server import HTTPServer


class Plain(RequestHandler):
    def get(self) -> None:
        self.write("hello")

    def post(self) -> None:
        self.write(self.get_argument("a", "") + str(self.get_cookie("c")))


class Json(RequestHandler):
    def get(self) -> None:
        self.write({"a": "</b>"})


class Waiting(RequestHandler):
    async def get(self) -> None:
        await asyncio.sleep(0)
        self.write("x")


class Streaming(RequestHandler):
    async def get(self) -> None:
        for _ in range(3):
            self.write("x")
            await self.flush()


class Failing(RequestHandler):
    def get(self) -> None:
        raise ValueError


class Socket(WebSocketHandler):
    def on_message(self, message: str | bytes) -> None:
        self.write_message(message)


def application() -> Application:
    return Application(
        [
            *(("/", Plain), ("/json", Json), ("/waiting", Waiting), ("/streaming", Streaming)),
            *(("/failing", Failing), ("/socket", Socket), ("/of/([^/]*)/that", Failing)),
            ("/elsewhere", RedirectHandler, {"url": "/"}),
        ]
    )


PATHS = ("/", "/json", "/waiting", "/streaming", "/failing", "/elsewhere", "/nowhere")


async def ask(client: Client) -> None:
    """A GET, JSON, one that waits, one that streams, an error, a redirect, a 404, and a form."""
    for path in PATHS:
        await client.request(path, "Cookie: c=1")
    await client.send(
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nCookie: c=1\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\na=1"
    )
    await client.read_response()


async def open_socket(client: Client) -> None:
    await client.send(
        b"GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await client.read_through(b"\r\n\r\n")
    await client.send(bytes([0x81, 0x81, 0, 0, 0, 0, 65]))  # a text, "A"
    await client.read(3)


@pytest.fixture(autouse=True)
def quiet() -> Any:
    """Without the tracebacks of handlers that fail; and each replacement is told of again."""
    logging.getLogger("tornado").setLevel(logging.CRITICAL)
    replaced._told.clear()
    yield
    logging.getLogger("tornado").setLevel(logging.NOTSET)


# ---- whether it is whole ----

# Of asyncio, what is private; and what a loop does once a turn, of which there are as many as
# there are.
UNCOUNTED = ("_run_once", "_process_events", "time", "get_debug", "is_closed", "_check_closed")
LOOP_NAMES = tuple(LOOP.values())


async def called_by(server_class: ServerClass) -> Counter[tuple[str, str]]:
    """Functions in Python of Tornado's and asyncio's, by module and name."""
    seen: Counter[tuple[str, str]] = Counter()

    def note(frame: Any, event: str, arg: Any) -> None:
        if event == "call":
            module = frame.f_globals.get("__name__", "")
            if module.partition(".")[0] in ("tornado", "asyncio"):
                seen[module, frame.f_code.co_qualname] += 1

    async with serving(server_class, application()) as made:
        client = await made.connect()
        await client.request("/")
        sys.setprofile(note)
        try:
            await ask(client)
            await open_socket(client)
        finally:
            sys.setprofile(None)
    return seen


def stands_in_the_table(module: str, name: str) -> bool:
    if "<locals>" in name:
        return True  # its owner's business
    kind, _, function = name.rpartition(".")
    if function in UNCOUNTED:
        return True
    if module.startswith("asyncio") and function.startswith("_") and function != "_run":
        return True
    owner = f"{module}:{kind}" if kind else module
    if kind.endswith("EventLoop"):
        return any(function in names for names in LOOP_NAMES)
    return any(
        function in names
        for each, names, _ in TABLE
        if each == owner or (not kind and function in names)
    )


async def test_each_function_that_is_called_less_often_stands_in_it() -> None:
    theirs = await called_by(tornado.httpserver.HTTPServer)
    with installed():
        ours = await called_by(HTTPServer)
    less = {each for each, count in theirs.items() if ours[each] < count}
    assert len(less) > 80
    assert sorted(each for each in less if not stands_in_the_table(*each)) == []


# ---- what happens ----

FEW = {
    ("tornado.http1connection:HTTP1Connection", "write_headers"),
    ("tornado.httputil:HTTPServerRequest", "__init__"),
    ("tornado.httputil", "parse_request_start_line"),
    ("tornado.web:RequestHandler", "_execute"),
    ("tornado.web:RequestHandler", "flush"),
    ("asyncio.tasks", "Task"),
    ("tornado.websocket:WebSocketProtocol13", "_receive_frame"),
}
# How often a loop turns, and a stream looks at itself, depends on when the bytes come.
DEPENDS_ON_TIME = {
    "tornado.iostream:BaseIOStream",
    "tornado.iostream:IOStream",
    "tornado.iostream:_StreamBuffer",
    "tornado.platform.asyncio:BaseAsyncIOLoop",
    "tornado.ioloop:IOLoop",
    "tornado.concurrent",
    "tornado.ioloop",
    "tornado.gen",
    "asyncio.events:Handle",
    "asyncio.events",
    "asyncio.tasks",
    "asyncio",
    "contextvars",
}


def chosen() -> list[Any]:
    """All of the table, by what is hardest to tell from Tornado's; a few by plain functions too."""
    return [
        pytest.param(
            owner,
            name,
            wrap,
            marks=() if (owner, name) in FEW else pytest.mark.thorough,
            id=f"{owner}.{name}-{wrap.__name__}",
        )
        for owner, name in entries(*Part)
        for wrap in ((plain, Passing) if (owner, name) in FEW else (Passing,))
    ]


async def calls(
    server_class: ServerClass, owner: str, name: str, wrap: Wrap, *, live: bool
) -> tuple[int, list[int]]:
    """How often it was called for the requests, and what they were answered with.

    ``live``: it is replaced when a connection has had its first requests.
    """
    answered: list[int] = []

    async def play(client: Client) -> None:
        for path in PATHS:
            answered.append((await client.request(path, "Cookie: c=1")).status)
        await ask(client)
        await open_socket(client)

    if live:
        async with serving(server_class, application()) as made:
            client = await made.connect()
            await ask(client)
            with counted(owner, name, wrap) as count:
                await play(client)
                return count(), answered
    with counted(owner, name, wrap) as count:
        async with serving(server_class, application()) as made:
            await play(await made.connect())
            return count(), answered


@pytest.mark.parametrize("live", [False, True], ids=["before", "live"])
@pytest.mark.parametrize(("owner", "name", "wrap"), chosen())
async def test_what_is_replaced_is_called_as_often_as_by_tornado(
    owner: str, name: str, live: bool, wrap: Wrap, caplog: Any
) -> None:
    theirs, expected = await calls(tornado.httpserver.HTTPServer, owner, name, wrap, live=live)
    lines = caplog.records
    lines.clear()
    with installed():
        ours, answered = await calls(HTTPServer, owner, name, wrap, live=live)
    assert answered == expected == [200, 200, 200, 200, 500, 301, 404]
    told = [each.getMessage() for each in lines if each.name == "tornkit"]
    if (owner, name) in entries(Part.HANDLERS, Part.DELEGATES):
        assert told == []
        assert ours == theirs
        return
    assert len(told) == 1
    assert f"{owner.replace(':', '.')}.{name} was replaced by" in told[0]
    if owner in DEPENDS_ON_TIME:
        assert ours or not theirs
    elif live:
        # A connection that goes over to Tornado's own code is begun once more.
        assert theirs <= ours <= theirs + 3
    else:
        assert ours == theirs
