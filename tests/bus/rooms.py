"""Rooms on the bus: WebSockets and streams that relay a channel, and clients in them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketClientConnection, WebSocketHandler, websocket_connect

from tornkit import bus
from tornkit.bus import home as module
from tornkit.bus.home import home
from tornkit.bus_limits import BusLimits
from tornkit.engine.server import HTTPServer as EngineServer

OPEN: list[WebSocketHandler] = []
HANDSHAKE = (
    b"GET /Room/1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Room(WebSocketHandler):
    given: dict[str, Any] = {}  # noqa: RUF012

    async def open(self, name: str) -> None:
        OPEN.append(self)
        since = self.get_argument("since", None)
        await bus.relay(self, f"room:{name}", since=since, **self.given)
        self.write_message("ready")

    async def on_message(self, message: str | bytes) -> None:
        await bus.publish(self.open_kwargs["name"], message)

    def on_close(self) -> None:
        OPEN.remove(self)


class Compressed(Room):
    def get_compression_options(self) -> dict[str, Any]:
        return {}


class Own(Room):
    """Sends in its own way."""

    def write_message(self, message: Any, binary: bool = False) -> Any:
        assert isinstance(message, bytes if binary else str)
        return super().write_message(message, binary)


class Named(Room):
    given = {"joins": True, "present": "ann", "info": {"n": 1}}  # noqa: RUF012


class Plain(Room):
    given = {"encode": lambda message: message.json.upper()}  # noqa: RUF012


class Events(RequestHandler):
    async def get(self, name: str) -> None:
        await bus.relay(self, f"room:{name}", since=self.get_argument("since", None))


ROOMS = (Room, Compressed, Own, Named, Plain)
APP = Application(
    [
        *(
            (f"/{each.__name__}/(?P<name>.*)", each)
            for each in (Room, Compressed, Own, Named, Plain)
        ),
        ("/events/(.*)", Events),
    ]
)


@asynccontextmanager
async def served(server_class: type[HTTPServer]) -> AsyncIterator[str]:
    """The address of a server; at its end all is closed."""
    sock, port = bind_unused_port()
    server = server_class(APP)
    server.add_sockets([sock])
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop()
        await server.close_all_connections()
        home.bus().close()


async def joined(address: str, path: str) -> WebSocketClientConnection:
    """A client that is in a room; what came before it is ready is lost."""
    client = await websocket_connect(f"ws://{address}/{path}")
    while await client.read_message() != "ready":
        pass
    return client


async def heard(client: WebSocketClientConnection) -> Any:
    text = await client.read_message()
    assert isinstance(text, str)
    return json.loads(text)


async def until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def run(coroutine: Any, **limits: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_DEFAULTS", BusLimits(**limits))
        asyncio.run(asyncio.wait_for(coroutine, 20))


async def leave(*clients: WebSocketClientConnection) -> None:
    """Close them, and wait for their handlers' end."""
    for client in clients:
        client.close()
        while await client.read_message() is not None:
            pass
    await until(lambda: not OPEN)


ON_BOTH_SERVERS = [
    pytest.mark.parametrize(
        "server_class",
        [pytest.param(HTTPServer, id="tornado"), pytest.param(EngineServer, id="tornkit")],
    ),
    pytest.mark.usefixtures("own_broker"),
]
"""Marks of a module whose tests are played on Tornado's server and on tornkit's."""
