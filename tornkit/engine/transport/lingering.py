"""Closes a socket whose client is still sending: nothing more is written, the rest is read away.

To close a socket with unread bytes in it resets the connection, and the reset may overtake the
response that was written last (RFC 9112, section 9.6). So the end is sent, and what comes is read
until the client has seen it, for a bounded time and size.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from weakref import WeakKeyDictionary

SECONDS = 5.0
BYTES = 1 << 24
_READ = 65536
_LOOK = 0.02  # seconds between looks for those that have not ended
# Not themselves, which would outlive a loop that was closed before they have ended.
_numbers: WeakKeyDictionary[asyncio.AbstractEventLoop, int] = WeakKeyDictionary()


def close_slowly(sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
    """Shut down the sending side now; close the socket once the client has closed its side."""
    try:
        sock.shutdown(socket.SHUT_WR)
        _Lingering(sock, loop)
    except OSError:  # it has gone, or the loop has no room for it
        sock.close()


def number_in(loop: asyncio.AbstractEventLoop) -> int:
    """Number of lingering sockets that ``loop`` still reads before they are closed."""
    return _numbers.get(loop, 0)


async def ended(loop: asyncio.AbstractEventLoop, seconds: float) -> None:
    """Wait until all lingering sockets of ``loop`` are closed, for at most ``seconds``."""
    until = loop.time() + seconds
    while loop.time() < until and number_in(loop):
        await asyncio.sleep(_LOOK)


class _Lingering:
    """Socket that is read until its client has ended, or up to a limit, and is then closed."""

    __slots__ = ("_left", "_loop", "_sock", "_timer")

    def __init__(self, sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self._sock = sock
        self._loop = loop
        self._left = BYTES
        loop.add_reader(sock.fileno(), self._read)
        self._timer = loop.call_later(SECONDS, self._close)
        _numbers[loop] = number_in(loop) + 1

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
        _numbers[self._loop] -= 1
        self._timer.cancel()
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()
