"""Numbers that `tornkit bus` shows: of the hub's members, and of messages not read in time.

Nothing is counted where messages pass; members say once a second what has changed.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Protocol, TypedDict

from tornkit.bus.broker.broker import Broker, Member
from tornkit.bus.links.outgoing import Outgoing
from tornkit.bus.names import is_pattern

_AT_ONCE = 2000  # channels of one answer: messages pass between two of them
_MOST_SLOW = 10_000  # channels whose slow subscribers are remembered


class SocketMember(Member, Protocol):
    """A member with a queue of frames that its socket has not taken yet."""

    unsent: Outgoing


class _MemberNumbers:
    """A member's process, role, and number of subscriptions to each channel or pattern."""

    def __init__(self, pid: int, role: str) -> None:
        self.pid = pid
        self.role = role
        self.subscribers: dict[str, int] = {}


class PublishedCounts(TypedDict):
    """How many messages some channels have had; ``now`` is seconds of the broker's clock."""

    now: float
    published: dict[str, int]
    next: int | None


class HubNumbers:
    """Counts of a hub: members and their subscriptions, slow subscribers, dropped members."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._members: dict[SocketMember, _MemberNumbers] = {}
        # By channel: messages that subscriptions have dropped, and those that were ended.
        self._slow: OrderedDict[str, tuple[int, int]] = OrderedDict()
        # Names of channels, for those who are asking for what each has had.
        self._asked: dict[SocketMember, list[str]] = {}
        self.dropped_members = 0
        """Members that did not read."""

    def introduce(self, member: SocketMember, pid: int, role: str) -> None:
        """Note a member's process and role; a member without a role is shown nowhere."""
        if role:
            self._members[member] = _MemberNumbers(int(pid), str(role)[:20])

    def part(self, member: SocketMember) -> None:
        """Forget a member."""
        self._members.pop(member, None)
        self._asked.pop(member, None)

    def take(self, member: SocketMember, changes: dict[str, list[int]]) -> None:
        """Note a member's changes: by name, subscriptions, new drops and ended subscriptions."""
        subscribers = self._members[member].subscribers
        for name, (count, dropped, ended) in changes.items():
            subscribers[name] = int(count)
            if not count:
                del subscribers[name]
            if dropped or ended:
                before = self._slow.pop(name, (0, 0))
                self._slow[name] = before[0] + int(dropped), before[1] + int(ended)
                if len(self._slow) > _MOST_SLOW:
                    self._slow.popitem(last=False)

    def overview(self) -> dict[str, Any]:
        """Numbers of the hub as a whole and of each member, without those of the channels."""
        broker = self._broker
        return {
            "epoch": broker.epoch,
            "kept": len(broker.history),
            "bytes": broker.history.size,
            "values": len(broker.store),
            "value_bytes": broker.store.size,
            "dropped_members": self.dropped_members,
            "members": [
                {
                    "pid": numbers.pid,
                    "role": numbers.role,
                    "names": len(numbers.subscribers),
                    "subscribers": sum(numbers.subscribers.values()),
                    "waiting": member.unsent.size,
                }
                for member, numbers in self._members.items()
            ],
        }

    def published(self, member: SocketMember, begin: int) -> PublishedCounts:
        """Count the messages that each channel has had: one part of the answer, from ``begin`` on.

        It has the channels that there were when the member asked from 0 on; ``next`` is where the
        next part begins. A hub that was not there when the member began knows no more.
        """
        names = list(self._broker.names()) if begin == 0 else self._asked.get(member, [])
        end = begin + _AT_ONCE
        if end < len(names):
            self._asked[member] = names
        else:
            self._asked.pop(member, None)
        count = self._broker.history.published
        return {
            "now": self._broker.now(),
            "published": {name: count(name) for name in names[begin:end]},
            "next": end if end < len(names) else None,
        }

    def channels(self, names: list[str]) -> list[dict[str, Any]]:
        """Numbers of each of these channels and patterns: messages, subscribers, drops."""
        return [self._channel(name) for name in names]

    def _channel(self, name: str) -> dict[str, Any]:
        published, kept, size = self._broker.history.numbers(name)
        dropped, ended = self._slow.get(name, (0, 0))
        watchers = self._broker.watchers(name)
        subscribers: dict[int, int] = {}  # by process, which has a member for each loop
        for each, numbers in self._members.items():
            if each in watchers:
                count = subscribers.get(numbers.pid, 0) + numbers.subscribers.get(name, 0)
                subscribers[numbers.pid] = count
        return {
            "name": name,
            "pattern": is_pattern(name),
            "published": published,
            "kept": kept,
            "bytes": size,
            "processes": len(subscribers),
            "subscribers": sum(subscribers.values()),
            "subscribers_by_pid": {str(pid): count for pid, count in subscribers.items()},
            "present": self._broker.presence.count(name),
            "dropped": dropped,
            "ended": ended,
        }
