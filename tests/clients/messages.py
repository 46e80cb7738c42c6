"""The bytes of requests and responses of HTTP/1.1, without any socket."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from tornado.httputil import HTTPHeaders

T = TypeVar("T")

# Yields where it needs more bytes than have come, and is sent whether any came: none do after the
# end of the connection.
Reading = Generator[None, bool, T]


def request_bytes(path: str = "/", *lines: str, method: str = "GET", body: bytes = b"") -> bytes:
    """A request with these further lines in its head; a body brings a Content-Length."""
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", *lines]
    if body:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


@dataclass(frozen=True)
class Response:
    """A response, read to its end."""

    status: int
    reason: str
    headers: HTTPHeaders
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def closes(self) -> bool:
        """Whether it says that the connection closes behind it."""
        return self.headers.get("Connection", "").lower() == "close"

    def json(self) -> Any:
        return json.loads(self.body)


class Incoming:
    """Bytes of one connection that have come and were not taken, and readings that take them.

    Each but `rest` raises EOFError, with the bytes there are, if the connection ends before.
    """

    def __init__(self) -> None:
        self.unread = bytearray()

    def read(self, size: int) -> Reading[bytes]:
        """Take exactly ``size`` bytes."""
        while len(self.unread) < size:
            yield from self._more()
        return self._take(size)

    def read_through(self, end: bytes) -> Reading[bytes]:
        """Take everything up to and with ``end``."""
        seen = 0
        while (found := self.unread.find(end, max(0, seen - len(end)))) < 0:
            seen = len(self.unread)
            yield from self._more()
        return self._take(found + len(end))

    def rest(self) -> Reading[bytes]:
        """Take everything until the connection ends."""
        while (yield):
            pass
        return self._take(len(self.unread))

    def response(self, method: str = "GET") -> Reading[Response]:
        """Take the response to a request with this method."""
        head = (yield from self.read_through(b"\r\n\r\n")).decode("latin-1")
        line, _, lines = head.partition("\r\n")
        version, status, reason = line.split(" ", 2)
        assert version == "HTTP/1.1", line
        headers = HTTPHeaders.parse(lines)
        body = b""
        if method != "HEAD" and status[0] != "1" and status not in ("204", "304"):
            body = yield from self._body(headers)
        return Response(int(status), reason, headers, body)

    def _body(self, headers: HTTPHeaders) -> Reading[bytes]:
        if headers.get("Transfer-Encoding") == "chunked":
            return (yield from self._chunks())
        if "Content-Length" in headers:
            return (yield from self.read(int(headers["Content-Length"])))
        return (yield from self.rest())

    def _chunks(self) -> Reading[bytes]:
        body = bytearray()
        while size := int((yield from self.read_through(b"\r\n")), 16):
            body += yield from self.read(size)
            assert (yield from self.read(2)) == b"\r\n"
        assert (yield from self.read(2)) == b"\r\n"
        return bytes(body)

    def _more(self) -> Reading[None]:
        if not (yield):
            raise EOFError(bytes(self.unread))

    def _take(self, size: int) -> bytes:
        taken = bytes(self.unread[:size])
        del self.unread[:size]
        return taken
