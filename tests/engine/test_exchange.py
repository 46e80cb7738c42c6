"""What a handler may do with its connection: bytes, futures and errors are as with Tornado."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import tornado.httpserver
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPOutputError,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import StreamClosedError

from tests.clients.asynchronous import Client
from tests.engine.serving import (
    EITHER,
    EITHER_LOOP,
    GET,
    ServerClass,
    Serving,
    serving,
    turns,
    until,
)
from tornkit.engine.server import HTTPServer

pytestmark = EITHER_LOOP

Answer = Callable[[Any], Awaitable[None]]


class Answering(HTTPServerConnectionDelegate):
    """Has each request answered by a coroutine, which gets the request's connection."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.answers: list[asyncio.Future[None]] = []

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        return Answered(self, request_conn)


class Answered(HTTPMessageDelegate):
    def __init__(self, answering: Answering, connection: HTTPConnection) -> None:
        self.answering = answering
        self.connection = connection

    def finish(self) -> None:
        answer = self.answering.answer(self.connection)
        self.answering.answers.append(asyncio.ensure_future(answer))


@contextlib.asynccontextmanager
async def answering(
    server_class: ServerClass, answer: Answer, **options: Any
) -> AsyncIterator[tuple[Serving, Client, Answering]]:
    """A client whose requests ``answer`` answers; its errors are the test's."""
    callback = Answering(answer)
    async with serving(server_class, callback, **options) as here:
        client = await here.connect(receive_buffer=10_000)
        yield here, client, callback
        for made in callback.answers:
            if made.done():
                made.result()
            else:
                made.cancel()


def ok(code: int = 200, reason: str = "OK") -> ResponseStartLine:
    return ResponseStartLine("HTTP/1.1", code, reason)


# ---- the bytes ----


HEADS: dict[str, tuple[ResponseStartLine, dict[str, Any], bytes | None]] = {
    "a length": (ok(), {"Content-Length": "5"}, b"hello"),
    "chunked": (ok(), {}, b"hello"),
    "chunked, and empty": (ok(), {}, b""),
    "no content": (ok(204, "No Content"), {}, None),
    "not modified": (ok(304, "Not Modified"), {"Etag": '"x"'}, None),
    "not modified, with a length": (ok(304, "Not Modified"), {"Content-Length": "9"}, None),
    "informational": (ok(103, "Early Hints"), {"Link": "x"}, None),
    "no reason": (ok(200, ""), {"Content-Length": "0"}, None),
    "a reason in another script": (ok(200, "Ça va \u2713"), {"Content-Length": "0"}, None),
    "latin-1": (ok(), {"X": "caf\xe9", "Content-Length": "0"}, None),
    "bytes": (ok(), {"X": b"caf\xc3\xa9", "Content-Length": "0"}, None),
    "an empty value": (ok(), {"X": "", "Content-Length": "0"}, None),
    "a code of another type": (ok(200.9), {"Content-Length": "0"}, None),  # type: ignore[arg-type]
    "a header that it has to set": (ok(), {"Transfer-Encoding": "x", "Connection": "y"}, b"z"),
}


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("closes", [True, False])
async def test_the_bytes_are_the_same(name: str, method: str, closes: bool) -> None:
    start_line, lines, body = HEADS[name]
    written: list[Any] = []
    for server_class in (tornado.httpserver.HTTPServer, HTTPServer):

        async def answer(connection: Any) -> None:
            headers = HTTPHeaders()
            for name, value in lines.items():
                headers[name] = value
            await connection.write_headers(start_line, headers, body if method == "GET" else None)
            connection.finish()
            # What was set is to be seen: `RequestHandler` logs it.
            written.append(sorted(headers.get_all()))

        async with answering(server_class, answer) as (_, client, _):
            line = "Connection: close" if closes else "X: y"
            await client.send(f"{method} / HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n".encode())
            if closes:
                written.append(await client.rest())
            else:
                await until(lambda: len(written) % 2 == 1)
                await turns(3)
                client.end()
                written.append(await client.rest())
    assert written[:2] == written[2:]
    assert written[1].startswith(b"HTTP/1.1 ")


@EITHER
async def test_a_body_in_pieces_is_chunked(server_class: ServerClass) -> None:
    async def answer(connection: Any) -> None:
        await connection.write_headers(ok(), HTTPHeaders())
        await connection.write(b"hello")
        await connection.write(b"")
        await connection.write(b"x" * 300)
        connection.finish()

    async with answering(server_class, answer) as (_, client, _):
        for _ in range(2):
            await client.send(GET)
            assert (await client.read_through(b"\r\n\r\n")).lower() == (
                b"http/1.1 200 ok\r\ntransfer-encoding: chunked\r\n\r\n"
            )
            assert await client.read_through(b"0\r\n\r\n") == (
                b"5\r\nhello\r\n12c\r\n" + b"x" * 300 + b"\r\n0\r\n\r\n"
            )


