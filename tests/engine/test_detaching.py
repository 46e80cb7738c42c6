"""Streams of requests that end early: what stays open and who is told is as with Tornado's own."""

from __future__ import annotations

import asyncio
import logging
import socket
import weakref
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, HTTPServerRequest, ResponseStartLine
from tornado.iostream import IOStream
from tornado.web import Application, RequestHandler, stream_request_body

from tests.engine.speedups.watching import installed
from tornkit.engine.server import HTTPServer as EngineServer


async def became(
    server_class: type[HTTPServer], body: int, *, behind: bytes = b"", ends: bool
) -> str:
    """What a client sees whose request's stream was detached and dropped: it is open, or not."""
    dropped: list[weakref.ref[IOStream]] = []

    def detach(request: HTTPServerRequest) -> None:
        dropped.append(weakref.ref(request.connection.detach()))  # type: ignore[union-attr]

    server = server_class(detach)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.setblocking(False)
        server.add_socket(sock)
        reader, writer = await asyncio.open_connection(*sock.getsockname())
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % body)
        writer.write(b"x" * body + behind)
        for _ in range(50):
            await asyncio.sleep(0.001)
        if ends:
            writer.write_eof()
        try:
            async with asyncio.timeout(0.1):
                await reader.read(1)
        except TimeoutError:
            return "open"
        finally:
            writer.close()
            server.stop()
            for stream in filter(None, (each() for each in dropped)):
                stream.close()
        return "closed"


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("body", [0, 10, 3000])
def test_a_stream_that_nobody_reads(body: int, ends: bool) -> None:
    tornados = asyncio.run(became(HTTPServer, body, ends=ends))
    assert asyncio.run(became(EngineServer, body, ends=ends)) == tornados
    assert tornados == ("closed" if ends and not body else "open")


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("body", [0, 10])
def test_a_stream_with_unread_bytes(body: int, ends: bool) -> None:
    tornados = asyncio.run(became(HTTPServer, body, behind=b"early", ends=ends))
    assert asyncio.run(became(EngineServer, body, behind=b"early", ends=ends)) == tornados
    assert tornados == "open"


EITHER = pytest.mark.parametrize("server_class", [HTTPServer, EngineServer])


async def turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0.001)


