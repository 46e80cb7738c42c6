"""The end of a request, and of its connection, where it is least expected: told once, and over."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import tornado.httpserver
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream

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
from tornkit.engine.connection import Connection
from tornkit.engine.fidelity import variants
from tornkit.engine.server import HTTPServer

pytestmark = [EITHER_LOOP, pytest.mark.usefixtures("state_steps")]

MEGABYTE = 1 << 20


class Stage(HTTPServerConnectionDelegate):
    """Does what it is given at each call of a delegate, and notes the calls."""

    def __init__(self, **act: Callable[[Actor, bytes], Any]) -> None:
        self.act = act
        self.told: list[str] = []
        self.actors: list[Actor] = []

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        return Actor(self, request_conn)


class Actor(HTTPMessageDelegate):
    def __init__(self, stage: Stage, connection: HTTPConnection) -> None:
        self.stage = stage
        self.connection: Any = connection
        self.told: list[str] = []
        self.within = 0

    def do(self, name: str, data: bytes = b"") -> Any:
        shown = f"{name} {data.decode()}".strip()
        shown = f"{shown} within a call" if self.within else shown
        self.told.append(shown)
        self.stage.told.append(shown)
        self.within += 1
        act = self.stage.act.get(name)
        try:
            return None if act is None else act(self, data)
        finally:
            self.within -= 1

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        self.stage.actors.append(self)
        self.connection.set_close_callback(lambda: self.do("left"))
        result: Awaitable[None] | None = self.do("headers")
        return result

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        result: Awaitable[None] | None = self.do("piece", chunk)
        return result

    def finish(self) -> None:
        self.do("finish")

    def on_connection_close(self) -> None:
        self.do("closed")

    def answer(self, body: bytes = b"ok") -> None:
        headers = HTTPHeaders({"Content-Length": str(len(body))})
        self.connection.write_headers(ResponseStartLine("", 200, "OK"), headers, body)
        self.connection.finish()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REFUSED = b"HTTP/1.1 400 Bad Request\r\n\r\n"


def head(length: int) -> bytes:
    return f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()


def answer(actor: Actor, _: bytes = b"") -> None:
    actor.answer()


def refuse(actor: Actor, _: bytes = b"") -> None:
    raise HTTPInputError("no")


def stall(actor: Actor) -> None:
    """Fill the socket, so that nothing goes any more."""
    sock: socket.socket = actor.connection.stream.socket
    with contextlib.suppress(BlockingIOError):
        while True:
            sock.send(b"x" * 65536)


async def gone(here: Serving) -> None:
    await until(lambda: not here.connections)
    await turns(3)


# ---- within a body ----


@EITHER
async def test_a_piece_in_which_the_connection_is_closed_is_not_left_for_another(
    server_class: ServerClass,
) -> None:
    def close(actor: Actor, piece: bytes) -> None:
        if piece == b"23":
            actor.connection.stream.close()

    stage = Stage(piece=close)
    async with serving(server_class, stage, chunk_size=2) as here:
        client = await here.connect()
        await client.send(head(9) + b"1")
        await until(lambda: "piece 1" in stage.told)
        await client.send(b"2345")
        await gone(here)
    assert stage.told[:3] == ["headers", "piece 1", "piece 23"]
    # Tornado reads no more than a piece at once, and knows nothing of the next.
    assert stage.told[3:] in (["closed"], ["piece 45", "closed"])


@EITHER
async def test_a_write_that_finds_the_client_gone_does_not_tell_of_it_twice(
    server_class: ServerClass,
) -> None:
    def write(actor: Actor, piece: bytes) -> None:
        if piece == b"2":
            actor.connection.stream.socket.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                actor.connection.write(b"x")

    stage = Stage(piece=write)
    async with serving(server_class, stage) as here:
        client = await here.connect()
        await client.send(head(3) + b"1")
        await until(lambda: "piece 1" in stage.told)
        await client.send(b"2")
        await gone(here)
    assert stage.told == ["headers", "piece 1", "piece 2", "closed"]


@EITHER
async def test_a_body_that_is_refused_in_its_first_piece_is_not_waited_for(
    server_class: ServerClass, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage(piece=refuse)
    with caplog.at_level(logging.INFO, "tornado.general"):
        async with serving(server_class, stage, body_timeout=0.05) as here:
            client = await here.connect()
            await client.send(head(9) + b"1")
            assert await client.rest() == REFUSED
            await gone(here)
            await turns(80)  # as long as the body might have taken
    assert stage.told == ["headers", "piece 1", "closed"]
    assert len(caplog.records) == 1


@EITHER
@pytest.mark.parametrize("error", [ValueError("no"), HTTPInputError("no"), None])
async def test_a_piece_that_fails_after_its_time_is_not_told_again(
    server_class: ServerClass, error: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    late = asyncio.Event()

    async def wait() -> None:
        await late.wait()
        if error is not None:
            raise error
        raise asyncio.CancelledError

    stage = Stage(piece=lambda actor, _: wait())
    async with serving(server_class, stage, body_timeout=0.02) as here:
        client = await here.connect()
        await client.send(head(9) + b"1")
        assert await client.rest() == b""
        late.set()
        await gone(here)
    assert stage.told == ["headers", "piece 1", "closed"]
    caplog.clear()  # Tornado tells of it twice


@EITHER
@pytest.mark.parametrize("slowly", [True, False])
async def test_what_is_left_of_a_body_goes_with_the_stream_alone(
    server_class: ServerClass, slowly: bool
) -> None:
    streams: list[IOStream] = []

    async def nothing() -> None:
        return

    def detach(actor: Actor, _: bytes) -> Awaitable[None] | None:
        streams.append(actor.connection.detach())
        return nothing() if slowly else None

    stage = Stage(piece=detach)
    async with serving(server_class, stage, chunk_size=2, body_timeout=0.02) as here:
        client = await here.connect()
        await client.send(head(9) + b"12345")
        await until(lambda: bool(streams))
        assert await streams[0].read_bytes(3) == b"345"
        await turns(40)
        assert not streams[0].closed()
        streams[0].close()
    assert stage.told == ["headers", "piece 12", "closed"]


@EITHER
async def test_nothing_follows_an_answer_to_a_body_that_is_refused_then(
    server_class: ServerClass,
) -> None:
    def answer_and_refuse(actor: Actor, _: bytes) -> None:
        actor.answer()
        raise HTTPInputError("no")

    stage = Stage(piece=answer_and_refuse)
    async with serving(server_class, stage) as here:
        client = await here.connect()
        await client.send(head(9) + b"1")
        assert without_notice(await client.rest()) == OK
        await gone(here)
    assert stage.told == ["headers", "piece 1", "closed"]


async def test_a_long_answer_to_a_body_that_is_refused_then_goes_out_whole() -> None:
    """Of Tornado's own it is cut off where the client stops to read for a while."""

    def answer_and_refuse(actor: Actor, _: bytes) -> None:
        actor.answer(b"y" * 6 * MEGABYTE)
        raise HTTPInputError("no")

    stage = Stage(piece=answer_and_refuse)
    async with serving(HTTPServer, stage) as here:
        client = await here.connect(receive_buffer=65_536)
        await client.send(head(9) + b"1")
        response = await client.read_response()
        assert len(response.body) == 6 * MEGABYTE
        assert await client.rest() == b""
        await gone(here)
    assert stage.told == ["headers", "piece 1", "closed"]


