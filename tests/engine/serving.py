"""Real servers in this process, and their clients.

What Tornado's server and tornkit's should both do is asserted of both: ``EITHER`` makes two tests
of one. ``pytestmark = EITHER_LOOP`` makes a module's tests run on asyncio's loop and uvloop's.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import tornado.httpserver

from tests.clients.asynchronous import Client
from tornkit.engine.server import HTTPServer

# Seconds until a test gives up. One takes a second at most; where servers are tried beside it, and
# it is nice to them, ten times as long.
PATIENCE = 50.0
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"

EITHER = pytest.mark.parametrize(
    "server_class",
    [
        pytest.param(tornado.httpserver.HTTPServer, id="tornado"),
        pytest.param(HTTPServer, id="tornkit"),
    ],
)
ServerClass = type[tornado.httpserver.HTTPServer]

# The loops are made by the fixture of conftest.py.
EITHER_LOOP = pytest.mark.usefixtures("either_loop")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.001)


async def turns(number: int = 10) -> None:
    """Let the loop turn: what follows from what has happened so far has followed then."""
    for _ in range(number):
        await asyncio.sleep(0.001)


@dataclass
class Serving:
    """A server that listens on loopback, and its clients."""

    server: Any
    listener: socket.socket
    clients: list[Client] = field(default_factory=list)

    @property
    def connections(self) -> set[Any]:
        found: set[Any] = self.server._connections
        return found

    async def connect(self, receive_buffer: int | None = None) -> Client:
        """A client that the server knows of. ``receive_buffer``: bytes that it takes unread."""
        known = set(self.connections)
        client = await self.knock(receive_buffer)
        await until(lambda: not self.connections <= known)
        return client

    async def knock(self, receive_buffer: int | None = None) -> Client:
        """A client that is about to be accepted."""
        sock = socket.socket(self.listener.family)
        client = Client(sock)
        self.clients.append(client)
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await asyncio.get_running_loop().sock_connect(sock, self.listener.getsockname())
        return client


@contextlib.asynccontextmanager
async def serving(
    server_class: ServerClass,
    callback: Any,
    *,
    listener: socket.socket | None = None,
    **options: Any,
) -> AsyncIterator[Serving]:
    """``callback`` served with Tornado's options."""
    server = server_class(callback, **options)
    if listener is None:
        listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    server.add_socket(listener)
    made = Serving(server, listener)
    try:
        yield made
    finally:
        server.stop()
        for client in made.clients:
            client.close()
        await server.close_all_connections()
        await turns(3)
