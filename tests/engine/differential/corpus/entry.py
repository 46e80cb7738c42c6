"""One input, and short ways to write many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

WEB = ("web",)
# Where the server's own judgement shows: a handler, one that reads nothing, a bare delegate.
STRICT = ("web", "blind", "delegate")
# Where a body arrives, as a whole and in pieces.
BODIES = ("web", "stream", "delegate")


@dataclass(frozen=True)
class Entry:
    """A connection's bytes, and the profiles that they are meant for."""

    name: str
    data: bytes
    profiles: tuple[str, ...] = WEB


def get(headers: bytes = b"", target: bytes = b"/", version: bytes = b"HTTP/1.1") -> bytes:
    """A GET with a Host and these header lines (each with its CRLF)."""
    return b"GET %s %s\r\nHost: a\r\n%s\r\n" % (target, version, headers)


def post(headers: bytes, body: bytes, target: bytes = b"/") -> bytes:
    """A POST with a Host, these header lines and these bytes behind them, as they are."""
    return b"POST %s HTTP/1.1\r\nHost: a\r\n%s\r\n%s" % (target, headers, body)


def sized(body: bytes, headers: bytes = b"") -> bytes:
    """A POST with a body of a known length."""
    return post(headers + b"Content-Length: %d\r\n" % len(body), body)


def chunked(body: bytes, headers: bytes = b"") -> bytes:
    """A POST with a body that is already in chunks."""
    return post(headers + b"Transfer-Encoding: chunked\r\n", body)


def group(
    prefix: str, cases: Mapping[str, bytes], profiles: Iterable[str] = WEB
) -> Iterator[Entry]:
    """Entries "prefix: name"."""
    for name, data in cases.items():
        yield Entry(f"{prefix}: {name}", data, tuple(profiles))
