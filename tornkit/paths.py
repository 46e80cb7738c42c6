"""Paths as a person writes them: with ``~``, through links, to what may not be readable."""

from __future__ import annotations

import os
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


def is_readable_place(path: Path) -> bool:
    """Return whether there is a file that may be looked at; one in a closed folder is none."""
    return os.path.isfile(path)  # noqa: PTH113 - `Path.is_file` raises there before Python 3.14
