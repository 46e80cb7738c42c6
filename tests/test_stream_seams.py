"""Private parts of Tornado's streams and connections, as the installed Tornado has them.

What moves a connection, and what is unread in it: `test_seams`.
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream, StreamBufferFullError, StreamClosedError
from tornado.tcpserver import TCPServer
from tornado.web import Application, RequestHandler, stream_request_body

from tornkit import stream_seams

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A connected pair: the server's end, and the client's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for sock in (ours, theirs):
            sock.setblocking(False)
        yield ours, theirs


def in_loop(test: Awaitable[Any]) -> Any:
    return asyncio.run(asyncio.wait_for(test, 10))


# ---- a request under way ----


@dataclass
class Seen:
    """Facts about a request at one moment."""

    unanswered: bool
    open_ended: bool


def see(handler: RequestHandler) -> Seen:
    request = handler.request.connection
    assert isinstance(request, HTTP1Connection)
    return Seen(stream_seams.is_unanswered(request), stream_seams.is_open_ended(request))


WAITS, ENDLESS, MEASURED = Seen(True, False), Seen(False, True), Seen(False, False)
Answer = Callable[[RequestHandler], Awaitable[None]]


def answered(pair: Pair, text: bytes, answer: Answer) -> bytes:
    """The response that a handler gives to a request; the connection is closed behind it."""
    failed: list[BaseException] = []

    class Handler(RequestHandler):
        async def get(self) -> None:
            try:
                await answer(self)
            except BaseException as error:
                failed.append(error)
                raise

        head = post = get

    async def main() -> bytes:
        ours, theirs = pair
        server = HTTPServer(Application([("/", Handler)]))
        server.handle_stream(IOStream(ours), ("127.0.0.1", 1))
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(theirs, text)
        theirs.shutdown(socket.SHUT_WR)
        found = b""
        while piece := await loop.sock_recv(theirs, 1 << 16):
            found += piece
        await server.close_all_connections()
        return found

    found = in_loop(main())
    if failed:
        raise failed[0]
    assert isinstance(found, bytes)
    return found


GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
GET_OLD = b"GET / HTTP/1.0\r\nHost: x\r\n\r\n"
LENGTH = {"Content-Length": "4"}


@pytest.mark.parametrize(
    ("text", "status", "headers", "begun"),
    [
        (GET, 200, {}, ENDLESS),
        (GET, 500, {}, ENDLESS),
        (GET, 200, LENGTH, MEASURED),
        (GET_OLD, 200, {}, ENDLESS),
        (GET_OLD, 200, LENGTH, MEASURED),
    ],
)
def test_a_response_step_by_step(
    pair: Pair, text: bytes, status: int, headers: dict[str, str], begun: Seen
) -> None:
    seen: list[Seen] = []

    async def answer(handler: RequestHandler) -> None:
        seen.append(see(handler))
        handler.set_status(status)
        for name, value in headers.items():
            handler.set_header(name, value)
        handler.write("ab")
        seen.append(see(handler))
        await handler.flush()
        seen.append(see(handler))
        handler.write("cd")
        await handler.flush()
        seen.append(see(handler))
        await handler.finish()
        seen.append(see(handler))

    assert b"ab" in answered(pair, text, answer)
    assert seen == [WAITS, WAITS, begun, begun, MEASURED]


@pytest.mark.parametrize("text", [GET, GET_OLD])
@pytest.mark.parametrize("status", [204, 304])
def test_a_response_that_has_no_body_has_an_end(pair: Pair, text: bytes, status: int) -> None:
    seen: list[Seen] = []

    async def answer(handler: RequestHandler) -> None:
        handler.set_status(status)
        await handler.flush()
        seen.append(see(handler))

    answered(pair, text, answer)
    assert seen == [MEASURED]


def test_a_request_whose_body_is_not_all_there_is_not_unanswered(pair: Pair) -> None:
    """The handler may not have run, and a worker that ends has to wait for the body."""
    seen: list[Seen] = []

    @stream_request_body
    class Upload(RequestHandler):
        def prepare(self) -> None:
            assert stream_seams.streams_request_body(self)
            seen.append(see(self))

        def data_received(self, chunk: bytes) -> None:
            seen.append(see(self))

        def post(self) -> None:
            seen.append(see(self))

    async def main() -> None:
        ours, theirs = pair
        server = HTTPServer(Application([("/", Upload)]))
        server.handle_stream(IOStream(ours), ("127.0.0.1", 1))
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(theirs, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n")
        while not seen:
            await asyncio.sleep(0)
        await loop.sock_sendall(theirs, b"x")
        assert (await loop.sock_recv(theirs, 1000)).startswith(b"HTTP/1.1 200")
        await server.close_all_connections()

    in_loop(main())
    assert seen == [MEASURED, MEASURED, WAITS]


def test_another_kind_of_connection_says_nothing() -> None:
    other: Any = object()
    assert not stream_seams.is_unanswered(other)
    assert not stream_seams.is_open_ended(other)
    assert not stream_seams.is_sending(other)
    assert stream_seams.is_detached(other)
    assert stream_seams.handler_of(other) is None


def test_a_connection_that_closes_behind_the_response(pair: Pair) -> None:
    async def answer(handler: RequestHandler) -> None:
        request = handler.request.connection
        assert isinstance(request, HTTP1Connection)
        stream_seams.close_after_response(request)
        handler.write("ab")

    found = answered(pair, GET + GET, answer)
    assert found.count(b"HTTP/1.1 200 OK") == 1, "and the next request is not answered"
    assert b"\r\nConnection: close\r\n" in found


def test_a_tornado_that_decides_by_other_means(pair: Pair) -> None:
    async def main() -> None:
        request = HTTP1Connection(IOStream(pair[0]), is_client=False)
        del request._disconnect_on_finish
        stream_seams.close_after_response(request)
        assert not hasattr(request, "_disconnect_on_finish")
        request.close()

    in_loop(main())


def test_bytes_on_their_way(pair: Pair) -> None:
    async def main() -> None:
        stream = IOStream(pair[0])
        request = HTTP1Connection(stream, is_client=False)
        assert not stream_seams.is_sending(request)
        stream.write(b"x" * (1 << 22)).add_done_callback(lambda done: done.exception())
        assert stream_seams.is_sending(request)
        request.detach()
        assert not stream_seams.is_sending(request)
        stream.close()
        await asyncio.sleep(0)

    in_loop(main())


# ---- handlers ----


def test_the_handler_of_a_request(pair: Pair) -> None:
    async def answer(handler: RequestHandler) -> None:
        request = handler.request.connection
        assert isinstance(request, HTTP1Connection)
        assert stream_seams.handler_of(request) is handler
        request.set_close_callback(lambda: None)
        assert stream_seams.handler_of(request) is None
        request.set_close_callback([].clear)
        assert stream_seams.handler_of(request) is None
        request.set_close_callback(None)
        assert stream_seams.handler_of(request) is None

    assert answered(pair, GET, answer).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("text/event-stream", "text/event-stream"),
        ("Text/HTML ; charset=UTF-8", "text/html"),
        ("", ""),
        (None, "text/html"),
    ],
)
def test_media_types(pair: Pair, header: str | None, kind: str) -> None:
    async def answer(handler: RequestHandler) -> None:
        if header is not None:
            handler.set_header("Content-Type", header)
        assert stream_seams.media_type(handler) == kind
        handler.clear_header("Content-Type")
        assert stream_seams.media_type(handler) == ""
        assert not stream_seams.streams_request_body(handler)

    assert answered(pair, GET, answer).startswith(b"HTTP/1.1 200")


def test_a_handler_that_was_not_initialized() -> None:
    """A handler's ``__init__`` may be the program's, and raise."""
    assert stream_seams.media_type(RequestHandler.__new__(RequestHandler)) == ""


# ---- streams ----


class Sizes:
    def __init__(self, buffer: int | None, chunk: int | None) -> None:
        self.max_buffer_size = buffer
        self.read_chunk_size = chunk


def test_what_went_elsewhere_is_served_by_none(pair: Pair) -> None:
    async def main() -> None:
        stream = IOStream(pair[0])
        pair[1].send(b"one\ntwo\n")
        await stream.read_until(b"\n")
        stream_seams.forget_unread(stream)
        assert stream_seams.unread_bytes(stream) == b""
        stream.close()
        with pytest.raises(StreamClosedError):
            await stream.read_until(b"\n")

    in_loop(main())


def test_what_went_elsewhere_takes_no_room(pair: Pair) -> None:
    async def main() -> None:
        stream = stream_seams.stream_of(Sizes(6, 6), pair[0], b"abc")
        stream_seams.forget_unread(stream)
        pair[1].send(b"defg\n")
        assert await stream.read_until(b"\n") == b"defg\n"
        stream.close()

    in_loop(main())


@pytest.mark.parametrize("lacking", ["_read_buffer", "_read_buffer_size"])
def test_a_tornado_whose_buffer_is_another(pair: Pair, lacking: str) -> None:
    async def main() -> None:
        stream = IOStream(pair[0])
        kept = bytearray(b"x")
        stream._read_buffer = kept
        delattr(stream, lacking)
        stream_seams.forget_unread(stream)
        assert kept == b"x"
        assert not hasattr(stream, lacking)
        pair[0].close()

    in_loop(main())


def test_input_that_waits(pair: Pair) -> None:
    ours, theirs = pair
    assert not stream_seams.readable(ours)
    theirs.send(b"x")
    assert stream_seams.readable(ours)
    ours.recv(1)
    assert not stream_seams.readable(ours)
    theirs.close()
    assert stream_seams.readable(ours), "its end"


def test_where_it_is_not_known_there_may_be_some(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refused:
        def register(self, *args: int) -> None: ...

        def poll(self, timeout: int) -> None:
            raise MemoryError if timeout else OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(select, "poll", Refused)
    assert stream_seams.readable(pair[0])


@pytest.mark.parametrize(("buffer", "chunk"), [(None, None), (1000, 100)])
def test_a_stream_as_a_server_makes_it(pair: Pair, buffer: int | None, chunk: int | None) -> None:
    async def main() -> None:
        stream = stream_seams.stream_of(Sizes(buffer, chunk), pair[0], b"one\n")
        usual = IOStream(pair[1])
        assert stream.max_buffer_size == (buffer or usual.max_buffer_size)
        assert stream.read_chunk_size == (chunk or usual.read_chunk_size)
        await usual.write(b"two\n")
        assert [await stream.read_until(b"\n") for _ in range(2)] == [b"one\n", b"two\n"]
        for each in (stream, usual):
            each.close()

    in_loop(main())


def test_unread_bytes_count(pair: Pair) -> None:
    """Bytes that came with the connection count among those that the stream may keep."""

    async def main() -> None:
        stream = stream_seams.stream_of(Sizes(6, 6), pair[0], b"abc")
        pair[1].send(b"defg")
        with pytest.raises(StreamBufferFullError):
            await stream.read_until(b"\n")

    in_loop(main())


@pytest.mark.parametrize("watched", [True, False])
def test_a_stream_that_nobody_reads_is_held(pair: Pair, watched: bool) -> None:
    """The loop holds it; one that is watched is closed when its client leaves."""

    async def main() -> None:
        stream = IOStream(pair[0])
        handlers: dict[int, object] = stream.io_loop.handlers  # type: ignore[attr-defined]
        assert pair[0].fileno() not in handlers
        stream_seams.register(stream, watched=watched)
        assert pair[0].fileno() in handlers
        pair[1].close()
        for _ in range(8):
            await asyncio.sleep(0)
        assert stream.closed() is watched
        stream.close()

    in_loop(main())


def test_a_tornado_that_can_not_hold_it(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        stream = IOStream(pair[0])
        monkeypatch.setattr(stream, "_add_io_state", None)
        stream_seams.register(stream, watched=False)
        stream.close()

    in_loop(main())


def test_a_stream_of_no_connection() -> None:
    async def main() -> None:
        stream = stream_seams.closed_stream(Sizes(1000, 100))
        assert stream.closed()
        assert stream.max_buffer_size == 1000
        with pytest.raises(StreamClosedError):
            await stream.read_bytes(1)

    in_loop(main())


def test_a_server_without_streams_adopts_the_connection_itself(pair: Pair) -> None:
    adopted: list[tuple[socket.socket, bytes]] = []

    class Server(TCPServer):
        def adopt(self, sock: socket.socket, unread: bytes) -> None:
            adopted.append((sock, unread))

    async def main() -> None:
        stream_seams.serve_moved(Server(), pair[0], b"abc")

    in_loop(main())
    assert adopted == [(pair[0], b"abc")]
