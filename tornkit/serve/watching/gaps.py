"""Folders that the kernel gives no watch for: each is named once, with the reason."""

from __future__ import annotations

import errno
from collections.abc import Callable

_MOST_NAMED = 3
# Reasons of the system's why nothing more can be watched, in whichever folder.
NO_MORE = frozenset({errno.ENOSPC, errno.ENOMEM, errno.EMFILE, errno.ENFILE})


class Gaps:
    """Folders that can't be watched, gathered by reason and reported once.

    Calls ``has_gap`` with a line about some folders, ``in_trouble`` with one about all.
    """

    def __init__(self, in_trouble: Callable[[str], None], has_gap: Callable[[str], None]) -> None:
        self._in_trouble = in_trouble
        self._has_gap = has_gap
        self._refused: dict[str, list[str]] = {}  # folders by reason, not said yet
        self._named: set[str] = set()
        self.is_full = False  # there are no more watches, and that was said

    def note(self, folder: str, error: OSError) -> None:
        """Note that a folder is not watched, and why."""
        if error.errno in NO_MORE:
            if not self.is_full:
                self.is_full = True
                self._in_trouble(error.strerror or str(error))
        elif folder not in self._named:
            self._named.add(folder)
            self._refused.setdefault(error.strerror or str(error), []).append(folder)

    def say(self) -> None:
        """Report the folders that were noted since the last call."""
        for reason, folders in self._refused.items():
            shown = ", ".join(folders[:_MOST_NAMED])
            more = len(folders) - _MOST_NAMED
            self._has_gap(f"{shown}{f' and {more} more' if more > 0 else ''}: {reason}")
        self._refused.clear()
