"""Event loops that are run until nothing is left to do, instead of for a time.

A test that waits for "no more answers" by the clock is either slow or wrong. Here the clients are
plain non-blocking sockets of the same thread, so what they sent has arrived (a Unix socket's bytes
are in the peer's queue when ``send`` returns), and the server has come to rest when its loop would
block: no callback is due and no descriptor is ready.

``Resting`` knows that exactly. asyncio calls ``select(0)`` while callbacks wait, and with a longer
time-out, or none, when there are none. Its selector is an argument of the loop, so one that looks
first and stops the loop in place of blocking is all it takes. Timers that are due within
``SOON`` seconds are waited for: a server may put something off for a moment. Longer ones
(idle connections, an hour) are not.

``Turning`` is for uvloop, which shows nobody its poll: a fixed number of turns, each of which polls
all descriptors. It counts turns, not time, so it is as repeatable; but a server that does nothing
visible for more than ``TURNS`` turns would be cut short.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, Protocol

SOON = 0.05
# Selects in one rest. Whatever takes more than this for one batch is going round in circles:
# Tornado needs about ten for each request of a connection.
LIMIT = 200_000
TURNS = 64


class NeverAtRest(Exception):
    """The loop always had something to do: a server that reschedules itself forever."""


class RestingLoop(Protocol):
    """An event loop, and how to run it to its rest."""

    loop: asyncio.AbstractEventLoop

    def settle(self) -> None:
        """Runs until nothing is left to do. Raises NeverAtRest."""

    def complete(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs until ``work`` is done, as ``run_until_complete``."""


class _Selector(selectors.DefaultSelector):
    """Stops the loop where it would block, while ``loop`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.selects = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        if self.loop is None:
            return super().select(timeout)
        self.selects += 1
        if self.selects > LIMIT:
            raise NeverAtRest
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is not None and timeout < SOON:
            return super().select(timeout)
        self.loop.stop()
        return []


class Resting:
    """asyncio's own loop. Exact."""

    def __init__(self) -> None:
        self._selector = _Selector()
        self.loop: asyncio.AbstractEventLoop = asyncio.SelectorEventLoop(self._selector)

    def settle(self) -> None:
        self._selector.loop = self.loop
        self._selector.selects = 0
        try:
            self.loop.run_forever()
        finally:
            self._selector.loop = None

    def complete(self, work: Coroutine[Any, Any, None]) -> None:
        self.loop.run_until_complete(work)


class Turning:
    """uvloop's loop. A number of turns that is more than enough."""

    def __init__(self) -> None:
        import uvloop

        self.loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()

    def settle(self) -> None:
        self.loop.run_until_complete(self._turn())

    async def _turn(self) -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)

    def complete(self, work: Coroutine[Any, Any, None]) -> None:
        self.loop.run_until_complete(work)


def resting_loop(name: str) -> RestingLoop:
    """ "asyncio" or "uvloop"."""
    return Turning() if name == "uvloop" else Resting()
