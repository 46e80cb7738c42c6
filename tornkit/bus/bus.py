"""The bus of one event loop: what the functions of `tornkit.bus` do."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from tornkit.bus.broker.broker import CaughtUp
from tornkit.bus.broker.history import Kept
from tornkit.bus.broker.presence import Present
from tornkit.bus.counts import SubscriptionCounts
from tornkit.bus.dispatch import Dispatch, Listener, message_of
from tornkit.bus.errors import BusError, Unavailable
from tornkit.bus.links.link import BrokerLink
from tornkit.bus.message import Event, Message, payload_of
from tornkit.bus.names import check_channel, check_name
from tornkit.bus.position import MessagePosition, position_of
from tornkit.bus_limits import BusLimits

_AGAIN = 0.05  # seconds, before a broker that has not answered is asked again
_log = logging.getLogger("tornkit")


class Bus:
    """Bus of one event loop: its listeners, and its link to the broker.

    It is a `tornkit.bus.links.link.MessageReceiver`.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        make_link: Callable[[Bus], BrokerLink],
        limits: BusLimits,
    ) -> None:
        self.loop = loop
        self.limits = limits
        self.sending_turn: Any = None
        """What `tornkit.bus.relaying` keeps for this loop."""
        self.waits: set[Callable[[], None]] = set()
        """What ends each long poll."""
        self._dispatch = Dispatch()
        self._tasks: set[asyncio.Task[None]] = set()
        self._posted: deque[tuple[str, bytes]] = deque()
        self._newest = MessagePosition("", 0)  # that was delivered here
        self._restored = 0  # how often
        self._catching_up: set[Listener] = set()
        self._asking: dict[Any, asyncio.Task[CaughtUp]] = {}
        self.broker_link = make_link(self)
        self.counts = SubscriptionCounts(loop, self._dispatch.count, self.broker_link.tell)

    # ---- publishing ----

    async def publish(self, channel: str, data: Any) -> str:
        """Publish a message, and return its position."""
        payload = payload_of(data, self.limits.max_message)
        name = check_channel(channel)
        self._send_posted()
        return str(await self.broker_link.publish(name, payload))

    def post(self, channel: str, data: Any) -> None:
        """Publish a message without waiting, from any thread or a signal handler."""
        name, payload = check_channel(channel), payload_of(data, self.limits.max_message)
        # This may be a signal handler in the middle of anything, or another thread.
        self._posted.append((name, payload))
        self.loop.call_soon_threadsafe(self._send_posted)

    def _send_posted(self) -> None:
        while self._posted:
            channel, payload = self._posted.popleft()
            try:
                self.broker_link.post(channel, payload)
            except Unavailable as error:
                _log.error("a message to %s is lost: %s", channel, error)

    # ---- hearing ----

    def deliver(self, epoch: str, message: Kept, event: Event) -> None:
        self._newest = MessagePosition(epoch, message.offset)
        listeners = self._dispatch.of(message.channel)
        if listeners:
            made = message_of(epoch, message, event)
            for listener in listeners:
                listener.take(made, epoch)

    async def listen(self, listener: Listener, since: str | None) -> None:
        """Register a listener, which gets the messages behind ``since`` first.

        :raises Unavailable: the broker has not answered; then the listener is not registered.
        """
        position = None if since is None else position_of(since)
        newest = self._newest  # nothing up to here will be heard
        for name in self._dispatch.add(listener):
            self.broker_link.watch(name)
        self.counts.changed(listener.names)
        try:
            listener.caught_up(await self._missed_by_new(listener, position, newest))
        except BaseException:  # raised again, a cancellation too: it is to hear nothing
            self.forget(listener)
            raise

    async def _missed_by_new(
        self, listener: Listener, since: MessagePosition | None, newest: MessagePosition
    ) -> CaughtUp:
        """Return what a new listener has missed behind ``since``, at least up to ``newest``."""
        may_fail = True
        while True:
            restored = self._restored
            try:
                missed = await self._missed(listener.names, since)
            except Unavailable:  # the hub has ended in the middle of it, say
                if not may_fail:
                    raise
                may_fail = False
                continue
            # Else the link was lost behind the answer; or that was another's, and is older than
            # what has been handed out before this one listened.
            if restored == self._restored and (
                missed.position.epoch != newest.epoch or missed.position.offset >= newest.offset
            ):
                return missed

    def forget(self, listener: Listener) -> None:
        """Remove a listener, and stop watching names that have no other one."""
        for name in self._dispatch.remove(listener):
            self.broker_link.unwatch(name)
        self.counts.changed(listener.names)

    def restored(self) -> None:
        self._restored += 1
        self.counts.changed(self._dispatch.names())
        for listener in self._dispatch:
            listener.wait()
            # Without a position it is being told where it is.
            if listener.position is not None and listener not in self._catching_up:
                self._catching_up.add(listener)
                self._start(self._catch_up(listener))

    async def _catch_up(self, listener: Listener) -> None:
        try:
            while listener in self._dispatch:
                restored = self._restored
                try:
                    missed = await self._missed(listener.names, listener.position)
                except BusError:  # it has gone again, or is slow
                    await asyncio.sleep(_AGAIN)
                    continue
                if restored == self._restored:
                    listener.caught_up(missed)
                    return
        finally:
            self._catching_up.discard(listener)

    async def _missed(self, names: tuple[str, ...], since: MessagePosition | None) -> CaughtUp:
        """Call `BrokerLink.catch_up`, once for all who ask with the same names and position."""
        key = names, since
        asked = self._asking.get(key)
        if asked is None or asked.done():
            asked = self.loop.create_task(self.broker_link.catch_up(names, since))
            self._asking[key] = asked
            asked.add_done_callback(partial(self._has_answered, key))
        return await asyncio.shield(asked)

    def _has_answered(self, key: Any, asked: asyncio.Task[CaughtUp]) -> None:
        if self._asking.get(key) is asked:
            del self._asking[key]
        if not asked.cancelled():
            asked.exception()  # whoever waited has it

    def _start(self, coroutine: Any) -> None:
        task = self.loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---- asking ----

    async def history(self, names: Iterable[str], limit: int) -> list[Message]:
        """Return the newest ``limit`` messages kept of these channels, the oldest first."""
        if type(limit) is not int:
            raise TypeError(f"a limit is an int, not {type(limit).__name__}")
        checked = tuple(check_name(each) for each in names)
        epoch, kept = await self.broker_link.kept(checked, limit)
        return [message_of(epoch, each, "message") for each in kept]

    async def presence(self, channel: str) -> list[Present]:
        """List who is present in a channel."""
        return await self.broker_link.present(check_channel(channel))

    def end_waits(self) -> None:
        """End all long polls of this loop now; may be called from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits there
            self.loop.call_soon_threadsafe(self._end_waits)

    def _end_waits(self) -> None:
        for end in tuple(self.waits):
            end()

    def close(self) -> None:
        """Cancel what is under way, and close the link to the broker."""
        if not self.loop.is_closed():
            for task in (*self._tasks, *self._asking.values()):
                task.cancel()
        self.broker_link.close()