@EITHER
async def test_whoever_writes_no_head_writes_bytes(server_class: ServerClass) -> None:
    async def answer(connection: Any) -> None:
        await connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        connection.finish()

    async with answering(server_class, answer) as (_, client, _):
        for _ in range(2):
            await client.send(GET)
            assert (await client.read_response()).status == 200


# ---- what a handler may not write ----


@EITHER
@pytest.mark.parametrize(
    ("start_line", "name", "value"),
    [
        (ok(), "X", "a\r\nSet-Cookie: b"),
        (ok(), "X", "a\nb"),
        (ok(), "X", "a\rb"),
        (ok(), "X\r\nY", "a"),
        (ok(), "X\nY", "a"),
        (ok(), "X", b"a\r\nb"),
        (ok(200, "OK\r\nX: y"), "X", "a"),
        (ok(200, "\u2713\nX: y"), "X", "a"),
        (ok(), "X", "\u2713"),
        (ok(), "X", "\u2713\r\nY: z"),
        (ok(), "X\u2713", "a"),
        (ok(), "X", None),
        (ok(), "X", 7),
        (ok(), "Content-Length", "five"),
        (ok(), "Content-Length", "-5"),
        (ok(), "Content-Length", ""),
    ],
)
async def test_a_head_cannot_be_split(
    server_class: ServerClass, start_line: ResponseStartLine, name: str, value: Any
) -> None:
    errors: list[Exception] = []

    async def answer(connection: Any) -> None:
        headers = HTTPHeaders({"A": "b"})
        headers[name] = value
        try:
            await connection.write_headers(start_line, headers, b"body")
        except Exception as error:  # noqa: BLE001 - which one is compared below
            errors.append(error)
        connection.close()

    async with answering(server_class, answer) as (_, client, _):
        await client.send(GET)
        assert await client.rest() == b""
    [error] = errors
    if value is None or value == 7:
        assert type(error) is TypeError
    elif name == "Content-Length":
        assert type(error) is ValueError
    elif "\u2713" in f"{name}{value}":
        assert type(error) is UnicodeEncodeError
    else:
        assert type(error) is ValueError
        assert str(error).startswith("Illegal characters (CR or LF) in header: b'")


@EITHER
@pytest.mark.parametrize("pieces", [[b"123456"], [b"123", b"456"], [b"12345", b"6"]])
async def test_more_than_its_length_closes(server_class: ServerClass, pieces: list[bytes]) -> None:
    errors: list[str] = []

    async def answer(connection: Any) -> None:
        first, *more = pieces
        try:
            await connection.write_headers(ok(), HTTPHeaders({"Content-Length": "5"}), first)
            for piece in more:
                await connection.write(piece)
        except HTTPOutputError as error:
            errors.append(str(error))
            assert connection.stream.closed()

    async with answering(server_class, answer) as (here, client, _):
        await client.send(GET)
        received = await client.rest()
        assert b"6" not in received
        await until(lambda: not here.connections)
    assert errors == ["Tried to write more data than Content-Length"]


@EITHER
@pytest.mark.parametrize("written", [b"", b"12"])
async def test_less_than_its_length_closes(server_class: ServerClass, written: bytes) -> None:
    errors: list[str] = []

    async def answer(connection: Any) -> None:
        await connection.write_headers(ok(), HTTPHeaders({"Content-Length": "5"}), written)
        try:
            connection.finish()
        except HTTPOutputError as error:
            errors.append(str(error))
            assert connection.stream.closed()

    async with answering(server_class, answer) as (_, client, _):
        await client.send(GET)
        assert (await client.rest()).endswith(b"\r\n\r\n" + written)
    assert errors == [f"Tried to write {5 - len(written)} bytes less than Content-Length"]


