"""Bytes on their way from the socket to a WebSocket's task: when they are read, and how many."""

from __future__ import annotations

import asyncio
import errno
import functools
from collections.abc import Callable
from typing import Any

import pytest
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, StreamBufferFullError

from tests.engine.tornados import GUARDED_CALLBACKS
from tests.engine.websocket.playing import (
    BINARY,
    PROTOCOLS,
    TEXT,
    Noting,
    Seen,
    frame,
    opened,
    run,
    turns,
    until,
)

CHUNK = 65536  # what a stream of Tornado's reads at once
MOST = 256 * 1024
READ = IOLoop.READ


class Slow(Noting):
    """Works on each message until it is let go."""

    def initialize(self) -> None:
        super().initialize()
        self.gate = asyncio.Event()

    async def on_message(self, message: str | bytes) -> None:
        self.calls.append(("begins", message[:9]))
        await self.gate.wait()


class Socket:
    """A stream's socket, of which each read is noted and may be made to fail."""

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self.asked: list[int] = []
        self.got: list[int] = []
        self.fails: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)

    def recv(self, size: int) -> bytes:
        data: bytes = self._read(size, functools.partial(self.sock.recv, size), len)
        return data

    def recv_into(self, buffer: Any, size: int) -> int:
        read: int = self._read(size, functools.partial(self.sock.recv_into, buffer, size), int)
        return read

    def _read(self, size: int, read: Callable[[], Any], length: Callable[[Any], int]) -> Any:
        self.asked.append(size)
        if self.fails is not None:
            raise self.fails
        given = read()
        self.got.append(length(given))
        return given


def watched(handler: Any) -> tuple[Any, Socket]:
    """The handler's stream, and its socket, which is watched from now on."""
    stream = handler.ws_connection.stream
    stream.socket = Socket(stream.socket)
    return stream, stream.socket


def reads(stream: IOStream) -> bool:
    """Whether the loop is to tell the stream of what can be read."""
    return bool((stream._state or 0) & READ)


async def sent(client: Any, data: bytes) -> None:
    """All of it, as the other end takes it."""
    while data:
        try:
            data = data[client.sock.send(data) :]
        except BlockingIOError:
            await turns(1)


def has_calls(seen: Seen, count: int) -> bool:
    return len(seen.calls) == count


# ---- how much is read at once ----


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({}, [CHUNK, 2 * CHUNK, MOST]),
        ({"max_buffer_size": 4 * MOST}, [CHUNK, 2 * CHUNK, MOST]),
        ({"max_buffer_size": 4 * MOST - 1}, [CHUNK]),  # which may not hold so much
        ({"chunk_size": 100_000}, [100_000, 200_000, MOST]),
    ],
)
def test_a_client_that_sends_much_is_read_in_ever_larger_pieces(
    options: dict[str, Any], sizes: list[int]
) -> None:
    """The sizes that are asked for while 6 MiB come, each once."""

    async def scene() -> list[int]:
        async with opened(True, server_options=options) as (client, handler, _):
            _, sock = watched(handler)
            handler.on_message = lambda message: None
            data = frame(BINARY, b"x" * 900_000)
            for _ in range(7):
                await sent(client, data)
            await until(lambda: sum(sock.got) == 7 * len(data))
            return sorted(set(sock.asked))

    assert run(scene) == sizes


def test_a_small_message_is_read_once() -> None:
    async def scene() -> None:
        async with opened(True) as (client, handler, seen):
            _, sock = watched(handler)
            for count in (1, 2, 3):
                client.send(frame(TEXT, b"abc"))
                await until(functools.partial(has_calls, seen, 1 + count))
                await turns(3)
                assert sock.asked == [CHUNK] * count

    run(scene)


def test_bytes_that_are_no_frame_yet_are_kept_where_the_stream_keeps_its_own() -> None:
    async def scene() -> None:
        async with opened(True) as (client, handler, seen):
            stream = handler.ws_connection.stream
            data = frame(TEXT, b"0123456789")
            client.send(data[:4])
            await until(lambda: len(stream._read_buffer) == 4)
            client.send(data[4:9])
            await until(lambda: len(stream._read_buffer) == 9)
            assert bytes(stream._read_buffer) == data[:9]
            assert stream._read_buffer_size == 9
            client.send(data[9:] + data)
            await until(lambda: len(seen.calls) == 3)
            assert stream._read_buffer_size == len(stream._read_buffer) == 0

    run(scene)


