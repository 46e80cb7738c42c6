"""Listeners of one loop: who hears of which channel, and how far each has heard.

A channel is watched once for all of them. A listener that comes late, or whose link was away, gets
the messages it has missed before later ones, and each message once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator

from tornkit.bus.broker.broker import CaughtUp
from tornkit.bus.broker.history import Kept
from tornkit.bus.message import Event, Message
from tornkit.bus.names import is_pattern, matches
from tornkit.bus.position import MessagePosition

_log = logging.getLogger("tornkit")
NO_PAYLOAD = b"jnull"
_MOST_AUDIENCES = 10_000
_MOST_WAITING = 64 * 1024 * 1024  # bytes that come while what one has missed is fetched


class Listener:
    """Listener to channels, which calls ``on_message`` with each message, in order.

    ``joins``: also with join and leave events.
    """

    def __init__(
        self, names: tuple[str, ...], on_message: Callable[[Message], None], *, joins: bool = False
    ) -> None:
        self.names = names
        self.on_message = on_message
        self._joins = joins
        self.position: MessagePosition | None = None
        """How far it has heard; None before it has been told where it is."""
        self.catches_up = False
        """Whether what it hears now is what it has missed."""
        self._waiting: list[Message] | None = []  # while what it has missed is fetched
        self._waiting_bytes = 0
        self._lost: MessagePosition | None = None  # of the newest that was not kept meanwhile

    def take(self, message: Message, epoch: str) -> None:
        """Pass a message on, or queue it while missed messages are fetched."""
        if message.event != "message" and not self._joins:
            return
        if self._waiting is not None:
            self._waiting.append(message)
            self._waiting_bytes += message.size
            if self._waiting_bytes > _MOST_WAITING:
                # Maybe it is among what is fetched. If not, that is a gap.
                self._lost = MessagePosition(epoch, message.offset)
                self._forget_waiting()
            return
        if self.position is None or message.offset > self.position.offset:
            # Of another epoch it would have been told to `wait`.
            self.position = MessagePosition(epoch, message.offset)
            self._hear(message)

    @property
    def waits(self) -> bool:
        """Whether the messages that it has missed are being fetched."""
        return self._waiting is not None

    def wait(self) -> None:
        """Hold back all messages until `caught_up`; drop those that were queued before."""
        # Some may be missing behind what has waited, where a gap in front of it would not tell.
        self._forget_waiting()

    def _forget_waiting(self) -> None:
        self._waiting = []
        self._waiting_bytes = 0

    def caught_up(self, missed: CaughtUp) -> None:
        """Pass on the messages that were missed, then those queued meanwhile; queue no more."""
        epoch = missed.position.epoch
        # Of another epoch: the link was lost meanwhile, which is the gap that is told of.
        waiting = [each for each in self._waiting or () if each.epoch == epoch]
        self._waiting = None
        lost, self._lost = self._lost, None
        theirs = missed.messages
        if not missed.gap and self.position is not None and self.position.epoch == epoch:
            heard = self.position.offset
            theirs = [each for each in theirs if each.offset > heard]
            waiting = [each for each in waiting if each.offset > heard]
        messages = {each.offset: message_of(epoch, each, "message") for each in theirs}
        if lost is not None and lost.epoch == epoch and lost.offset > missed.position.offset:
            messages[lost.offset] = self._gap_at(lost)
        messages.update((each.offset, each) for each in waiting)
        if missed.gap:
            # In front of the first that is there.
            first = min(messages, default=missed.position.offset + 1)
            self._hear(self._gap_at(MessagePosition(epoch, first - 1)))
        self.catches_up = True
        for offset in sorted(messages):
            self.position = MessagePosition(epoch, offset)
            self._hear(messages[offset])
        self.catches_up = False
        if self.position is None or self.position.epoch != epoch:
            self.position = missed.position
        else:
            self.position = max(self.position, missed.position)

    def _gap_at(self, position: MessagePosition) -> Message:
        return Message(self.names[0], position, 0.0, NO_PAYLOAD, "gap")

    def _hear(self, message: Message) -> None:
        try:
            self.on_message(message)
        except Exception:  # noqa: BLE001 - the user's code; others go on to hear
            _log.error("a message of %s can't be passed on", message.channel, exc_info=True)


def message_of(epoch: str, kept: Kept, event: Event) -> Message:
    """Make the message that users get of a kept one."""
    position = MessagePosition(epoch, kept.offset)
    return Message(kept.channel, position, kept.time, kept.payload, event)


class Dispatch:
    """Listeners by channel or pattern."""

    def __init__(self) -> None:
        self._by_name: dict[str, dict[Listener, None]] = {}
        self._patterns: set[str] = set()
        self._audiences: dict[str, tuple[Listener, ...]] = {}

    def add(self, listener: Listener) -> list[str]:
        """Add a listener; return those of its names that had no listener before."""
        new = [name for name in listener.names if name not in self._by_name]
        for name in listener.names:
            self._by_name.setdefault(name, {})[listener] = None
            self._forget(name)
        self._patterns.update(filter(is_pattern, new))
        return new

    def remove(self, listener: Listener) -> list[str]:
        """Remove a listener; return those of its names that have no listener now."""
        left: list[str] = []
        for name in listener.names:
            listeners = self._by_name.get(name, {})
            listeners.pop(listener, None)
            if not listeners and name in self._by_name:
                del self._by_name[name]
                left.append(name)
            self._forget(name)
        self._patterns.difference_update(left)
        return left

    def _forget(self, name: str) -> None:
        if is_pattern(name):
            self._audiences.clear()
        else:
            self._audiences.pop(name, None)

    def count(self, name: str) -> int:
        """Number of listeners to a channel by its own name, or to a pattern."""
        return len(self._by_name.get(name, ()))

    def names(self) -> Iterable[str]:
        """Channels and patterns that have listeners."""
        return self._by_name

    def of(self, channel: str) -> tuple[Listener, ...]:
        """Listeners to a channel, by its name or by a pattern, each once."""
        audience = self._audiences.get(channel)
        if audience is None:
            found = dict(self._by_name.get(channel, {}))
            for pattern in self._patterns:
                if matches(pattern, channel):
                    found.update(self._by_name[pattern])
            if len(self._audiences) >= _MOST_AUDIENCES:
                self._audiences.clear()
            audience = self._audiences[channel] = tuple(found)
        return audience

    def __contains__(self, listener: Listener) -> bool:
        return any(listener in self._by_name.get(name, ()) for name in listener.names)

    def __iter__(self) -> Iterator[Listener]:
        """Iterate over all listeners, each once."""
        return iter({each: None for found in self._by_name.values() for each in found})
