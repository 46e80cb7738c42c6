"""Gigabytes, and thousands of clients that come and go: nothing is left over, nothing grows.

``TORNKIT_TEST_ENDURANCE=60`` makes the crowd come for so many seconds.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.asynchronous import Client, connect

if TYPE_CHECKING:
    from tests.integration.serve import Serve
    from tests.integration.server import Server

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is read in /proc"),
]

SECONDS = float(os.environ.get("TORNKIT_TEST_ENDURANCE", "10"))
MEGABYTE, GIGABYTE = 1 << 20, 1 << 30
MOST = 100 * MEGABYTE  # bytes that a worker may hold at its peak
APP = """\
import asyncio
import contextlib
import gc
import os

from tornado.iostream import StreamClosedError
from tornado.web import Application, RequestHandler, stream_request_body

PIECE = bytes(range(256)) * 1024


class Main(RequestHandler):
    def get(self):
        self.write("x" * 1000)

    def post(self):
        self.write(str(len(self.request.body)))


class Long(RequestHandler):
    async def get(self):
        with contextlib.suppress(StreamClosedError):
            for _ in range(int(self.get_argument("size")) // len(PIECE)):
                self.write(PIECE)
                await self.flush()


@stream_request_body
class Sink(RequestHandler):
    def prepare(self):
        self.size = 0

    async def data_received(self, chunk):
        self.size += len(chunk)
        await asyncio.sleep(0.0005)

    def post(self):
        self.write(str(self.size))


class Slow(RequestHandler):
    async def get(self):
        await asyncio.sleep(0.05)
        self.write("slow")


class Left(RequestHandler):
    async def get(self):
        gc.collect()
        self.write(f"{os.getpid()} {len(asyncio.all_tasks())}")


def make_app():
    routes = [("/", Main), ("/long", Long), ("/sink", Sink), ("/slow", Slow), ("/left", Left)]
    return Application(routes)
"""


def peak(pid: int) -> int:
    """The most bytes that the process has held at once."""
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def held(pid: int) -> int:
    """The bytes that the process holds now."""
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024


def worker_of(server: Server) -> int:
    return int(server.get("/left").text.split()[0])


@pytest.fixture(params=["asyncio", pytest.param("uvloop", marks=pytest.mark.release)])
def server(serve: Serve, request: pytest.FixtureRequest) -> Server:
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    return serve(
        {"app.py": APP},
        *("--loop", request.param, "--no-reload", "--no-access-log", "--max-body-size", "2G"),
        "app.py:make_app",
    )


def test_a_slow_reader_of_a_gigabyte(server: Server) -> None:
    with server.connect() as client:
        client.send(f"GET /long?size={GIGABYTE} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert b" 200 " in client.read_through(b"\r\n\r\n")
        buffer = bytearray(1 << 20)
        came, pauses = len(client.incoming.unread), 0
        while came < GIGABYTE:
            if came > pauses * (GIGABYTE // 16):
                pauses += 1
                time.sleep(0.05)  # long enough for the server to run into the end of its buffers
            came += client.sock.recv_into(buffer)
    assert peak(worker_of(server)) < MOST


def test_a_gigabyte_for_a_slow_handler(server: Server) -> None:
    piece = bytes(1 << 20)
    with server.connect() as client:
        client.send(
            f"POST /sink HTTP/1.1\r\nHost: x\r\nContent-Length: {GIGABYTE}\r\n\r\n".encode()
        )
        for _ in range(GIGABYTE // len(piece)):
            client.send(piece)
        client.sock.settimeout(60)
        assert client.read_response().text == str(GIGABYTE)
    assert peak(worker_of(server)) < MOST


class Crowd:
    """Clients of every kind, so many at once, until the time is over."""

    def __init__(self, url: str, at_once: int) -> None:
        host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
        self._place = (host, int(port))
        self._at_once = at_once
        self._random = random.Random(20)
        self.done: Counter[str] = Counter()

    async def come(self, seconds: float) -> None:
        until = time.monotonic() + seconds

        async def keep_coming() -> None:
            while time.monotonic() < until:
                await self._one()

        await asyncio.gather(*(keep_coming() for _ in range(self._at_once)))

    async def _one(self) -> None:
        client = await connect(self._place)
        kind = self._random.choice(
            ["whole", "whole", "part of a head", "part of a body", "silent", "leaves", "pipeline"]
        )
        try:
            await self._ask(kind, client)
            self.done[kind] += 1
        finally:
            if self._random.random() < 0.5:
                client.reset()
            else:
                client.close()

    async def _ask(self, kind: str, client: Client) -> None:
        get = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"
        post = b"POST /%s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
        if kind == "part of a head":
            await client.send(get[: self._random.randrange(1, len(get) - 4)])
        elif kind == "part of a body":
            await client.send(post % self._random.choice([b"", b"sink"]) + b"x" * 500)
        elif kind == "leaves":
            await client.send(get % self._random.choice([b"slow", b"long?size=100000000"]))
        elif kind == "pipeline":
            await client.send(get % b"" * 20 + get % b"slow")
            await client.read(5000)
        elif kind == "whole":
            for _ in range(self._random.randrange(1, 5)):
                whole = [get % b"", post % b"" + b"x" * 1000]
                await client.send(self._random.choices(whole, [0.7, 0.3])[0])
                assert (await client.read_response()).status == 200
        await asyncio.sleep(self._random.random() * 0.02)


def left_of(server: Server) -> tuple[Any, ...]:
    """The worker, its tasks, its descriptors, and the connections that it knows of."""
    pid, tasks = map(int, server.get("/left").text.split())
    descriptors = len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - of a process, not a folder
    [worker] = server.status()["workers"]
    return pid, tasks, descriptors, worker["connections"], worker["in_flight"]


def test_a_crowd_that_comes_and_goes(server: Server, wait_for: Callable[..., Any]) -> None:
    before = left_of(server)
    crowd = Crowd(server.url, 200)
    sizes: list[int] = []
    # How much is needed at once is chance, and an allocator keeps it. What leaks grows each time.
    while len(sizes) < 2 or sizes[-1] - sizes[-2] > MEGABYTE:
        assert len(sizes) < 6, f"it grows and grows: {sizes}"
        asyncio.run(crowd.come(SECONDS / 2))
        wait_for(lambda: left_of(server) == before, "what was there before the crowd")
        sizes.append(held(before[0]))
    assert sum(crowd.done.values()) > SECONDS * 100
    assert len(crowd.done) == 6
    print(f"{sum(crowd.done.values())} connections: {dict(crowd.done)}, then held: {sizes}")
    assert server.errors == []
