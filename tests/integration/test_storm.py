"""Reload after reload under every kind of client at once: nothing fails, nothing is cut short.

The ordinary run is small. By hand, at the size that the project promises::

    STORM_RELOADS=100 STORM_CLIENTS=64 STORM_WEBSOCKETS=20 pytest tests/integration/test_storm.py -s
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from tornado.websocket import WebSocketClosedError, websocket_connect

from tests.clients.asynchronous import connect

if TYPE_CHECKING:
    from tests.integration.serve import Serve
    from tests.integration.server import Server

RELOADS = int(os.environ.get("STORM_RELOADS", "12"))
CLIENTS = int(os.environ.get("STORM_CLIENTS", "8"))
WEBSOCKETS = int(os.environ.get("STORM_WEBSOCKETS", "4"))
DOWNLOADS = 2  # overlapping, so that one is under way at every moment
PATIENCE = 20.0
CHUNKS = 20

APP = """\
import asyncio
import contextlib

from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

VERSION = 1


class Main(RequestHandler):
    async def get(self):
        if self.get_query_argument("slowly", ""):
            await asyncio.sleep(0.02)
        self.write(f"{VERSION} is the version")

    def post(self):
        self.write(f"{VERSION} took {len(self.request.body)}")


class Download(RequestHandler):
    async def get(self):
        for number in range(CHUNKS):
            self.write(f"{VERSION} {number};".ljust(1000))
            await self.flush()
            await asyncio.sleep(0.01)


class Echo(WebSocketHandler):
    def on_message(self, message):
        # It may have been sent before the client had heard that the end is near.
        with contextlib.suppress(WebSocketClosedError):
            self.write_message(message)


def make_app():
    return Application([("/", Main), ("/download", Download), ("/echo", Echo)])
""".replace("CHUNKS", str(CHUNKS))


@dataclass
class Storm:
    """All clients, in one event loop, and what they have seen."""

    server: Server
    newest: int = 0
    answers: int = 0
    downloads: int = 0
    longest: float = 0.0
    closes: list[Counter[int | None]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    over: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def rage(self) -> None:
        """Every client asks without pause, while one edit follows the other."""
        async with asyncio.TaskGroup() as group:
            for number in range(CLIENTS):
                self._start(group, f"client {number}", self._ask_client(number))
            for number in range(DOWNLOADS):
                self._start(group, f"download {number}", self._download)
            for number in range(WEBSOCKETS):
                self.closes.append(Counter())
                self._start(group, f"WebSocket {number}", self._websocket_client(number))
            try:
                await self._seen(1)
                for version in range(2, RELOADS + 2):
                    old, new = f"VERSION = {version - 1}\n", f"VERSION = {version}\n"
                    self.server.edit("app.py", old, new)
                    await self._seen(version)
            finally:
                self.over = True

    def _start(
        self, group: asyncio.TaskGroup, name: str, client: Callable[[], Awaitable[None]]
    ) -> None:
        async def run() -> None:
            while not self.over:
                try:
                    async with asyncio.timeout(PATIENCE):
                        await client()
                except Exception as error:  # noqa: BLE001 - whatever a client may meet is a fault
                    self.faults.append(f"{name} at version {self.newest}: {error!r}")
                    self._news.set()
                    return

        group.create_task(run())

    async def _seen(self, version: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.newest < version and not self.faults:
                self._news.clear()
                await self._news.wait()

    def _note(self, version: int, floor: int) -> None:
        assert version >= floor, f"version {version} after {floor} was seen"
        if version > self.newest:
            self.newest = version
            self._news.set()

    def _ask_client(self, number: int) -> Callable[[], Awaitable[None]]:
        """One kept connection, until it is told that the connection ends."""
        body = b"x" * 10_000 if number % 4 == 1 else b""
        method, path = ("POST", "/") if body else ("GET", "/?slowly=1" if number % 2 else "/")

        async def ask() -> None:
            with await connect(self._address) as client:
                closing = False
                while not (closing or self.over):
                    floor, sent = self.newest, time.monotonic()
                    response = await client.request(path, method=method, body=body)
                    assert response.status == 200
                    self.longest = max(self.longest, time.monotonic() - sent)
                    self._note(int(response.text.split()[0]), floor)
                    self.answers += 1
                    closing = response.closes

        return ask

    async def _download(self) -> None:
        with await connect(self._address) as client:
            floor = self.newest
            response = await client.request("/download")
            assert response.status == 200
            text = response.text
            version = text.split()[0]
            expected = "".join(f"{version} {number};".ljust(1000) for number in range(CHUNKS))
            assert text == expected, f"{len(text)} bytes of a download"
            self._note(int(version), floor)
            self.downloads += 1

    def _websocket_client(self, number: int) -> Callable[[], Awaitable[None]]:
        """Open one, talk, and go on until it is closed."""
        url = self.server.url.replace("http://", "ws://") + "/echo"

        async def talk() -> None:
            connection = await websocket_connect(url)
            try:
                while not self.over:
                    with contextlib.suppress(WebSocketClosedError):  # the code will tell why
                        await connection.write_message("hello")
                    message = await connection.read_message()
                    if message is None:
                        self.closes[number][connection.close_code] += 1
                        return
                    assert message == "hello"
                    await asyncio.sleep(0.01)
            finally:
                connection.close()

        return talk

    @property
    def _address(self) -> tuple[str, int]:
        parts = urlsplit(self.server.url)
        assert parts.hostname
        assert parts.port
        return parts.hostname, parts.port


@pytest.mark.timeout(60 + 3 * RELOADS)
def test_nothing_is_lost_in_a_storm_of_reloads(serve: Serve) -> None:
    server = serve({"app.py": APP}, "--workers", "2", "--no-access-log")
    storm = Storm(server)
    began = time.monotonic()
    asyncio.run(storm.rage())
    took = time.monotonic() - began
    codes = sum(storm.closes, Counter())
    print(
        f"{RELOADS} reloads, {CLIENTS} clients, {WEBSOCKETS} WebSockets in {took:.1f} s: "
        f"{storm.answers} answers, {storm.downloads} downloads, WebSocket closes {dict(codes)}, "
        f"longest wait {storm.longest * 1000:.0f} ms, {len(storm.faults)} faults"
    )
    assert storm.faults == []
    assert storm.newest == RELOADS + 1
    assert storm.answers > RELOADS * CLIENTS
    assert storm.downloads >= DOWNLOADS
    assert codes.keys() == {1012}
    assert all(seen for seen in storm.closes), "each WebSocket was told of a reload"
    assert server.errors == []
    assert "starting another" not in server.log
    assert server.stop() == 0
