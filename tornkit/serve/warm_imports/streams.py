"""Standard streams that a module keeps: one that is imported later would keep the program's own.

``logging.StreamHandler(sys.stderr)`` and ``def show(file=sys.stdout)`` hold what was there when
they were executed.
"""

from __future__ import annotations

import sys


def current() -> tuple[object, ...]:
    """The three of this moment."""
    return sys.stdin, sys.stdout, sys.stderr


class StreamReferences:
    """References to the three, counted when this is made."""

    def __init__(self) -> None:
        self._streams = current()
        self._count = self._references()

    def have_grown(self) -> bool:
        """Whether somebody has kept one of them since."""
        return self._references() > self._count

    def _references(self) -> int:
        return sum(map(sys.getrefcount, self._streams))
