"""Waiting for new messages: what long polling and the WebSocket both stand on.

Shown here: ``locks.Condition`` and ``PeriodicCallback``. A message may be posted through another
worker process, which cannot wake this one; so this process looks into the shared store every
moment and wakes its own waiters when something has changed. It looks only while somebody waits:
an idle board does no work, and no timer exists before the first reader comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.locks import Condition

from .model import Message
from .store import Store


class Live:
    def __init__(self, store: Store, interval: float) -> None:
        self._store = store
        self._interval = interval
        self._changed = Condition()
        self._version = 0
        self._last_id = 0
        self._timer: PeriodicCallback | None = None
        self.waiting = 0

    async def newer(self, topic: str, after: int, timeout: float | None = None) -> list[Message]:
        """The messages that follow number `after`, as soon as there are any.

        An empty list means that `timeout` seconds have passed; without one, wait for ever.
        """
        deadline = None if timeout is None else IOLoop.current().time() + timeout
        with self._looking():
            while True:
                version = self._version
                if messages := await self._store.newer(topic, after):
                    return messages
                # A change that was noticed during the query has already called its waiters, and
                # this one was not among them yet: ask again instead of waiting for the next.
                if version == self._version and not await self._changed.wait(deadline):
                    return []

    @contextmanager
    def _looking(self) -> Iterator[None]:
        self.waiting += 1
        if self._timer is None:
            # A new timer each time: one that was stopped in the middle of a look and started
            # again before the look was over would run twice.
            self._timer = PeriodicCallback(self._look, self._interval * 1000)
            self._timer.start()
        try:
            yield
        finally:
            self.waiting -= 1
            if not self.waiting:
                self._timer.stop()
                self._timer = None

    async def _look(self) -> None:
        last_id = await self._store.last_id()
        if last_id != self._last_id:
            self._last_id = last_id
            self._version += 1
            self._changed.notify_all()