# ---- after a refusal ----


@EITHER
async def test_an_answer_that_comes_after_a_refusal_keeps_nothing_open(
    server_class: ServerClass,
) -> None:
    def write_and_refuse(actor: Actor, _: bytes) -> None:
        actor.connection.write_headers(
            ResponseStartLine("", 200, "OK"), HTTPHeaders(), b"y" * 6 * MEGABYTE
        )
        raise HTTPInputError("no")

    stage = Stage(piece=write_and_refuse, closed=lambda actor, _: actor.connection.finish())
    async with serving(server_class, stage) as here:
        client = await here.connect(receive_buffer=65_536)
        await client.send(head(9) + b"1")
        await client.read_through(b"\r\n\r\n")
        await client.rest()
        await gone(here)
    assert stage.told == ["headers", "piece 1", "closed"]


@EITHER
async def test_no_request_begins_behind_a_refusal(server_class: ServerClass) -> None:
    """Neither while its bytes have no room in the socket."""

    def answer_and_refuse(actor: Actor, _: bytes) -> None:
        actor.answer()
        stall(actor)
        raise HTTPInputError("no")

    stage = Stage(finish=answer_and_refuse)
    async with serving(server_class, stage) as here:
        client = await here.connect(receive_buffer=65_536)
        await client.send(GET + GET)
        await until(lambda: "finish" in stage.told)
        await turns()
        assert (await client.rest()).endswith(REFUSED)
        await gone(here)
    assert stage.told == ["headers", "finish", *["closed"] * variants.FAILED_FINISH_TOLD]


