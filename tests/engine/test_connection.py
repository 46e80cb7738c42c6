"""One connection from its first byte to its last: as Tornado's, wherever both can be asked."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import pytest
import tornado.httpserver
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream, StreamClosedError
from tornado.web import Application, RequestHandler, stream_request_body
from tornado.websocket import WebSocketHandler

from tests.clients.asynchronous import Client
from tests.engine.serving import (
    EITHER,
    EITHER_LOOP,
    GET,
    ServerClass,
    Serving,
    serving,
    turns,
    until,
)
from tornkit.engine.connection import Connection
from tornkit.engine.fidelity import variants
from tornkit.engine.server import HTTPServer

pytestmark = [EITHER_LOOP, pytest.mark.usefixtures("state_steps")]


class Gate:
    """Holds handlers up, and knows what they have been told."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.entered: list[str] = []
        self.closings: list[str] = []


@dataclass
class Scene:
    serving: Serving
    gate: Gate

    @property
    def connections(self) -> set[Any]:
        return self.serving.connections

    async def connect(self, receive_buffer: int | None = None) -> Client:
        return await self.serving.connect(receive_buffer)

    @property
    def is_plain(self) -> bool:
        """Whether tornkit's own code serves the one connection."""
        (connection,) = self.connections
        return isinstance(connection, Connection)


class Handler(RequestHandler):
    @property
    def gate(self) -> Gate:
        gate: Gate = self.settings["gate"]
        return gate

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self.gate.closings.append(self.request.uri or "")


class Quick(Handler):
    def get(self) -> None:
        self.gate.entered.append(self.request.uri or "")
        self.write(self.request.uri or "")

    head = get

    def post(self) -> None:
        self.write(self.request.body)


class Slow(Quick):
    async def get(self) -> None:  # type: ignore[override]
        self.gate.entered.append(self.request.uri or "")
        await self.gate.open.wait()
        self.write(self.request.uri or "")


class Empty(Handler):
    def get(self, status: str) -> None:
        self.set_status(int(status))

    head = get


class Large(Handler):
    """More than any socket takes at once."""

    SIZE = 5_000_000

    def get(self) -> None:
        self.gate.entered.append(self.request.uri or "")
        self.write(b"x" * self.SIZE)


class Stealing(Handler):
    """Takes the connection for itself, says what it was left, and answers line by line."""

    async def get(self) -> None:
        stream = self.detach()
        assert isinstance(stream, IOStream)
        await stream.write(b"stolen\n")
        with contextlib.suppress(StreamClosedError):
            while True:
                await stream.write((await stream.read_until(b"\n")).upper())


class Echo(WebSocketHandler):
    def on_message(self, message: str | bytes) -> None:
        self.write_message(message)


@stream_request_body
class Streaming(Handler):
    """Takes its time with every piece of a body."""

    pieces: list[bytes]

    async def prepare(self) -> None:
        self.pieces = []
        self.gate.entered.append("prepare")
        limit = self.get_query_argument("limit", "")
        if limit:
            self.request.connection.set_max_body_size(int(limit))  # type: ignore[union-attr]
        await asyncio.sleep(0)
        if self.get_query_argument("wait", ""):
            await self.gate.open.wait()
        if self.get_query_argument("early", ""):
            self.finish("early")

    async def data_received(self, chunk: bytes) -> None:
        await asyncio.sleep(0)
        self.pieces.append(chunk)

    def post(self) -> None:
        self.write(b"|".join(self.pieces))

    get = post


def application(gate: Gate) -> Application:
    return Application(
        [
            ("/slow.*", Slow),
            ("/large", Large),
            ("/steal", Stealing),
            ("/chat", Echo),
            ("/streaming", Streaming),
            ("/empty/(.*)", Empty),
            ("/.*", Quick),
        ],
        gate=gate,
        log_function=lambda handler: None,
    )


@contextlib.asynccontextmanager
async def scene(server_class: ServerClass, **options: Any) -> AsyncIterator[Scene]:
    gate = Gate()
    async with serving(server_class, application(gate), **options) as here:
        try:
            yield Scene(here, gate)
        finally:
            gate.open.set()


