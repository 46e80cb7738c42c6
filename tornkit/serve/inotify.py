"""Says at once that a file was saved (Linux): inotify(7), for files that are known by name.

watchfiles looks every few milliseconds whether the kernel had something to say, and once more
whether that was all: 8 ms, a third of a reload. Here the kernel is listened to, for one thing only:
a file was closed by who had written to it, or another one was moved into its place. Then it is
whole, and there is nothing to wait for but the other files that are saved with it.

It is not the only one to watch, so it may miss things: a folder that can't be watched, that is
moved, a queue that overflows.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import struct
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

# <sys/inotify.h>, the same on every architecture.
_CLOSE_WRITE, _MOVED_TO, _MOVE_SELF, _IGNORED = 0x8, 0x80, 0x800, 0x8000
_ONLY_FOLDERS = 0x01000000
_EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of the name that follows
_READ_SIZE = 65536
_QUIET = 0.0005  # seconds: saves of several files (a checkout) follow one another within that
_PATIENCE = 0.05  # the longest that such a row is waited for


class Saves:
    """The saves of files in some folders. One thread waits, another may `cover` and `close`."""

    def __init__(self) -> None:
        """:raises OSError: there is no inotify here, or no more of it."""
        if sys.platform != "linux":
            raise OSError("inotify is Linux alone")
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._descriptor == -1:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        try:
            self._closing, self._close = os.pipe()
        except OSError:
            os.close(self._descriptor)
            raise
        self._closed = False
        self._lock = threading.Lock()
        self._folders: dict[int, Path] = {}  # by watch
        self._poller = select.poll()
        for descriptor in (self._descriptor, self._closing):
            self._poller.register(descriptor, select.POLLIN)

    def cover(self, folders: Iterable[Path]) -> None:
        """Listen to these too; those that can't be listened to are left out.

        To cover one again does no harm, and helps where another folder has its name now.
        """
        mask = _CLOSE_WRITE | _MOVED_TO | _MOVE_SELF | _ONLY_FOLDERS
        with self._lock:
            for folder in folders:
                watch = self._libc.inotify_add_watch(self._descriptor, os.fsencode(folder), mask)
                if watch != -1:
                    self._folders[watch] = folder

    def rows(self) -> Iterator[set[Path]]:
        """What was saved, row after row, waiting for each; ends after `close`."""
        while True:
            try:
                self._poller.poll()
            except OSError:  # no memory: a moment later there may be some
                time.sleep(_PATIENCE)
            latest = time.monotonic() + _PATIENCE
            saved = more = self._read()
            while more and time.monotonic() < latest:
                time.sleep(_QUIET)
                more = self._read()
                saved |= more
            if self._closed:
                break
            if saved:
                yield saved
        for descriptor in (self._descriptor, self._closing, self._close):
            os.close(descriptor)

    def close(self) -> None:
        """End `rows`, from another thread."""
        self._closed = True
        with contextlib.suppress(OSError):  # then the thread ends with the process
            os.write(self._close, b"\0")

    def _read(self) -> set[Path]:
        try:
            data = os.read(self._descriptor, _READ_SIZE)
        except OSError:  # there is nothing, or no memory; what there is will be told of again
            return set()
        saved = set()
        position = 0
        with self._lock:
            while position < len(data):
                watch, mask, _, length = _EVENT.unpack_from(data, position)
                start = position + _EVENT.size
                position = start + length
                if mask & _MOVE_SELF:  # it goes on listening, under a name that is wrong now
                    self._libc.inotify_rm_watch(self._descriptor, watch)
                if mask & (_MOVE_SELF | _IGNORED):
                    self._folders.pop(watch, None)
                elif watch in self._folders and length:
                    name = data[start:position].rstrip(b"\0")
                    saved.add(self._folders[watch] / os.fsdecode(name))
        return saved
