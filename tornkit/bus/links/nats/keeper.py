"""The keeper of the presence: one link that sees which others have died, and ends what they said.

Each link that speaks for anybody writes again and again that it is there. One of all is the keeper;
should it die, another link takes its place. Times are the server's, of its messages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tornkit.bus.links.nats.checkpoint import Checkpoints
from tornkit.bus.links.nats.records import NatsRecords
from tornkit.bus.links.nats.subjects import NatsSubjects

_DEAD = 5.0  # seconds of silence, after which a link has died
_DYING = b"dying"  # in the place of what a link has written, while what it said is ended


class PresenceKeeper:
    """One link's part in keeping the presence: its sign of life, and the keeper's work."""

    def __init__(
        self,
        records: NatsRecords,
        subjects: NatsSubjects,
        checkpoints: Checkpoints,
        remove: Callable[[str, str], Awaitable[None]],
    ) -> None:
        self._records = records
        self._subjects = subjects
        self._checkpoints = checkpoints
        self._remove = remove
        self._place: int | None = None  # sequence of what this link wrote last
        self._is_registering = False
        self._keeps = 0  # sequence of its last word as the keeper; 0: it is none
        self._connected_at = 0.0

    def connected(self, now: float) -> None:
        """Take notice of a new connection, made at ``now``: this link is not the keeper yet."""
        self._connected_at = now
        self._keeps = 0

    async def register(self, link: str) -> None:
        """Record that a link is alive, unless that was done."""
        if self._place is None and not self._is_registering:
            self._is_registering = True
            try:
                self._place = await self._write(link, None)
            finally:
                self._is_registering = False

    async def beat(self, link: str) -> bool:
        """Renew the record that a link is alive; False if others have taken it for dead."""
        if self._place is None:
            await self.register(link)
            return True
        self._place = await self._write(link, self._place)
        return self._place is not None

    async def _write(self, link: str, seen: int | None) -> int | None:
        return await self._records.write(self._subjects.alive(link), b"", {}, seen)

    async def end(self, link: str) -> None:
        """Delete the record that a link is alive."""
        if self._place is not None:
            await self._records.delete(self._subjects.alive(link), self._place)

    async def look(self, link: str, now: float) -> None:
        """Become the keeper if there is no other; the keeper ends the presence of dead links.

        :raises BusError: that can't be done.
        """
        if not await self._is_keeper(link):
            return
        # After an outage of the server all were silent, and have time to come back.
        if now - self._connected_at < _DEAD:
            return
        for each in await self._records.read_all(self._subjects.all_links):
            is_silent = each.time < self._checkpoints.server_time - _DEAD
            if not is_silent and each.data != _DYING:
                continue
            place: int | None = each.sequence
            if each.data != _DYING:
                place = await self._records.write(each.subject, _DYING, {}, each.sequence)
            if place is not None:
                await self._bury(each.subject.rpartition(".")[2])
                await self._records.delete(each.subject, place)

    async def _is_keeper(self, link: str) -> bool:
        subject = self._subjects.keeper
        if self._keeps:
            seen = self._keeps
        else:
            record = await self._records.read(subject)
            message = record.message
            if message is not None and message.time > self._checkpoints.server_time - _DEAD:
                return False
            seen = record.sequence
        self._keeps = await self._records.write(subject, link.encode(), {}, seen) or 0
        return self._keeps > 0

    async def _bury(self, link: str) -> None:
        """End the presence of all for whom a dead link spoke."""
        for each in await self._records.read_all(self._subjects.everyone):
            if b'"%s"' % link.encode() in each.data:
                await self._remove(each.subject, link)
