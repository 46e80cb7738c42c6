"""Tells of changed paths: at once of a file that is whole, of others when they have rested.

A file is told of a millisecond after it was closed by the program that wrote it, or moved into its
place: then it is whole. What may be half of a change (a deletion, a file still open) waits longer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tornkit.serve.watching.file_state import State, state
from tornkit.serve.watching.reach import Reach
from tornkit.serve.watching.unedited import is_unedited_name

# Seconds that a path rests before it is told of:
SHORT = 0.005  # for an attribute, a link, what came with a folder
DELETED = 0.03  # for a deletion: editors that rename the old file away write the new one now
OPEN = 0.1  # for a file that was written to and not closed
PATIENCE = 0.05  # the longest, in seconds, that a row of saves (a checkout) is waited for
_MOST_TOLD = 10_000  # states that are kept


@dataclass
class _Due:
    """Time at which a path is told of, and the latest to which that may be put off."""

    when: float
    latest: float


class Announcer:
    """Calls ``tell`` with paths that have changed; of the watching thread alone.

    A path is told of again only where its state differs from what was told: editors set a file's
    mode when they have closed it.
    """

    def __init__(self, tell: Callable[[Iterable[str]], None], reach: Reach) -> None:
        self._tell = tell
        self._reach = reach
        self._due: dict[str, _Due] = {}
        self._told: dict[str, State | None] = {}

    @property
    def next_due(self) -> float | None:
        """Time of the next thing to be told, by the monotonic clock; None if there is none."""
        return min((due.when for due in self._due.values()), default=None)

    def forget_all(self) -> None:
        """Drop all changes that wait to be told of."""
        self._due.clear()

    def is_new(self, path: str) -> None:
        """Forget what was told of a path: it is another file now, though it may look the same."""
        self._told.pop(path, None)

    def whole(self, paths: Iterable[str]) -> None:
        """Tell of files that were closed by their writers, now."""
        for path in paths:
            self._due.pop(path, None)
        self.tell_of(paths)

    def later(self, path: str, rest: float) -> None:
        """Tell of a path once it has rested so many seconds."""
        now = time.monotonic()
        due = self._due.setdefault(path, _Due(now + rest, now + max(rest, PATIENCE) * 2))
        due.when = min(now + rest, due.latest)

    def tell_due(self, now: float) -> None:
        """Tell of paths that have rested by ``now``, on the monotonic clock."""
        due = [path for path, each in self._due.items() if each.when <= now]
        changed = []
        for path in due:
            del self._due[path]
            # Editors set a file's mode when they have closed it, which was told.
            now_is = state(path)
            if path in self._reach.roots or now_is is None or self._told.get(path) != now_is:
                changed.append(path)
        if changed:
            self.tell_of(changed)

    def tell_of(self, paths: Iterable[str]) -> None:
        """Tell of paths now, but for those that nobody edits."""
        told = [path for path in paths if self._counts(path)]
        if len(self._told) > _MOST_TOLD:
            self._told.clear()
        for path in told:
            self._told[path] = state(path)
        if told:
            self._tell(told)

    def _counts(self, path: str) -> bool:
        name = os.path.basename(path)  # noqa: PTH119 - text
        return (
            path in self._reach.roots
            or path in self._reach.wanted.files
            or not is_unedited_name(name)
        )
