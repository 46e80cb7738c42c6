"""Frames to many WebSockets at once: what each gets, and who is taken off the list in time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tornado.websocket import WebSocketClosedError

from tests.engine.websocket.playing import BINARY, TEXT, Noting, frame, opened, run, turns, until
from tornkit.engine.websocket.protocol import frame_of
from tornkit.engine.websocket.sending import FrameAudience

LOOPS = pytest.mark.parametrize(
    "loop", ["asyncio", pytest.param("uvloop", marks=pytest.mark.thorough)]
)
BIG = 4 << 20  # bytes that no socket takes at once


def audience() -> tuple[FrameAudience[str], list[str]]:
    """One, and those whom it has been told of as blocked."""
    blocked: list[str] = []
    return FrameAudience(blocked.append), blocked


@LOOPS
def test_all_get_the_same_between_their_own(loop: str) -> None:
    async def scene() -> None:
        async with opened(True) as (client, one, _), opened(True) as (other, two, _):
            room, blocked = audience()
            for name, handler in (("one", one), ("two", two)):
                assert room.add(handler.ws_connection, name) is not None
            one.write_message("before")
            assert room.send(frame_of(b"all", binary=False), 3) == []
            one.write_message("behind")
            mine = b"".join(frame(TEXT, each, mask=None) for each in (b"before", b"all", b"behind"))
            await until(lambda: client.has(len(mine)) and other.has(5))
            assert client.received == mine
            assert other.received == frame(TEXT, b"all", mask=None)
            assert blocked == []

    run(scene, loop)


@LOOPS
def test_bytes_are_counted_once_it_is_taken_off(loop: str) -> None:
    async def scene() -> None:
        async with opened(True) as (_, handler, _seen):
            room, blocked = audience()
            protocol: Any = handler.ws_connection
            room.send(b"to nobody", 7)
            enrolment = room.add(protocol, "one")
            assert enrolment is not None
            before = protocol._wire_bytes_out, protocol._message_bytes_out
            room.send(frame_of(b"all", binary=False), 3)
            enrolment.end()
            enrolment.end()
            after = protocol._wire_bytes_out, protocol._message_bytes_out
            assert after == (before[0] + 5, before[1] + 3)
            assert room.send(frame_of(b"all", binary=False), 3) == []
            handler.close()
            assert blocked == [], "it was not on the list any more"

    run(scene, loop)


@LOOPS
def test_nothing_overtakes_bytes_that_wait(loop: str) -> None:
    """Those of the audience, and then those of the handler's own message."""

    async def scene() -> None:
        async with opened(True) as (client, handler, _):
            room, blocked = audience()
            protocol: Any = handler.ws_connection
            room.add(protocol, "one")
            big = frame_of(b"x" * BIG, binary=True)
            ((member, sending),) = room.send(big, BIG)
            assert (member, blocked) == ("one", ["one"])
            assert isinstance(sending, asyncio.Future)
            assert room.add(protocol, "one") is None
            assert room.send(frame_of(b"not to be sent", binary=False), 14) == []
            await until(lambda: client.has(len(big)))
            await sending
            assert client.received == big

            room.add(protocol, "one")
            handler.write_message(b"y" * BIG, binary=True)
            assert blocked == ["one", "one"]
            assert room.send(frame_of(b"not to be sent", binary=False), 14) == []
            await until(lambda: client.has(2 * len(big)))
            assert client.received == big + frame(BINARY, b"y" * BIG, mask=None)

    run(scene, loop)


@LOOPS
def test_nothing_follows_a_close(loop: str) -> None:
    async def scene() -> None:
        async with opened(True) as (client, handler, _):
            room, blocked = audience()
            room.add(handler.ws_connection, "one")
            handler.close(1001)
            assert blocked == ["one"]
            assert room.send(frame_of(b"not to be sent", binary=False), 14) == []
            await until(lambda: client.has(4))
            await turns(5)
            assert client.received == frame(0x8, (1001).to_bytes(2, "big"), mask=None)

    run(scene, loop)


@LOOPS
def test_a_client_that_has_gone(loop: str) -> None:
    async def scene() -> None:
        async with opened(True) as (client, handler, seen):
            room, blocked = audience()
            room.add(handler.ws_connection, "one")
            ((_, sending),) = room.send(frame_of(b"x" * BIG, binary=True), BIG)
            assert sending is not None
            client.sock.close()
            with pytest.raises(WebSocketClosedError):
                await sending
            await until(lambda: ("close", None, None) in seen.calls)
            assert blocked == ["one"]
            assert room.enrolments == {}

    run(scene, loop)


@LOOPS
def test_a_stream_that_was_closed_behind_its_back(loop: str) -> None:
    async def scene() -> None:
        async with opened(True) as (_, handler, seen):
            room, blocked = audience()
            protocol: Any = handler.ws_connection
            room.add(protocol, "one")
            protocol.stream.close()
            assert room.send(frame_of(b"a", binary=False), 1) == [("one", None)]
            await until(lambda: ("close", None, None) in seen.calls)
            assert blocked == ["one"]
            assert room.add(protocol, "one") is None

    run(scene, loop)


class Deflating(Noting):
    def get_compression_options(self) -> dict[str, Any]:
        return {}


def test_who_is_never_on_the_list() -> None:
    async def scene() -> None:
        extensions = "Sec-WebSocket-Extensions: permessage-deflate"
        room, _ = audience()
        async with opened(True, Deflating, extensions) as (_, handler, _seen):
            protocol: Any = handler.ws_connection
            assert room.add(protocol, "one") is None
        async with opened(True) as (_, handler, _seen):
            again: Any = handler.ws_connection
            assert room.add(again, "one") is not None
            assert room.add(again, "the same socket") is None

    run(scene, "asyncio")