@EITHER
@pytest.mark.parametrize("method", ["HEAD", "GET"])
async def test_nothing_is_written_where_there_is_no_body(
    server_class: ServerClass, method: str
) -> None:
    errors: list[str] = []

    async def answer(connection: Any) -> None:
        code = 200 if method == "HEAD" else 304
        try:
            await connection.write_headers(ok(code), HTTPHeaders({"Content-Length": "5"}), b"12345")
        except HTTPOutputError as error:
            errors.append(str(error))

    async with answering(server_class, answer) as (_, client, _):
        await client.send(f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert await client.rest() == b""
    assert errors == ["Tried to write more data than Content-Length"]


# ---- clients that are gone ----


@EITHER
async def test_what_is_written_to_nobody_fails(server_class: ServerClass) -> None:
    gone: list[str] = []

    async def answer(connection: Any) -> None:
        closed = asyncio.Event()
        connection.set_close_callback(closed.set)
        await closed.wait()
        assert connection.stream.closed()
        with pytest.raises(StreamClosedError):
            await connection.write_headers(ok(), HTTPHeaders())
        with pytest.raises(StreamClosedError):
            await connection.write(b"x")
        connection.write(b"x")  # and nobody is warned who does not look
        connection.finish()
        gone.append("told")

    async with answering(server_class, answer) as (here, client, _):
        await client.send(GET)
        await turns(3)
        client.close()
        await until(lambda: gone == ["told"])
        await until(lambda: not here.connections)


@EITHER
async def test_a_length_that_is_not_kept_does_not_matter_to_nobody(
    server_class: ServerClass,
) -> None:
    finished: list[bool] = []

    async def answer(connection: Any) -> None:
        closed = asyncio.Event()
        connection.set_close_callback(closed.set)
        await connection.write_headers(ok(), HTTPHeaders({"Content-Length": "5"}), b"12")
        await closed.wait()
        connection.finish()
        finished.append(True)

    async with answering(server_class, answer) as (_, client, _):
        await client.send(GET)
        await client.read_through(b"12")
        client.close()
        await until(lambda: finished == [True])


@EITHER
async def test_a_write_that_is_lost_is_done_and_the_next_one_fails(
    server_class: ServerClass,
) -> None:
    done: list[str] = []

    async def answer(connection: Any) -> None:
        await connection.write_headers(ok(), HTTPHeaders(), b"x" * 5_000_000)
        done.append("written")
        with pytest.raises(StreamClosedError):
            await connection.write(b"x")
        done.append("failed")

    async with answering(server_class, answer) as (_, client, _):
        await client.send(GET)
        await client.read(1000)
        assert done == []
        client.reset()
        await until(lambda: done == ["written", "failed"])


@EITHER
async def test_close_callback_is_not_called_where_it_is_taken_back(
    server_class: ServerClass,
) -> None:
    called: list[str] = []

    async def answer(connection: Any) -> None:
        connection.set_close_callback(lambda: called.append("first"))
        connection.set_close_callback(lambda: called.append("second"))
        if called:
            connection.set_close_callback(None)

    async with answering(server_class, answer) as (here, client, callback):
        await client.send(GET)
        await until(lambda: bool(callback.answers))
        client.close()
        await until(lambda: called == ["second"])
        other = await here.connect()
        await other.send(GET)
        await until(lambda: len(callback.answers) == 2)
        other.close()
        await until(lambda: not here.connections)
        await turns()
        assert called == ["second"]


@EITHER
async def test_a_response_that_is_complete_has_no_close_callback(
    server_class: ServerClass,
) -> None:
    called: list[str] = []

    async def answer(connection: Any) -> None:
        connection.set_close_callback(lambda: called.append("closed"))
        await connection.write_headers(ok(), HTTPHeaders({"Content-Length": "0"}))
        connection.finish()

    async with answering(server_class, answer) as (here, client, _):
        await client.send(GET)
        await client.read_response()
        client.close()
        await until(lambda: not here.connections)
        await turns()
        assert called == []


@EITHER
async def test_a_handler_may_close(server_class: ServerClass) -> None:
    called: list[str] = []

    async def answer(connection: Any) -> None:
        connection.set_close_callback(lambda: called.append("closed"))
        assert not connection.is_client
        assert connection.params.chunk_size == 65536
        connection.close()
        connection.close()
        assert connection.stream.closed()

    async with answering(server_class, answer) as (here, client, _):
        await client.send(GET)
        assert await client.rest() == b""
        await until(lambda: not here.connections)
        await turns(3)
        assert called == []


# ---- clients that do not read ----


@EITHER
async def test_a_write_is_done_when_the_client_has_taken_it(server_class: ServerClass) -> None:
    steps: list[int] = []

    async def answer(connection: Any) -> None:
        await connection.write_headers(ok(), HTTPHeaders())
        for step in range(100):
            await connection.write(b"x" * 100_000)
            steps.append(step)
        connection.finish()

    async with answering(server_class, answer) as (here, client, _):
        await client.send(GET)
        await until(lambda: bool(steps))
        at = -1
        while at != len(steps):  # until the kernel takes no more
            at = len(steps)
            await turns()
        assert at < 100
        [connection] = here.connections
        assert connection.stream.writing()
        assert len((await client.read_response()).body) == 10_000_000
        await until(lambda: not connection.stream.writing())
        await client.send(GET)
        assert len((await client.read_response()).body) == 10_000_000


async def test_each_write_is_done_when_it_has_gone_not_when_all_have() -> None:
    """A second writer that never lets the connection rest does not hold up the first."""
    done: list[str] = []
    writes: list[Any] = []

    async def answer(connection: Any) -> None:
        await connection.write_headers(ok(), HTTPHeaders())
        for name in ("first", "second"):
            future = connection.write(b"x" * 5_000_000)
            future.add_done_callback(lambda _, name=name: done.append(name))
            writes.append(future)
        connection.finish()

    async with answering(HTTPServer, answer) as (_, client, _):
        await client.send(GET)
        await until(lambda: len(writes) == 2)
        assert done == []
        read = 0
        while not done:
            read += len(await client.read(1000))
        assert done == ["first"]
        assert read < 9_000_000
        await client.read_through(b"0\r\n\r\n")
        assert done == ["first", "second"]


async def test_small_and_large_pieces_stay_in_order() -> None:
    sizes = [1, 5_000_000, 0, 10, 4096, 4097, 3, 70_000, 1, 1, 300_000, 2]
    pieces = [bytes((65 + at,)) * size for at, size in enumerate(sizes)]

    async def answer(connection: Any) -> None:
        connection.write_headers(ok(), HTTPHeaders({"Content-Length": str(sum(sizes))}))
        for piece in pieces:
            connection.write(piece)
        connection.finish()

    async with answering(HTTPServer, answer) as (_, client, _):
        for _ in range(2):
            await client.send(GET)
            assert (await client.read_response()).body == b"".join(pieces)


async def test_a_cancelled_wait_hurts_nobody() -> None:
    async def answer(connection: Any) -> None:
        await connection.write_headers(ok(), HTTPHeaders({"Content-Length": "5000000"}))
        connection.write(b"x" * 5_000_000).cancel()
        connection.finish()

    async with answering(HTTPServer, answer) as (_, client, _):
        for _ in range(2):
            await client.send(GET)
            assert len((await client.read_response()).body) == 5_000_000


async def test_a_handler_that_only_writes_leaves_others_their_turn() -> None:
    """The client keeps up with it, so that no write ever has to wait."""
    turns_of_others: list[int] = []

    async def answer(connection: Any) -> None:
        await connection.write_headers(ok(), HTTPHeaders())
        asyncio.get_running_loop().call_soon(turns_of_others.append, 1)
        for _ in range(5):
            await connection.write(b"x")
        assert turns_of_others
        connection.finish()

    async with answering(HTTPServer, answer) as (_, client, _):
        await client.send(GET)
        assert (await client.read_response()).body == b"xxxxx"


# ---- after the end ----


@EITHER
async def test_detach_gives_the_stream_once_and_ends_http(server_class: ServerClass) -> None:
    async def answer(connection: Any) -> None:
        stream = connection.detach()
        assert connection.stream is None
        await stream.write(await stream.read_until(b"\n"))
        stream.close()

    async with answering(server_class, answer) as (here, client, _):
        await client.send(GET + b"rest\n")
        assert await client.rest() == b"rest\n"
        await until(lambda: not here.connections)


@EITHER
async def test_a_handler_may_detach_when_it_has_answered(server_class: ServerClass) -> None:
    async def answer(connection: Any) -> None:
        await connection.write_headers(ok(), HTTPHeaders({"Content-Length": "0"}))
        connection.finish()
        stream = connection.detach()
        await stream.write(b"behind")
        stream.close()

    async with answering(server_class, answer) as (_, client, _):
        await client.send(GET)
        assert (await client.read_response()).status == 200
        assert await client.rest() == b"behind"


class Early(HTTPServerConnectionDelegate, HTTPMessageDelegate):
    """Takes the stream where Tornado says that one may: in `headers_received`."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        self.connection: Any = request_conn
        return self

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        stream = self.connection.detach()
        stream.write(b"taken")
        stream.close()
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self.told.append("data_received")
        return None

    def finish(self) -> None:
        self.told.append("finish")

    def on_connection_close(self) -> None:
        self.told.append("on_connection_close")


@EITHER
async def test_who_detaches_at_once_is_told_nothing_more(server_class: ServerClass) -> None:
    delegate = Early()
    async with serving(server_class, delegate) as here:
        client = await here.connect()
        await client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
        received = b""
        with contextlib.suppress(ConnectionResetError):
            received = await client.rest()
        assert received in (b"taken", b"")
        await until(lambda: not here.connections)
        await turns(3)
        assert delegate.told == []
