"""Draining real servers in this process: no reset, no answer from old code, nothing for ever."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import tornado.test
from tornado.http1connection import HTTP1ServerConnection
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPConnection, HTTPMessageDelegate
from tornado.log import app_log, gen_log
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

from tests.clients.asynchronous import Client, connect
from tests.engine.serving import PATIENCE
from tornkit import seams, stream_seams
from tornkit.engine.connection import Connection
from tornkit.engine.draining import Connections
from tornkit.engine.server import HTTPServer as EngineServer

EITHER = pytest.mark.parametrize(
    "server_class",
    [pytest.param(HTTPServer, id="tornado"), pytest.param(EngineServer, id="tornkit")],
)
CERTIFICATES = Path(tornado.test.__file__).parent
WHOLE = b"GET /quick HTTP/1.1\r\nHost: x\r\n\r\n"
HANDSHAKE = (
    b"GET %b HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Quick(RequestHandler):
    def get(self) -> None:
        self.write(self.settings["name"])


class Slow(RequestHandler):
    async def get(self) -> None:
        await self.settings["gate"].wait()
        self.write(self.settings["name"])


class Begun(RequestHandler):
    """Has sent its head when the drain begins."""

    async def get(self) -> None:
        self.set_header("Content-Length", "3")
        await self.flush()
        await self.settings["gate"].wait()
        self.write(self.settings["name"])


class Upload(RequestHandler):
    def post(self) -> None:
        self.write(self.request.body)


class Chat(WebSocketHandler):
    def on_message(self, message: str | bytes) -> None:
        self.write_message(message)


class LateChat(Chat):
    async def prepare(self) -> None:
        await self.settings["gate"].wait()


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(CERTIFICATES / "test.crt"))
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass
class Scene:
    """Two servers: ``old`` is drained and ``new`` would take its place."""

    connections: Connections
    gate: asyncio.Event
    old: HTTPServer
    new: HTTPServer
    address: tuple[str, int]
    released: list[bytes] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)

    # ---- seams.ConnectionObserver: the new server is another process's ----

    def awaiting_request(
        self,
        server: HTTPServer,
        connection: HTTP1ServerConnection,
        request: HTTPConnection,
        delegate: HTTPMessageDelegate,
    ) -> HTTPMessageDelegate:
        if server is self.new:
            return delegate
        return self.connections.awaiting_request(server, connection, request, delegate)

    def closed(self, connection: HTTP1ServerConnection) -> None:
        self.connections.closed(connection)

    def release(self, sock: socket.socket, unread: bytes) -> None:
        self.released.append(unread)
        duplicate = sock.dup()
        duplicate.setblocking(False)
        stream_seams.serve_moved(self.new, duplicate, unread)

    # ---- what the tests do ----

    async def connect(self, *, tls: bool = False) -> Client:
        """A client that the server knows of."""
        count = len(self.connections)
        client = await connect(self.address)
        self.clients.append(client)
        if tls:
            await client.start_tls(_trusting())
        await until(lambda: len(self.connections) == count + 1)
        return client

    async def busy(self, path: str) -> Client:
        """A client whose request is under way."""
        client = await self.connect()
        await client.send_request(path)
        await until(lambda: self.connections.in_flight == 1)
        return client

    async def chat(self) -> Client:
        """A client that has a WebSocket."""
        client = await self.connect()
        await client.send(HANDSHAKE % b"/chat")
        assert (await client.read_through(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        await until(lambda: len(self.connections) == 0)
        return client

    def drain(self, *, move: bool) -> None:
        self.connections.begin_drain(self.release if move else None)

    def unread(self) -> bytes | None:
        """What the one connection of the old server has read and not used."""
        connections: set[Any] = self.old._connections
        (connection,) = connections
        if isinstance(connection, Connection):
            return connection.unread
        return stream_seams.unread_bytes(connection.stream)


async def answer(client: Client) -> tuple[str, bool]:
    """The body, and whether the server said that it would close."""
    response = await client.read_response()
    assert response.status == 200
    return response.text, response.closes


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def scene(
    server_class: type[HTTPServer] = HTTPServer, **options: Any
) -> AsyncIterator[Scene]:
    gate = asyncio.Event()

    def application(name: str) -> Application:
        handlers = [
            ("/quick", Quick),
            ("/slow", Slow),
            ("/begun", Begun),
            ("/upload", Upload),
            ("/chat", Chat),
            ("/late-chat", LateChat),
        ]
        return Application(handlers, name=name, gate=gate)

    old = server_class(application("old"), **options)
    sock = socket.create_server(("127.0.0.1", 0))
    sock.setblocking(False)
    new = server_class(application("new"))
    made = Scene(Connections(), gate, old, new, sock.getsockname())
    seams.observe_connections(made)
    if isinstance(old, EngineServer):
        old.observer = made.connections
    old.add_socket(sock)
    try:
        async with asyncio.timeout(PATIENCE):
            yield made
    finally:
        gate.set()
        old.stop()
        for client in made.clients:
            client.close()
        for server in (made.old, made.new):
            await server.close_all_connections()


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """`seams.observe_connections` is for good; a drain leaves a filter."""
    monkeypatch.setattr(seams, "_observer", None)
    for name in ("start_request", "on_close"):
        monkeypatch.setattr(HTTPServer, name, getattr(HTTPServer, name))
    for logger in (app_log, gen_log):
        monkeypatch.setattr(logger, "filters", list(logger.filters))


# ---- what is known of connections ----


@EITHER
async def test_counts(server_class: type[HTTPServer]) -> None:
    async with scene(server_class) as here:
        first, second = await here.connect(), await here.connect()
        assert (len(here.connections), here.connections.in_flight) == (2, 0)
        await first.send_request("/slow")
        await until(lambda: here.connections.in_flight == 1)
        here.gate.set()
        assert await answer(first) == ("old", False)
        await until(lambda: here.connections.in_flight == 0)
        assert len(here.connections) == 2
        second.close()
        await until(lambda: len(here.connections) == 1)


@EITHER
async def test_body_that_is_still_coming_is_a_request_under_way(
    server_class: type[HTTPServer],
) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        await client.send(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc")
        await until(lambda: here.connections.in_flight == 1)
        here.drain(move=True)
        assert here.released == []
        await client.send(b"def")
        assert (await answer(client))[0] == "abcdef"


@EITHER
async def test_nothing_to_drain(server_class: type[HTTPServer]) -> None:
    async with scene(server_class) as here:
        here.drain(move=True)
        await here.connections.drained(PATIENCE)


# ---- those that wait for a request ----


@EITHER
async def test_idle_one_goes_on_elsewhere(server_class: type[HTTPServer]) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        await client.send_request("/quick")
        assert (await answer(client))[0] == "old"
        await until(lambda: here.connections.in_flight == 0)
        here.drain(move=True)
        await here.connections.drained(PATIENCE)
        assert here.released == [b""]
        for _ in range(2):
            await client.send_request("/quick")
            assert await answer(client) == ("new", False)


@EITHER
async def test_half_a_request_goes_with_it(server_class: type[HTTPServer]) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        await client.send(b"GET /quick HT")
        await until(lambda: here.unread() == b"GET /quick HT")
        here.drain(move=True)
        assert here.released == [b"GET /quick HT"]
        await client.send(b"TP/1.1\r\nHost: x\r\n\r\n")
        assert await answer(client) == ("new", False)


@EITHER
async def test_request_that_nobody_has_read_goes_with_it(server_class: type[HTTPServer]) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        await client.send_request("/quick")  # into the kernel; the server has had no turn yet
        here.drain(move=True)
        assert here.released == [b""]
        assert await answer(client) == ("new", False)


@EITHER
async def test_idle_one_closes_where_nobody_takes_over(server_class: type[HTTPServer]) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        here.drain(move=False)
        assert await client.rest() == b""
        await here.connections.drained(PATIENCE)
        assert len(here.connections) == 0


@pytest.mark.parametrize("answered", [False, True], ids=["new", "kept"])
@EITHER
async def test_one_that_waits_may_ask_once_more_where_nobody_takes_over(
    server_class: type[HTTPServer], monkeypatch: pytest.MonkeyPatch, answered: bool
) -> None:
    """A proxy that asks all the time hears before its next request that there is no other."""
    monkeypatch.setattr("tornkit.engine.draining.LAST_REQUEST", 3600)
    monkeypatch.setattr("tornkit.engine.connection.LAST_REQUEST", 3600)
    async with scene(server_class) as here:
        client = await here.connect()
        if answered:
            await client.send_request("/quick")
            assert await answer(client) == ("old", False)
        here.drain(move=False)
        await asyncio.sleep(0)
        await client.send_request("/quick")
        assert await answer(client) == ("old", True)
        assert await client.rest() == b""
        await here.connections.drained(PATIENCE)


@EITHER
async def test_one_that_has_been_answered_closes_where_it_asks_nothing_more(
    server_class: type[HTTPServer],
) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        await client.send_request("/quick")
        assert await answer(client) == ("old", False)
        here.drain(move=False)
        assert await client.rest() == b""
        await here.connections.drained(PATIENCE)


@pytest.mark.parametrize("read", [True, False])
@EITHER
async def test_half_a_request_is_answered_where_nobody_takes_over(
    server_class: type[HTTPServer], read: bool
) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        await client.send(b"GET /quick HT")
        if read:
            await until(lambda: bool(here.unread()))
        here.drain(move=False)
        await client.send(b"TP/1.1\r\nHost: x\r\n\r\n")
        assert await answer(client) == ("old", True)
        assert await client.rest() == b""
        await here.connections.drained(PATIENCE)


@EITHER
async def test_one_that_comes_too_late_is_handed_on(server_class: type[HTTPServer]) -> None:
    """Accepted or adopted just before, and first heard of during the drain."""
    async with scene(server_class) as here:
        here.drain(move=True)
        client = await connect(here.address)
        here.clients.append(client)
        await client.send_request("/quick")
        body, _ = await answer(client)
        assert body in ("old", "new")
        await until(lambda: here.released == [b""])
        await client.send_request("/quick")
        assert await answer(client) == ("new", False)


@EITHER
@pytest.mark.parametrize(
    "unread", [b"", b"GET /quick HT", b"GET /quick HTTP/1.1\r\nHost: x\r\n\r\n"]
)
async def test_one_that_is_adopted_too_late_moves_on_with_what_was_read(
    server_class: type[HTTPServer], unread: bytes
) -> None:
    """Its worker was told to leave while the connection was on its way there."""
    async with scene(server_class) as here:
        here.drain(move=True)
        theirs = await adopted(here, unread)
        await theirs.send(WHOLE[len(unread) :])
        assert (await answer(theirs))[0] == "new"
        assert here.released == [unread]


@EITHER
@pytest.mark.parametrize("unread", [b"GET /quick HT", WHOLE])
async def test_one_that_is_adopted_too_late_is_answered_where_nobody_takes_over(
    server_class: type[HTTPServer], unread: bytes
) -> None:
    async with scene(server_class) as here:
        here.drain(move=False)
        theirs = await adopted(here, unread)
        await theirs.send(WHOLE[len(unread) :])
        assert await answer(theirs) == ("old", True)


async def adopted(here: Scene, unread: bytes) -> Client:
    """The client of a connection that another process has sent to the old server."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    stream_seams.serve_moved(here.old, ours, unread)
    client = Client(theirs)
    here.clients.append(client)
    return client


