"""Clients that mean no good, or have no time: what they can make the server hold is bounded."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from collections.abc import Iterator

import pytest
from tornado.web import Application, RequestHandler, stream_request_body

from tests.engine.serving import EITHER, EITHER_LOOP, GET, ServerClass, serving, turns, until
from tornkit.engine.server import HTTPServer

pytestmark = EITHER_LOOP

MEGABYTE = 1_000_000


class Slow(RequestHandler):
    async def get(self) -> None:
        self.settings["entered"].append(self.request.uri)
        await self.settings["gate"].wait()
        self.write("x")


class Long(RequestHandler):
    """Streams 20 MB, never more than a piece ahead of its client."""

    async def get(self) -> None:
        for _ in range(200):
            self.write(b"x" * 100_000)
            await self.flush()
            self.settings["entered"].append("piece")


@stream_request_body
class Sink(RequestHandler):
    """Takes its time with each piece."""

    received = 0

    async def data_received(self, chunk: bytes) -> None:
        await self.settings["gate"].wait()
        self.received += len(chunk)

    def post(self) -> None:
        self.write(str(self.received))


class Quick(RequestHandler):
    def get(self) -> None:
        self.write("x")


def application() -> Application:
    return Application(
        [("/slow", Slow), ("/long", Long), ("/sink", Sink), ("/.*", Quick)],
        gate=asyncio.Event(),
        entered=[],
        log_function=lambda handler: None,
    )


@pytest.fixture
def memory() -> Iterator[None]:
    """Counts what Python's own allocator gives away."""
    gc.collect()
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.thorough
async def test_a_client_that_only_asks_is_not_read_further(memory: None) -> None:
    """Ten megabytes of requests behind one that takes its time stay with the client."""
    app = application()
    async with serving(HTTPServer, app) as here:
        client = await here.connect()
        [connection] = here.connections
        await client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: bool(app.settings["entered"]))
        tracemalloc.reset_peak()
        count = 10 * MEGABYTE // len(GET)
        sending = asyncio.ensure_future(client.send(GET * count))
        await until(lambda: not connection._reading)
        await turns()
        assert len(connection.unread) < 2 * 65536
        assert not sending.done()
        asked = 10 * MEGABYTE + 64 * 1024  # the client's own
        assert tracemalloc.get_traced_memory()[1] < asked + MEGABYTE
        app.settings["gate"].set()
        for _ in range(300):
            assert (await client.read_response()).status == 200
        assert len(connection.unread) < 2 * 65536
        sending.cancel()


@EITHER
async def test_a_client_that_only_asks_gets_every_answer(server_class: ServerClass) -> None:
    app = application()
    async with serving(server_class, app) as here:
        client = await here.connect()
        slow = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"
        sending = asyncio.ensure_future(client.send(slow + GET * 2000 + slow))
        await until(lambda: bool(app.settings["entered"]))
        await turns()
        app.settings["gate"].set()
        for _ in range(2002):
            assert (await client.read_response()).body == b"x"
        await sending


@EITHER
async def test_a_long_response_is_made_as_it_is_read(
    server_class: ServerClass, memory: None
) -> None:
    app = application()
    async with serving(server_class, app) as here:
        client = await here.connect(receive_buffer=100_000)
        tracemalloc.reset_peak()
        await client.send(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
        made = app.settings["entered"]
        await until(lambda: bool(made))
        size = -1
        while size != len(made):  # until the kernel takes no more
            size = len(made)
            await turns()
        assert size < 100
        while len(made) < 200:
            await client.read(50_000)
            client.incoming.unread.clear()
        assert tracemalloc.get_traced_memory()[1] < 2 * MEGABYTE


@EITHER
async def test_a_long_body_is_read_as_it_is_taken(server_class: ServerClass, memory: None) -> None:
    app = application()
    async with serving(server_class, app, max_body_size=50 * MEGABYTE) as here:
        client = await here.connect()
        head = f"POST /sink HTTP/1.1\r\nHost: x\r\nContent-Length: {20 * MEGABYTE}\r\n\r\n"
        await client.send(head.encode())
        piece = b"x" * MEGABYTE

        async def upload() -> None:
            for _ in range(20):
                await client.send(piece)

        tracemalloc.reset_peak()
        uploading = asyncio.ensure_future(upload())
        await turns(50)
        assert not uploading.done()
        app.settings["gate"].set()
        assert (await client.read_response()).body == str(20 * MEGABYTE).encode()
        await uploading
        assert tracemalloc.get_traced_memory()[1] < 4 * MEGABYTE


async def test_a_head_byte_by_byte_costs_what_its_bytes_cost() -> None:
    """Not their square: the last bytes of a long head are no dearer than its first."""
    async with serving(HTTPServer, application()) as here:
        client = await here.connect()
        [connection] = here.connections
        await client.send(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")

        async def cost(size: int) -> float:
            began = time.process_time()
            for _ in range(size):
                await client.send(b"x")
                await asyncio.sleep(0)
            return time.process_time() - began

        early = await cost(2000)
        await client.send(b"x" * 55_000)
        late = await cost(2000)
        assert late < 4 * early
        assert connection._inbox._searched > 55_000
        await client.send(b"\r\n\r\n")
        assert (await client.read_response()).status == 200


async def test_a_handler_that_never_finishes_holds_up_nobody_else() -> None:
    app = application()
    async with serving(HTTPServer, app, idle_connection_timeout=0.05) as here:
        stuck = await here.connect()
        await stuck.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: bool(app.settings["entered"]))
        for _ in range(20):
            other = await here.connect()
            assert (await other.request()).status == 200
            other.close()
        await asyncio.sleep(0.2)  # four times as long as a head may take
        assert len(here.connections) == 1
        stuck.close()
        await until(lambda: not here.connections)


@EITHER
async def test_many_who_come_and_go_leave_nothing(server_class: ServerClass) -> None:
    app = application()
    async with serving(server_class, app) as here:
        for each in range(200):
            client = await here.knock()
            if each % 4:
                await client.send(GET[: each % 4 * 12])
            if each % 3 == 0:
                client.reset()
            elif each % 3 == 1:
                client.close()
        for client in here.clients:
            client.close()
        await until(lambda: not here.connections)
        await turns(3)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others
