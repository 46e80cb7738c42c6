"""The broker: takes messages, finds who is to hear of each, and keeps some for those who come late.

Its members are loops of one process, or workers (`tornkit.serve.hub`). Each hears once of a
message, however many of its subscriptions that fits. One thread at a time may call it.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple, Protocol

from tornkit.bus.broker.history import History, Kept
from tornkit.bus.broker.presence import Presence, Present
from tornkit.bus.broker.store import Store
from tornkit.bus.message import Event, payload_of
from tornkit.bus.names import is_pattern, matches
from tornkit.bus.position import MessagePosition
from tornkit.bus_limits import BusLimits


class Member(Protocol):
    """Receiver of a broker's messages: an event loop of this process, or a worker."""

    def deliver(self, message: Kept, event: Event) -> None:
        """Take a message at once, without waiting until it is sent."""


class CaughtUp(NamedTuple):
    """Messages behind a position, and the position now; ``gap``: others are not kept any more."""

    position: MessagePosition
    messages: list[Kept]
    gap: bool


class Broker:
    """Broker of one machine: channels, the members that watch them, history, presence, store."""

    def __init__(self, limits: BusLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self.epoch = secrets.token_hex(6)
        self.history = History(limits)
        self.presence = Presence()
        self.store = Store(limits.store_bytes)
        self._clock = clock
        self._offset = 0
        self._names: dict[str, set[Member]] = {}
        self._patterns: dict[str, set[Member]] = {}
        # Who hears of a channel; forgotten when anybody comes or goes.
        self._audiences: dict[str, tuple[Member, ...]] = {}

    # ---- messages ----

    @property
    def position(self) -> MessagePosition:
        """Position of the newest message."""
        return MessagePosition(self.epoch, self._offset)

    def now(self) -> float:
        """Seconds of the broker's clock, which only goes forward, for ages and expiry times."""
        return self._clock()

    def publish(self, channel: str, payload: bytes, event: Event = "message") -> int:
        """Deliver a message to all members that watch its channel, and return its offset.

        It is kept in the history, unless it is a join or leave event.
        """
        self._offset = offset = self._offset + 1
        # One text for all messages of a channel that are kept: each comes with one of its own.
        channel = sys.intern(channel)
        message = Kept(channel, offset, time.time(), payload)
        if event == "message":
            self.history.add(message, self._clock())
        audience = self._audiences.get(channel)
        if audience is None:
            audience = self._find_audience(channel)
        for member in audience:
            member.deliver(message, event)
        return offset

    def _find_audience(self, channel: str) -> tuple[Member, ...]:
        found = dict.fromkeys(self._names.get(channel, ()))
        for pattern, members in self._patterns.items():
            if matches(pattern, channel):
                found.update(dict.fromkeys(members))
        if len(self._audiences) >= _MOST_AUDIENCES:
            self._audiences.clear()
        audience = self._audiences[channel] = tuple(found)
        return audience

    def catch_up(self, names: Iterable[str], since: MessagePosition | None) -> CaughtUp:
        """Return messages of these names behind ``since``; None: only the position now."""
        if since is None:
            return CaughtUp(self.position, [], gap=False)
        names = tuple(names)
        self.history.expire(self._clock())
        if since.epoch != self.epoch or since.offset > self._offset:
            return CaughtUp(self.position, self.history.of(names), gap=True)
        missed = self.history.since(names, since.offset)
        return CaughtUp(self.position, missed.messages, missed.gap)

    def kept(self, names: Iterable[str], most: int) -> list[Kept]:
        """The newest messages that are kept of these channels, the oldest of them first."""
        self.history.expire(self._clock())
        return self.history.of(names)[-most:] if most > 0 else []

    # ---- members ----

    def watch(self, member: Member, name: str) -> None:
        """Let a member hear of a channel, or of all that a pattern stands for."""
        names = self._patterns if is_pattern(name) else self._names
        names.setdefault(name, set()).add(member)
        self._forget_audiences(name)

    def unwatch(self, member: Member, name: str) -> None:
        """Stop the delivery of a channel's or pattern's messages to a member."""
        names = self._patterns if is_pattern(name) else self._names
        members = names.get(name, set())
        members.discard(member)
        if not members:
            names.pop(name, None)
        self._forget_audiences(name)

    def part(self, member: Member) -> None:
        """Remove a member, and publish leave events for those who were present through it."""
        for names in (self._names, self._patterns):
            for name in [each for each, members in names.items() if member in members]:
                self.unwatch(member, name)
        for channel, present in self.presence.leave_all(member):
            self._tell(channel, present, "leave")

    def names(self) -> Iterable[str]:
        """Channels and patterns that have watchers, participants or kept messages."""
        found = dict.fromkeys(self.history.channels())
        for more in (self._names, self._patterns, self.presence.channels()):
            found.update(dict.fromkeys(more))
        return found

    def watchers(self, name: str) -> Collection[Member]:
        """Members that hear of a channel by its own name, or of a pattern."""
        return (self._patterns if is_pattern(name) else self._names).get(name, ())

    def _forget_audiences(self, name: str) -> None:
        if is_pattern(name):
            self._audiences.clear()
        else:
            self._audiences.pop(name, None)

    # ---- who is there ----

    def enter(self, member: Member, channel: str, id_: str, info: Any) -> None:
        """Note that ``id_`` is present in a channel; publish a join event if it was not before."""
        present = Present(id_, info, time.time())
        if self.presence.enter(member, channel, present):
            self._tell(channel, present, "join")

    def leave(self, member: Member, channel: str, id_: str) -> None:
        """Note that ``id_`` has left a channel; publish a leave event if it is present no more."""
        present = self.presence.leave(member, channel, id_)
        if present is not None:
            self._tell(channel, present, "leave")

    def _tell(self, channel: str, present: Present, event: Event) -> None:
        data = {"id": present.id, "info": present.info}
        self.publish(channel, payload_of(data, _ANY_SIZE), event)


_ANY_SIZE = 1 << 62
_MOST_AUDIENCES = 100_000
