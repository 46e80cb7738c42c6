"""TK401 of WebSockets, and then a real handshake."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tornado.httpclient import HTTPError
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import (
    Application,
    authenticated,
)
from tornado.websocket import WebSocketHandler, websocket_connect

from tests.routing.checks.specimens import REGEX, findings


class Socket(WebSocketHandler):
    def open(self, room: str) -> None:
        self.write_message("seen")


class AnySocket(WebSocketHandler):
    async def open(self, *args: str, **kwargs: str) -> None:
        self.write_message("seen")


class GuardedSocket(Socket):
    @authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        await super().get(*args, **kwargs)

    def get_current_user(self) -> str:
        return "somebody"


class NamingSocket(WebSocketHandler):
    async def get(self, room: str) -> None:
        await super().get(f"room {room}", 1)

    def open(self, room: str, size: int) -> None:
        self.write_message("seen")


class RenamingSocket(Socket):
    async def get(self, *args: Any, **kwargs: Any) -> None:
        kwargs = {"room": "any"}
        await super().get(*args, **kwargs)


class FollowedSocket(WebSocketHandler):
    """A socket that answers a GET only."""

    async def get(self, *, room: str) -> None:
        await super().get(room=room)


async def _first_message(application: Application, path: str) -> str | bytes | None:
    """None if the connection is closed."""
    sock, port = bind_unused_port()
    server = HTTPServer(application)
    server.add_socket(sock)
    try:
        connection = await websocket_connect(f"ws://127.0.0.1:{port}{path}")
        try:
            return await connection.read_message()
        finally:
            connection.close()
    except HTTPError:  # the handshake was refused
        return None
    finally:
        server.stop()
        await server.close_all_connections()


@pytest.mark.parametrize(
    ("rule", "path", "code"),
    [
        (("/x", Socket), "/x", "TK401"),
        ((REGEX["two"], Socket), "/x/ab", "TK401"),
        (("/x", GuardedSocket), "/x", "TK401"),
        (("/x", NamingSocket), "/x", "TK401"),
        ((REGEX["one"], FollowedSocket), "/x/ab", "TK401"),
        ((REGEX["one"], Socket), "/x/ab", None),
        ((r"/x/(?P<room>\w+)", Socket), "/x/ab", None),
        (("/x", AnySocket), "/x", None),
        ((REGEX["two"], AnySocket), "/x/ab", None),
        ((REGEX["one"], GuardedSocket), "/x/ab", None),
        ((REGEX["one"], NamingSocket), "/x/ab", None),
        (("/x", RenamingSocket), "/x", "TK000"),
    ],
)
def test_sockets(rule: Any, path: str, code: str | None) -> None:
    application = Application([rule])
    assert [finding.code for finding in findings(application)] == ([code] if code else [])
    seen = asyncio.run(_first_message(application, path))
    assert seen == (None if code == "TK401" else "seen")
