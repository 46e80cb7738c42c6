"""Progress line of a long check: only on a terminal, only after a while, then gone.

What takes less than a second needs no word; and output that a program reads gets none. The line
is written by a thread, since the check itself does not come up for air.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from types import TracebackType
from typing import Self, TextIO

PATIENCE = 1.0
"""Seconds before anything is said."""

_ERASE = "\r\x1b[K"


class Progress:
    """Context with a progress line: `tell` changes its text; at the end the line is erased."""

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        patience: float = PATIENCE,
        wanted: bool | None = None,
    ) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._patience = patience
        self._wanted = _obeys(self._stream) if wanted is None else wanted
        self._changed = threading.Condition()
        self._text = "reading the routes"
        self._written = ""
        self._over = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def tell(self, family: str, number: int, total: int) -> None:
        """Show the check that has begun, as ``checking reachability (2 of 7)``."""
        with self._changed:
            self._text = f"checking {family} ({number} of {total})"
            self._changed.notify_all()

    def __enter__(self) -> Self:
        if self._wanted:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()
        if self._wanted:
            self._thread.join()

    def _run(self) -> None:
        with self._changed:
            if self._changed.wait_for(lambda: self._over, timeout=self._patience):
                return
            while not self._over:
                self._write()
                self._changed.wait_for(lambda: self._over or self._text != self._written)
            self._stream.write(_ERASE)
            self._stream.flush()

    def _write(self) -> None:
        width = shutil.get_terminal_size().columns - 1
        self._stream.write(_ERASE + self._text[:width])
        self._stream.flush()
        self._written = self._text


def _obeys(stream: TextIO) -> bool:
    """Whether a stream is a terminal that can erase a line."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"
