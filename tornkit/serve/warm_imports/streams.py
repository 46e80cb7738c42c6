"""Standard streams that a module keeps: one that is imported later would keep the program's own.

``logging.StreamHandler(sys.stderr)`` and ``def show(file=sys.stdout)`` hold what was there when
they were executed. And what a module writes to them: it is written when the program imports it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def current() -> tuple[object, ...]:
    """The present ``sys.stdin``, ``sys.stdout`` and ``sys.stderr``."""
    return sys.stdin, sys.stdout, sys.stderr


class StreamReferences:
    """Number of references to the standard streams, counted when this is made."""

    def __init__(self) -> None:
        self._streams = current()
        self._count = self._references()

    def have_grown(self) -> bool:
        """Whether the standard streams have more references now: somebody has kept one."""
        return self._references() > self._count

    def _references(self) -> int:
        return sum(map(sys.getrefcount, self._streams))


@contextmanager
def swallowed(note: Callable[[], None]) -> Iterator[None]:
    """Call ``note`` for each text that is written to stdout or stderr, and write nothing."""

    def write(text: str) -> int:
        note()
        return len(text)

    found = [each for each in (sys.stdout, sys.stderr) if hasattr(each, "__dict__")]
    for stream in found:
        vars(stream)["write"] = write
    try:
        yield
    finally:
        for stream in found:
            vars(stream).pop("write", None)
