"""Connections that clients keep outlive every worker that they have had.

By hand, at the size that the project promises::

    KEPT_RELOADS=100 KEPT_CLIENTS=50 KEPT_PAUSE=0.3 pytest tests/integration -k kept
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.clients.asynchronous import Client, connect

if TYPE_CHECKING:
    from tests.integration.serve import Serve
    from tests.integration.server import Server

RELOADS = int(os.environ.get("KEPT_RELOADS", "10"))
CLIENTS = int(os.environ.get("KEPT_CLIENTS", "10"))
PAUSE = float(os.environ.get("KEPT_PAUSE", "0.03"))  # seconds between the questions of some
PATIENCE = 20.0

APP = """\
import asyncio

from tornado.web import Application, RequestHandler

VERSION = 1


class Main(RequestHandler):
    async def get(self):
        if self.get_argument("slowly", ""):
            await asyncio.sleep(0.01)
        self.write(f"{VERSION} is the version")

    def post(self):
        self.write(f"{VERSION} took {len(self.request.body)}")


def make_app():
    return Application([("/", Main)])
"""


class Kept:
    """All clients, each on its one connection."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.newest = 0
        self.answers = 0
        self.over = False
        self._news = asyncio.Event()

    async def go(self) -> None:
        clients = [asyncio.ensure_future(self._client(number)) for number in range(CLIENTS)]
        try:
            for version in range(1, RELOADS + 2):
                if version > 1:
                    self.server.edit("app.py", f"= {version - 1}\n", f"= {version}\n")
                async with asyncio.timeout(PATIENCE):
                    while self.newest < version:
                        self._news.clear()
                        news = asyncio.ensure_future(self._news.wait())
                        await asyncio.wait([news, *clients], return_when=asyncio.FIRST_COMPLETED)
                        news.cancel()
                        for client in clients:
                            if client.done():
                                client.result()
        finally:
            self.over = True
            await asyncio.gather(*clients, return_exceptions=True)
        for client in clients:
            client.result()

    async def _client(self, number: int) -> None:
        parts = urlsplit(self.server.url)
        assert parts.hostname
        assert parts.port
        client = await connect((parts.hostname, parts.port))
        body = b"x" * 100_000 if number % 4 == 3 else b""
        method, query = ("POST", "") if body else ("GET", "?slowly=1" if number % 4 == 1 else "")
        head = f"{method} /{query} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        try:
            while not self.over:
                floor = self.newest
                await client.send(head.encode())
                if body:
                    await asyncio.sleep(0)  # it comes behind its head, in pieces
                    await client.send(body)
                async with asyncio.timeout(PATIENCE):
                    await self._take_answer(client, floor)
                await asyncio.sleep(PAUSE if number % 2 else 0)
        finally:
            client.close()

    async def _take_answer(self, client: Client, floor: int) -> None:
        response = await client.read_response()
        assert response.status == 200
        assert not response.closes
        version = int(response.body.split()[0])
        assert version >= floor, f"version {version} after {floor} was seen"
        self.answers += 1
        if version > self.newest:
            self.newest = version
            self._news.set()


@pytest.mark.thorough
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_none_is_closed_and_none_gets_old_code(serve: Serve, loop: str) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    server = serve(
        {"app.py": APP}, "--workers", "2", "--loop", loop, "--no-access-log", "app.py:make_app"
    )
    kept = Kept(server)
    asyncio.run(kept.go())
    assert kept.newest == RELOADS + 1
    assert kept.answers > 10 * RELOADS
    assert server.errors == []
    print(f"{kept.answers} answers on {CLIENTS} connections, {RELOADS} reloads")
