"""Records: a stream with one message for each subject, changed only by whoever has seen the last.

A deleted record leaves a mark for a second, and then nothing.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from tornkit.bus.errors import StoreFull, Unavailable
from tornkit.bus.links.nats import wire
from tornkit.bus.links.nats.checkpoint import BRIEFLY
from tornkit.bus.links.nats.connection import NatsConnection
from tornkit.bus.links.nats.reading import read_batches
from tornkit.bus.links.nats.stream import make_stream
from tornkit.bus.links.nats.wire import JetStreamRefusal, StoredMessage

_GONE = {**BRIEFLY, "Tornkit-Gone": "1"}


class NatsRecord(NamedTuple):
    """Record of a subject; ``sequence`` is 0 where there is none, and was none for a while."""

    sequence: int
    message: StoredMessage | None


class NatsRecords:
    """Records of one stream, by subject; the stream is made when it is first used."""

    def __init__(
        self, connection: NatsConnection, stream: str, subjects: list[str], most_bytes: int
    ) -> None:
        self._connection = connection
        self._stream = stream
        self._subjects = subjects
        self._most_bytes = most_bytes
        self._making: asyncio.Task[None] | None = None
        self.is_there = False

    def lost(self) -> None:
        """Take notice that the connection is lost: the stream is to be looked for again."""
        self.is_there = False

    async def make(self) -> None:
        """Make the stream, if there is none.

        :raises BusError: that can't be done.
        """
        while not self.is_there:
            making = self._making
            if making is None or making.done():
                making = self._making = asyncio.ensure_future(self._make())
            await asyncio.shield(making)

    async def _make(self) -> None:
        await make_stream(self._connection, self._stream, self._subjects, self._most_bytes)
        self.is_there = True

    async def set_up(self) -> None:
        """Make the stream while the connection is set up, before other requests are sent."""
        await make_stream(
            self._connection, self._stream, self._subjects, self._most_bytes, is_urgent=True
        )
        self.is_there = True

    async def read(self, subject: str) -> NatsRecord:
        """Read the record of a subject.

        :raises Unavailable: NATS is away.
        """
        await self.make()
        place = f"$JS.API.DIRECT.GET.{self._stream}.{subject}"
        _, answer = self._connection.ask(place)
        reply = await answer
        if reply.status == wire.NONE:
            return NatsRecord(0, None)
        if reply.status != wire.OK:
            self._has_gone(reply.status)
        message = wire.stored_of(reply.head, reply.data)
        return NatsRecord(message.sequence, None if is_gone(message) else message)

    async def read_all(self, subject: str) -> list[StoredMessage]:
        """Read all records whose subject matches ``subject``, which has wildcards."""
        await self.make()
        found = await read_batches(self._connection, self._stream, subject, 0)
        return [each for each in found if not is_gone(each)]

    async def write(
        self, subject: str, payload: bytes, headers: dict[str, str], seen: int | None
    ) -> int | None:
        """Write a record if ``seen`` is its sequence still; return the new one, else None.

        If ``seen`` is None, write it in any case.

        :raises StoreFull: there is no room.
        :raises Unavailable: NATS is away.
        """
        await self.make()
        if seen is not None:
            headers = {**headers, "Nats-Expected-Last-Subject-Sequence": str(seen)}
        _, answer = self._connection.ask(subject, payload, headers)
        reply = await answer
        if reply.status == wire.NOBODY:
            self._has_gone(reply.status)
        try:
            return int(wire.content_of(reply)["seq"])
        except JetStreamRefusal as error:
            if error.code == wire.WRONG_LAST:
                return None
            if error.is_full:
                raise StoreFull(f"the store is full: {error}") from None
            raise

    async def delete(self, subject: str, seen: int | None) -> bool:
        """Delete a record if ``seen`` is its sequence still; return whether that was done."""
        return await self.write(subject, b"", _GONE, seen) is not None

    def _has_gone(self, status: int) -> None:
        """Note that the stream has gone; the next call makes it again.

        :raises Unavailable: always.
        """
        self.is_there = False
        raise Unavailable(f"a stream of the bus is not there any more: status {status}")


def is_gone(message: StoredMessage) -> bool:
    """Whether a message is the mark that a deleted record leaves."""
    return wire.header_of(message.head, b"Tornkit-Gone") is not None
