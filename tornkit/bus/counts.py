"""Counts of one loop's subscriptions, and of messages that they dropped, for `tornkit bus`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

_PAUSE = 1.0  # seconds from a change until it is told, with all others of that time


class SubscriptionCounts:
    """Changes of subscriptions that the broker has not been told; ``count`` counts a name's."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        count: Callable[[str], int],
        tell: Callable[[dict[str, list[int]]], bool],
    ) -> None:
        self._loop = loop
        self._count = count
        self._tell = tell
        self._changed: dict[str, list[int]] = {}  # by name: messages dropped, subscriptions ended
        self._is_due = False

    def changed(self, names: Iterable[str]) -> None:
        """Note that subscriptions to these names have begun or ended."""
        for name in names:
            self._slow(name)

    def dropped(self, channel: str) -> None:
        """Note that a subscription has dropped a message of this channel."""
        self._slow(channel)[0] += 1

    def ended(self, names: Iterable[str]) -> None:
        """Note that a subscription to these names has ended because it was not read."""
        for name in names:
            self._slow(name)[1] += 1

    def _slow(self, name: str) -> list[int]:
        if not self._is_due:
            self._is_due = True
            self._loop.call_later(_PAUSE, self._tell_changes)
        return self._changed.setdefault(name, [0, 0])

    def _tell_changes(self) -> None:
        changes = {name: [self._count(name), *slow] for name, slow in self._changed.items()}
        if self._tell(changes):
            self._changed.clear()
            self._is_due = False
        else:
            self._loop.call_later(_PAUSE, self._tell_changes)
