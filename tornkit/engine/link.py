"""One socket as an event loop serves it: bytes in, bytes out, the end. Knows no HTTP.

Read when the loop says so, written at once; no stream, no task and no timer stand between. What
cannot be sent waits in an outbox, what was read and not used in an inbox; nothing is read while
that is full.
"""

from __future__ import annotations

import asyncio
import socket
from asyncio import TimerHandle
from collections.abc import Callable
from contextvars import copy_context
from functools import partial

from tornado.iostream import IOStream
from tornado.log import gen_log

from tornkit.engine.transport.inbox import Inbox
from tornkit.engine.transport.outbox import Outbox, Waiter
from tornkit.engine.transport.poller import Poller

READ = 65536  # bytes of one recv, and of what is kept unread while a handler works
_READS = 8  # in one turn of the loop, where a body comes as fast as it is read


class Link:
    """A socket with its buffers. A subclass makes use of the bytes that come.

    ``error`` is the one for which it was closed; ``turns`` tells turns of the loop apart. It closes
    where it is not ``busy`` for ``patience`` seconds.
    """

    __slots__ = (
        "__weakref__",
        "_closing_after_flush",
        "_inbox",
        "_looking",
        "_outbox",
        "_patience",
        "_poller",
        "_reading",
        "_since",
        "_timer",
        "_variables",
        "closed",
        "error",
        "loop",
        "sock",
        "turns",
    )

    def __init__(
        self,
        sock: socket.socket,
        loop: asyncio.AbstractEventLoop,
        poller: Poller,
        unread: bytes = b"",
        *,
        patience: float,
    ) -> None:
        self.sock = sock
        self.loop = loop
        self.closed = False
        self.error: BaseException | None = None
        self._inbox = Inbox()
        self._inbox.add(unread)
        self._outbox: Outbox | None = None  # there is one while something waits in it
        self._closing_after_flush = False  # nothing more is read
        # In which requests begin. What a handler sets in its own is not the next one's to see,
        # though it is often the end of one request that has us look for another.
        self._variables = copy_context()
        self._poller = poller
        self.turns = poller.turns
        self._reading = False
        self._looking = False  # in the next turn of the loop
        self._patience = patience
        self._since = loop.time()  # when it began to wait for the other side
        self._timer: TimerHandle = loop.call_later(patience, self._look_at_time)

    # ---- what a subclass says ----

    def _received(self) -> bool:
        """Use the bytes that were read; return whether only a part of a message has come so far."""
        raise NotImplementedError

    def _on_end(self, error: OSError | None = None) -> None:
        """Act on the end of the other side's bytes, or on an error."""
        raise NotImplementedError

    @property
    def busy(self) -> bool:
        """Whether something is under way on this side."""
        raise NotImplementedError

    @property
    def idle(self) -> bool:
        """Whether nothing has begun to arrive, and nothing is under way."""
        raise NotImplementedError

    def shut(self, error: OSError | None = None) -> None:
        """Close the connection now; ``error`` is the reason, if there is one."""
        raise NotImplementedError

    # ---- reading ----

    @property
    def unread(self) -> bytes:
        """Bytes that were read and not used."""
        return bytes(self._inbox)

    def has(self, size: int) -> bool:
        """Whether so many bytes were read and not used."""
        return len(self._inbox) >= size

    def take(self, size: int) -> bytes:
        """Take at most ``size`` bytes of those that were read."""
        return self._inbox.take(size)

    def _on_readable(self) -> None:
        if not self._receive():
            return
        for _ in range(_READS - 1):
            # A part of a request may be followed by a reset, which has to be seen now, where it
            # is told once.
            if not self._receive():
                return
        self._look_soon()

    def _look_soon(self) -> None:
        # Once, however many ask for it: one that sends as fast as it is read would otherwise have
        # a look more in each turn of the loop.
        if not self._looking:
            self._looking = True
            self.loop.call_soon(self._look_again)

    def _look_again(self) -> None:
        self._looking = False
        if self._reading and not self.idle:
            self._on_readable()

    def _receive(self) -> bool:
        """Read from the socket once; return whether only a part of a message has come so far."""
        try:
            data = self.sock.recv(READ)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            self._on_end(error)
            return False
        if not data:
            self._on_end()
            return False
        self._inbox.add(data)
        return self._received()

    def _pause(self) -> None:
        if self._reading:
            self._reading = False
            self._poller.remove(self.sock.fileno())

    def read_on(self) -> None:
        """Resume reading from the socket, if the receive buffer has room."""
        if len(self._inbox) < READ:
            self._resume()

    def _resume(self) -> None:
        if not self._reading and not self.closed and not self._closing_after_flush:
            self._reading = True
            try:
                self._poller.add(self.sock.fileno(), self._variables, self._on_readable)
            except OSError as error:  # neither an epoll nor the loop has room for it
                self._reading = False
                gen_log.warning("A connection can't be watched and is closed: %s", error)
                self.loop.call_soon(self.shut, error)

    # ---- writing ----

    @property
    def unsent(self) -> int:
        """Bytes that the socket has not taken yet."""
        return 0 if self._outbox is None else len(self._outbox)

    def send(self, data: bytes) -> bool:
        """Write ``data``, now or as the socket takes it; return whether all of it went at once."""
        if self.closed:
            return False
        if self._outbox is not None:
            self._outbox.add(data)
            return False
        try:
            taken = self.sock.send(data)
        except (BlockingIOError, InterruptedError):
            taken = 0
        except OSError as error:
            self.shut(error)
            return False
        if taken == len(data):
            return True
        rest = memoryview(data)[taken:]
        try:
            self._outbox = Outbox(
                self.sock, self.loop, rest, emptied=self._on_emptied, broken=self.shut
            )
        except OSError as error:  # the loop has no room for it: nobody would send the rest
            self.shut(error)
        return False

    def when_sent(self, waiter: Waiter) -> None:
        """Tell ``waiter`` when everything written so far has gone, or never will."""
        if self._outbox is None:
            waiter(not self.closed)
        else:
            self._outbox.wait(waiter)

    def _on_emptied(self) -> None:
        assert self._outbox is not None
        then, self._outbox = self._outbox.then, None
        if then is not None:
            then()
        else:
            self.read_on()

    # ---- the end ----

    def _shut_after_flush(self) -> None:
        """Close once all has gone that was written; read nothing meanwhile."""
        if self._outbox is None:
            self.shut()
        else:
            self._outbox.then = self.shut
            self._closing_after_flush = True
            self._pause()

    def let_loose(self) -> list[Waiter]:
        """Let go of the socket without closing it; return the waiters for unsent bytes."""
        self.closed = True
        self._timer.cancel()
        self._pause()
        outbox, self._outbox = self._outbox, None
        return [] if outbox is None else outbox.stop()

    def _look_at_time(self) -> None:
        """Close the link if it has waited too long for the other side; else look again in time.

        One timer for a connection's life: to move one with each request would cost more than
        the rest of the bookkeeping.
        """
        now = self.loop.time()
        since = now if self.busy else self._since
        left = since + self._patience - now
        if left <= 0:
            self.shut()
        else:
            self._timer = self.loop.call_later(left, self._look_at_time)

    def _as_stream(self, make: Callable[[socket.socket, bytes], IOStream]) -> IOStream:
        """The socket as a stream, with the bytes read and those still to be sent."""
        rest = b"" if self._outbox is None else self._outbox.rest()
        waiting = self.let_loose()
        stream = make(self.sock, bytes(self._inbox))
        if rest:
            sent = asyncio.ensure_future(stream.write(rest))
            for waiter in waiting:
                sent.add_done_callback(partial(_pass_on, waiter))
        return stream


def _pass_on(waiter: Waiter, sent: asyncio.Future[None]) -> None:
    waiter(not sent.cancelled() and sent.exception() is None)