# ---- while the handler works ----


def test_a_chunk_is_read_ahead_and_then_the_loop_is_told_to_be_silent() -> None:
    async def scene() -> None:
        async with opened(True, Slow) as (client, handler, seen):
            stream, sock = watched(handler)
            client.send(frame(TEXT, b"first"))
            await until(lambda: ("begins", "first") in seen.calls)
            sock.got.clear()
            data = frame(BINARY, b"x" * (CHUNK // 2))
            await sent(client, data * 3)
            await until(lambda: not reads(stream))
            assert CHUNK <= sum(sock.got) < 2 * CHUNK
            assert stream._read_buffer_size == len(stream._read_buffer) == sum(sock.got)
            handler.gate.set()
            await until(lambda: len(seen.calls) == 5)
            await until(lambda: reads(stream))
            assert seen.calls[2:] == [("begins", b"x" * 9)] * 3

    run(scene)


def test_the_rest_of_a_piece_goes_before_what_is_read_ahead() -> None:
    async def scene() -> None:
        async with opened(True, Slow) as (client, handler, seen):
            stream = handler.ws_connection.stream
            client.send(frame(TEXT, b"1") + frame(TEXT, b"2"))
            await until(lambda: ("begins", "1") in seen.calls)
            client.send(frame(TEXT, b"3"))
            await until(lambda: len(stream._read_buffer) == 2 * len(frame(TEXT, b"3")))
            handler.gate.set()
            await until(lambda: len(seen.calls) == 4)
            assert seen.calls[1:] == [("begins", "1"), ("begins", "2"), ("begins", "3")]

    run(scene)


def test_a_stream_that_is_asked_to_tell_of_the_end_listens_by_itself() -> None:
    async def scene() -> None:
        async with opened(True, Slow) as (client, handler, seen):
            stream, sock = watched(handler)
            client.send(frame(TEXT, b"1") + frame(TEXT, b"2"))
            await until(lambda: ("begins", "1") in seen.calls)
            stream.set_close_callback(lambda: None)
            sock.asked.clear()
            client.send(frame(TEXT, b"3"))
            await until(lambda: sock.asked)
            await turns(3)
            assert len(sock.asked) > 1  # Tornado's own reads until nothing comes
            assert bytes(stream._read_buffer) == frame(TEXT, b"2") + frame(TEXT, b"3")
            assert stream._read_buffer_size == len(stream._read_buffer)
            handler.gate.set()
            await until(lambda: len(seen.calls) == 4)

    run(scene)


# ---- errors ----


def failing(number: int) -> OSError:
    return OSError(number, "as told")


async def what_an_error_comes_to(engine: bool, number: int, kind: type[Noting]) -> tuple[Any, ...]:
    """All that is seen of a socket that fails behind a message."""
    async with opened(engine, kind) as (client, handler, seen):
        stream, sock = watched(handler)
        client.send(frame(TEXT, b"1"))
        await until(lambda: len(seen.calls) == 2)
        sock.fails = failing(number)
        client.send(frame(TEXT, b"2"))
        if kind is Slow:
            if engine:
                await until(lambda: not reads(stream))  # it has met the error, and held it
            assert not stream.closed()
            handler.gate.set()
        await until(lambda: stream.closed() and len(seen.calls) == 3)
        await turns(4)
        assert "_handle_events" not in vars(stream)
        return seen.calls, _without_numbers(seen), stream.error


def _without_numbers(seen: Seen) -> list[tuple[str, ...]]:
    # "Read error on 12: ..."
    return [(name, level, said.partition(": ")[2], why) for name, level, said, why in seen.logged]


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ECONNRESET, Noting),
        (errno.ECONNRESET, Slow),
        (errno.ETIMEDOUT, Noting),
        (errno.ETIMEDOUT, Slow),
        (errno.EIO, Noting),  # which Tornado logs in another way where the handler works
    ],
)
def test_an_error_of_the_socket_comes_to_the_same(number: int, kind: type[Noting]) -> None:
    async def both() -> None:
        tornado, engine = [await what_an_error_comes_to(e, number, kind) for e in (False, True)]
        assert tornado[:2] == engine[:2]
        assert repr(tornado[2]) == repr(engine[2])
        assert engine[2].errno == number

    run(both)


