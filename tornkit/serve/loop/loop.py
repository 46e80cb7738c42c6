"""The supervisor's event loop: one selector, timers, and signals that only wake it.

No asyncio: the supervisor must not depend on what it supervises, and waits for four things only.

What is called back may find that the system refuses something (EMFILE, ENOMEM). Each knows best
what to do then; an OSError that gets out of one is told to ``on_trouble``, and the loop goes on: a
supervisor that ended of it would take every worker along, though nothing is wrong with them.
"""

from __future__ import annotations

import contextlib
import selectors
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

from tornkit.serve.loop.timers import Timer, Timers

_PAUSE = 0.01  # seconds


class EventSource(Protocol):
    """Something with a descriptor."""

    def fileno(self) -> int:
        """The descriptor."""


class Loop:
    """Calls back when a descriptor is readable, a timer is due, or a signal came."""

    def __init__(self) -> None:
        self.on_trouble: Callable[[OSError], None] | None = None  # without one it is raised
        self._selector = selectors.DefaultSelector()
        self._timers = Timers()
        self._signals: deque[int] = deque()
        self._wake_read, self._wake_write = socket.socketpair()
        for sock in (self._wake_read, self._wake_write):
            sock.setblocking(False)
        self._selector.register(self._wake_read, selectors.EVENT_READ, (self._drain_wake, None))

    def now(self) -> float:
        """Seconds of a clock that only goes forward."""
        return time.monotonic()

    # ---- descriptors ----

    def listen(self, source: EventSource, on_readable: Callable[[], object]) -> None:
        """Call ``on_readable`` whenever the source's descriptor is readable."""
        self._selector.register(source, selectors.EVENT_READ, (on_readable, None))

    def unlisten(self, source: EventSource) -> None:
        """Stop watching a source, if it is watched."""
        with contextlib.suppress(KeyError, ValueError):  # was not, or is closed
            self._selector.unregister(source)

    def want_write(self, source: EventSource, on_writable: Callable[[], None] | None) -> None:
        """Call ``on_writable`` whenever a source is writable, until this is called with None.

        Only for a source that is listened to.
        """
        try:
            key = self._selector.get_key(source)
        except (KeyError, ValueError):
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if on_writable else 0)
        if key.events != events:
            self._selector.modify(source, events, (key.data[0], on_writable))

    # ---- time ----

    def at(self, when: float, action: Callable[[], None]) -> Timer:
        """Call ``action`` at the time ``when``, by the clock of `now`."""
        return self._timers.at(when, action)

    def soon(self, action: Callable[[], None]) -> Timer:
        """Call ``action`` in this turn or the next, but not now."""
        return self._timers.at(self.now(), action)

    # ---- turning ----

    def turn(self, on_signal: Callable[[int], None]) -> None:
        """Wait for an event, then call back for each descriptor, signal and timer that is due."""
        for key, events in self._selector.select(self._timers.wait(self.now())):
            on_readable, on_writable = key.data
            if events & selectors.EVENT_WRITE and on_writable is not None:
                self._call(on_writable)
            if events & selectors.EVENT_READ:
                self._call(on_readable)
        while self._signals:
            self._call(partial(on_signal, self._signals.popleft()))
        self._timers.run(self.now(), self._call)

    def _call(self, callback: Callable[[], object]) -> None:
        try:
            callback()
        except OSError as error:
            if self.on_trouble is None:
                raise
            self.on_trouble(error)
            time.sleep(_PAUSE)  # what is readable still is, and would be called again at once

    def wake(self) -> None:
        """End the wait of `turn`, from another thread or a signal handler."""
        with contextlib.suppress(BlockingIOError, OSError):  # full: it wakes anyway; closed: late
            self._wake_write.send(b"\0")

    def _drain_wake(self) -> None:
        with contextlib.suppress(OSError):  # empty; or no memory, and it will be called again
            while self._wake_read.recv(4096):
                pass

    @contextlib.contextmanager
    def signals(self, *numbers: int) -> Iterator[None]:
        """Queue these signals for `turn` instead of what they do by default."""

        def enqueue(number: int, frame: object) -> None:
            self._signals.append(number)

        previous = {number: signal.signal(number, enqueue) for number in numbers}
        previous_fd = signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(previous_fd)
            for number, handler in previous.items():
                signal.signal(number, handler)

    def close(self) -> None:
        """Close the selector and the loop's own sockets."""
        self._selector.close()
        self._wake_read.close()
        self._wake_write.close()