@EITHER
async def test_a_delegate_that_fails_on_closing_is_told_by_one_way(
    server_class: ServerClass,
) -> None:
    def write_too_little(actor: Actor, _: bytes) -> None:
        headers = HTTPHeaders({"Content-Length": "2"})
        actor.connection.write_headers(ResponseStartLine("", 200, "OK"), headers, b"o")
        actor.connection.finish()

    stage = Stage(finish=write_too_little)
    async with serving(server_class, stage) as here:
        client = await here.connect()
        await client.send(GET)
        await client.rest()
        await gone(here)
    assert stage.told == ["headers", "finish", *["closed"] * variants.FAILED_FINISH_TOLD]


# ---- a client that goes ----


@pytest.mark.parametrize("body", [False, True])
async def test_a_reset_right_behind_a_request_is_told(body: bool) -> None:
    """uvloop tells of it once, when it tells of the request. Tornado's own tells nobody."""
    stage = Stage()
    async with serving(HTTPServer, stage) as here:
        client = await here.connect()
        if body:
            await client.send(head(2) + b"1")
            await until(lambda: "piece 1" in stage.told)
        client.sock.send(b"2" if body else GET)
        client.reset()
        await gone(here)
    assert stage.told[-2:] == ["finish", "left"]


@EITHER
async def test_an_end_that_is_seen_before_the_last_request_is_told_to_its_handler(
    server_class: ServerClass,
) -> None:
    opened = asyncio.Event()

    async def first(actor: Actor) -> None:
        await opened.wait()
        actor.answer()

    tasks: list[asyncio.Task[None]] = []

    def begin(actor: Actor, _: bytes) -> None:
        if not tasks:
            tasks.append(asyncio.ensure_future(first(actor)))

    stage = Stage(finish=begin)
    async with serving(server_class, stage) as here:
        client = await here.connect()
        await client.send(GET + GET)
        await until(lambda: bool(tasks))
        await turns()
        # The first is answered in the very turn in which the end is seen.
        opened.set()
        client.close()
        await gone(here)
    assert stage.told == ["headers", "finish", "headers", "finish", "left"]


@EITHER
async def test_a_close_callback_of_the_stream_ends_with_its_request(
    server_class: ServerClass,
) -> None:
    told: list[str] = []

    def watch_and_answer(actor: Actor, _: bytes) -> None:
        actor.connection.stream.set_close_callback(lambda: told.append("closed"))
        actor.answer()

    async with serving(server_class, Stage(finish=watch_and_answer)) as here:
        client = await here.connect()
        await client.send(GET)
        await client.read_response()
        await turns()
        client.close()
        await gone(here)
    assert told == []


async def test_a_stream_knows_the_error_that_a_write_has_met() -> None:
    errors: list[BaseException | None] = []

    def write(actor: Actor, _: bytes) -> None:
        stream = actor.connection.stream
        actor.connection.set_close_callback(lambda: errors.append(stream.error))
        actor.connection.write_headers(
            ResponseStartLine("", 200, "OK"), HTTPHeaders(), b"y" * 6 * MEGABYTE
        )

    async with serving(HTTPServer, Stage(finish=write)) as here:
        client = await here.connect(receive_buffer=65_536)
        await client.send(GET)
        await client.read_through(b"\r\n\r\n")
        client.end()
        await turns()  # there is nothing to read any more, and only a write finds out
        client.reset()
        await until(lambda: bool(errors))
        assert isinstance(errors[0], ConnectionError)
        await gone(here)


# ---- a server that goes ----


async def test_one_that_has_said_all_is_let_go_when_it_has_what_was_written() -> None:
    async with serving(HTTPServer, Stage(finish=answer)) as here:
        client = await here.connect(receive_buffer=65_536)
        await client.send(GET)
        await client.read_response()
        [connection] = here.connections
        connection.stream.write(b"y" * 6 * MEGABYTE)
        client.end()
        await turns()
        connection.let_go(None)
        assert len(await client.rest()) == 6 * MEGABYTE
        await gone(here)