def connected(server: HTTPServer) -> socket.socket:
    """The client's end of a connection of the server's."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    server._handle_connection(theirs, ("", 0))
    return ours


@EITHER
def test_one_that_is_watched_for_its_handler_ends_with_its_client(
    server_class: type[HTTPServer],
) -> None:
    """Also where its body had come with its head."""

    @stream_request_body
    class Taking(RequestHandler):
        def prepare(self) -> None:
            self.request.connection.stream.set_close_callback(lambda: None)  # type: ignore[union-attr]

        def data_received(self, chunk: bytes) -> None:
            self.detach()

        def post(self) -> None:
            return

    async def test() -> bytes:
        server = server_class(Application([("/", Taking)], log_function=lambda handler: None))
        with connected(server) as client:
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")
            await turns()
            client.shutdown(socket.SHUT_WR)
            return await asyncio.get_running_loop().sock_recv(client, 10)

    logging.getLogger("tornado").setLevel(logging.CRITICAL)  # its handler has no connection
    try:
        assert asyncio.run(asyncio.wait_for(test(), 5)) == b""
    finally:
        logging.getLogger("tornado").setLevel(logging.NOTSET)


@EITHER
@pytest.mark.parametrize("body_timeout", [None, 5])
def test_a_streaming_handler_has_been_told_when_all_are_closed(
    server_class: type[HTTPServer], body_timeout: float | None
) -> None:
    told: list[bool] = []

    @stream_request_body
    class Upload(RequestHandler):
        def data_received(self, chunk: bytes) -> None:
            return

        def post(self) -> None:
            return

        def on_connection_close(self) -> None:
            told.append(True)

    async def test() -> None:
        application = Application([("/", Upload)], log_function=lambda handler: None)
        server = server_class(application, body_timeout=body_timeout)
        with connected(server) as client:
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
            await turns()
            await server.close_all_connections()
            assert told == [True]

    asyncio.run(test())


@EITHER
def test_a_callback_of_an_earlier_request_is_not_told_behind_a_later_answer(
    server_class: type[HTTPServer],
) -> None:
    """Though that is still being sent when its client leaves."""
    told: list[bool] = []
    streams: list[IOStream] = []

    def answer(request: HTTPServerRequest) -> None:
        body = b"x" * (8_000_000 if request.path == "/large" else 2)
        connection = request.connection
        assert connection is not None
        streams.append(connection.stream)  # type: ignore[attr-defined]
        headers = HTTPHeaders({"Content-Length": str(len(body))})
        connection.write_headers(ResponseStartLine("HTTP/1.1", 200, "OK"), headers, body)
        connection.finish()

    async def test() -> None:
        client = connected(server_class(answer))
        client.sendall(b"GET /small HTTP/1.1\r\nHost: x\r\n\r\n")
        await turns()
        client.recv(1000)
        streams[0].set_close_callback(lambda: told.append(True))
        await turns()
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        await turns()
        client.close()
        await turns()

    asyncio.run(test())
    assert told == []


class Finishing(RequestHandler):
    """Does something once its answer is written, and notes what comes of it."""

    said: list[str]

    def initialize(self, said: list[str]) -> None:
        self.said = said

    def get(self) -> None:
        self.write("x")

    def note(self, value: object) -> None:
        self.said.append(repr(value))


async def noted(server_class: type[HTTPServer], handler: type[Finishing], sent: bytes) -> list[str]:
    said: list[str] = []
    server = server_class(
        Application([("/", handler, {"said": said})], log_function=lambda handler: None)
    )
    with connected(server) as client:
        client.sendall(sent)
        await turns()
    return said


REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@EITHER
def test_what_was_read_before_the_end_can_be_read_from_a_closed_one(
    server_class: type[HTTPServer],
) -> None:
    """Pipelined behind a request that is the last: its handler may take the stream, late as it
    is."""

    class Reading(Finishing):
        def on_finish(self) -> None:
            stream = self.detach()
            self.note(stream.closed())
            self.note(asyncio.ensure_future(stream.read_bytes(1000, partial=True)).result())

    found = asyncio.run(noted(server_class, Reading, LAST + REQUEST))
    assert found == ["True", repr(REQUEST)]


@EITHER
def test_a_head_that_was_refused_says_nothing_of_the_whole_answer_behind_it(
    server_class: type[HTTPServer],
) -> None:
    class Twice(Finishing):
        def get(self) -> None:
            try:
                self.request.connection.write_headers(  # type: ignore[union-attr]
                    ResponseStartLine("HTTP/1.1", 200, "OK"), HTTPHeaders({"X-A": "a\r\nb"})
                )
            except ValueError as error:
                self.note(error)
            super().get()

        def on_finish(self) -> None:
            connection = self.request.connection
            assert connection is not None
            connection.detach().close()  # type: ignore[attr-defined]
            try:
                connection.finish()
            except AttributeError as error:
                self.note(error)

    with installed(server_class is EngineServer):
        refused, finished = asyncio.run(noted(server_class, Twice, REQUEST))
    assert "Illegal characters" in refused
    assert "set_nodelay" in finished, "nothing is chunked"


async def error_of(server_class: type[HTTPServer], given: object) -> BaseException | None:
    """The error of a stream that is detached behind its close."""
    found: list[BaseException | None] = []

    def close_and_detach(request: HTTPServerRequest) -> None:
        connection: Any = request.connection
        connection.stream.close(given)
        found.append(connection.detach().error)

    server = server_class(close_and_detach)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.setblocking(False)
        server.add_socket(sock)
        reader, writer = await asyncio.open_connection(*sock.getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await reader.read() == b""
        writer.close()
        server.stop()
    return found[0]


@pytest.mark.parametrize("given", [False, True, KeyError("x"), (KeyError, KeyError("x"), None)])
def test_what_a_stream_was_closed_for_is_known_behind_its_detachment(given: object) -> None:
    tornados = asyncio.run(error_of(HTTPServer, given))
    assert repr(asyncio.run(error_of(EngineServer, given))) == repr(tornados)
    assert (tornados is not None) is (given not in (False, True))
