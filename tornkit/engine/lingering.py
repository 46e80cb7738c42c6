"""Closes a socket whose client is still sending: nothing more is written, the rest is read away.

To close a socket with unread bytes in it resets the connection, and the reset may overtake the
response that was written last (RFC 9112, section 9.6). So the end is sent, and what comes is read
until the client has seen it, for a bounded time and size.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket

SECONDS = 5.0
BYTES = 1 << 24
_READ = 65536
_LOOK = 0.02  # seconds between looks for those that have not ended


def close_slowly(sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
    """Send the end now, and close when the client has ended, too."""
    try:
        sock.shutdown(socket.SHUT_WR)
        _Lingering(sock, loop)
    except OSError:  # it has gone, or the loop has no room for it
        sock.close()


async def ended(loop: asyncio.AbstractEventLoop, seconds: float) -> None:
    """Wait for those of this loop, for a bounded time."""
    until = loop.time() + seconds
    while loop.time() < until and any(each.is_in(loop) for each in tuple(_all)):
        await asyncio.sleep(_LOOK)


class _Lingering:
    """One such socket; the loop keeps it."""

    __slots__ = ("_left", "_loop", "_sock", "_timer")

    def __init__(self, sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self._sock = sock
        self._loop = loop
        self._left = BYTES
        loop.add_reader(sock.fileno(), self._read)
        self._timer = loop.call_later(SECONDS, self._close)
        _all.add(self)

    def is_in(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether this loop reads it."""
        return self._loop is loop

    def _read(self) -> None:
        data = b""
        with contextlib.suppress(OSError):  # a reset is an end
            try:
                data = self._sock.recv(_READ)
            except (BlockingIOError, InterruptedError):
                return
        self._left -= len(data)
        if not data or self._left <= 0:
            self._close()

    def _close(self) -> None:
        _all.discard(self)
        self._timer.cancel()
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()


_all: set[_Lingering] = set()
