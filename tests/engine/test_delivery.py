"""Bodies that come in their own time: as Tornado's, wherever both can be asked."""

from __future__ import annotations

import asyncio
import logging
from contextvars import ContextVar
from typing import Any

import pytest
from tornado.iostream import IOStream
from tornado.web import Application, RequestHandler, stream_request_body

from tests.clients.asynchronous import Client
from tests.engine.serving import EITHER, EITHER_LOOP, GET, ServerClass, serving, turns, until
from tornkit.engine.connection import Connection
from tornkit.engine.server import HTTPServer

pytestmark = EITHER_LOOP

MEGABYTE = 1 << 20


class Sink(RequestHandler):
    """Answers with what it was sent, when it has all of it."""

    def post(self) -> None:
        self.settings["seen"].append(("post", len(self.request.body)))
        self.write(self.request.body)

    def get(self) -> None:
        self.write("x")

    def on_connection_close(self) -> None:
        self.settings["seen"].append(("closed", 0))


@stream_request_body
class Piecewise(Sink):
    """Takes a piece when it is let."""

    def prepare(self) -> None:
        self.size = 0
        if "timeout" in self.settings:
            self.request.connection.set_body_timeout(self.settings["timeout"])  # type: ignore[union-attr]

    async def data_received(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self.settings["seen"].append(("piece", len(chunk)))
        await self.settings["gate"].wait()

    def post(self) -> None:
        self.settings["seen"].append(("post", self.size))
        self.write(str(self.size))


@stream_request_body
class Hasty(Sink):
    """Answers before it is sent anything, and at length."""

    def prepare(self) -> None:
        self.finish(b"y" * self.settings.get("answer", 1))

    def data_received(self, chunk: bytes) -> None:
        self.settings["seen"].append(("piece", len(chunk)))


step: ContextVar[int] = ContextVar("step", default=0)


@stream_request_body
class Remembering(Sink):
    """Counts its pieces in a context variable."""

    def prepare(self) -> None:
        step.set(0)

    async def data_received(self, chunk: bytes) -> None:
        await asyncio.sleep(0)
        step.set(step.get() + 1)
        self.settings["seen"].append(("step", step.get()))

    def post(self) -> None:
        self.write("counted")


@stream_request_body
class Detaching(Sink):
    """Takes the connection for itself before the body was read."""

    def prepare(self) -> None:
        self.settings["stream"].set_result(self.detach())

    def data_received(self, chunk: bytes) -> None:
        self.settings["seen"].append(("piece", len(chunk)))


@stream_request_body
class Scheduling(Sink):
    """Has something done before its body comes."""

    def prepare(self) -> None:
        asyncio.get_running_loop().call_soon(self.settings["seen"].append, ("done", 0))

    def data_received(self, chunk: bytes) -> None:
        self.settings["seen"].append(("piece", len(chunk)))


def application(**settings: Any) -> Application:
    return Application(
        [
            ("/piecewise", Piecewise),
            ("/hasty", Hasty),
            ("/remembering", Remembering),
            ("/detaching", Detaching),
            ("/scheduling", Scheduling),
            ("/.*", Sink),
        ],
        **{
            "gate": asyncio.Event(),
            "seen": [],
            "log_function": lambda handler: None,
            **settings,
        },
    )


def head(path: str, length: int) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()


async def part_of_a_body(client: Client, app: Application) -> None:
    """Half of one is sent, and its handler has it."""
    await client.send(head("/piecewise", 10) + b"12345")
    await until(lambda: app.settings["seen"] == [("piece", 5)])


@EITHER
async def test_a_body_in_pieces_is_put_together(server_class: ServerClass) -> None:
    async with serving(server_class, application()) as here:
        client = await here.connect()
        for _ in range(3):
            body = bytes(range(256))
            await client.send(head("/", 256))
            for at in range(0, 256, 16):
                await turns(1)
                await client.send(body[at : at + 16])
            assert (await client.read_response()).body == body


async def test_such_a_connection_goes_on_as_it_was() -> None:
    async with serving(HTTPServer, application()) as here:
        client = await here.connect()
        await client.send(head("/", 2))
        await turns()
        await client.send(b"ab")
        await client.read_response()
        assert (await client.request()).body == b"x"
        [connection] = here.connections
        assert isinstance(connection, Connection)


@EITHER
@pytest.mark.parametrize("path", ["/", "/piecewise"])
async def test_megabytes_as_fast_as_they_come(server_class: ServerClass, path: str) -> None:
    app = application()
    app.settings["gate"].set()
    async with serving(server_class, app) as here:
        client = await here.connect()
        body = bytes(range(256)) * 4096 * 5
        sending = asyncio.ensure_future(client.send(head(path, len(body)) + body))
        response = await client.read_response()
        await sending
        assert app.settings["seen"][-1] == ("post", len(body))
        assert response.body == (body if path == "/" else str(len(body)).encode())
        assert all(size <= 65536 for what, size in app.settings["seen"] if what == "piece")


@EITHER
async def test_requests_behind_a_body_are_answered_in_order(server_class: ServerClass) -> None:
    async with serving(server_class, application()) as here:
        client = await here.connect()
        stream = (head("/", 3) + b"abc" + GET + head("/", 200_000) + b"z" * 200_000 + GET) * 2
        for cut in (1, 60, 66, 67, 68, 100, 70_000):
            await client.send(stream[:cut])
            await turns(2)
            sending = asyncio.ensure_future(client.send(stream[cut:]))
            got = [(await client.read_response()).body for _ in range(8)]
            await sending
            assert got == [b"abc", b"x", b"z" * 200_000, b"x"] * 2


@EITHER
async def test_a_handler_that_takes_its_time_holds_its_client_up(server_class: ServerClass) -> None:
    app = application()
    async with serving(server_class, app) as here:
        client = await here.connect()
        body = b"x" * 20 * MEGABYTE
        sending = asyncio.ensure_future(client.send(head("/piecewise", len(body)) + body))
        await until(lambda: bool(app.settings["seen"]))
        await turns(30)
        assert len(app.settings["seen"]) == 1
        assert not sending.done()
        for connection in here.connections:
            if isinstance(connection, Connection):
                assert len(connection.unread) < 3 * 65536
        app.settings["gate"].set()
        assert (await client.read_response()).body == str(len(body)).encode()
        await sending


@EITHER
@pytest.mark.parametrize("end", ["end", "close", "reset"])
@pytest.mark.parametrize("path", ["/", "/piecewise"])
async def test_a_client_that_leaves_within_a_body(
    server_class: ServerClass, path: str, end: str
) -> None:
    """A handler that streams is told, once; another never knew of the request."""
    app = application()
    app.settings["gate"].set()
    async with serving(server_class, app) as here:
        client = await here.connect()
        await client.send(head(path, 10) + b"12345")
        if path == "/piecewise":
            await until(lambda: bool(app.settings["seen"]))
        else:
            await turns()
        getattr(client, end)()
        await until(lambda: not here.connections)
        await turns()
        told = [("piece", 5), ("closed", 0)]
        assert app.settings["seen"] == (told if path == "/piecewise" else [])


@EITHER
@pytest.mark.parametrize("end", ["close", "reset"])
async def test_a_client_that_leaves_while_its_handler_is_busy(
    server_class: ServerClass, end: str
) -> None:
    app = application()
    async with serving(server_class, app) as here:
        client = await here.connect()
        await part_of_a_body(client, app)
        await client.send(b"678")
        getattr(client, end)()
        await turns()
        app.settings["gate"].set()
        await until(lambda: not here.connections)
        await turns()
        assert app.settings["seen"][-1] == ("closed", 0)
        assert app.settings["seen"].count(("closed", 0)) == 1


@EITHER
async def test_a_server_that_closes_within_a_body(server_class: ServerClass) -> None:
    app = application()
    async with serving(server_class, app) as here:
        client = await here.connect()
        await part_of_a_body(client, app)
        app.settings["gate"].set()
        await turns()
        await here.server.close_all_connections()
        await turns()
        assert app.settings["seen"] == [("piece", 5), ("closed", 0)]


@EITHER
@pytest.mark.parametrize("whose", ["the server's", "the handler's"])
async def test_a_body_that_takes_too_long(
    server_class: ServerClass, whose: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = application(**({"timeout": 0.1} if whose == "the handler's" else {}))
    app.settings["gate"].set()
    options: dict[str, Any] = {"body_timeout": 0.1} if whose == "the server's" else {}
    with caplog.at_level(logging.INFO, "tornado.general"):
        async with serving(server_class, app, **options) as here:
            client = await here.connect()
            await part_of_a_body(client, app)
            assert await client.rest() == b""
            await turns()
    assert app.settings["seen"] == [("piece", 5), ("closed", 0)]
    [record] = caplog.records
    assert record.getMessage().startswith("Timeout reading body from ")


@EITHER
async def test_a_body_that_comes_in_time_has_no_timer_left(server_class: ServerClass) -> None:
    async with serving(server_class, application(), body_timeout=0.2) as here:
        client = await here.connect()
        began = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < began + 0.5:
            await client.send(head("/", 2) + b"a")
            await turns(2)
            await client.send(b"b")
            assert (await client.read_response()).body == b"ab"


@EITHER
async def test_an_early_answer_ends_the_connection(server_class: ServerClass) -> None:
    app = application()
    async with serving(server_class, app) as here:
        client = await here.connect()
        await client.send(head("/hasty", 10) + b"123")
        response = await client.read_response()
        assert response.body == b"y"
        assert await client.rest() == b""
        await until(lambda: not here.connections)
        assert not [what for what, _ in app.settings["seen"] if what == "piece"]


@EITHER
async def test_an_early_answer_that_is_going_out_is_not_told_as_a_close(
    server_class: ServerClass,
) -> None:
    """Its handler would take a client for gone that is reading."""
    size = 8 * MEGABYTE
    app = application(answer=size)
    async with serving(server_class, app) as here:
        client = await here.connect(receive_buffer=65536)
        await client.send(head("/hasty", 3) + b"123")
        await client.read_through(b"\r\n\r\n")
        await turns()
        assert app.settings["seen"] == []
        assert len(await client.rest()) == size
        await until(lambda: app.settings["seen"] == [("closed", 0)])


@EITHER
async def test_an_early_answer_reaches_a_client_that_sends_all_before_it_reads(
    server_class: ServerClass,
) -> None:
    size = 8 * MEGABYTE
    async with serving(server_class, application(answer=size)) as here:
        client = await here.connect(receive_buffer=65536)
        await client.send(head("/hasty", 2 * size))
        await turns()
        for _ in range(16):
            await client.send(b"z" * MEGABYTE)
        assert (await client.read_through(b"\r\n")) == b"HTTP/1.1 200 OK\r\n"


@EITHER
async def test_what_a_piece_sets_in_its_context_the_next_one_sees(
    server_class: ServerClass,
) -> None:
    app = application()
    async with serving(server_class, app) as here:
        client = await here.connect()
        await client.send(head("/remembering", 3))
        for number in range(1, 4):
            await client.send(b"a")
            await until(lambda number=number: ("step", number) in app.settings["seen"])  # type: ignore[misc]
        assert (await client.read_response()).body == b"counted"


@EITHER
async def test_what_is_scheduled_before_a_body_is_done_before_it(
    server_class: ServerClass,
) -> None:
    app = application()
    async with serving(server_class, app) as here:
        client = await here.connect()
        await client.send(head("/scheduling", 2) + b"ab")
        await client.read_response()
    assert app.settings["seen"] == [("done", 0), ("piece", 2), ("post", 0)]


@EITHER
async def test_a_stream_that_is_detached_before_the_body_has_the_body(
    server_class: ServerClass,
) -> None:
    taken: asyncio.Future[IOStream] = asyncio.get_running_loop().create_future()
    app = application(stream=taken)
    async with serving(server_class, app, body_timeout=0.05) as here:
        client = await here.connect()
        await client.send(head("/detaching", 10) + b"12345")
        stream = await taken
        assert await stream.read_bytes(5) == b"12345"
        await client.send(b"67890")
        assert await stream.read_bytes(5) == b"67890"
        await turns(80)  # as long as a body might have taken
        assert not stream.closed()
        stream.close()
        assert app.settings["seen"] == []
