"""A connection's stream, looked at: what does not read is as with Tornado's stream."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from tornado.ioloop import IOLoop
from tornado.iostream import StreamClosedError
from tornado.web import Application, RequestHandler, stream_request_body

from tests.engine.serving import EITHER, EITHER_LOOP, GET, ServerClass, serving, turns, until
from tornkit.engine.server import HTTPServer

pytestmark = EITHER_LOOP


class Looking(RequestHandler):
    """Gives its stream away, and waits."""

    async def get(self) -> None:
        assert self.request.connection is not None
        self.settings["streams"].append(self.request.connection.stream)  # type: ignore[attr-defined]
        await self.settings["gate"].wait()
        self.write("done")

    def on_connection_close(self) -> None:
        self.settings["gate"].set()


def application() -> Application:
    return Application([("/", Looking)], streams=[], gate=asyncio.Event())


@EITHER
async def test_an_open_stream(server_class: ServerClass) -> None:
    app = application()
    async with serving(server_class, app, max_buffer_size=1_000_000) as here:
        client = await here.connect()
        await client.send(GET)
        await until(lambda: len(app.settings["streams"]) == 1)
        [stream] = app.settings["streams"]
        assert not stream.closed()
        assert not stream.writing()
        assert not stream.reading()
        assert stream.error is None
        assert stream.max_buffer_size == 1_000_000
        assert stream.io_loop is IOLoop.current()
        assert stream.fileno() is stream.socket
        assert stream.socket.getpeername() == client.sock.getsockname()
        [connection] = here.connections
        assert connection.stream.socket is stream.socket
        for value in (True, False):
            stream.set_nodelay(value)
            option = stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert bool(option) == value
        app.settings["gate"].set()
        assert (await client.read_response()).body == b"done"
        await until(connection.stream.reading)


@EITHER
@pytest.mark.parametrize("how", ["the client", "the client's crash", "the handler"])
async def test_a_closed_stream(server_class: ServerClass, how: str) -> None:
    app = application()
    told: list[str] = []
    async with serving(server_class, app) as here:
        client = await here.connect()
        await client.send(GET)
        await until(lambda: len(app.settings["streams"]) == 1)
        [stream] = app.settings["streams"]
        if how == "the client":
            client.close()
        elif how == "the handler":
            stream.close()
        else:
            client.reset()
        await until(stream.closed)
        assert stream.socket is None
        assert isinstance(stream.error, ConnectionResetError) == (how == "the client's crash")
        with pytest.raises(StreamClosedError):
            stream.write(b"x")
        stream.set_nodelay(True)
        stream.close()
        stream.set_close_callback(lambda: told.append("too late"))
        await until(lambda: not here.connections)
        await turns(3)
        assert told == []


@EITHER
async def test_a_close_callback(server_class: ServerClass) -> None:
    app = application()
    told: list[str] = []
    async with serving(server_class, app) as here:
        client = await here.connect()
        await client.send(GET)
        await until(lambda: len(app.settings["streams"]) == 1)
        [stream] = app.settings["streams"]
        stream.set_close_callback(lambda: told.append("first"))
        stream.set_close_callback(lambda: told.append("second"))
        stream.close()
        assert told == []  # never within the call
        await until(lambda: told == ["second"])
        stream.close()
        await turns(3)
        assert told == ["second"]
        app.settings["gate"].set()


@EITHER
async def test_bytes_around_http(server_class: ServerClass) -> None:
    app = application()
    async with serving(server_class, app) as here:
        client = await here.connect(receive_buffer=10_000)
        await client.send(GET)
        await until(lambda: len(app.settings["streams"]) == 1)
        [stream] = app.settings["streams"]
        await stream.write(b"early ")
        await stream.write(memoryview(b"hints "))
        pending = stream.write(b"x" * 5_000_000)
        assert stream.writing()
        await turns(3)
        assert not pending.done()
        assert await client.read(12) == b"early hints "
        assert await client.read(5_000_000) == b"x" * 5_000_000
        await pending
        assert not stream.writing()
        app.settings["gate"].set()
        assert (await client.read_response()).body == b"done"


@EITHER
async def test_bytes_that_are_lost(server_class: ServerClass) -> None:
    app = application()
    async with serving(server_class, app) as here:
        client = await here.connect(receive_buffer=10_000)
        await client.send(GET)
        await until(lambda: len(app.settings["streams"]) == 1)
        [stream] = app.settings["streams"]
        pending: Any = stream.write(b"x" * 5_000_000)
        stream.write(b"and nobody looks")
        stream.close()
        with pytest.raises(StreamClosedError):
            await pending


class Late(RequestHandler):
    """Asks to be told of the end when it has answered."""

    def get(self) -> None:
        assert self.request.connection is not None
        stream: Any = self.request.connection.stream  # type: ignore[attr-defined]
        self.settings.get("requests", []).append(self.request)
        self.finish("x")
        stream.set_close_callback(lambda: None)
        if self.request.path == "/detach":
            self.settings["streams"].append(self.request.connection.detach())  # type: ignore[attr-defined]


@EITHER
@pytest.mark.parametrize("how", ["detached", "handed on"])
async def test_a_callback_of_an_answered_request_does_not_outlive_the_view(
    server_class: ServerClass, how: str
) -> None:
    failures: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, each: failures.append(each))
    app = Application([("/.*", Late)], streams=[])
    async with serving(server_class, app) as here:
        client = await here.connect()
        if how == "detached":
            await client.send(GET.replace(b"/ ", b"/detach "))
        else:
            await client.send(GET + GET.replace(b"\r\n\r\n", b"\r\nExpect: it\r\n\r\n"))
            await client.read_response()
        await client.read_response()
        await turns()
        for stream in app.settings["streams"]:
            stream.close()
    assert not failures


async def test_bytes_that_wait_do_not_give_an_answered_request_the_connection() -> None:
    """It is the next one's, another client's behind a proxy."""
    app = Application([("/.*", Late)], streams=[], requests=[])
    async with serving(HTTPServer, app) as here:
        client = await here.connect(receive_buffer=65536)
        await client.send(GET)
        assert (await client.read_response()).body == b"x"
        await turns()
        [request] = app.settings["requests"]
        much = 8_000_000
        request.connection.stream.write(b"m" * much)
        detached = request.connection.detach()
        assert detached.closed()
        await client.send(GET)
        await client.read(much)
        assert (await client.read_response()).body == b"x"


@stream_request_body
class Failing(RequestHandler):
    """Asks to be told of the end, and fails before its body was read."""

    def prepare(self) -> None:
        assert self.request.connection is not None
        told = self.settings["told"]
        self.request.connection.stream.set_close_callback(  # type: ignore[attr-defined]
            lambda: told.append("by the stream")
        )

    def data_received(self, chunk: bytes) -> None:
        raise ValueError("bad")

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self.settings["told"].append("by its delegate")


@EITHER
async def test_a_request_that_fails_is_told_by_its_delegate_alone(
    server_class: ServerClass, caplog: pytest.LogCaptureFixture
) -> None:
    app = Application([("/", Failing)], told=[])
    async with serving(server_class, app) as here:
        client = await here.connect()
        await client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nb")
        assert await client.rest() == b""
        await turns()
    assert app.settings["told"] == ["by its delegate"]


@EITHER
async def test_a_callback_that_comes_too_late_is_called_when_it_is_closed_again(
    server_class: ServerClass,
) -> None:
    told: list[str] = []
    app = Application([("/", Late)], streams=[], requests=[])
    async with serving(server_class, app) as here:
        client = await here.connect()
        await client.send(GET)
        await client.read_response()
        client.close()
        await until(lambda: not here.connections)
        [request] = app.settings["requests"]
        request.connection.stream.set_close_callback(lambda: told.append("closed"))
        await turns()
        assert told == []
        request.connection.close()
        await until(lambda: told == ["closed"])


class Closing(RequestHandler):
    """Closes its stream, and asks to be told of that."""

    def get(self) -> None:
        connection: Any = self.request.connection
        stream = connection.stream
        self.settings["requests"].append(self.request)
        stream.close(OSError("enough"))
        stream.set_close_callback(lambda: self.settings["told"].append("closed"))


@EITHER
async def test_a_callback_of_a_request_that_has_ended_is_not_called(
    server_class: ServerClass,
) -> None:
    app = Application([("/", Closing)], told=[], requests=[], log_function=lambda handler: None)
    async with serving(server_class, app) as here:
        client = await here.connect()
        await client.send(GET)
        assert await client.rest() == b""
        await until(lambda: not here.connections)
        app.settings["requests"][0].connection.close()
        await turns()
    assert app.settings["told"] == []


@EITHER
async def test_a_callback_that_is_set_as_the_connection_is_closed_is_forgotten(
    server_class: ServerClass,
) -> None:
    told: list[str] = []
    app = Application([("/", Late)], streams=[], requests=[])
    async with serving(server_class, app) as here:
        client = await here.connect()
        await client.send(GET)
        await client.read_response()
        await turns()
        [request] = app.settings["requests"]
        stream = request.connection.stream
        stream.close()
        stream.set_close_callback(lambda: told.append("closed"))
        await turns()
        stream.close()
        await turns()
    assert told == []
