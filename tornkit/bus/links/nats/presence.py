"""Presence on NATS: a record of each participant, with the links that speak for it.

A record is changed only by a link that has seen its present state; so one link makes it, and tells
that a participant has come, and one deletes it, and tells that the participant has gone.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from json import dumps, loads
from typing import Any

from tornkit.bus.broker.presence import Present
from tornkit.bus.errors import BusError, Unavailable
from tornkit.bus.links.nats.checkpoint import Checkpoints
from tornkit.bus.links.nats.connection import NatsConnection
from tornkit.bus.links.nats.keeper import PresenceKeeper
from tornkit.bus.links.nats.records import NatsRecords
from tornkit.bus.links.nats.subjects import NatsSubjects
from tornkit.bus.message import Event, payload_of

_AT_ONCE = 32  # records that are changed at the same time
_ANY_SIZE = 1 << 62
_AGAIN = 0.2  # seconds, before a record is tried again
_log = logging.getLogger("tornkit")

_Key = tuple[str, str]  # channel, and id in it


class NatsPresence:
    """Participants that this link speaks for, and their records among those of all links."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connection: NatsConnection,
        subjects: NatsSubjects,
        checkpoints: Checkpoints,
        tell: Callable[[str, bytes, Event], None],
        most_bytes: int,
    ) -> None:
        self._loop = loop
        self._subjects = subjects
        self._tell = tell
        self._is_connected = False
        self._link = secrets.token_hex(6)
        self._there: dict[_Key, list[Any]] = {}  # what each tells of itself, as often as it is
        self._recorded: set[_Key] = set()  # those that this link has recorded
        self._attempted: set[_Key] = set()  # and those of which nobody knows whether it has
        self._changing: dict[_Key, asyncio.Task[None]] = {}
        self._resuming: asyncio.Task[None] | None = None
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._records = NatsRecords(
            connection,
            subjects.presence_stream,
            [subjects.everyone, subjects.all_links, subjects.all_claims],
            most_bytes,
        )
        self._keeper = PresenceKeeper(self._records, subjects, checkpoints, self._remove)

    # ---- the connection ----

    async def set_up(self) -> None:
        """Make the stream of the records, while the connection is set up.

        :raises BusError: that can't be done.
        """
        await self._records.set_up()

    def connected(self) -> None:
        """Resume recording on a new connection, maybe to a server that knows nothing."""
        self._keeper.connected(self._loop.time())
        self._resuming = self._loop.create_task(self._resume())

    def lost(self) -> None:
        """Stop recording, as the connection is lost."""
        self._is_connected = False
        self._records.lost()
        self.cancel()
        self._changing.clear()

    async def _resume(self) -> None:
        """Bring all records up to date on a new connection."""
        while self._attempted:
            try:
                await self._say_that_it_is_there()
                break
            except BusError:
                await asyncio.sleep(_AGAIN)
        self._is_connected = True
        self._change_all()

    def _change_all(self) -> None:
        for key in {*self._there, *self._attempted}:
            self._change(key)

    async def _say_that_it_is_there(self) -> None:
        if not await self._keeper.beat(self._link):
            # Others took this link for dead, or the server has lost all that it knew: so it is
            # another one from now on, which has recorded nothing.
            self._link = secrets.token_hex(6)
            self._recorded.clear()
            self._attempted.clear()

    async def beat(self) -> None:
        """Renew this link's sign of life if it speaks for anybody; do the keeper's work.

        :raises BusError: that can't be done.
        """
        if self._is_connected and self._attempted:
            await self._say_that_it_is_there()
            self._change_all()
        await self._keeper.look(self._link, self._loop.time())

    async def end(self) -> None:
        """End the presence of all for whom this link speaks.

        :raises BusError: that can't be done.
        """
        if not self._is_connected:
            return
        self._there.clear()
        self._change_all()
        await self._settled()
        await self._keeper.end(self._link)

    def cancel(self) -> None:
        """Cancel the changes of records that are under way."""
        for task in (*self._changing.values(), self._resuming):
            if task is not None:
                task.cancel()

    # ---- who is there ----

    def enter(self, channel: str, id_: str, info: Any) -> None:
        """Note that ``id_`` is present in a channel, and have it recorded."""
        self._there.setdefault((channel, id_), []).append(info)
        self._change((channel, id_))

    def leave(self, channel: str, id_: str) -> None:
        """Note that ``id_`` has left a channel, or is present once less."""
        infos = self._there.get((channel, id_))
        if infos is not None:
            infos.pop()
            if not infos:
                del self._there[channel, id_]
                self._change((channel, id_))

    async def of(self, channel: str) -> list[Present]:
        """List the participants of a channel, in the order in which they came."""
        await self._settled(channel)
        found = await self._records.read_all(self._subjects.everyone_in(channel))
        records = [loads(each.data) for each in found]
        present = [Present(each["id"], each["info"], each["since"]) for each in records]
        return sorted(present, key=lambda each: each.since)

    async def _settled(self, channel: str | None = None) -> None:
        """Wait for the changes of records under way, of a channel or of all."""
        tasks = [
            task for key, task in self._changing.items() if channel is None or key[0] == channel
        ]
        if tasks:
            await asyncio.wait(tasks)

    # ---- records ----

    def _change(self, key: _Key) -> None:
        """Start to bring the record of a participant up to date, if connected."""
        if self._is_connected and key not in self._changing:
            task = self._changing[key] = self._loop.create_task(self._changed(key))
            task.add_done_callback(lambda task: self._has_changed(key, task))

    def _has_changed(self, key: _Key, task: asyncio.Task[None]) -> None:
        if self._changing.get(key) is task:
            del self._changing[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("it can't be told that %r is in %s: %s", key[1], key[0], error)

    async def _changed(self, key: _Key) -> None:
        async with self._at_once:
            while (key in self._there) != (key in self._recorded) or (
                key in self._attempted and key not in self._there
            ):
                try:
                    if key in self._there:
                        await self._add(key)
                    else:
                        await self._remove(self._subjects.person(*key), self._link)
                        self._recorded.discard(key)
                        self._attempted.discard(key)
                except Unavailable:
                    await asyncio.sleep(_AGAIN)

    async def _add(self, key: _Key) -> None:
        """Record that this link speaks for a participant."""
        channel, id_ = key
        subject = self._subjects.person(channel, id_)
        seen = 0
        content: dict[str, Any] | None = None
        is_read = key in self._attempted  # else it is mostly new
        self._attempted.add(key)
        while key in self._there:
            if is_read:
                record = await self._records.read(subject)
                seen = record.sequence
                content = None if record.message is None else loads(record.message.data)
            link, info = self._link, self._there[key][0]
            if content is None:
                made = {"id": id_, "info": info, "since": time.time(), "links": [link]}
            else:
                made = {**content, "links": sorted({*content["links"], link})}
            payload = dumps(made, separators=(",", ":")).encode()
            # One behind the other, without waiting: whoever comes then comes later.
            _, written = await asyncio.gather(
                self._keeper.register(self._link),
                self._records.write(subject, payload, {}, seen),
            )
            if written is not None:
                self._recorded.add(key)
                if content is None:
                    self._tell_of(channel, made, "join")
                return
            is_read = True

    async def _remove(self, subject: str, link: str) -> None:
        """Record that a link does not speak for a participant any more."""
        while True:
            record = await self._records.read(subject)
            if record.message is None:
                return
            content = loads(record.message.data)
            links = [each for each in content["links"] if each != link]
            if len(links) == len(content["links"]):
                return
            if links:
                payload = dumps({**content, "links": links}, separators=(",", ":")).encode()
                if await self._records.write(subject, payload, {}, record.sequence) is not None:
                    return
            elif await self._records.delete(subject, record.sequence):
                self._tell_of(self._subjects.channel_of_person(subject), content, "leave")
                return

    def _tell_of(self, channel: str, content: dict[str, Any], event: Event) -> None:
        data = {"id": content["id"], "info": content["info"]}
        self._tell(channel, payload_of(data, _ANY_SIZE), event)
