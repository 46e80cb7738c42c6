"""Reads the responses out of everything that came back on one connection.

The reader knows no requests, since nobody can say for sure which ones a mutated input holds. What
it needs to know is in the responses: ``X-Seen: HEAD`` means that no body follows.

Used only where two servers differ, to say in what; equal bytes need no reading.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_HEAD = re.compile(rb"HTTP/1\.1 ([0-9]{3}) ([^\r\n]*)\r\n((?:[^\r\n]+\r\n)*)\r\n")
_CHUNK = re.compile(rb"([0-9a-fA-F]+)\r\n")


@dataclass(frozen=True)
class Reply:
    """One response. ``headers`` as they were sent, in order; ``body`` without its framing."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    is_whole: bool = True

    def header(self, name: str) -> str | None:
        """The last value of this header; None where it was not sent."""
        return next(
            (value for key, value in reversed(self.headers) if key.lower() == name.lower()), None
        )

    @property
    def is_informational(self) -> bool:
        return 100 <= self.status < 200 and self.status != 101

    @property
    def is_seen(self) -> bool:
        """Whether an application was given the request: it was accepted."""
        return self.header("X-Seen") is not None or self.status == 101

    @property
    def record(self) -> dict[str, Any] | None:
        """What the application saw; None where it told nothing, or nothing that can be read."""
        text = self.header("X-Seen-Json") or self.body.decode("latin-1")
        try:
            found = json.loads(text)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None


@dataclass(frozen=True)
class Replies:
    """All responses of a connection, and what follows them that is none (a WebSocket's frames)."""

    replies: tuple[Reply, ...]
    rest: bytes = b""

    @property
    def final(self) -> tuple[Reply, ...]:
        """Those that answer a request: without 100 (Continue)."""
        return tuple(reply for reply in self.replies if not reply.is_informational)


def read(data: bytes) -> Replies:
    """Everything that came back -> its responses. Never raises: what is none is the rest."""
    replies = []
    while match := _HEAD.match(data):
        headers = tuple(_pairs(match[3]))
        reply = Reply(int(match[1]), match[2].decode("latin-1"), headers)
        data = data[match.end() :]
        body, is_whole, data = _body(reply, data)
        replies.append(Reply(reply.status, reply.reason, headers, body, is_whole))
        if reply.status == 101:
            break
    return Replies(tuple(replies), data)


def _pairs(block: bytes) -> list[tuple[str, str]]:
    lines = block.decode("latin-1").split("\r\n")[:-1]
    parts = (line.partition(":") for line in lines)
    return [(name, value.strip(" \t")) for name, _, value in parts]


def _body(reply: Reply, data: bytes) -> tuple[bytes, bool, bytes]:
    """The body that ``data`` begins with, whether it is whole, and what follows it."""
    if (
        reply.status in (101, 204, 304)
        or reply.is_informational
        or reply.header("X-Seen") == "HEAD"
    ):
        return b"", True, data
    if (reply.header("Transfer-Encoding") or "").lower() == "chunked":
        return _chunked(data)
    length = reply.header("Content-Length")
    if length is not None and length.isdecimal():
        body = data[: int(length)]
        return body, len(body) == int(length), data[len(body) :]
    return data, True, b""


def _chunked(data: bytes) -> tuple[bytes, bool, bytes]:
    body = b""
    while match := _CHUNK.match(data):
        size = int(match[1], 16)
        chunk, data = data[match.end() :][:size], data[match.end() + size :]
        body += chunk
        if not data.startswith(b"\r\n"):
            return body, False, data
        data = data[2:]
        if size == 0:
            return body, True, data
    return body, False, data