def post(body: bytes, path: str = "/", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n"
    return head.encode() + body


def asked(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


# ---- one request after the other ----


@EITHER
async def test_a_connection_is_kept_for_the_next_request(server_class: ServerClass) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        for path in ("/a", "/b", "/c"):
            response = await client.request(path)
            assert response.body == path.encode()
            assert "Connection" not in response.headers
        assert len(here.connections) == 1


@EITHER
@pytest.mark.parametrize("asks", [True, False], ids=["the client", "the server"])
async def test_a_connection_closes_where_one_side_wants_it(
    server_class: ServerClass, asks: bool
) -> None:
    async with scene(server_class, no_keep_alive=not asks) as here:
        client = await here.connect()
        response = await client.request("/a", *(["Connection: Close"] if asks else []))
        assert response.headers["Connection"] == "close"
        assert await client.rest() == b""
        await until(lambda: not here.connections)


@EITHER
async def test_an_empty_connection_header_before_close_keeps_it(server_class: ServerClass) -> None:
    """Both together are ``,close``, which is not the one word that counts."""
    async with scene(server_class) as here:
        client = await here.connect()
        response = await client.request("/a", "Connection:", "Connection: close")
        assert "Connection" not in response.headers
        assert (await client.request("/b")).body == b"/b"


@EITHER
@pytest.mark.parametrize("path", ["/", "/slow"])
async def test_pipelined_requests_are_answered_in_order(
    server_class: ServerClass, path: str
) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        here.gate.open.set()
        await client.send(b"".join(asked(f"{path}{number}") for number in range(500)))
        for number in range(500):
            assert (await client.read_response()).body == f"{path}{number}".encode()


@EITHER
async def test_a_request_begins_when_the_one_before_is_answered(server_class: ServerClass) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        await client.send(asked("/slow/1") + asked("/2"))
        await until(lambda: bool(here.gate.entered))
        await client.send(asked("/3"))
        await turns()
        assert here.gate.entered == ["/slow/1"]
        here.gate.open.set()
        assert [(await client.read_response()).body for _ in range(3)] == [b"/slow/1", b"/2", b"/3"]


RARE = {
    "chunked": b"POST /rare HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    "expect": b"POST /rare HTTP/1.1\r\nHost: x\r\nExpect: x\r\nContent-Length: 5\r\n\r\nabcde",
    "bare line ends": b"POST /rare HTTP/1.1\nHost: x\nContent-Length: 5\n\nabcde",
    "an empty line before": b"\r\n" + post(b"abcde", "/rare"),
    "two equal lengths": b"POST /rare HTTP/1.1\r\nHost: x\r\n"
    b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
}


@EITHER
@pytest.mark.parametrize("rare", RARE.values(), ids=list(RARE))
@pytest.mark.parametrize("path", ["/", "/slow"])
async def test_a_rare_request_in_the_middle_of_a_pipeline_is_read_once(
    server_class: ServerClass, path: str, rare: bytes
) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        here.gate.open.set()
        await client.send(
            asked(f"{path}1") + post(b"xyz") + rare + asked(f"{path}2") + rare + asked(f"{path}3")
        )
        bodies = [(await client.read_response()).body for _ in range(6)]
        first, second, third = (f"{path}{number}".encode() for number in (1, 2, 3))
        assert bodies == [first, b"xyz", b"abcde", second, b"abcde", third]
        await client.send(asked("/last"))
        assert (await client.read_response()).body == b"/last"
        assert client.incoming.unread == b""


@EITHER
@pytest.mark.parametrize("rare", RARE.values(), ids=list(RARE))
async def test_a_rare_request_is_the_same_byte_by_byte(
    server_class: ServerClass, rare: bytes
) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        for byte in GET + rare + GET:
            await client.send(bytes((byte,)))
            await asyncio.sleep(0)
        bodies = [(await client.read_response()).body for _ in range(3)]
        assert bodies == [b"/", b"abcde", b"/"]


@EITHER
async def test_a_body_that_is_still_to_come_is_waited_for(server_class: ServerClass) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        whole = post(b"0123456789" * 10)
        for end in (1, 40, len(whole) - 100, len(whole) - 99, len(whole) - 1):
            await client.send(whole[:end])
            await turns(3)
            await client.send(whole[end:] + GET)
            assert (await client.read_response()).body == b"0123456789" * 10
            assert (await client.read_response()).body == b"/"


@EITHER
@pytest.mark.parametrize("size", [0, 1, 60_000, 65_536, 70_000, 1_000_000])
async def test_bodies_of_all_sizes(server_class: ServerClass, size: int) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        body = bytes(range(256)) * (size // 256 + 1)
        for _ in range(2):
            await asyncio.gather(client.send(post(body[:size])), turns(1))
            assert (await client.read_response()).body == body[:size]


@EITHER
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", "/abc", 200),
        ("GET", "/empty/204", 204),
        ("GET", "/empty/304", 304),
        ("HEAD", "/empty/204", 204),
        ("HEAD", "/empty/304", 304),
    ],
)
async def test_a_response_without_a_body_has_none(
    server_class: ServerClass, method: str, path: str, status: int
) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        await client.send(f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() + GET)
        response = await client.read_response("HEAD")
        assert response.status == status
        assert "Transfer-Encoding" not in response.headers
        assert ("Content-Length" in response.headers) == (status == 200)
        assert (await client.read_response()).body == b"/"


# ---- what a client may not do ----


@EITHER
@pytest.mark.parametrize(
    ("request_", "options"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", {}),
        (b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", {}),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", {}),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", {}),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", {}),
        (b"GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n", {}),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: \0\r\n\r\n", {}),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", {}),
        (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", {}),
        (b"GET /?" + b"&" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {}),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", {}),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1_0\r\n\r\n", {}),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", {}),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
         b"Transfer-Encoding: chunked\r\n\r\n", {}),
        (post(b"123456"), {"max_body_size": 5}),
        (post(b"", length=6), {"max_body_size": 5}),
        (post(b"123456"), {"max_buffer_size": 500, "max_body_size": 5}),
    ],
)  # fmt: skip
async def test_what_tornado_refuses_is_refused(
    server_class: ServerClass,
    request_: bytes,
    options: dict[str, int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    async with scene(server_class, **options) as here:
        client = await here.connect()
        assert (await client.request("/before")).body == b"/before"
        await client.send(request_)
        assert await client.rest() == b"HTTP/1.1 400 Bad Request\r\n\r\n"
        assert here.gate.entered == ["/before"]
        [record] = [record for record in caplog.records if record.name.startswith("tornado")]
        assert record.name == "tornado.general"
        assert record.getMessage().startswith("Malformed HTTP message from 127.0.0.1: ")


@EITHER
@pytest.mark.parametrize("options", [{"max_header_size": 1000}, {"max_buffer_size": 1000}])
@pytest.mark.parametrize("ended", [True, False])
async def test_a_head_that_is_too_long_ends_the_connection(
    server_class: ServerClass, options: dict[str, int], ended: bool
) -> None:
    async with scene(server_class, **options) as here:
        client = await here.connect()
        long = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 1100
        await client.send(long + (b"\r\n\r\n" if ended else b""))
        with contextlib.suppress(ConnectionResetError):
            assert await client.rest() == b""
        assert here.gate.entered == []


@EITHER
async def test_a_head_of_exactly_the_limit_is_taken(server_class: ServerClass) -> None:
    async with scene(server_class, max_header_size=1000) as here:
        client = await here.connect()
        head = b"GET / HTTP/1.1\r\nHost: x\r\nX: "
        await client.send(head + b"a" * (1000 - len(head) - 4) + b"\r\n\r\n")
        assert (await client.read_response()).body == b"/"
        await client.send(head + b"a" * (1001 - len(head) - 4) + b"\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert await client.rest() == b""


@EITHER
async def test_a_head_may_be_longer_than_what_is_read_at_once(server_class: ServerClass) -> None:
    async with scene(server_class, max_header_size=300_000) as here:
        client = await here.connect()
        long = b"GET /long HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 250_000 + b"\r\n\r\n"
        sending = asyncio.ensure_future(client.send(asked("/slow") + long + long))
        await until(lambda: bool(here.gate.entered))
        await turns()
        here.gate.open.set()
        assert (await client.read_response()).body == b"/slow"
        assert (await client.read_response()).body == b"/long"
        assert (await client.read_response()).body == b"/long"
        await sending


# ---- clients that go away ----


@EITHER
@pytest.mark.parametrize("how", ["close", "reset", "end"])
async def test_a_handler_is_told_once_that_its_client_is_gone(
    server_class: ServerClass, how: str
) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        await client.send(asked("/slow"))
        await until(lambda: here.gate.entered == ["/slow"])
        getattr(client, how)()
        await until(lambda: here.gate.closings == ["/slow"])
        await until(lambda: not here.connections)
        here.gate.open.set()
        await turns()
        assert here.gate.closings == ["/slow"]


@EITHER
@pytest.mark.parametrize("part", [b"", b"G", b"GET / HTTP/1.1\r\nHost: x\r\n", post(b"", length=3)])
@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("at_once", [True, False])
async def test_a_client_that_is_gone_before_its_request_is_told_nobody(
    server_class: ServerClass, part: bytes, how: str, at_once: bool
) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        await client.request("/before")
        await client.send(part)
        if not at_once:
            await turns(3)
        getattr(client, how)()
        await until(lambda: not here.connections)
        assert (here.gate.entered, here.gate.closings) == (["/before"], [])


@pytest.mark.parametrize("count", [1, 2, 3, 50])
async def test_one_that_has_said_all_still_gets_its_answers(count: int) -> None:
    """``printf ... | nc``: the end is behind the requests when they are read.

    With Tornado it depends on which of the two the loop sees first.
    """
    async with scene(HTTPServer) as here:
        client = await here.connect()
        await client.send(b"".join(asked(f"/{number}") for number in range(count)))
        client.end()
        for number in range(count):
            assert (await client.read_response()).body == f"/{number}".encode()
        assert await client.rest() == b""
        await until(lambda: not here.connections)
        assert here.gate.closings == []


@EITHER
async def test_the_end_is_not_seen_while_pipelined_requests_wait(server_class: ServerClass) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        await client.send(asked("/slow/1") + asked("/2") + asked("/slow/3"))
        client.end()
        await until(lambda: here.gate.entered == ["/slow/1"])
        await turns()
        assert here.gate.closings == []
        here.gate.open.set()
        assert (await client.read_response()).body == b"/slow/1"
        assert (await client.read_response()).body == b"/2"
        # The last is slow, with nothing behind it but the end: that one is told.
        await until(lambda: not here.connections)


@EITHER
async def test_half_a_request_behind_which_nothing_comes_is_dropped(
    server_class: ServerClass,
) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        await client.send(asked("/slow/1") + asked("/2") + b"GET /3 HTT")
        client.end()
        await until(lambda: here.gate.entered == ["/slow/1"])
        here.gate.open.set()
        assert (await client.read_response()).body == b"/slow/1"
        assert (await client.read_response()).body == b"/2"
        assert await client.rest() == b""
        await until(lambda: not here.connections)
        assert here.gate.entered == ["/slow/1", "/2"]


async def test_a_large_response_goes_out_to_one_that_has_said_all() -> None:
    async with scene(HTTPServer) as here:
        client = await here.connect(receive_buffer=10_000)
        await client.send(asked("/large"))
        client.end()
        await until(lambda: here.gate.entered == ["/large"])
        await turns()
        assert len((await client.read_response()).body) == Large.SIZE
        assert await client.rest() == b""
        await until(lambda: not here.connections)


@EITHER
async def test_a_client_that_is_gone_with_half_a_response_is_forgotten(
    server_class: ServerClass,
) -> None:
    async with scene(server_class) as here:
        client = await here.connect(receive_buffer=10_000)
        await client.send(asked("/large"))
        assert await client.read(1000)
        client.reset()
        await until(lambda: not here.connections)


@EITHER
async def test_the_next_request_waits_until_the_response_has_gone(
    server_class: ServerClass,
) -> None:
    async with scene(server_class) as here:
        client = await here.connect(receive_buffer=10_000)
        await client.send(asked("/large") + asked("/next"))
        await until(lambda: here.gate.entered == ["/large"])
        await turns()
        assert here.gate.entered == ["/large"]
        assert len((await client.read_response()).body) == Large.SIZE
        assert (await client.read_response()).body == b"/next"


# ---- time ----


@EITHER
@pytest.mark.parametrize("part", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n"])
@pytest.mark.parametrize("before", [True, False], ids=["after a request", "at once"])
async def test_one_that_keeps_us_waiting_is_closed(
    server_class: ServerClass, part: bytes, before: bool
) -> None:
    async with scene(server_class, idle_connection_timeout=0.05) as here:
        client = await here.connect()
        if before:
            await client.request()
        await client.send(part)
        assert await client.rest() == b""
        await until(lambda: not here.connections)


@EITHER
async def test_a_head_that_comes_byte_by_byte_has_the_same_time(server_class: ServerClass) -> None:
    async with scene(server_class, idle_connection_timeout=0.1) as here:
        client = await here.connect()
        loop = asyncio.get_running_loop()
        began = loop.time()
        with contextlib.suppress(OSError):
            while loop.time() < began + 5:
                await client.send(b"G")
                await asyncio.sleep(0.005)
        assert loop.time() < began + 2


@EITHER
async def test_time_for_a_head_is_not_time_for_an_answer(server_class: ServerClass) -> None:
    async with scene(server_class, idle_connection_timeout=0.1) as here:
        client = await here.connect()
        await client.send(asked("/slow"))
        await until(lambda: bool(here.gate.entered))
        await asyncio.sleep(0.3)  # three times as long as a head may take
        here.gate.open.set()
        assert (await client.read_response()).body == b"/slow"
        assert (await client.request("/more")).body == b"/more"
        assert await client.rest() == b""


@EITHER
async def test_a_body_that_does_not_come_is_waited_for_as_long_as_it_may_take(
    server_class: ServerClass,
) -> None:
    async with scene(server_class, body_timeout=0.05) as here:
        client = await here.connect()
        await client.send(post(b"", length=5))
        assert await client.rest() == b""


# ---- handlers that take the connection, or the body ----


@EITHER
async def test_a_handler_that_detaches_has_what_was_pipelined(server_class: ServerClass) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        await client.request()
        await client.send(asked("/steal") + b"one\ntw")
        assert await client.read(11) == b"stolen\nONE\n"
        assert not here.connections
        await client.send(b"o\n")
        assert await client.read(4) == b"TWO\n"


@EITHER
async def test_a_handler_may_detach_a_connection_that_is_closed(server_class: ServerClass) -> None:
    detached: list[IOStream] = []

    class Late(Handler):
        async def get(self) -> None:
            self.gate.entered.append("late")
            await self.gate.open.wait()
            detached.append(self.detach())

    gate = Gate()
    async with serving(server_class, Application([("/", Late)], gate=gate)) as here:
        client = await here.connect()
        await client.send(GET)
        await until(lambda: bool(gate.entered))
        client.close()
        await until(lambda: not here.connections)
        gate.open.set()
        await until(lambda: bool(detached))
        assert detached[0].closed()


async def test_what_was_not_sent_goes_with_the_stream() -> None:
    flushed: list[asyncio.Future[None]] = []

    class Both(Handler):
        async def get(self) -> None:
            self.set_header("Content-Length", "5000000")
            self.write(b"x" * 5_000_000)
            flushed.append(asyncio.ensure_future(self.flush()))
            stream = self.detach()
            stream.write(b"behind")

    gate = Gate()
    async with serving(HTTPServer, Application([("/", Both)], gate=gate)) as here:
        client = await here.connect(receive_buffer=10_000)
        await client.send(GET)
        await until(lambda: bool(flushed))
        await turns(3)
        assert not flushed[0].done()
        assert (await client.read_response()).body == b"x" * 5_000_000
        assert await client.read(6) == b"behind"
        await flushed[0]


@EITHER
async def test_a_websocket_opens_on_a_connection_that_was_used(server_class: ServerClass) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        await client.request()
        await client.send(
            b"GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            b"\x81\x82\0\0\0\0hi"
        )
        assert (await client.read_through(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        assert await client.read(4) == b"\x81\x02hi"


@EITHER
@pytest.mark.parametrize("size", [0, 1, 2500])
async def test_a_streaming_handler_gets_a_small_body_in_pieces(
    server_class: ServerClass, size: int
) -> None:
    async with scene(server_class, chunk_size=1000) as here:
        client = await here.connect()
        body = b"x" * size
        for _ in range(2):
            await client.send(post(body, "/streaming"))
            pieces = [body[at : at + 1000] for at in range(0, size, 1000)]
            assert (await client.read_response()).body.replace(b"|", b"") == b"".join(pieces)


@EITHER
@pytest.mark.parametrize(
    ("limit", "passes"), [("4", False), ("5", True), ("1000", True), ("", False)]
)
async def test_prepare_may_change_how_much_body_there_may_be(
    server_class: ServerClass, limit: str, passes: bool
) -> None:
    async with scene(server_class, max_body_size=4) as here:
        client = await here.connect()
        await client.send(post(b"12345", f"/streaming?limit={limit}"))
        if passes:
            assert (await client.read_response()).body == b"12345"
            assert (await client.request()).body == b"/"
        else:
            assert await client.rest() == b"HTTP/1.1 400 Bad Request\r\n\r\n"
            await turns(3)
            assert here.gate.closings == [f"/streaming?limit={limit}"]


@EITHER
async def test_prepare_may_allow_less_than_the_server(server_class: ServerClass) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        await client.send(post(b"12345", "/streaming?limit=4"))
        assert await client.rest() == b"HTTP/1.1 400 Bad Request\r\n\r\n"
        await turns(3)
        assert here.gate.closings == ["/streaming?limit=4"]


@EITHER
async def test_an_answer_before_the_body_was_read_is_the_last(server_class: ServerClass) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        await client.send(post(b"12345", "/streaming?early=1"))
        response = await client.read_response()
        assert response.body == b"early"
        assert await client.rest() == b""
        await until(lambda: not here.connections)
        await turns(3)
        assert here.gate.closings == ["/streaming?early=1"]


async def test_a_streaming_handler_reads_what_came_before_its_client_left() -> None:
    async with scene(HTTPServer) as here:
        client = await here.connect()
        await client.send(post(b"12345", "/streaming?wait=1"))
        await until(lambda: here.gate.entered == ["prepare"])
        client.end()
        await turns(3)
        assert here.gate.closings == []
        here.gate.open.set()
        assert (await client.read_response()).body == b"12345"
        assert await client.rest() == b""


# ---- what one request may know of another ----


SECRET: ContextVar[str] = ContextVar("SECRET", default="nothing")


class Telling(Handler):
    """Says what is known from before, and leaves something of its own."""

    def initialize(self) -> None:
        self.known = SECRET.get()

    async def get(self) -> None:
        SECRET.set("mine")
        if self.get_query_argument("wait", ""):
            self.gate.entered.append("wait")
            await self.gate.open.wait()
        self.write(f"{self.known} {SECRET.get()} ")
        self.write(b"x" * int(self.get_query_argument("size", "0")))


@EITHER
@pytest.mark.parametrize("size", [0, 5_000_000], ids=["small", "large"])
async def test_context_variables_of_a_handler_are_its_own(
    server_class: ServerClass, size: int
) -> None:
    gate = Gate()
    async with serving(server_class, Application([("/", Telling)], gate=gate)) as here:
        client = await here.connect(receive_buffer=10_000)
        await client.send(asked(f"/?wait=1&size={size}"))
        await until(lambda: gate.entered == ["wait"])
        # So many that the server stops reading, and reads on when the handler is done.
        sending = asyncio.ensure_future(client.send(asked(f"/?pad={'x' * 1000}") * 1000))
        await turns()
        gate.open.set()
        for _ in range(1001):
            assert (await client.read_response()).body[:13] == b"nothing mine "
        await sending
        for _ in range(2):
            assert (await client.request()).body == b"nothing mine "


# ---- delegates of one's own ----


class Script(HTTPServerConnectionDelegate):
    """Answers with its path; ``fails`` names the call that raises, and what."""

    def __init__(self, fails: str = "", error: Exception | None = None) -> None:
        self.fails = fails
        self.error = error
        self.told: list[str] = []
        self.closed: list[object] = []

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        self.call("start_request")
        return Scripted(self, request_conn)

    def on_close(self, server_conn: object) -> None:
        self.closed.append(server_conn)

    def call(self, name: str) -> None:
        self.told.append(name)
        if name == self.fails and self.error is not None:
            raise self.error


class Scripted(HTTPMessageDelegate):
    def __init__(self, script: Script, connection: HTTPConnection) -> None:
        self.script = script
        self.connection = connection

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        assert isinstance(start_line, RequestStartLine)
        self.path = start_line.path
        self.script.call("headers_received")
        if "slow" in self.path:
            return self.wait("headers_received later")
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self.script.call("data_received")
        return self.wait("data_received later") if "slow" in self.path else None

    async def wait(self, name: str) -> None:
        await asyncio.sleep(0.001)
        self.script.call(name)

    def finish(self) -> None:
        self.script.call("finish")
        body = self.path.encode()
        headers = HTTPHeaders({"Content-Length": str(len(body))})
        self.connection.write_headers(ResponseStartLine("", 200, "OK"), headers, body)
        self.connection.finish()
        self.script.call("finish later")

    def on_connection_close(self) -> None:
        self.script.call("on_connection_close")


@EITHER
async def test_a_delegate_whose_wait_is_cancelled_ends_its_connection(
    server_class: ServerClass,
) -> None:
    class Cancelled(Scripted):
        async def wait(self, name: str) -> None:
            raise asyncio.CancelledError

    class Cancelling(Script):
        def start_request(
            self, server_conn: object, request_conn: HTTPConnection
        ) -> HTTPMessageDelegate:
            return Cancelled(self, request_conn)

    script = Cancelling()
    async with serving(server_class, script) as here:
        client = await here.connect()
        await client.send(post(b"body", "/slow"))
        await until(lambda: not here.connections)
        assert script.told == ["headers_received", "on_connection_close"]


CALLS = ["headers_received", "headers_received later", "data_received", "data_received later"]
CALLS += ["finish", "finish later"]
ERRORS = [ValueError("no"), StreamClosedError()]


async def play(
    server_class: ServerClass, script: Script, caplog: pytest.LogCaptureFixture
) -> tuple[str, list[str], list[tuple[str, str, str]]]:
    """What the client got, what the delegate was told, what was logged."""
    caplog.clear()
    async with serving(server_class, script) as here:
        client = await here.connect()
        received = b""
        with contextlib.suppress(ConnectionError):
            await client.send(post(b"body", "/slow"))
            received = await client.rest()
        await until(lambda: not here.connections)
        await turns(3)
    records = [(each.name, each.levelname, each.getMessage()) for each in caplog.records]
    told = [name for name in script.told if name != "start_request"]
    return received.decode(), told, [each for each in records if each[0] != "asyncio"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("error", ERRORS, ids=["a bug", "a closed stream"])
async def test_a_delegate_that_raises_ends_its_connection_as_with_tornado(
    call: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    await compare(call, error, caplog)


@pytest.mark.parametrize("call", CALLS)
async def test_a_delegate_that_refuses_ends_its_connection_as_with_tornado(
    call: str, caplog: pytest.LogCaptureFixture
) -> None:
    await compare(call, HTTPInputError("refused"), caplog)


async def compare(call: str, error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    tornados, ours = [
        await play(server_class, Script(call, error), caplog)
        for server_class in (tornado.httpserver.HTTPServer, HTTPServer)
    ]
    assert tornados == ours
    _, told, records = ours
    failed_at_its_end = call.startswith("finish") and not variants.FAILED_FINISH_TOLD
    assert ("on_connection_close" in told) is not failed_at_its_end
    assert records


@EITHER
async def test_a_plain_delegate_is_asked_for_each_request(server_class: ServerClass) -> None:
    script = Script()
    async with serving(server_class, script) as here:
        client = await here.connect()
        for path in ("/a", "/b", "/slow"):
            await client.send(post(b"xx", path))
            assert (await client.read_response()).body == path.encode()
        told = [name for name in script.told if name != "start_request"]
        assert told == ["headers_received", "data_received", "finish", "finish later"] * 2 + [
            "headers_received", "headers_received later", "data_received", "data_received later",
            "finish", "finish later",
        ]  # fmt: skip


async def test_a_server_that_cannot_begin_a_request_closes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(HTTPServer, Script("start_request", ValueError("no"))) as here:
        client = await here.connect()
        await client.send(GET)
        assert await client.rest() == b""
        assert not here.connections
        assert "ValueError: no" in caplog.text


@stream_request_body
class Regretting(RequestHandler):
    """Answers much, and then finds that it should not have."""

    def prepare(self) -> None:
        self.write(b"x" * 5_000_000)
        self.flush()

    def data_received(self, chunk: bytes) -> None:
        raise HTTPInputError("no")


@EITHER
async def test_a_refusal_goes_out_behind_what_was_written(server_class: ServerClass) -> None:
    async with serving(server_class, Application([("/", Regretting)])) as here:
        client = await here.connect(receive_buffer=10_000)
        await client.send(post(b"body"))
        await client.read_through(b"\r\n\r\n")
        await turns()
        assert here.connections
        received = await client.rest()
        assert received.endswith(b"x" * 10 + b"\r\nHTTP/1.1 400 Bad Request\r\n\r\n")
        assert received.count(b"x") == 5_000_000
        await until(lambda: not here.connections)


@pytest.mark.parametrize("moves", [True, False])
async def test_a_connection_is_not_let_go_before_its_last_words(moves: bool) -> None:
    released: list[bytes] = []

    def release(sock: socket.socket, unread: bytes) -> None:
        released.append(unread)

    async with serving(HTTPServer, Application([("/", Regretting)])) as here:
        client = await here.connect(receive_buffer=10_000)
        await client.send(post(b"body"))
        await client.read_through(b"\r\n\r\n")
        [connection] = here.connections
        await until(lambda: not connection.busy)
        connection.let_go(release if moves else None)
        assert (await client.rest()).endswith(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        assert released == []


# ---- whose code serves ----


async def test_a_rare_request_leaves_the_connection_to_tornado() -> None:
    async with scene(HTTPServer) as here:
        client = await here.connect()
        await client.request()
        assert here.is_plain
        await client.send(RARE["chunked"])
        assert (await client.read_response()).body == b"abcde"
        assert not here.is_plain


async def test_a_socket_of_ones_own_is_served() -> None:
    gate = Gate()
    server = HTTPServer(application(gate))
    ours, theirs = socket.socketpair()
    server.serve(ours, "", b"GET /fed HTTP/1.1\r\n")
    loop = asyncio.get_running_loop()
    theirs.setblocking(False)
    await loop.sock_sendall(theirs, b"Host: x\r\n\r\n")
    assert (await loop.sock_recv(theirs, 65536)).endswith(b"\r\n\r\n/fed")
    await server.close_all_connections()
    assert await loop.sock_recv(theirs, 1) == b""
    theirs.close()
