"""What a handler can notice of the protocol that serves it; each is asserted of both."""

from __future__ import annotations

import asyncio
import contextvars
import errno
import gc
import socket
import struct
import weakref
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from tornado.iostream import IOStream
from tornado.websocket import WebSocketClosedError, WebSocketProtocol13

from tests.engine.tornados import GUARDED_CALLBACKS, TURNS_OF_FRAMES
from tests.engine.websocket.playing import (
    BINARY,
    PING,
    PROTOCOLS,
    TEXT,
    Noting,
    closing,
    frame,
    opened,
    play,
    run,
    turns,
    until,
)
from tornkit.engine.fidelity import variants

LOOPS = pytest.mark.parametrize(
    "loop", ["asyncio", pytest.param("uvloop", marks=pytest.mark.thorough)]
)
BIG = 4 << 20  # bytes that no socket takes at once
variable = contextvars.ContextVar("variable", default="unset")


class Tasks(Noting):
    def open(self, *args: str, **kwargs: str) -> None:
        variable.set("by open")
        self.tasks = [asyncio.current_task()]

    def on_message(self, message: str | bytes) -> None:
        self.calls.append(("variable", variable.get()))
        variable.set(f"by {message!r}")
        self.tasks.append(asyncio.current_task())

    def on_close(self) -> None:
        self.calls.append(("variable", variable.get()))
        self.tasks.append(asyncio.current_task())
        super().on_close()


@LOOPS
@PROTOCOLS
def test_all_that_is_called_runs_in_one_task_and_one_context(engine: bool, loop: str) -> None:
    async def scene() -> None:
        async with opened(engine, Tasks) as (client, handler, seen):
            client.send(frame(TEXT, b"a"))
            await until(lambda: len(seen.calls) == 1)
            client.send(frame(TEXT, b"b") + closing(1000))
            await until(lambda: client.look() and len(seen.calls) == 4)
            assert seen.calls == [
                ("variable", "by open"),
                ("variable", "by 'a'"),
                ("variable", "by 'b'"),
                ("close", 1000, None),
            ]
            assert len(handler.tasks) == 4
            assert len(set(handler.tasks)) == 1
            assert handler.tasks[0] is not asyncio.current_task()

    run(scene, loop)


class Quiet(Noting):
    """Does not note that it was opened."""

    def open(self, *args: str, **kwargs: str) -> Awaitable[None] | None:
        return None


class Contexts(Quiet):
    async def on_message(self, message: str | bytes) -> None:
        self.calls.append(("variable", variable.get()))
        variable.set(f"by {message!r}")
        async with asyncio.timeout(5):
            await asyncio.sleep(0)


@LOOPS
@PROTOCOLS
def test_each_coroutine_has_a_context_of_its_own(engine: bool, loop: str) -> None:
    async def scene() -> None:
        async with opened(engine, Contexts) as (client, _, seen):
            client.send(frame(TEXT, b"a") + frame(TEXT, b"b"))
            await until(lambda: len(seen.calls) == 2)
            assert seen.calls == [("variable", "unset")] * 2

    run(scene, loop)


class Slow(Quiet):
    """Waits until it is let go."""

    def initialize(self) -> None:
        super().initialize()
        self.gate = asyncio.Event()
        self.working = 0

    async def on_message(self, message: str | bytes) -> None:
        self.working += 1
        assert self.working == 1
        self.calls.append(("begins", message))
        await self.gate.wait()
        self.calls.append(("ends", message))
        self.working -= 1


@LOOPS
@PROTOCOLS
def test_messages_wait_for_the_coroutine_of_the_one_before(engine: bool, loop: str) -> None:
    async def scene() -> None:
        async with opened(engine, Slow) as (client, handler, seen):
            client.send(frame(TEXT, b"a") + frame(PING) + frame(TEXT, b"b"))
            await until(lambda: seen.calls)
            client.send(frame(TEXT, b"c"))
            await turns(20)
            assert seen.calls == [("begins", "a")]
            handler.gate.set()
            await until(lambda: len(seen.calls) == 7)
            assert seen.calls == [
                ("begins", "a"),
                ("ends", "a"),
                ("ping", b""),
                ("begins", "b"),
                ("ends", "b"),
                ("begins", "c"),
                ("ends", "c"),
            ]

    run(scene, loop)


