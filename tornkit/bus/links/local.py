"""A broker in this process, for all its loops: what there is without `tornkit serve`.

Each loop is a member. What it is to hear stands in a queue, so that messages from several threads
keep one order, and the loop takes them in its own time.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from typing import Any

from tornkit.bus.broker.broker import Broker, CaughtUp
from tornkit.bus.broker.calls import call_store
from tornkit.bus.broker.history import Kept
from tornkit.bus.broker.presence import Present
from tornkit.bus.links.link import MessageReceiver
from tornkit.bus.message import Event
from tornkit.bus.position import MessagePosition
from tornkit.bus_limits import BusLimits

_BURST = 64  # messages
_MOST_HEARD = 64 * 1024 * 1024  # bytes that wait for a loop; beyond, it catches up
_OVERHEAD = 300  # bytes of memory of a message, beside its payload


class LocalBroker:
    """The broker of this process, and the lock that whoever calls it holds."""

    def __init__(self, limits: BusLimits) -> None:
        self.broker = Broker(limits)
        self.lock = threading.Lock()


class LocalLink:
    """Link of one loop to the process's own broker: a `BrokerLink`, and a `Member` there."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, receiver: MessageReceiver, shared: LocalBroker
    ) -> None:
        self._loop = loop
        self._receiver = receiver
        self._shared = shared
        self._broker = shared.broker
        self._heard: deque[tuple[Kept, Event]] = deque()
        self._heard_bytes = 0
        self._has_lost = False
        self._is_woken = False

    # ---- as a member, in whichever thread has the lock ----

    def deliver(self, message: Kept, event: Event) -> None:
        """Queue a message for the loop, and wake it."""
        if self._loop.is_closed():
            return
        self._heard.append((message, event))
        self._heard_bytes += _OVERHEAD + len(message.payload)
        if self._heard_bytes > _MOST_HEARD:
            # The loop has been busy for long, and another thread has not: as one whose link was
            # away it gets what is kept, and is told of a gap where that is not all.
            self._heard.clear()
            self._heard_bytes = 0
            self._has_lost = True
        if not self._is_woken:
            self._is_woken = True
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody hears any more
                self._loop.call_soon_threadsafe(self._hear)

    def _hear(self) -> None:
        with self._shared.lock:
            heard, self._heard = self._heard, deque()
            has_lost, self._has_lost = self._has_lost, False
            self._heard_bytes = 0
            self._is_woken = False
        if has_lost:
            self._receiver.restored()
        for message, event in heard:
            self._receiver.deliver(self._broker.epoch, message, event)

    # ---- as a link ----

    async def publish(self, channel: str, payload: bytes) -> MessagePosition:
        with self._shared.lock:
            position = MessagePosition(self._broker.epoch, self._broker.publish(channel, payload))
        if position.offset % _BURST == 0:
            await asyncio.sleep(0)  # so that those who hear in this loop have a turn
        return position

    def post(self, channel: str, payload: bytes) -> None:
        with self._shared.lock:
            self._broker.publish(channel, payload)

    def watch(self, name: str) -> None:
        with self._shared.lock:
            self._broker.watch(self, name)

    def unwatch(self, name: str) -> None:
        with self._shared.lock:
            self._broker.unwatch(self, name)

    async def catch_up(self, names: tuple[str, ...], since: MessagePosition | None) -> CaughtUp:
        with self._shared.lock:
            return self._broker.catch_up(names, since)

    async def kept(self, names: tuple[str, ...], most: int) -> tuple[str, list[Kept]]:
        with self._shared.lock:
            return self._broker.epoch, self._broker.kept(names, most)

    def enter(self, channel: str, id_: str, info: Any) -> None:
        with self._shared.lock:
            self._broker.enter(self, channel, id_, info)

    def leave(self, channel: str, id_: str) -> None:
        with self._shared.lock:
            self._broker.leave(self, channel, id_)

    async def present(self, channel: str) -> list[Present]:
        with self._shared.lock:
            return self._broker.presence.of(channel)

    async def call_store(self, method: str, *arguments: Any) -> Any:
        with self._shared.lock:
            return call_store(self._broker, method, list(arguments))

    def tell(self, changes: dict[str, list[int]]) -> bool:
        return True  # to nobody

    def abandon(self) -> None:
        """Do nothing after a fork: the broker is forgotten as a whole."""

    def close(self) -> None:
        with self._shared.lock:
            self._broker.part(self)
