"""Subscriptions: channels as something to loop over."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from types import TracebackType
from typing import Any, Literal, Self

from tornkit.bus.bus import Bus
from tornkit.bus.dispatch import NO_PAYLOAD, Listener
from tornkit.bus.errors import BadName, SlowSubscriber
from tornkit.bus.message import Message, checked_info
from tornkit.bus.names import check_name, is_pattern
from tornkit.bus.position import MessagePosition

OnSlow = Literal["drop_oldest", "disconnect"]
_TURNS = 4  # of the loop, until one that waits for a message has it, also by a task of its own
_log = logging.getLogger("tornkit")


class Subscription:
    """Messages of channels, as `tornkit.bus.subscribe` says; an asynchronous iterator."""

    def __init__(
        self,
        bus: Bus,
        names: tuple[str, ...],
        *,
        since: str | None,
        joins: bool,
        present: str | None,
        info: Any,
        most: int,
        on_slow: OnSlow,
    ) -> None:
        if not names:
            raise BadName("a subscription has at least one channel")
        if most < 1:
            raise ValueError("a subscription's queue has room for at least one message")
        if on_slow not in ("drop_oldest", "disconnect"):
            raise ValueError(f'on_slow is "drop_oldest" or "disconnect", not {on_slow!r}')
        checked = tuple(dict.fromkeys(map(check_name, names)))
        if present is not None:
            info = checked_presence(checked, present, info, bus.limits.max_message)
        self.dropped = 0
        """Messages that were not read in time."""
        self._bus = bus
        self._listener = Listener(checked, self._take, joins=joins)
        self._since = since
        self._present, self._info = present, info
        self._most, self._on_slow = most, on_slow
        self._most_bytes = bus.limits.queue_bytes
        self._queue: deque[Message] = deque()
        self._bytes = 0  # of those
        self._lost: Message | None = None  # the last of those that are missing before the queue
        self._missing: int | None = 0  # None: nobody knows how many
        # What it has missed, and what this turn of the loop has brought, nobody could have read.
        self._allowed = self._allowed_bytes = 0
        self._fresh = self._fresh_bytes = 0
        self._of_this_turn = self._bytes_of_this_turn = 0
        self._waiters: list[asyncio.Future[None]] = []
        self._is_over = False
        self._position = since

    @property
    def begins_now(self) -> bool:
        """Whether the subscription has no ``since``: no missed messages come first."""
        return self._since is None

    @property
    def position(self) -> str:
        """How far it has been read: ``subscribe(…, since=position)`` goes on from here."""
        if not self._is_over:
            self._read_up_to_now()
        if self._position is None:
            raise RuntimeError("a subscription has a position once it is entered")
        return self._position

    def _read_up_to_now(self) -> None:
        """Set the position to what has been heard, if no message waits to be read."""
        if not self._queue and self._lost is None and self._listener.position is not None:
            self._position = str(self._listener.position)

    async def __aenter__(self) -> Self:
        await self._bus.listen(self._listener, self._since)
        if self._position is None and self._queue:  # these came while it was told where it is
            first = self._queue[0]
            self._position = str(MessagePosition(first.epoch, first.offset - 1))
        self._read_up_to_now()
        if self._present is not None:
            for name in self._listener.names:
                self._bus.broker_link.enter(name, self._present, self._info)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bus.forget(self._listener)
        if self._present is not None:
            for name in self._listener.names:
                self._bus.broker_link.leave(name, self._present)
        self.end()

    def end(self) -> None:
        """End the iteration, once the messages in the queue have been read.

        What comes from now on is dropped here, and lies behind the position.
        """
        if not self._is_over:
            self._read_up_to_now()
            self._is_over = True
        self._wake()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        while True:
            if self._lost is not None:
                return self._gap(self._lost)
            if self._queue:
                message = self._pop()
                self._position = message.position
                if not self._queue:
                    self._allowed = self._allowed_bytes = 0
                return message
            if self._is_over:
                raise StopAsyncIteration
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter

    def ready(self) -> list[Message]:
        """Return all messages in the queue, without waiting.

        :raises SlowSubscriber: as the iteration does.
        """
        messages = [] if self._lost is None else [self._gap(self._lost)]
        messages += self._queue
        self._clear()
        self._allowed = self._allowed_bytes = 0
        if messages:
            self._position = messages[-1].position
        return messages

    # ---- what comes ----

    def _take(self, message: Message) -> None:
        if self._is_over:
            return
        self._queue.append(message)
        self._bytes += message.size
        if self._listener.catches_up:
            self._allowed += 1
            self._allowed_bytes += message.size
        else:
            if not self._of_this_turn:
                self._bus.loop.call_soon(self._end_turn)
            self._of_this_turn += 1
            self._bytes_of_this_turn += message.size
            self._fresh += 1
            self._fresh_bytes += message.size
        self._make_room()
        self._wake()

    def _end_turn(self) -> None:
        self._turn_over(_TURNS, self._of_this_turn, self._bytes_of_this_turn)
        self._of_this_turn = self._bytes_of_this_turn = 0

    def _turn_over(self, left: int, count: int, size: int) -> None:
        """Count a turn's messages as unread, ``left`` turns later: readers have had their turn."""
        if left:
            self._bus.loop.call_soon(self._turn_over, left - 1, count, size)
            return
        self._fresh -= count
        self._fresh_bytes -= size
        self._make_room()

    def _make_room(self) -> None:
        """Drop the oldest messages beyond the limits; the newest stays, whatever its size."""
        most = self._most + self._allowed + self._fresh
        most_bytes = self._most_bytes + self._allowed_bytes + self._fresh_bytes
        while len(self._queue) > most or (self._bytes > most_bytes and len(self._queue) > 1):
            self._lose(self._pop())

    def _pop(self) -> Message:
        message = self._queue.popleft()
        self._bytes -= message.size
        return message

    def _clear(self) -> None:
        self._queue.clear()
        self._bytes = 0

    def _lose(self, message: Message) -> None:
        if not self.dropped:
            names = ", ".join(self._listener.names)
            _log.warning("a subscription to %s is read too slowly: messages are dropped", names)
            if self._on_slow == "disconnect":
                self._bus.counts.ended(self._listener.names)
        if self._on_slow == "drop_oldest":
            self._bus.counts.dropped(message.channel)
        self.dropped += 1
        if message.event == "gap":
            self._missing = None
        elif self._missing is not None:
            self._missing += 1
        self._lost = message

    def _gap(self, last: Message) -> Message:
        """Make the message, with the event ``"gap"``, that stands for messages dropped.

        :raises SlowSubscriber: the subscription is to end instead (``on_slow="disconnect"``).
        """
        missing, self._missing, self._lost = self._missing, 0, None
        if self._on_slow == "disconnect":
            self._is_over = True
            self._clear()
            self._bus.forget(self._listener)
            raise SlowSubscriber(
                f"a subscription to {', '.join(self._listener.names)} was not read for "
                f"{self._most:,} messages or {self._most_bytes:,} bytes",
                str(self._position),
            )
        self._position = last.position
        payload = NO_PAYLOAD if missing is None else b"j%d" % missing
        position = MessagePosition(last.epoch, last.offset)
        return Message(last.channel, position, last.time, payload, "gap")

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


def checked_presence(names: tuple[str, ...], present: object, info: Any, most: int) -> Any:
    """Check a participant's id and ``info`` for these channels; return a copy of ``info``.

    :raises BadName: one of them is a pattern.
    :raises TypeError, ValueError: the id is no text, or JSON has no such value.
    """
    if any(map(is_pattern, names)):
        raise BadName("who is present is in channels, not in a pattern of them")
    return checked_info(present, info, most)