@LOOPS
@PROTOCOLS
def test_what_a_busy_handler_does_not_read_stays_with_the_client(engine: bool, loop: str) -> None:
    async def scene() -> None:
        async with opened(engine, Slow) as (client, handler, seen):
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
            client.send(frame(BINARY, b"first"))
            await until(lambda: seen.calls)
            message = frame(BINARY, b"x" * 60000)
            sent = unanswered = 0
            while unanswered < 20:  # looks at a socket that takes nothing
                try:
                    sent += client.sock.send(message[sent % len(message) :])
                    unanswered = 0
                except BlockingIOError:
                    unanswered += 1
                    await turns(5)
                assert sent < 2 << 20
            handler.gate.set()
            await until(lambda: len(seen.calls) >= 2 + 2 * (sent // len(message)))

    run(scene, loop)


@LOOPS
@PROTOCOLS
def test_the_end_of_the_client_does_not_reach_a_busy_handler(engine: bool, loop: str) -> None:
    async def scene() -> None:
        async with opened(engine, Slow) as (client, handler, seen):
            client.send(frame(TEXT, b"a"))
            await until(lambda: seen.calls)
            client.sock.shutdown(socket.SHUT_WR)
            await turns(20)
            await handler.write_message("still there?")
            await until(lambda: client.has(14))
            assert client.received == frame(TEXT, b"still there?", mask=None)
            handler.gate.set()
            await until(lambda: client.look() and len(seen.calls) == 3)
            assert seen.calls == [("begins", "a"), ("ends", "a"), ("close", None, None)]

    run(scene, loop)


class SlowToOpen(Slow):
    async def open(self, *args: str, **kwargs: str) -> None:
        self.calls.append(("opening",))
        await self.gate.wait()
        self.calls.append(("open",))


@LOOPS
@PROTOCOLS
def test_messages_wait_until_it_is_open(engine: bool, loop: str) -> None:
    async def scene() -> None:
        async with opened(engine, SlowToOpen) as (client, handler, seen):
            client.send(frame(TEXT, b"a"))
            await turns(20)
            assert seen.calls == [("opening",)]
            handler.gate.set()
            await until(lambda: len(seen.calls) == 4)
            assert seen.calls[1:] == [("open",), ("begins", "a"), ("ends", "a")]

    run(scene, loop)


@LOOPS
@PROTOCOLS
def test_a_message_with_the_handshake_is_not_lost(engine: bool, loop: str) -> None:
    async def scene() -> None:
        early = frame(TEXT, b"early")
        async with opened(engine, Noting, behind=early) as (client, _, seen):
            await until(lambda: len(seen.calls) >= 2)
            assert seen.calls == [("open",), ("message", "early")]
            await until(lambda: client.has(7))

    run(scene, loop)


@LOOPS
@PROTOCOLS
def test_a_write_is_done_when_the_socket_has_taken_it(engine: bool, loop: str) -> None:
    async def scene() -> None:
        async with opened(engine) as (client, handler, _):
            small = handler.write_message("small")
            assert not small.done()  # who only writes and awaits must not keep the loop
            await small
            big = handler.write_message(b"x" * BIG, binary=True)
            behind = handler.write_message("behind")
            await turns(50)
            assert not big.done()
            assert not behind.done()
            expected = b"".join(
                frame(opcode, data, mask=None)
                for opcode, data in ((TEXT, b"small"), (BINARY, b"x" * BIG), (TEXT, b"behind"))
            )
            await until(lambda: client.has(len(expected)))
            await big
            await behind
            assert client.received == expected
            # And it goes on as before.
            client.send(frame(TEXT, b"more"))
            await until(lambda: client.has(len(expected) + 6))

    run(scene, loop)


@LOOPS
@PROTOCOLS
def test_messages_come_while_a_write_waits(engine: bool, loop: str) -> None:
    async def scene() -> None:
        async with opened(engine) as (client, handler, seen):
            big = handler.write_message(b"x" * BIG, binary=True)
            client.send(frame(TEXT, b"meanwhile"))
            await until(lambda: ("message", "meanwhile") in seen.calls)
            assert not big.done()
            await until(lambda: client.has(BIG + 10 + 11))
            assert client.received.endswith(frame(TEXT, b"meanwhile", mask=None))

    run(scene, loop)


@LOOPS
@PROTOCOLS
def test_a_write_that_waits_fails_when_the_client_goes(engine: bool, loop: str) -> None:
    async def scene() -> None:
        async with opened(engine) as (client, handler, seen):
            big = handler.write_message(b"x" * BIG, binary=True)
            await turns(5)
            client.sock.close()
            with pytest.raises(WebSocketClosedError):
                await big
            await until(lambda: ("close", None, None) in seen.calls)
            with pytest.raises(WebSocketClosedError):
                handler.write_message("late")

    run(scene, loop)


class Streaming(Noting):
    """Writes until it can't."""

    async def on_message(self, message: str | bytes) -> None:
        try:
            while True:
                await self.write_message(b"x" * 1000, binary=True)
        except WebSocketClosedError:
            self.calls.append(("closed", self.ws_connection is None))


@LOOPS
@PROTOCOLS
def test_one_that_only_writes_leaves_the_loop_to_others_and_ends(engine: bool, loop: str) -> None:
    async def scene() -> None:
        async with opened(engine, Streaming) as (client, _, seen):
            client.send(frame(TEXT, b"go"))
            await until(lambda: client.has(50_000))
            client.sock.close()
            await until(lambda: len(seen.calls) == 3)
            assert [call[0] for call in seen.calls] == ["open", "closed", "close"]

    run(scene, loop)


class Counting(Noting):
    """How many turns the loop had while it was busy with what had come already."""

    def initialize(self) -> None:
        super().initialize()
        self.count = 0
        self.most = self.without = 0
        self.last = -1

    def on_message(self, message: str | bytes) -> None:
        self.count += 1
        turn = self.settings["turn"][0]
        self.without = self.without + 1 if turn == self.last else 0
        self.most, self.last = max(self.most, self.without), turn


@TURNS_OF_FRAMES
@LOOPS
@PROTOCOLS
def test_many_frames_at_once_leave_the_loop_its_turns(engine: bool, loop: str) -> None:
    async def scene() -> None:
        turn = [0]

        async def turning() -> None:
            while True:
                turn[0] += 1
                await asyncio.sleep(0)

        async with opened(engine, Counting, turn=turn) as (client, handler, _):
            others = asyncio.create_task(turning())
            data = frame(TEXT, b"x") * 20_000
            while data:
                try:
                    data = data[client.sock.send(data) :]
                except BlockingIOError:
                    await turns(1)
            await until(lambda: handler.count == 20_000)
            others.cancel()
            assert handler.most < 300

    run(scene, loop)


@LOOPS
@PROTOCOLS
def test_a_stream_that_somebody_closes_ends_it_once(engine: bool, loop: str) -> None:
    async def scene() -> None:
        async with opened(engine) as (client, handler, seen):
            stream = handler.ws_connection.stream
            assert type(stream) is IOStream
            assert stream.socket.fileno() >= 0
            assert not stream.closed()
            told: list[bool] = []
            stream.set_close_callback(lambda: told.append(True))
            stream.close()
            assert handler.ws_connection.is_closing()
            await until(lambda: len(seen.calls) > 1)
            await turns(5)
            assert seen.calls == [("open",), ("close", None, None)]
            assert told == [True]
            assert handler.ws_connection is None
            assert client.look()

    run(scene, loop)


@LOOPS
@PROTOCOLS
def test_a_close_callback_is_called_while_the_handler_works(engine: bool, loop: str) -> None:
    async def scene() -> None:
        async with opened(engine, Slow) as (client, handler, seen):
            client.send(frame(TEXT, b"a"))
            await until(lambda: seen.calls)
            told: list[bool] = []
            handler.ws_connection.stream.set_close_callback(lambda: told.append(True))
            client.sock.close()
            await until(lambda: told)
            handler.gate.set()
            await until(lambda: len(seen.calls) == 3)
            assert seen.calls[1:] == [("ends", "a"), ("close", None, None)]

    run(scene, loop)


@GUARDED_CALLBACKS
@LOOPS
@PROTOCOLS
def test_a_cancelled_handler_closes_and_is_told(engine: bool, loop: str) -> None:
    async def scene() -> None:
        async with opened(engine, Tasks) as (client, handler, seen):
            await turns(3)
            handler.tasks[0].cancel("enough")
            await until(client.look)
            assert [call for call in seen.calls if call[0] == "close"] == [("close", None, None)]
            assert client.received == b""

    run(scene, loop)


class Silent(Noting):
    def on_message(self, message: str | bytes) -> None:
        self.calls.append(("message", message))


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@LOOPS
@PROTOCOLS
@pytest.mark.parametrize("data", [frame(TEXT, b"a"), frame(TEXT, b"abc")[:5], b""])
def test_a_reset_right_behind_data_is_seen(engine: bool, loop: str, data: bytes) -> None:
    async def scene() -> None:
        async with opened(engine, Silent, tcp=True) as (client, handler, seen):
            stream = handler.ws_connection.stream
            client.send(data)
            reset(client.sock)
            await until(lambda: ("close", None, None) in seen.calls)
            assert stream.error is None or stream.error.errno == errno.ECONNRESET
            assert seen.logged == []

    run(scene, loop)


@LOOPS
@PROTOCOLS
def test_a_reset_while_the_handler_works_is_seen_when_it_is_done(engine: bool, loop: str) -> None:
    async def scene() -> None:
        async with opened(engine, Slow, tcp=True) as (client, handler, seen):
            client.send(frame(TEXT, b"a"))
            await until(lambda: seen.calls)
            reset(client.sock)
            await turns(20)
            handler.gate.set()
            await until(lambda: ("close", None, None) in seen.calls)
            assert seen.logged == []

    run(scene, loop)


@LOOPS
@PROTOCOLS
@pytest.mark.parametrize("end", [b"", closing(1000)], ids=["ended", "closed"])
def test_what_is_gone_is_freed_without_the_collector(engine: bool, loop: str, end: bytes) -> None:
    async def scene() -> None:
        async with opened(engine) as (client, handler, _):
            gone = weakref.ref(handler.ws_connection)
            client.send(frame(TEXT, b"a") + end)
            await until(lambda: client.has(3))
            client.end()
            await until(client.look)
            await turns(5)
        await turns(5)
        assert gone() is None

    gc.collect()
    gc.disable()
    try:
        run(scene, loop)
    finally:
        gc.enable()


@LOOPS
@PROTOCOLS
def test_no_delay_is_the_socket_s(engine: bool, loop: str) -> None:
    async def scene() -> None:
        async with opened(engine, tcp=True) as (_, handler, _):
            sock = handler.ws_connection.stream.socket
            for value in (True, False):
                handler.set_nodelay(value)
                assert bool(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)) is value

    run(scene, loop)


@LOOPS
@PROTOCOLS
def test_pings_are_sent_and_one_without_an_answer_closes(engine: bool, loop: str) -> None:
    async def scene() -> None:
        told: dict[str, Any] = {"websocket_ping_interval": 0.02, "websocket_ping_timeout": 0.01}
        async with opened(engine, **told) as (client, handler, seen):
            ping = frame(PING, mask=None)
            await until(lambda: client.has(len(ping)))
            client.send(frame(10))
            await until(lambda: client.has(2 * len(ping) + 18))
            closed = bytes((0x88, 16)) + struct.pack("!H", 1000) + b"ping timed out"
            assert client.received == 2 * ping + closed
            assert handler.ws_connection.server_terminated
            client.send(closing(1000))
            await until(lambda: client.look() and len(seen.calls) == 3)
            assert seen.calls == [("open",), ("pong", b""), ("close", 1000, None)]

    run(scene, loop)


@LOOPS
@PROTOCOLS
def test_a_close_without_an_answer_is_an_abort_after_a_while(
    engine: bool, loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        async with opened(engine, Silent) as (client, handler, seen):
            protocol = handler.ws_connection
            loop = protocol.stream.io_loop
            add, given = loop.add_timeout, []

            def once_heard(callback: Callable[[], None]) -> object:
                """Call back when the message has come."""
                is_time = len(seen.calls) == 2
                return add(loop.time(), callback if is_time else partial(once_heard, callback))

            def sooner(deadline: float, callback: Callable[[], None]) -> object:
                given.append(deadline - loop.time())
                return once_heard(callback)

            monkeypatch.setattr(loop, "add_timeout", sooner)
            handler.close(1001, "bye")
            client.send(frame(TEXT, b"still"))
            await until(lambda: client.look() and len(seen.calls) == 3)
            assert given == [pytest.approx(5, abs=0.1)]
            assert client.received == b"\x88\x05" + struct.pack("!H", 1001) + b"bye"
            assert seen.calls == [("open",), ("message", "still"), ("close", None, None)]

    run(scene, loop)


@LOOPS
@PROTOCOLS
def test_bytes_are_counted_as_tornado_s_tests_expect(engine: bool, loop: str) -> None:
    async def scene() -> None:
        async with opened(engine) as (client, handler, _):
            protocol: WebSocketProtocol13 = handler.ws_connection
            data = frame(TEXT, b"x" * 200) + frame(PING, b"?") + frame(BINARY, b"y")
            client.send(data)
            await until(lambda: client.has(204 + 3 + 3))
            assert protocol._wire_bytes_in == len(data)
            assert protocol._wire_bytes_out == 204 + 3 + 3
            assert (protocol._message_bytes_in, protocol._message_bytes_out) == (201, 201)

    run(scene, loop)


@LOOPS
@PROTOCOLS
@pytest.mark.parametrize("size", [20_000, 3_000_000])
def test_a_large_message_is_echoed(engine: bool, loop: str, size: int) -> None:
    data = bytes(range(251)) * (size // 251)

    async def scene() -> None:
        async with opened(engine) as (client, _, _):
            rest = frame(BINARY, data)
            while rest:
                try:
                    rest = rest[client.sock.send(rest) :]
                except BlockingIOError:
                    await turns(1)
            expected = frame(BINARY, data, mask=None)
            await until(lambda: client.has(len(expected)))
            assert client.received == expected

    run(scene, loop)


@LOOPS
def test_one_that_is_larger_than_a_stream_may_hold_is_refused_alike(loop: str) -> None:
    """The frame may have so much; the server's ``max_buffer_size`` is less."""

    async def both() -> None:
        data = frame(BINARY, b"x" * 60_000)
        pieces = [data[place : place + 9000] for place in range(0, len(data), 9000)]
        tornado, engine = [
            await play(engine, pieces, server_options={"max_buffer_size": 30_000})
            for engine in (False, True)
        ]
        assert tornado == engine
        assert [record[2] for record in engine.logged] == [
            "Reached maximum read buffer size",
            "error on read: Reached maximum read buffer size",
        ]

    run(both, loop)


class Refused(Noting):
    """What write_message says of this and that."""

    def on_message(self, message: str | bytes) -> None:
        for odd in (None, 3, bytearray(b"x"), ["x"]):
            try:
                self.write_message(odd)  # type: ignore[arg-type]
            except (TypeError, AssertionError) as error:
                self.calls.append((type(error), str(error)))
        self.write_message({"a": 1})
        self.write_message(b"bytes as text")
        self.write_message("text as bytes", binary=True)

        class Text(str):
            __slots__ = ()

        self.write_message(Text("another"))


@LOOPS
def test_what_may_be_written_is_the_same(loop: str) -> None:
    async def both() -> None:
        tornado, engine = [
            await play(engine, [frame(TEXT, b"go")], Refused) for engine in (False, True)
        ]
        assert tornado == engine
        assert len(engine.calls) == 6
        assert b"text as bytes" in engine.received

    run(both, loop)


class Raising(Noting):
    async def on_message(self, message: str | bytes) -> None:
        await asyncio.sleep(0)
        if message == "cancel":
            raise asyncio.CancelledError
        raise KeyError(message)


@LOOPS
@pytest.mark.parametrize("word", [b"cancel", b"other"])
def test_a_coroutine_that_fails_is_logged_and_aborts_alike(loop: str, word: bytes) -> None:
    async def both() -> None:
        tornado, engine = [
            await play(engine, [frame(TEXT, word)], Raising) for engine in (False, True)
        ]
        assert tornado == engine
        closed = [("close", None, None)] * variants.CALLBACKS_GUARDED
        assert engine.calls == [("open",), *closed]
        assert engine.logged or not variants.CALLBACKS_GUARDED

    run(both, loop)