def test_an_error_while_the_handler_works_waits_for_what_came_before_it() -> None:
    async def scene() -> None:
        async with opened(True, Slow) as (client, handler, seen):
            stream, sock = watched(handler)
            client.send(frame(TEXT, b"1"))
            await until(lambda: ("begins", "1") in seen.calls)
            client.send(frame(TEXT, b"2"))
            await until(lambda: len(stream._read_buffer) > 0)
            sock.fails = failing(errno.ECONNRESET)
            client.send(frame(TEXT, b"3"))
            await until(lambda: not reads(stream))
            asked = len(sock.asked)
            handler.gate.set()
            await until(lambda: ("close", None, None) in seen.calls)
            assert seen.calls[1:3] == [("begins", "1"), ("begins", "2")]
            assert stream.error is sock.fails
            assert len(sock.asked) == asked  # the error is told, and not met once more

    run(scene)


# ---- taking over, and giving back ----


class NoRoom(Noting):
    """Opened where the loop watches no more sockets."""

    def open(self, *args: str, **kwargs: str) -> None:
        super().open()
        connection: Any = self.ws_connection
        connection.stream.set_close_callback(lambda: None)  # so that it listens already
        loop = connection.stream.io_loop
        self.own_add_handler = loop.add_handler

        def add_handler(*args: Any) -> None:
            raise failing(errno.ENOSPC)

        loop.add_handler = add_handler

    def on_close(self) -> None:
        super().on_close()
        del IOLoop.current().add_handler


def test_a_socket_that_the_loop_does_not_take_is_closed() -> None:
    async def scene() -> None:
        async with opened(True, NoRoom) as (client, _, seen):
            await until(client.look)
            await until(lambda: ("close", None, None) in seen.calls)
            assert seen.calls == [("open",), ("close", None, None)]

    run(scene)


class Tasks(Noting):
    def open(self, *args: str, **kwargs: str) -> None:
        super().open()
        self.task = asyncio.current_task()
        connection: Any = self.ws_connection
        self.stream = connection.stream

    def on_ws_connection_close(
        self, close_code: int | None = None, close_reason: str | None = None
    ) -> None:
        stream = self.stream
        self.calls.append(
            ("_handle_events" in vars(stream), stream._read_future, stream._state, stream.closed())
        )
        super().on_ws_connection_close(close_code, close_reason)


@pytest.mark.parametrize(
    "how", ["client", "stream", pytest.param("cancelled", marks=GUARDED_CALLBACKS)]
)
def test_a_stream_is_given_back_as_it_was(how: str) -> None:
    async def scene() -> None:
        async with opened(True, Tasks) as (client, handler, seen):
            protocol = handler.ws_connection
            stream = protocol.stream
            await turns(3)
            assert vars(stream)["_handle_events"].__self__ is protocol
            assert stream._read_future is protocol._parking
            if how == "client":
                client.end()
            elif how == "stream":
                stream.close()
            else:
                handler.task.cancel()
            await until(lambda: len(seen.calls) == 3)
            closed = how != "cancelled"
            assert seen.calls[1:] == [(False, None, None, closed), ("close", None, None)]

    run(scene)


class Limited(Noting):
    """May have no more than so much unsent."""

    def open(self, *args: str, **kwargs: str) -> None:
        super().open()
        connection: Any = self.ws_connection
        connection.stream.max_write_buffer_size = 1000

    def on_message(self, message: str | bytes) -> None:
        for size in (900, 2000):
            try:
                self.write_message(b"x" * size, binary=True)
            except StreamBufferFullError as error:
                self.calls.append((size, str(error)))


@PROTOCOLS
def test_a_stream_that_limits_what_is_unsent_does_so(engine: bool) -> None:
    async def scene() -> None:
        async with opened(engine, Limited) as (client, _, seen):
            client.send(frame(TEXT, b"go"))
            await until(lambda: len(seen.calls) == 2)
            assert seen.calls[1] == (2000, "Reached maximum write buffer size")
            await until(lambda: client.has(904))
            assert client.received == frame(BINARY, b"x" * 900, mask=None)

    run(scene)
