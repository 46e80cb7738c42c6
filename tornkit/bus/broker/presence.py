"""Presence: the participants of each channel, each with an id and information about itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class Present(NamedTuple):
    """Participant who is present in a channel.

    ``id`` is unique in the channel, ``info`` what it tells of itself, ``since`` seconds since 1970.
    """

    id: str
    info: Any
    since: float


class Presence:
    """Participants of each channel, and the members through which each is present.

    A participant may be present several times, in several windows: it joins with the first, and
    leaves with the last.
    """

    def __init__(self) -> None:
        self._channels: dict[str, dict[str, tuple[Present, dict[object, int]]]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._channels.values()))

    def count(self, channel: str) -> int:
        """Number of participants in a channel."""
        return len(self._channels.get(channel, ()))

    def of(self, channel: str) -> list[Present]:
        """List the participants of a channel, in the order in which they came."""
        return [present for present, _ in self._channels.get(channel, {}).values()]

    def channels(self) -> Iterable[str]:
        """Channels that have participants."""
        return self._channels

    def enter(self, member: object, channel: str, present: Present) -> bool:
        """Note a participant, present through a member; return whether it was not there before."""
        there = self._channels.setdefault(channel, {})
        if present.id in there:
            speakers = there[present.id][1]
            speakers[member] = speakers.get(member, 0) + 1
            return False
        there[present.id] = present, {member: 1}
        return True

    def leave(self, member: object, channel: str, id_: str) -> Present | None:
        """Note that a member's participant has left; return it if it is present no more."""
        there = self._channels.get(channel, {})
        if id_ not in there or member not in there[id_][1]:
            return None
        present, speakers = there[id_]
        speakers[member] -= 1
        if not speakers[member]:
            del speakers[member]
        if speakers:
            return None
        del there[id_]
        if not there:
            del self._channels[channel]
        return present

    def leave_all(self, member: object) -> list[tuple[str, Present]]:
        """Remove a member from all participants; return those who are present no more."""
        gone: list[tuple[str, Present]] = []
        for channel, there in list(self._channels.items()):
            for id_, (present, speakers) in list(there.items()):
                if speakers.pop(member, None) is not None and not speakers:
                    del there[id_]
                    gone.append((channel, present))
            if not there:
                del self._channels[channel]
        return gone
