"""Server-sent events, written to sockets whose response heads a worker has sent.

Nobody is waited for: what a socket does not take is kept, up to a bound, and a browser that does
not read is dropped. It comes again by itself.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import partial
from json import dumps
from typing import Any

from tornkit.serve.loop.loop import Loop
from tornkit.serve.loop.timers import Timer
from tornkit.serve.peers import has_left

# Two errors with all their source lines; a browser reads at once or never.
MOST_UNSENT = 512 * 1024
MOST_STREAMS = 64
PING = 10.0  # seconds between two signs of life, by which a browser knows that it is connected

Event = dict[str, Any]


def encoded(event: Event) -> bytes:
    """One event as the bytes of a stream (HTML Standard, "Server-sent events")."""
    return b"data: %b\n\n" % dumps(event).encode()  # JSON has no line end in it


class _Stream:
    """One browser: its socket, and the bytes that it has not taken."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.unsent = bytearray()

    def fileno(self) -> int:
        return self.sock.fileno()

    def push(self) -> bool:
        """Send what the socket takes; False if the browser is gone, or too much is unsent."""
        try:
            while self.unsent:
                del self.unsent[: self.sock.send(self.unsent)]
        except BlockingIOError:
            return len(self.unsent) <= MOST_UNSENT
        except OSError:
            return False
        return True


class EventStreams:
    """All browsers that are connected. ``greeting()`` is the first event that each gets."""

    def __init__(self, loop: Loop, greeting: Callable[[], Event]) -> None:
        self._loop = loop
        self._greeting = greeting
        self._streams: list[_Stream] = []
        self._ping: Timer | None = None

    def __len__(self) -> int:
        return len(self._streams)

    def adopt(self, descriptor: int) -> None:
        """Take over a browser's socket, and greet it; where there are too many, drop the oldest.

        :raises OSError: the loop can't watch the socket, which is closed then.
        """
        sock = socket.socket(fileno=descriptor)
        stream = _Stream(sock)
        try:
            sock.setblocking(False)
            self._loop.listen(stream, partial(self._read, stream))
        except OSError:
            sock.close()
            raise
        while len(self._streams) >= MOST_STREAMS:
            self._drop(self._streams[0])
        self._streams.append(stream)
        self._send(stream, encoded(self._greeting()))
        if self._ping is None:
            self._ping_later()

    def tell(self, event: Event) -> None:
        """Send an event to all."""
        data = encoded(event)
        for stream in tuple(self._streams):
            self._send(stream, data)

    def close(self) -> None:
        """Close all streams."""
        for stream in tuple(self._streams):
            self._drop(stream)
        if self._ping is not None:
            self._ping.cancel()
            self._ping = None

    def _send(self, stream: _Stream, data: bytes) -> None:
        stream.unsent += data
        self._push(stream)

    def _push(self, stream: _Stream) -> None:
        if stream.push():
            self._loop.want_write(stream, partial(self._push, stream) if stream.unsent else None)
        else:
            self._drop(stream)

    def _read(self, stream: _Stream) -> None:
        """Notice that a browser has gone."""
        if has_left(stream.sock):
            self._drop(stream)

    def _drop(self, stream: _Stream) -> None:
        if stream in self._streams:
            self._streams.remove(stream)
            self._loop.unlisten(stream)
            stream.sock.close()

    def _ping_later(self) -> None:
        self._ping = self._loop.at(self._loop.now() + PING, self._send_pings)

    def _send_pings(self) -> None:
        self._ping = None
        if self._streams:
            self.tell({"type": "ping"})
            self._ping_later()
