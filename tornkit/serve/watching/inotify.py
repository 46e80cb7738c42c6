"""Binding of inotify(7): what the kernel tells of the folders that it is asked to watch (Linux).

Knows folders by the numbers of their watches and files by their names, as bytes turned into text
with surrogate escapes: a name may be any bytes. What an event means is `folder_watch`'s business.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import NamedTuple

from tornkit import linux

# <sys/inotify.h>, the same on every architecture.
MODIFY, ATTRIB, CLOSE_WRITE = 0x2, 0x4, 0x8
MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x40, 0x80, 0x100, 0x200
DELETE_SELF, MOVE_SELF, UNMOUNT, OVERFLOW, IGNORED = 0x400, 0x800, 0x2000, 0x4000, 0x8000
# What is told of a watched folder itself: it is gone from its name, or its watch is.
ITSELF = DELETE_SELF | MOVE_SELF | UNMOUNT | IGNORED
IS_FOLDER = 0x40000000
_ONLY_FOLDERS = 0x01000000
_WANTED = (
    (MODIFY | ATTRIB | CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE)
    | (DELETE_SELF | MOVE_SELF)
    | _ONLY_FOLDERS
)
_EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of the name that follows
_READ_SIZE = 65536


class Event(NamedTuple):
    """A change that the kernel tells of: to ``name`` in the folder, or the folder itself if ""."""

    watch: int
    mask: int
    name: str


class Inotify:
    """One inotify descriptor. Not thread-safe: one thread adds, reads and closes."""

    def __init__(self) -> None:
        """Open an inotify descriptor.

        :raises OSError: there is no inotify here, or no more of it.
        """
        if not linux.USED:
            raise OSError("inotify is Linux alone")
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._checked(self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))

    def fileno(self) -> int:
        """Return the descriptor, to be polled."""
        return self._descriptor

    def add(self, folder: str) -> int:
        """Watch a folder; return the number of the watch, the same for each name of one folder.

        :raises OSError: it is no folder, can't be read, or there are no more watches (ENOSPC).
        """
        number = self._libc.inotify_add_watch(self._descriptor, os.fsencode(folder), _WANTED)
        return self._checked(number)

    def remove(self, watch: int) -> None:
        """End a watch; one that has ended by itself is passed over."""
        self._libc.inotify_rm_watch(self._descriptor, watch)

    def read(self) -> list[Event]:
        """Return the events so far; none where there are none, or no memory for them now."""
        try:
            data = os.read(self._descriptor, _READ_SIZE)
        except OSError:
            return []
        events = []
        position = 0
        while position < len(data):
            watch, mask, _, length = _EVENT.unpack_from(data, position)
            start = position + _EVENT.size
            position = start + length
            events.append(Event(watch, mask, os.fsdecode(data[start:position].rstrip(b"\0"))))
        return events

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._descriptor)

    @staticmethod
    def _checked(number: int) -> int:
        if number == -1:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return number
