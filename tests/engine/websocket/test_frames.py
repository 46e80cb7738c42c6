"""Frames that are made once for many clients: what each gets, and where they are not to be used."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tornado.websocket import WebSocketClosedError

from tests.engine.websocket.playing import BINARY, TEXT, Noting, frame, opened, run, turns, until
from tornkit.engine.websocket.protocol import EngineProtocol, frame_of

LOOPS = pytest.mark.parametrize(
    "loop", ["asyncio", pytest.param("uvloop", marks=pytest.mark.thorough)]
)
BIG = 4 << 20  # bytes that no socket takes at once


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_a_frame_is_that_of_write_message(size: int) -> None:
    data = b"x" * size
    assert frame_of(data, binary=False) == frame(TEXT, data, mask=None)
    assert frame_of(data, binary=True) == frame(BINARY, data, mask=None)


@LOOPS
def test_several_go_at_once_between_messages(loop: str) -> None:
    async def scene() -> None:
        async with opened(True) as (client, handler, _):
            protocol: Any = handler.ws_connection
            assert isinstance(protocol, EngineProtocol)
            handler.write_message("before")
            frames = [frame_of(b"a", binary=False), frame_of(b"bc", binary=True)]
            out = protocol._wire_bytes_out, protocol._message_bytes_out
            assert protocol.write_frames(b"".join(frames), 3) is True
            assert protocol._wire_bytes_out == out[0] + len(b"".join(frames))
            assert protocol._message_bytes_out == out[1] + 3
            handler.write_message("behind")
            expected = b"".join(
                frame(opcode, data, mask=None)
                for opcode, data in (
                    (TEXT, b"before"),
                    (TEXT, b"a"),
                    (BINARY, b"bc"),
                    (TEXT, b"behind"),
                )
            )
            await until(lambda: client.has(len(expected)))
            assert client.received == expected

    run(scene, loop)


@LOOPS
def test_what_the_socket_does_not_take_follows_and_nothing_overtakes_it(loop: str) -> None:
    async def scene() -> None:
        async with opened(True) as (client, handler, _):
            protocol: Any = handler.ws_connection
            big = frame_of(b"x" * BIG, binary=True)
            sent = protocol.write_frames(big, BIG)
            assert isinstance(sent, asyncio.Future)
            small = frame_of(b"small", binary=False)
            assert protocol.write_frames(small, 5) is False, "by write_message, which waits"
            behind = handler.write_message("small")
            await turns(20)
            assert not sent.done()
            await until(lambda: client.has(len(big) + len(small)))
            await sent
            await behind
            assert client.received == big + small
            assert protocol.write_frames(small, 5) is True

    run(scene, loop)


class Compressed(Noting):
    def get_compression_options(self) -> dict[str, Any]:
        return {}


@LOOPS
def test_not_where_messages_are_compressed(loop: str) -> None:
    async def scene() -> None:
        extensions = "Sec-WebSocket-Extensions: permessage-deflate"
        async with opened(True, Compressed, extensions) as (_, handler, _seen):
            protocol: Any = handler.ws_connection
            assert protocol._compressor is not None
            assert protocol.write_frames(frame_of(b"a", binary=False), 1) is False

    run(scene, loop)


@LOOPS
def test_a_client_that_has_gone(loop: str) -> None:
    async def scene() -> None:
        async with opened(True) as (client, handler, seen):
            protocol: Any = handler.ws_connection
            sent = protocol.write_frames(frame_of(b"x" * BIG, binary=True), BIG)
            client.sock.close()
            with pytest.raises(WebSocketClosedError):
                await sent
            await until(lambda: ("close", None, None) in seen.calls)
            assert protocol.write_frames(frame_of(b"a", binary=False), 1) is False

    run(scene, loop)
