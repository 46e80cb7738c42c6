"""Futures of writes that have gone at once: done in the next turn, all of a turn together.

``write_message`` must not return a future that is done: a handler that only writes and awaits
would keep the loop to itself for as long as its client keeps up. Tornado starts a task for each,
which costs 6 microseconds; these cost 0.3, because the loop is asked for one callback a turn,
whatever the number of messages and connections.
"""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary


class Settling:
    """Futures of one loop's writes that have gone at once: all are done in its next turn.

    Keeps no reference to the loop, which it must not keep alive.
    """

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def future(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        """Make a future that is done in the next turn of ``loop``."""
        future: asyncio.Future[None] = asyncio.Future(loop=loop)
        if not self._waiting:
            loop.call_soon(self._settle)
        self._waiting.append(future)
        return future

    def _settle(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():  # cancelled
                future.set_result(None)


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, Settling] = WeakKeyDictionary()


def settling_of(loop: asyncio.AbstractEventLoop) -> Settling:
    """The `Settling` of this loop, made when it is first asked for."""
    found = _of_loops.get(loop)
    if found is None:
        found = _of_loops[loop] = Settling()
    return found
