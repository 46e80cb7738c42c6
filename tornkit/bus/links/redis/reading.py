"""Messages that Redis keeps: what came behind a position, and the newest, in answers of few MiB."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from operator import attrgetter
from typing import Any, NamedTuple

from tornkit.bus.broker.broker import CaughtUp
from tornkit.bus.broker.history import Kept
from tornkit.bus.names import is_pattern, matches
from tornkit.bus.position import MessagePosition

_ALL = 1 << 31
_LARGEST = 1 << 53  # whole number of Lua's
_UNKNOWN = MessagePosition("", 0)
_offset = attrgetter("offset")


class _KeptMessages(NamedTuple):
    epoch: str
    offset: int
    gap: bool
    messages: list[Kept]


class _KnownChannels(NamedTuple):
    """Epoch and offset of a look-up of channels; up to ``floor`` some may be forgotten."""

    floor: int
    epoch: str
    offset: int


class RedisReader:
    """Reader of kept messages. ``call`` calls a script; ``age`` is milliseconds they are kept."""

    def __init__(self, call: Callable[..., Awaitable[Any]], age: bytes) -> None:
        self._call = call
        self._age = age

    async def position(self) -> MessagePosition:
        """Position of the newest message."""
        epoch, offset, *_ = await self._call("missed", b"", 0, self._age, 0, 0, b"", b"")
        return MessagePosition(epoch.decode(), offset)

    async def missed(self, names: tuple[str, ...], since: MessagePosition) -> CaughtUp:
        """Return the messages behind ``since``, and the position now."""
        while True:
            channels, extent = await self._channels(names, since.offset)
            upto = None if extent is None else extent.offset
            read = await self._read(channels, since, upto=upto)
            is_known = since.epoch == read.epoch and since.offset <= read.offset
            if extent is None:
                break
            if extent.epoch == read.epoch:
                if is_known or not since.offset:
                    break
                since = _UNKNOWN  # of all channels, not of some
        offset = read.offset
        gap = read.gap
        if extent is not None:
            # Others had messages since the first question; they are on their way to this link.
            offset = extent.offset
            gap = gap or extent.floor > since.offset
        messages = sorted(read.messages, key=_offset)
        return CaughtUp(MessagePosition(read.epoch, offset), messages, gap)

    async def newest(self, names: tuple[str, ...], most: int) -> tuple[str, list[Kept]]:
        """Return the epoch, and the newest ``most`` messages that are kept, the oldest first."""
        if most <= 0:
            return (await self.position()).epoch, []
        channels, _ = await self._channels(names, 0)
        read = await self._read(channels, _UNKNOWN, newest=min(most, _ALL))
        return read.epoch, sorted(read.messages, key=_offset)[-most:]

    async def _channels(
        self, names: tuple[str, ...], since: int
    ) -> tuple[list[str], _KnownChannels | None]:
        """The channels that these names stand for and that have had messages behind ``since``."""
        patterns = [each for each in names if is_pattern(each)]
        channels = dict.fromkeys(each for each in names if not is_pattern(each))
        if not patterns:
            return list(channels), None
        beginnings = [each.partition("*")[0].encode() for each in patterns]
        told = await self._call("changed", min(since, _LARGEST), *beginnings)
        epoch, offset, floor, found = told
        for each in found:
            channel = each.decode()
            if any(matches(pattern, channel) for pattern in patterns):
                channels[channel] = None
        return list(channels), _KnownChannels(floor, epoch.decode(), offset)

    async def _read(
        self,
        channels: list[str],
        since: MessagePosition,
        *,
        upto: int | None = None,
        newest: int = 0,
    ) -> _KeptMessages:
        """Read the kept messages of channels, up to an offset: the first answer's, by default."""
        messages: list[Kept] = []
        gap, begin, onward, first = False, since, b"", None
        left = [each.encode() for each in channels]
        while True:
            epoch, offset, is_gap, done, from_, *told = await self._call(
                "missed",
                begin.epoch,
                min(begin.offset, _LARGEST),
                self._age,
                newest or _ALL,
                int(bool(newest)),
                onward,
                b"" if upto is None else upto,
                *left,
            )
            now = MessagePosition(epoch.decode(), offset)
            if first is None:
                first = now
                upto = offset if upto is None else upto
                if begin.epoch != now.epoch or begin.offset > offset:
                    begin = MessagePosition(now.epoch, 0)
            elif now.epoch != first.epoch:
                return await self._read(channels, since, newest=newest)
            gap = gap or bool(is_gap)
            messages += _messages(told)
            left = left[done:]
            if not left:
                return _KeptMessages(first.epoch, first.offset, gap, messages)
            onward = b"%d" % from_


def _messages(told: list[Any]) -> Iterable[Kept]:
    for at in range(0, len(told), 4):
        channel, offset, time, payload = told[at : at + 4]
        yield Kept(channel.decode(), offset, time / 1e6, payload)
