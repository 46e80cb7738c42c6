"""History of messages: a limited number for each channel, each for a limited time.

Each message has an offset, and offsets grow in the order of arrival; so the oldest of all messages
is found without looking through the channels.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple

from tornkit.bus.names import is_pattern, matches
from tornkit.bus_limits import BusLimits

_MOST_FORGOTTEN = 10_000  # channels of which nothing is left but how far they were
# Bytes of memory (CPython 3.11): of a message, beside its payload; of a channel, beside its name.
_OVERHEAD = 370
_CHANNEL = 900


class Kept(NamedTuple):
    """A message: ``time`` is seconds since 1970, ``payload`` as `tornkit.bus.message` says."""

    channel: str
    offset: int
    time: float
    payload: bytes


class Missed(NamedTuple):
    """Messages behind an offset; ``gap``: there were others, which are not kept any more."""

    messages: list[Kept]
    gap: bool


class ChannelNumbers(NamedTuple):
    """Numbers of a channel: messages published, messages kept, and their bytes of memory."""

    published: int
    kept: int
    size: int


class _Channel:
    """Kept messages of a channel, how many it has had, and the newest offset dropped."""

    __slots__ = ("gone", "messages", "published")

    def __init__(self, gone: int, published: int) -> None:
        self.messages: deque[Kept] = deque()
        self.gone = gone
        self.published = published


class History:
    """Kept messages by channel, within limits of number, age and memory."""

    def __init__(self, limits: BusLimits) -> None:
        self._limits = limits
        self._order: OrderedDict[int, tuple[float, Kept]] = OrderedDict()
        self._channels: dict[str, _Channel] = {}
        # Of channels of which nothing is left, the offset of their newest message, and how many
        # they have had.
        self._gone: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._gone_of_others = 0  # of channels that are not even in there, the newest
        self.size = 0
        """Bytes of memory, about."""

    def __len__(self) -> int:
        return len(self._order)

    def add(self, message: Kept, now: float) -> None:
        """Keep a message that has come ``now``, and drop the oldest beyond the limits."""
        channel = self._channels.get(message.channel)
        if channel is None:
            gone, published = self._gone.pop(message.channel, (self._gone_of_others, 0))
            channel = self._channels[message.channel] = _Channel(gone, published)
            self.size += _CHANNEL + len(message.channel)
        channel.published += 1
        channel.messages.append(message)
        self._order[message.offset] = now, message
        self.size += _OVERHEAD + len(message.payload)
        if len(channel.messages) > self._limits.history:
            self._let_go(channel.messages[0])
        self.expire(now)

    def expire(self, now: float) -> None:
        """Drop messages that are too old, or too many bytes; ``now`` as in `add`, in seconds."""
        oldest = now - self._limits.history_age
        while self._order:
            when, first = next(iter(self._order.values()))
            if when > oldest and self.size <= self._limits.history_bytes:
                return
            self._let_go(first)

    def _let_go(self, message: Kept) -> None:
        """Forget the oldest message of a channel."""
        channel = self._channels[message.channel]
        channel.messages.popleft()
        channel.gone = message.offset
        del self._order[message.offset]
        self.size -= _OVERHEAD + len(message.payload)
        if channel.messages:
            return
        del self._channels[message.channel]
        self.size -= _CHANNEL + len(message.channel)
        self._gone[message.channel] = message.offset, channel.published
        if len(self._gone) > _MOST_FORGOTTEN:
            _, (offset, _) = self._gone.popitem(last=False)
            self._gone_of_others = max(self._gone_of_others, offset)

    def of(self, names: Iterable[str]) -> list[Kept]:
        """Return the kept messages of these channels and patterns, the oldest first."""
        found = self._messages(self._matching(tuple(names)))
        return sorted(found, key=attrgetter("offset"))

    def since(self, names: Iterable[str], offset: int) -> Missed:
        """Return the messages behind ``offset`` that match these names, the oldest first."""
        names = tuple(names)
        channels = self._matching(names)
        messages = [each for each in self._messages(channels) if each.offset > offset]
        messages.sort(key=attrgetter("offset"))
        gap = any(self._channels[each].gone > offset for each in channels)
        return Missed(messages, gap or any(self._has_lost(each, offset) for each in names))

    def channels(self) -> Iterable[str]:
        """Channels that have messages."""
        return self._channels

    def published(self, name: str) -> int:
        """How many messages a channel has had, as far as that is known."""
        channel = self._channels.get(name)
        return self._gone.get(name, (0, 0))[1] if channel is None else channel.published

    def numbers(self, name: str) -> ChannelNumbers:
        """Count the messages of a channel; takes time proportional to those that are kept."""
        channel = self._channels.get(name)
        if channel is None:
            return ChannelNumbers(self.published(name), 0, 0)
        size = sum(_OVERHEAD + len(each.payload) for each in channel.messages)
        size += _CHANNEL + len(name)
        return ChannelNumbers(channel.published, len(channel.messages), size)

    def _messages(self, channels: Iterable[str]) -> list[Kept]:
        return [message for each in channels for message in self._channels[each].messages]

    def _matching(self, names: tuple[str, ...]) -> list[str]:
        """Channels that have messages and match any of these names, each once."""
        if not any(map(is_pattern, names)):
            return [each for each in dict.fromkeys(names) if each in self._channels]
        return [each for each in self._channels if any(matches(name, each) for name in names)]

    def _has_lost(self, name: str, offset: int) -> bool:
        """Whether a name may have had messages behind ``offset`` in channels that are empty now."""
        if not is_pattern(name):
            return name not in self._channels and (
                self._gone.get(name, (self._gone_of_others, 0))[0] > offset
            )
        return self._gone_of_others > offset or any(
            gone > offset and matches(name, each) for each, (gone, _) in self._gone.items()
        )