# ---- those that are busy ----


@pytest.mark.parametrize("path", ["/slow", "/begun"])
@EITHER
async def test_busy_one_finishes_and_goes_on_elsewhere(
    server_class: type[HTTPServer], path: str
) -> None:
    async with scene(server_class) as here:
        client = await here.busy(path)
        here.drain(move=True)
        assert here.released == []
        here.gate.set()
        assert await answer(client) == ("old", False)
        await here.connections.drained(PATIENCE)
        assert here.released == [b""]
        await client.send_request("/quick")
        assert await answer(client) == ("new", False)


@EITHER
async def test_next_request_that_is_there_already_moves_with_the_connection(
    server_class: type[HTTPServer],
) -> None:
    async with scene(server_class) as here:
        client = await here.busy("/slow")
        await client.send_request("/quick")
        await client.send(b"GET /qui")
        await until(lambda: (here.unread() or b"").endswith(b"GET /qui"))
        here.drain(move=True)
        here.gate.set()
        assert await answer(client) == ("old", False)
        assert await answer(client) == ("new", False)
        await here.connections.drained(PATIENCE)
        assert len(here.released) == 1
        assert here.released[0].startswith(b"GET /quick ")
        assert here.released[0].endswith(b"GET /qui")
        await client.send(b"ck HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await answer(client) == ("new", False)


@EITHER
async def test_busy_one_says_that_it_closes_where_nobody_takes_over(
    server_class: type[HTTPServer],
) -> None:
    async with scene(server_class) as here:
        client = await here.busy("/slow")
        here.drain(move=False)
        here.gate.set()
        assert await answer(client) == ("old", True)
        assert await client.rest() == b""
        await here.connections.drained(PATIENCE)


@EITHER
async def test_too_late_to_say_it_closes_all_the_same(server_class: type[HTTPServer]) -> None:
    async with scene(server_class) as here:
        client = await here.busy("/begun")
        here.drain(move=False)
        here.gate.set()
        await answer(client)
        assert await client.rest() == b""


# ---- those that can't move ----


@pytest.fixture
def tls() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATES / "test.crt", CERTIFICATES / "test.key")
    return context


