"""A pipe by which one thread wakes another that waits in `poll`."""

from __future__ import annotations

import contextlib
import os
import select
import threading


class WakePipe:
    """Pipe that wakes a waiting thread; opened before, and closed behind, all that it does."""

    def __init__(self) -> None:
        self._closing = threading.Lock()
        self._read = self._write = -1

    def open(self) -> None:
        """Open the pipe.

        :raises OSError: the system has no descriptor to give.
        """
        self._read, self._write = os.pipe()
        for descriptor in (self._read, self._write):
            os.set_blocking(descriptor, False)

    def close(self) -> None:
        """Close the pipe; to wake does nothing any more."""
        with self._closing:
            for descriptor in (self._read, self._write):
                os.close(descriptor)
            self._read = self._write = -1

    def wake(self) -> None:
        """Wake the thread that waits, or have its next wait end at once."""
        with self._closing, contextlib.suppress(OSError):  # full: it wakes anyway
            if self._write != -1:
                os.write(self._write, b"\0")

    def wait(self, timeout: float, *descriptors: int) -> None:
        """Wait ``timeout`` seconds, or until it is woken or one of the others can be read."""
        poller = select.poll()
        for each in (self._read, *descriptors):
            poller.register(each, select.POLLIN)
        poller.poll(timeout * 1000)
        with contextlib.suppress(OSError):  # nothing there, mostly
            os.read(self._read, 4096)
