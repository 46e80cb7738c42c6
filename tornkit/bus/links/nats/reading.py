"""What a link has missed, read from the stream: all of it, or with a gap that is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from json import dumps
from operator import attrgetter

from tornkit.bus.broker.broker import CaughtUp
from tornkit.bus.broker.history import Kept
from tornkit.bus.errors import Unavailable
from tornkit.bus.links.nats import wire
from tornkit.bus.links.nats.checkpoint import Checkpoint, Checkpoints
from tornkit.bus.links.nats.connection import NatsConnection
from tornkit.bus.links.nats.shared_call import SharedCall
from tornkit.bus.links.nats.stream import MessageStream, StreamState
from tornkit.bus.links.nats.subjects import NatsSubjects
from tornkit.bus.links.nats.watches import Watches
from tornkit.bus.links.nats.wire import NatsReply, StoredMessage
from tornkit.bus.names import is_pattern
from tornkit.bus.position import MessagePosition

_BATCH = 1000  # messages of an answer
_BATCH_BYTES = 8 * 1024 * 1024
_AT_ONCE = 32  # requests that are on their way

Channels = dict[str, list[StoredMessage]]


async def read_batches(
    connection: NatsConnection, stream: str, subject: str, since: int
) -> list[StoredMessage]:
    """All messages of a stream on a subject behind ``since``, the oldest first.

    :raises Unavailable: the stream has gone.
    """
    found: list[StoredMessage] = []

    def is_last(reply: NatsReply) -> bool:
        if reply.status == wire.OK:
            found.append(wire.stored_of(reply.head, reply.data))
        return reply.status != wire.OK

    while True:
        before = len(found)
        request = {
            "seq": since + 1,
            "next_by_subj": subject,
            "batch": _BATCH,
            "max_bytes": _BATCH_BYTES,
        }
        place = f"$JS.API.DIRECT.GET.{stream}"
        _, answer = connection.ask(place, dumps(request).encode(), is_last=is_last)
        reply = await answer
        if reply.status not in (wire.END, wire.NONE):
            raise Unavailable(f"NATS can't be read: status {reply.status}")
        if reply.status == wire.NONE or not wire.pending_of(reply.head) or len(found) == before:
            return found
        since = found[-1].sequence


class MessageReader:
    """Reader of the stream of all messages: those that were missed, and the newest."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connection: NatsConnection,
        subjects: NatsSubjects,
        stream: MessageStream,
        checkpoints: Checkpoints,
        watches: Watches,
        age: float,
    ) -> None:
        self._connection = connection
        self._subjects = subjects
        self._stream = stream
        self._checkpoints = checkpoints
        self._watches = watches
        self._age = age
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._state = SharedCall(loop, stream.state)
        self.cancel = self._state.cancel

    async def _read(self, name: str, epoch: str, since: int) -> Channels:
        """Read the messages of a name behind ``since``, by channel, also those that are too old."""
        subjects = self._subjects
        subject = subjects.all_messages if is_pattern(name) else subjects.published(name)
        channels: Channels = {}
        stream = f"{subjects.prefix}-{epoch}"
        async with self._at_once:
            found = await read_batches(self._connection, stream, subject, since)
        for each in found:
            channels.setdefault(subjects.channel(each.subject), []).append(each)
        return channels

    async def missed(self, names: tuple[str, ...], since: MessagePosition | None) -> CaughtUp:
        """Return the messages behind a position (`tornkit.bus.links.link.BrokerLink.catch_up`)."""
        point = await self._checkpoints.now()
        position = MessagePosition(point.epoch, point.sequence - 1)
        if since is None or since == position:
            return CaughtUp(position, [], gap=False)
        is_known = since.epoch == point.epoch and since.offset < point.sequence
        offset = since.offset if is_known else 0
        found = await self._read_all(names, point.epoch, offset)
        # Behind the reading, so that nothing that went meanwhile is taken for never having been.
        state = await self._state()
        if state.epoch != point.epoch:
            raise Unavailable("the stream of the bus was made anew meanwhile")
        gap = not is_known
        messages: dict[int, Kept] = {}
        for name, channels in zip(names, found, strict=True):
            if self._has_lost(name, channels, offset, state, point):
                gap = True
            elif is_known:
                newest = max((each[-1].sequence for each in channels.values()), default=0)
                self._watches.learn(name, point.epoch, offset, newest)
            for channel, stored in channels.items():
                for each in self._kept(channel, stored, state.most - 1, point):
                    if each.offset < point.sequence:  # else it is heard
                        messages[each.offset] = each
        return CaughtUp(position, [messages[each] for each in sorted(messages)], gap)

    async def kept(self, names: tuple[str, ...], most: int) -> tuple[str, list[Kept]]:
        """Return the newest kept messages (`tornkit.bus.links.link.BrokerLink.kept`)."""
        point = await self._checkpoints.now()
        found = await self._read_all(names, point.epoch, 0)
        state = await self._state()
        messages: dict[int, Kept] = {}
        for channels in found:
            for channel, stored in channels.items():
                kept = self._kept(channel, stored, state.most - 1, point)
                messages.update((each.offset, each) for each in kept)
        newest = sorted(messages.values(), key=attrgetter("offset"))
        return point.epoch, newest[-most:] if most > 0 else []

    async def _read_all(self, names: Sequence[str], epoch: str, since: int) -> list[Channels]:
        return await asyncio.gather(*(self._read(name, epoch, since) for name in names))

    def _kept(
        self, channel: str, stored: list[StoredMessage], most: int, point: Checkpoint
    ) -> list[Kept]:
        """Choose the newest ``most`` messages of a channel, without those that are too old."""
        newest = stored[max(0, len(stored) - most) :]
        oldest = point.time - self._age
        return [
            Kept(channel, each.sequence, each.time, each.data)
            for each in newest
            if each.time > oldest
        ]

    def _has_lost(
        self, name: str, channels: Channels, since: int, state: StreamState, point: Checkpoint
    ) -> bool:
        """Whether a name has, or may have, lost messages behind ``since``.

        ``channels`` has all that the stream has of it behind ``since``, up to its end.
        """
        for stored in channels.values():
            # As many as a channel ever keeps, and all of them behind: there may have been more.
            if len(stored) >= state.fewest or stored[0].time <= point.time - self._age:
                return True
        if state.first <= since + 1:
            return False
        # What is gone from the beginning of the stream may have been of this name.
        quiet = self._watches.quiet_until(name, point.epoch, since, point.sequence - 1)
        return state.first > quiet + 1
