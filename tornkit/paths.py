"""Paths as a person writes them: with ``~``, through links, to what may not be readable."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from tornkit.errors import UsageError


def expanded(path: Path | str) -> Path:
    """Return a path with its ``~`` or ``~user`` in full.

    :raises UsageError: there is no such user, or the user has no home.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise UsageError(f"{path}: there is no such home folder") from None


def real_path(path: str) -> str:
    """Return a path without links; as it is where the system refuses to follow them.

    `os.path.realpath` raises where a link goes away while it is read, or there is no memory.
    """
    try:
        return os.path.realpath(path)
    except OSError:
        return path


# What says that there is nothing at a path (as `Path.is_file` had it before Python 3.14).
_NOTHING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP})


def is_file(path: Path) -> bool:
    """Return whether there is a file.

    :raises OSError: that can't be said, as the system refuses to look; of `Path.is_file` that is
        False from Python 3.14 on.
    """
    return stat.S_ISREG(_mode(path))


def is_folder(path: Path) -> bool:
    """Return whether there is a folder.

    :raises OSError: as `is_file`.
    """
    return stat.S_ISDIR(_mode(path))


def exists(path: Path) -> bool:
    """Return whether there is anything.

    :raises OSError: as `is_file`.
    """
    return _mode(path) != 0


def _mode(path: Path) -> int:
    """Return the mode of what is at a path; 0 where there is nothing."""
    try:
        return os.stat(path).st_mode  # noqa: PTH116 - as with the others of this file
    except ValueError:  # no path at all, with a null in it
        return 0
    except OSError as error:
        if error.errno in _NOTHING:
            return 0
        raise


def is_readable_place(path: Path) -> bool:
    """Return whether there is a file that may be looked at; one in a closed folder is none."""
    return os.path.isfile(path)  # noqa: PTH113 - `Path.is_file` raises there before Python 3.14


def shown_path(file: str) -> str:
    """Return a file's path as a person writes it: relative below the current folder."""
    try:
        return file.removeprefix(f"{Path.cwd()}/")
    except OSError:
        return file
