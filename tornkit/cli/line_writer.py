"""A writer of lines to standard error that never holds up its caller for long.

A terminal that is stopped (Ctrl-S) and a pipe that nobody reads block whoever writes, and a
supervisor that is blocked hears no signal. So a line is written without blocking, by a second open
file description of the same pipe or terminal: O_NONBLOCK on the first one would be seen by all
processes that share it. What is not taken at once is left to a thread. As long as that keeps pace a
line is out when `write` returns, in its place between what the workers print; once it does not,
lines are kept for it, and beyond a bound are counted instead.

To have the thread write each line took a millisecond or two of each reload, for it to be woken.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import stat
import sys
import threading
from collections import deque
from typing import TextIO

import click

from tornkit import linux

_PATIENCE = 0.05  # seconds: longer than any line takes where somebody reads
_LAST_PATIENCE = 1.0
_MOST_LINES = 1000


class LineWriter:
    """Writes lines to a stream, in order, without holding up the caller. Safe from one thread.

    ``stream`` is written to, or what `sys.stderr` is at the time.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._changed = threading.Condition()
        self._lines: deque[tuple[int, bytes]] = deque()  # the first one is being written
        self._dropped = 0
        self._lags = False
        self._thread: threading.Thread | None = None
        self._place: tuple[int, int] | None = None  # device and inode that `_second` leads to
        self._second: int | None = None  # a descriptor that does not block

    def write(self, text: str, *, colour: bool) -> bool:
        """Write lines, with their escape sequences or without.

        False, and nothing is written, where the stream can't hold up anybody: it is in memory, or
        not there at all.
        """
        stream = self._stream or sys.stderr
        try:
            descriptor = stream.fileno()
        except (OSError, ValueError, AttributeError):
            return False
        if not colour:
            text = click.unstyle(text)
        data = text.encode(stream.encoding, "backslashreplace")
        # Nothing goes in front of what the thread has, nor of the number of lines that are missing.
        if not self._lines and not self._dropped:
            data = data[self._taken(descriptor, data) :]
        if not data:
            return True
        if not self._has_thread():
            with contextlib.suppress(OSError):
                _write_all(descriptor, data)
            return True
        with self._changed:
            self._put(descriptor, data)
            self._changed.notify_all()
            if not self._lags:
                self._lags = not self._changed.wait_for(lambda: not self._lines, _PATIENCE)
        return True

    def _taken(self, descriptor: int, data: bytes) -> int:
        """Write without blocking; return the number of bytes written."""
        try:
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode):
                return os.write(descriptor, data)
            place = (status.st_dev, status.st_ino)
            if place != self._place:
                self._reopen(descriptor, place)
            return os.write(self._second, data) if self._second is not None else 0
        except OSError:  # full, mostly
            return 0

    def _reopen(self, descriptor: int, place: tuple[int, int]) -> None:
        """Open the pipe or terminal a second time, where the system has a name for it (Linux)."""
        if self._second is not None:
            os.close(self._second)
            self._second = None
        self._place = place
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY
        with contextlib.suppress(OSError):  # a socket; or somebody else's
            self._second = os.open(f"{linux.PROC}/self/fd/{descriptor}", flags)

    def _has_thread(self) -> bool:
        """Start the writing thread at first use; return whether there is one."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="tornkit-lines", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return False
            self._thread = thread
            atexit.register(self._finish)
        return True

    def _finish(self) -> None:
        """At the exit of the process, give the thread a moment to write what is left."""
        with self._changed:
            self._changed.wait_for(lambda: not self._lines, _LAST_PATIENCE)

    def _put(self, descriptor: int, data: bytes) -> None:
        if len(self._lines) >= _MOST_LINES:
            self._dropped += 1
            return
        if self._dropped:
            gap = f"({self._dropped} lines were not written)\n"
            self._lines.append((descriptor, gap.encode()))
            self._dropped = 0
        self._lines.append((descriptor, data))

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines)
                descriptor, data = self._lines[0]
            # The terminal, or who reads the pipe, may be gone; the server is not.
            with contextlib.suppress(OSError, ValueError):
                _write_all(descriptor, data)
            with self._changed:
                self._lines.popleft()
                self._lags = self._lags and bool(self._lines)
                self._changed.notify_all()


def _write_all(descriptor: int, data: bytes) -> None:
    """Write all bytes to a descriptor, not by `sys.stderr`, whose lock would be held so long."""
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:  # another program that has it open made it so
            select.select([], [descriptor], [])
