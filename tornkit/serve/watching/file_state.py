"""The state of a file or folder, as far as a change of it shows; by path, as text."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from tornkit.serve.watching.unedited import MARKS, is_unedited_name

State = tuple[int, int, int, bool]
Identity = tuple[int, int]


def identity(folder: str) -> Identity | None:
    """Identity of the folder that has the name now; None where there is none."""
    try:
        status = os.stat(folder)  # noqa: PTH116 - text, every quarter of a second
    except OSError:
        return None
    return status.st_dev, status.st_ino


def state(path: str) -> State | None:
    """State of a file, which differs after a change of its content; None where there is none.

    Of its mode only whether it can be read: editors set the rest when they have closed it.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 - text, of thousands where it is polled
        readable = os.access(path, os.R_OK)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, readable


def is_being_written(path: str) -> bool:
    """Whether a file that was just created is being written and will be closed: no link is."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder's own, or of something in it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def listing(folder: str, known: Iterable[str]) -> dict[str, State | None]:
    """The states of the files in a folder; where it can't be read, of those that are ``known``."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names
    except OSError:
        names = [
            os.path.basename(file)  # noqa: PTH119 - text
            for file in known
            if os.path.dirname(file) == folder  # noqa: PTH120 - text
        ]
    return {
        name: state(os.path.join(folder, name))  # noqa: PTH118 - text
        for name in names
        if not is_unedited_name(name) or name in MARKS
    }