@EITHER
async def test_idle_tls_closes(server_class: type[HTTPServer], tls: ssl.SSLContext) -> None:
    async with scene(server_class, ssl_options=tls) as here:
        client = await here.connect(tls=True)
        await client.send_request("/quick")
        assert await answer(client) == ("old", False)
        await until(lambda: here.connections.in_flight == 0)
        here.drain(move=True)
        assert here.released == []
        with contextlib.suppress(ssl.SSLError):  # Tornado says no goodbye of TLS
            assert await client.rest() == b""
        await here.connections.drained(PATIENCE)


@pytest.mark.parametrize("shaken", [True, False], ids=["no request", "no handshake"])
@EITHER
async def test_new_tls_has_its_request_answered(
    server_class: type[HTTPServer], tls: ssl.SSLContext, shaken: bool
) -> None:
    async with scene(server_class, ssl_options=tls) as here:
        client = await here.connect()
        if shaken:
            await client.start_tls(_trusting())
        here.drain(move=True)
        drained = asyncio.ensure_future(here.connections.drained(PATIENCE))
        if not shaken:
            await client.start_tls(_trusting())
        await client.send_request("/quick")
        assert await answer(client) == ("old", True)
        await drained
        assert here.released == []


@pytest.mark.parametrize("shaken", [True, False], ids=["no request", "no handshake"])
@EITHER
async def test_new_tls_that_asks_nothing_closes(
    server_class: type[HTTPServer],
    tls: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    shaken: bool,
) -> None:
    monkeypatch.setattr("tornkit.engine.draining._FIRST_REQUEST", 0.01)
    async with scene(server_class, ssl_options=tls) as here:
        client = await here.connect()
        if shaken:
            await client.start_tls(_trusting())
        here.drain(move=True)
        assert len(here.connections) == 1
        await here.connections.drained(3600)
        assert len(here.connections) == 0


