"""Keys with values that all workers share, each for a time or until it is deleted.

A full store drops nothing by itself: a lock or a session that vanished in silence would be worse
than an error.
"""

from __future__ import annotations

import heapq
from json import loads
from typing import Any, NamedTuple

from tornkit.bus.errors import BusError, StoreFull

_OVERHEAD = 200  # bytes of memory of a key, beside its text and its value
_MOST_DUE = 1024  # ends in the heap that are none any more, before it is made anew


class _StoredValue(NamedTuple):
    value: bytes  # as `tornkit.bus.message` says
    ends: float | None  # seconds, by the clock of the broker


class Store:
    """In-memory store of values by key, with expiry times and a limit of memory."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._entries: dict[str, _StoredValue] = {}
        self._ends: list[tuple[float, str]] = []
        self.size = 0
        """Bytes of memory, about."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str, now: float) -> bytes | None:
        """Return the value of a key; None if it has none."""
        self.expire(now)
        entry = self._entries.get(key)
        return None if entry is None else entry.value

    def set(
        self, key: str, value: bytes, ends: float | None, now: float, *, only_new: bool = False
    ) -> bool:
        """Set a value that expires at ``ends``; return whether it was set.

        ``only_new``: leave a key alone that has a value.

        :raises StoreFull: there is no room for the value.
        """
        self.expire(now)
        before = self._entries.get(key)
        if before is not None and only_new:
            return False
        size = self.size + len(value) - (len(before.value) if before is not None else 0)
        if before is None:
            size += _OVERHEAD + len(key)
        if size > self._most and size > self.size:
            raise StoreFull(f"the store is full: it holds {len(self):,} keys, {self.size:,} bytes")
        self.size = size
        self._entries[key] = _StoredValue(value, ends)
        if ends is not None:
            heapq.heappush(self._ends, (ends, key))
        return True

    def delete(self, key: str, now: float, *, only: bytes | None = None) -> bool:
        """Delete a key, or only if ``only`` is its value; return whether it was deleted."""
        self.expire(now)
        entry = self._entries.get(key)
        if entry is None or (only is not None and entry.value != only):
            return False
        self._forget(key, entry)
        return True

    def renew(self, key: str, only: bytes, ends: float, now: float) -> bool:
        """Set a key's expiry time anew if ``only`` is its value; return whether that was done."""
        self.expire(now)
        entry = self._entries.get(key)
        if entry is None or entry.value != only:
            return False
        self._entries[key] = _StoredValue(only, ends)
        heapq.heappush(self._ends, (ends, key))
        return True

    def increment(self, key: str, by: int, ends: float | None, now: float) -> int:
        """Add ``by`` to a whole number and return the sum; a new key begins as 0, with ``ends``.

        :raises BusError: the value is no whole number.
        :raises StoreFull: there is no room for the value.
        """
        self.expire(now)
        entry = self._entries.get(key)
        value: Any = 0
        if entry is not None:
            value = loads(entry.value[1:]) if entry.value[:1] == b"j" else None
            ends = entry.ends
        if type(value) is not int:
            raise BusError(f"the value of {key!r} is no whole number")
        self.set(key, b"j%d" % (value + by), ends, now)
        return value + by

    def expire(self, now: float) -> None:
        """Delete the keys whose expiry time has come."""
        while self._ends and self._ends[0][0] <= now:
            _, key = heapq.heappop(self._ends)
            entry = self._entries.get(key)
            if entry is not None and entry.ends is not None and entry.ends <= now:
                self._forget(key, entry)
        if len(self._ends) > 2 * len(self._entries) + _MOST_DUE:
            # Of keys that were set again and again.
            self._ends = [
                (entry.ends, key) for key, entry in self._entries.items() if entry.ends is not None
            ]
            heapq.heapify(self._ends)

    def _forget(self, key: str, entry: _StoredValue) -> None:
        del self._entries[key]
        self.size -= _OVERHEAD + len(key) + len(entry.value)
