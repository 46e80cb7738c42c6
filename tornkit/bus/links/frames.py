"""Frames between a hub and a member: their bytes, and the calls that travel in them.

A frame is a length (4 bytes, of what follows), a kind (1) and a number (4), by which an answer is
known to be one; 0: none is waited for. A message is its offset (8), its time (8), the length of the
channel's name (2), the name and the payload; all else is JSON.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

from tornkit.bus.broker.history import Kept
from tornkit.bus.message import Event

HEAD = struct.Struct("!IBI")
_MESSAGE = struct.Struct("!QdH")
_NAME = struct.Struct("!H")
MOST = 128 * 1024 * 1024  # bytes of a frame; more comes from a broken peer

# To a hub.
PUBLISH, CALL = 1, 2
# From a hub. `KEPT` is a message of an answer that comes behind it.
HELLO, ANSWER, REFUSAL, KEPT, MESSAGE, JOIN, LEAVE = 16, 17, 18, 19, 20, 21, 22
EVENT_OF: dict[int, Event] = {MESSAGE: "message", JOIN: "join", LEAVE: "leave"}
KIND_OF = {event: kind for kind, event in EVENT_OF.items()}

_to_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def published(number: int, channel: str, payload: bytes) -> bytes:
    """Encode a `PUBLISH` frame: a message from a member to the hub."""
    name = channel.encode()
    size = 5 + 2 + len(name) + len(payload)
    return b"".join((HEAD.pack(size, PUBLISH, number), _NAME.pack(len(name)), name, payload))


def read_published(body: bytes) -> tuple[str, bytes]:
    """Decode the body of a `PUBLISH` frame to its channel and payload."""
    (size,) = _NAME.unpack_from(body)
    return body[2 : 2 + size].decode(), body[2 + size :]


def told(kind: int, number: int, message: Kept) -> bytes:
    """Encode a frame with a message from the hub to a member."""
    name = message.channel.encode()
    size = 5 + _MESSAGE.size + len(name) + len(message.payload)
    head = HEAD.pack(size, kind, number) + _MESSAGE.pack(message.offset, message.time, len(name))
    return b"".join((head, name, message.payload))


def read_told(body: bytes) -> Kept:
    """Decode the body of a frame from the hub to the message in it."""
    offset, time, size = _MESSAGE.unpack_from(body)
    end = _MESSAGE.size + size
    return Kept(body[_MESSAGE.size : end].decode(), offset, time, body[end:])


def framed(kind: int, number: int, content: Any) -> bytes:
    """Encode a frame whose body is ``content`` as JSON."""
    body = _to_json(content).encode()
    return HEAD.pack(5 + len(body), kind, number) + body


class FrameReader:
    """Decoder of frames in a stream of bytes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._have = 0
        self._wanted = HEAD.size  # bytes, before there is anything to be looked at

    def feed(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Take bytes; give kind, number and body of each frame that is complete by now.

        The iterator is to be read to its end.

        :raises ValueError: the bytes are no frame of a hub's or a member's.
        """
        self._parts.append(data)
        self._have += len(data)
        if self._have < self._wanted:
            return
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        at, end = 0, len(data)
        self._wanted = HEAD.size
        while end - at >= HEAD.size:
            size, kind, number = HEAD.unpack_from(data, at)
            if not 5 <= size <= MOST:
                raise ValueError("no frame of a bus")
            following = at + 4 + size
            if following > end:
                self._wanted = following - at
                break
            yield kind, number, data[at + HEAD.size : following]
            at = following
        self._parts = [data[at:]] if at < end else []
        self._have = end - at