@EITHER
async def test_new_tls_closes_where_nobody_takes_over(
    server_class: type[HTTPServer], tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handshake's last bytes, which nobody has read, are no request."""
    monkeypatch.setattr("tornkit.engine.draining._FIRST_REQUEST", 0.01)
    async with scene(server_class, ssl_options=tls) as here:
        client = await here.connect()
        await client.start_tls(_trusting())
        here.drain(move=False)
        await asyncio.wait_for(here.connections.drained(3600), PATIENCE)


@EITHER
async def test_busy_tls_says_that_it_closes(
    server_class: type[HTTPServer], tls: ssl.SSLContext
) -> None:
    async with scene(server_class, ssl_options=tls) as here:
        client = await here.connect(tls=True)
        await client.send_request("/slow")
        await until(lambda: here.connections.in_flight == 1)
        here.drain(move=True)
        here.gate.set()
        assert await answer(client) == ("old", True)
        await here.connections.drained(PATIENCE)
        assert here.released == []


# ---- streams that a handler took, and the deadline ----


@pytest.mark.parametrize("move", [True, False])
@EITHER
async def test_websocket_is_waited_for(server_class: type[HTTPServer], move: bool) -> None:
    async with scene(server_class) as here:
        client = await here.chat()
        here.drain(move=move)
        drained = asyncio.ensure_future(here.connections.drained(PATIENCE))
        await client.send(b"\x81\x82\0\0\0\0hi")  # RFC 6455, 5.2: final, text, masked with 0
        assert await client.read(4) == b"\x81\x02hi"
        assert not drained.done()
        client.close()
        await drained
        assert here.released == []


@pytest.mark.parametrize(("move", "secure"), [(True, False), (False, False), (True, True)])
@pytest.mark.parametrize("read", [True, False], ids=["waits in prepare", "is not read yet"])
@EITHER
async def test_handshake_under_way_becomes_a_websocket(
    server_class: type[HTTPServer], tls: ssl.SSLContext, move: bool, secure: bool, read: bool
) -> None:
    async with scene(server_class, ssl_options=tls if secure else None) as here:
        client = await here.connect(tls=secure)
        await client.send(HANDSHAKE % b"/late-chat")
        if read:
            await until(lambda: here.connections.in_flight == 1)
        here.drain(move=move)
        here.gate.set()
        head = await client.read_through(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"Connection: Upgrade\r\n" in head
        await client.send(b"\x81\x82\0\0\0\0hi")
        assert await client.read(4) == b"\x81\x02hi"


@EITHER
async def test_handshake_that_is_refused_ends_with_its_connection(
    server_class: type[HTTPServer],
) -> None:
    async with scene(server_class) as here:
        client = await here.connect()
        await client.send(HANDSHAKE % b"/slow")
        await until(lambda: here.connections.in_flight == 1)
        here.drain(move=False)
        here.gate.set()
        assert (await answer(client))[0] == "old"
        assert await client.rest() == b""
        await here.connections.drained(PATIENCE)


@EITHER
async def test_websocket_of_before_the_last_connection_closed(
    server_class: type[HTTPServer],
) -> None:
    """Both have to be gone, in whichever order."""
    async with scene(server_class) as here:
        chat = await here.chat()
        busy = await here.busy("/slow")
        here.drain(move=False)
        drained = asyncio.ensure_future(here.connections.drained(PATIENCE))
        chat.close()
        for _ in range(10):
            await asyncio.sleep(0)
        assert not drained.done()
        here.gate.set()
        await answer(busy)
        await drained


@pytest.mark.parametrize("move", [True, False])
@EITHER
async def test_deadline_closes_what_is_left(server_class: type[HTTPServer], move: bool) -> None:
    async with scene(server_class) as here:
        chat = await here.chat()
        busy = await here.busy("/slow")
        here.drain(move=move)
        await here.connections.drained(0)
        assert await chat.rest() == b""
        assert await busy.rest() == b""
        await until(lambda: len(here.connections) == 0)


@EITHER
async def test_that_there_was_none_for_a_while_says_nothing(server_class: type[HTTPServer]) -> None:
    async with scene(server_class) as here:
        first = await here.connect()
        first.close()
        await until(lambda: len(here.connections) == 0)
        client = await here.busy("/slow")
        here.drain(move=False)
        drained = asyncio.ensure_future(here.connections.drained(PATIENCE))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not drained.done()
        here.gate.set()
        assert (await answer(client))[0] == "old"
        await drained


@EITHER
async def test_deadline_does_not_hold_up_those_that_finish(server_class: type[HTTPServer]) -> None:
    async with scene(server_class) as here:
        client = await here.busy("/slow")
        here.drain(move=False)
        drained = asyncio.ensure_future(here.connections.drained(3600))
        here.gate.set()
        await answer(client)
        await asyncio.wait_for(drained, PATIENCE)