async def test_one_that_sends_without_end_has_its_share_of_the_loop_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = 0
    receive = Connection._receive

    def look(connection: Connection) -> bool:
        nonlocal looks
        looks += 1
        return receive(connection)

    monkeypatch.setattr(Connection, "_receive", look)
    async with serving(HTTPServer, Stage()) as here:
        client = await here.connect()
        await client.send(head(1 << 26))
        await turns()
        [connection] = here.connections
        connection.sock = Endless(connection.sock)
        await client.send(b"x")
        for _ in range(20):
            looks = 0
            await asyncio.sleep(0)
        assert 0 < looks < 30
        connection.sock = connection.sock.real


class Endless:
    """A socket in which there is always more."""

    def __init__(self, real: socket.socket) -> None:
        self.real = real
        self.fileno = real.fileno

    def recv(self, size: int) -> bytes:
        return b"x" * size


# ---- anything at any point: as Tornado ----


def finish_and_close(actor: Actor) -> None:
    actor.answer()
    actor.connection.close()


def begin_and_close(actor: Actor) -> None:
    actor.connection.write_headers(
        ResponseStartLine("", 200, "OK"), HTTPHeaders({"Content-Length": "9"}), b"begun"
    )
    actor.connection.stream.close()


def write_too_much(actor: Actor) -> None:
    headers = HTTPHeaders({"Content-Length": "1"})
    actor.connection.write_headers(ResponseStartLine("", 200, "OK"), headers, b"too much")


def detach(actor: Actor) -> None:
    stream = actor.connection.detach()
    actor.stage.act = {}  # an answer would have nowhere to go
    stream.write(b"detached")
    stream.close()


def fail(actor: Actor) -> None:
    raise ValueError("no")


def give_up(actor: Actor) -> None:
    raise asyncio.CancelledError


DEEDS: dict[str, Callable[[Actor], None]] = {
    "close": lambda actor: actor.connection.close(),
    "close the stream": lambda actor: actor.connection.stream.close(),
    "answer": answer,
    "answer and close": finish_and_close,
    "answer in part and close": begin_and_close,
    "write too much": write_too_much,
    "detach": detach,
    "fail": fail,
    "refuse": refuse,
    "give up": give_up,
}
# A body in one piece with its head, in two, and with a request behind it.
BODIES = [[head(4) + b"body"], [head(4) + b"bo", b"dy"], [head(4) + b"body" + GET], [GET, GET]]


def without_notice(received: bytes) -> bytes:
    """Without the line by which the engine says, and Tornado does not, that it closes behind it."""
    return received.replace(b"Connection: close\r\n", b"", 1)


async def outcome(
    server_class: ServerClass, calls: str, deed: str, slowly: bool, pieces: list[bytes]
) -> tuple[list[str], bytes | None]:
    """What the first request's delegate was told, and what the client received.

    None where the connection was reset, which takes away what was on its way: a matter of luck.
    """

    def do(actor: Actor, _: bytes) -> Awaitable[None] | None:
        stage.act = {"finish": answer}  # once
        if not slowly:
            DEEDS[deed](actor)
            return None

        async def later() -> None:
            await asyncio.sleep(0.002)
            DEEDS[deed](actor)

        return later()

    stage = Stage(**{"finish": answer, calls: do})
    async with serving(server_class, stage, body_timeout=30) as here:
        client = await here.connect()
        for piece in pieces:
            with contextlib.suppress(OSError):
                await client.send(piece)
            await turns(4)
        with contextlib.suppress(OSError):
            client.end()
        received: bytes | None = None
        with contextlib.suppress(OSError):
            received = without_notice(await client.rest())
        await gone(here)
    told = stage.actors[0].told
    # Tornado does not tell one of a close that comes within its `finish`.
    told = told[:-1] if told[-2:] == ["finish", "left"] and not slowly else told
    return told, received


@pytest.mark.parametrize("calls", ["headers", "piece", "finish"])
@pytest.mark.parametrize("deed", DEEDS)
async def test_whatever_a_delegate_does_comes_to_the_same_as_with_tornado(
    calls: str, deed: str
) -> None:
    cases = [
        (calls, deed, slowly, pieces)
        for slowly in ((False, True) if calls != "finish" else (False,))
        for pieces in BODIES
    ]
    theirs = await asyncio.gather(
        *(outcome(tornado.httpserver.HTTPServer, *case) for case in cases)
    )
    ours = await asyncio.gather(*(outcome(HTTPServer, *case) for case in cases))
    assert [told for told, _ in ours] == [told for told, _ in theirs]
    for case, (_, ours_received), (_, received) in zip(cases, ours, theirs, strict=True):
        assert received is None or ours_received == received, case
