"""Closing the WebSockets of a real server in this process, by its clock's word alone."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

import pytest
from tornado.httpserver import HTTPServer
from tornado.web import Application
from tornado.websocket import (
    WebSocketClientConnection,
    WebSocketHandler,
    websocket_connect,
)

from tests.clients.asynchronous import connect
from tests.engine.serving import PATIENCE
from tests.engine.websocket.playing import served_by
from tornkit import seams
from tornkit.engine.websocket.closing import WebSockets

NEVER = 3600.0
HANDSHAKE = (
    b"GET /waits HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
)


class Chat(WebSocketHandler):
    def open(self) -> None:
        self.settings["visitors"].append(self)
        self.write_message("welcome")

    def on_message(self, message: str | bytes) -> None:
        self.write_message(message)


class Waits(Chat):
    async def prepare(self) -> None:
        self.settings["entered"].set()
        await self.settings["gate"].wait()


class Broken(Chat):
    def close(self, code: int | None = None, reason: str | None = None) -> None:
        raise ValueError("no")


@dataclass
class Scene:
    websockets: WebSockets
    url: str
    gate: asyncio.Event
    entered: asyncio.Event
    visitors: list[WebSocketHandler]
    clients: list[WebSocketClientConnection]

    async def connect(self, path: str = "/chat") -> WebSocketClientConnection:
        client = await websocket_connect(self.url + path)
        self.clients.append(client)
        assert await client.read_message() == "welcome"
        return client

    def close_all(self, *moments: float) -> None:
        def given(count: int) -> Sequence[float]:
            assert count == len(moments)
            return moments

        self.websockets.close_all(1012, given)


@contextlib.asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    gate, entered, visitors = asyncio.Event(), asyncio.Event(), list[WebSocketHandler]()
    application = Application(
        [("/chat", Chat), ("/waits", Waits), ("/broken", Broken)],
        gate=gate,
        entered=entered,
        visitors=visitors,
    )
    server = HTTPServer(application)
    sock = socket.create_server(("127.0.0.1", 0))
    sock.setblocking(False)
    websockets = WebSockets()
    seams.observe_websockets(websockets.opening)
    server.add_socket(sock)
    url = f"ws://127.0.0.1:{sock.getsockname()[1]}"
    made = Scene(websockets, url, gate, entered, visitors, [])
    try:
        async with asyncio.timeout(PATIENCE):
            yield made
    finally:
        gate.set()
        server.stop()
        for client in made.clients:
            client.close()
        await server.close_all_connections()


@pytest.fixture(params=[False, True], ids=["tornado", "engine"], autouse=True)
def protocol(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tornado's own protocol, and the engine's."""
    with served_by(request.param):
        yield


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """`seams.observe_websockets` replaces it for good."""
    monkeypatch.setattr(WebSocketHandler, "detach", WebSocketHandler.detach)


async def ended(client: WebSocketClientConnection) -> int | None:
    """The code that closed it."""
    assert await client.read_message() is None
    return client.close_code


async def test_all_are_closed_with_the_code() -> None:
    async with scene() as here:
        clients = [await here.connect() for _ in range(3)]
        here.close_all(0.0, 0.0, 0.0)
        assert [await ended(client) for client in clients] == [1012] * 3


async def test_each_is_closed_at_its_moment_and_served_until_then() -> None:
    async with scene() as here:
        clients = [await here.connect() for _ in range(3)]
        here.close_all(0.0, 0.001, NEVER)
        answers = asyncio.Queue[str | bytes | None]()

        async def ask(client: WebSocketClientConnection) -> None:
            answers.put_nowait(await client.read_message())

        async with asyncio.TaskGroup() as group:
            asking = [group.create_task(ask(client)) for client in clients]
            assert [await answers.get() for _ in range(2)] == [None, None]
            [left] = [
                client for client, task in zip(clients, asking, strict=True) if not task.done()
            ]
            assert sorted(client.close_code or 0 for client in clients) == [0, 1012, 1012]
            await left.write_message("still there")
            assert await answers.get() == "still there"


async def test_one_that_is_gone_before_its_moment_is_nobody_s_trouble(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with scene() as here:
        first, second = await here.connect(), await here.connect()
        here.close_all(0.02, 0.02)
        first.close()
        assert await ended(first) is None
        assert await ended(second) == 1012
        assert caplog.records == []


async def test_one_that_was_closed_does_not_count() -> None:
    async with scene() as here:
        client = await here.connect()
        client.close()
        assert await ended(client) is None
        [handler] = here.visitors  # the application has kept it
        assert handler.ws_connection is None
        here.close_all()


async def test_one_that_opens_meanwhile_is_closed_behind_its_open() -> None:
    async with scene() as here:
        connecting = asyncio.ensure_future(here.connect("/waits"))
        await here.entered.wait()
        here.close_all()
        assert not connecting.done()
        here.gate.set()
        client = await connecting  # and it was welcomed
        assert await ended(client) == 1012


async def test_a_handshake_that_fails_is_no_websocket(caplog: pytest.LogCaptureFixture) -> None:
    async with scene() as here:
        here.gate.set()
        with await connect(("127.0.0.1", int(here.url.split(":")[2]))) as client:
            await client.send(HANDSHAKE + b"\r\n")  # without a key
            assert (await client.read_response()).status == 400
            here.close_all()
        assert [record for record in caplog.records if record.name == "tornkit"] == []


async def test_an_error_of_one_does_not_spare_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with scene() as here:
        await here.connect("/broken")
        client = await here.connect()
        here.close_all(0.0, 0.0)
        assert await ended(client) == 1012
        assert [record.message for record in caplog.records] == ["closing a WebSocket failed"]
        assert "ValueError: no" in caplog.text
