"""Send buffer: bytes that the socket has not taken yet, and callbacks for when it has.

There is one only while something waits: nearly every response goes in one ``send``, and a
connection that has nothing to say should not pay for a buffer.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable

_WRITE = 1 << 18  # bytes of one send
# Pieces up to this size are joined: a call of the system for each would cost more than the copy.
# Longer ones are kept as they are, so that a large response is in memory once.
_SMALL = 4096

# Is told once: True when the bytes have gone, False when they never will.
Waiter = Callable[[bool], None]


class Outbox:
    """Bytes on their way out, in order. Sends by itself until it is empty.

    ``emptied`` is called when everything has gone, ``broken`` when the socket takes no more.
    """

    __slots__ = (
        "_added",
        "_broken",
        "_emptied",
        "_gone",
        "_loop",
        "_offset",
        "_pieces",
        "_sock",
        "_waiting",
        "then",
    )

    def __init__(
        self,
        sock: socket.socket,
        loop: asyncio.AbstractEventLoop,
        data: memoryview,
        *,
        emptied: Callable[[], None],
        broken: Callable[[OSError], None],
    ) -> None:
        self._sock = sock
        self._loop = loop
        self._emptied = emptied
        self._broken = broken
        self._pieces: deque[memoryview | bytes | bytearray] = deque((data,))
        self._offset = 0  # so much of the first piece has gone
        self._added = len(data)  # in all
        self._gone = 0
        self._waiting: deque[tuple[int, Waiter]] = deque()  # until so much has gone
        self.then: Callable[[], None] | None = None
        """Function that the owner calls once the buffer is empty."""
        loop.add_writer(sock.fileno(), self._on_writable)

    def __len__(self) -> int:
        """Number of bytes that the socket has not taken yet."""
        return self._added - self._gone

    def add(self, data: bytes) -> None:
        """Add bytes to be sent behind the rest."""
        if not data:
            return
        self._added += len(data)
        last = self._pieces[-1]
        if len(data) > _SMALL:
            self._pieces.append(data)
        elif isinstance(last, bytearray) and len(last) <= _SMALL:
            last += data
        else:
            self._pieces.append(bytearray(data))

    def wait(self, waiter: Waiter) -> None:
        """Tell ``waiter`` when all that was added so far has gone."""
        self._waiting.append((self._added, waiter))

    def rest(self) -> bytes:
        """Bytes that the socket has not taken yet."""
        return b"".join(self._pieces)[self._offset :]

    def stop(self) -> list[Waiter]:
        """Send no more; return the waiters."""
        self._loop.remove_writer(self._sock.fileno())
        self._pieces.clear()
        waiting = [waiter for _, waiter in self._waiting]
        self._waiting.clear()
        return waiting

    def _on_writable(self) -> None:
        piece = self._pieces[0]
        try:
            with memoryview(piece) as whole, whole[self._offset : self._offset + _WRITE] as part:
                taken = self._sock.send(part)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._broken(error)
            return
        self._gone += taken
        self._offset += taken
        if self._offset == len(piece):
            self._pieces.popleft()
            self._offset = 0
        if not self._pieces:
            self._loop.remove_writer(self._sock.fileno())
        while self._waiting and self._waiting[0][0] <= self._gone:
            self._waiting.popleft()[1](True)
        if not self._pieces:
            self._emptied()
