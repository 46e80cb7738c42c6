"""Frames that wait for a socket to take them, in time that grows with their size alone."""

from __future__ import annotations

import socket
from collections import deque

_PIECE = 256 * 1024  # bytes that are joined for one call
_TURN = 4 * 1024 * 1024  # bytes of one turn: others wait, too


class Outgoing:
    """Queue of frames that a socket has not taken yet. ``size`` is in bytes."""

    def __init__(self) -> None:
        self.size = 0
        self._frames: deque[bytes | memoryview] = deque()

    def __bool__(self) -> bool:
        return bool(self._frames)

    def add(self, frame: bytes) -> None:
        """Queue a frame."""
        self._frames.append(frame)
        self.size += len(frame)

    def clear(self) -> None:
        """Drop all frames."""
        self._frames.clear()
        self.size = 0

    def send(self, sock: socket.socket) -> bool:
        """Send what the socket takes in this turn; return whether the queue is empty.

        :raises OSError: the other end has gone.
        """
        left = _TURN
        while self._frames and left > 0:
            parts, size = [], 0
            while self._frames and size < _PIECE:
                parts.append(self._frames.popleft())
                size += len(parts[-1])
            data = parts[0] if len(parts) == 1 else b"".join(parts)
            try:
                sent = sock.send(data)
            except BlockingIOError:
                sent = 0
            self.size -= sent
            left -= sent
            if sent < size:
                self._frames.appendleft(memoryview(data)[sent:])
                return False
        return not self._frames
