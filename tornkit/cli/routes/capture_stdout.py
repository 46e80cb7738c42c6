"""Redirection to standard error of whatever the user's code prints: the output is for the result.

Not only what Python code prints: an application may start ``git --version`` while it is imported,
and a child process, as a library in C, writes to the descriptor.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator

_OUT, _ERR = 1, 2


@contextlib.contextmanager
def prints_aside() -> Iterator[None]:
    """Send to standard error whatever is written to standard output inside."""
    with contextlib.redirect_stdout(sys.stderr), _descriptor_aside():
        yield


@contextlib.contextmanager
def _descriptor_aside() -> Iterator[None]:
    try:
        # Past the three that have a meaning, any of which may be closed and so the next free one.
        kept = fcntl.fcntl(_OUT, fcntl.F_DUPFD_CLOEXEC, 3)
    except OSError:  # there is no standard output
        yield
        return
    _flush()
    _lead_to_standard_error()
    try:
        yield
    finally:
        _flush()
        os.dup2(kept, _OUT)
        os.close(kept)


def _lead_to_standard_error() -> None:
    try:
        os.dup2(_ERR, _OUT)
    except OSError:  # there is none
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _OUT)
        os.close(nowhere)


def _flush() -> None:
    """Flush Python's own buffer to the file that the descriptor still leads to."""
    if sys.__stdout__ is not None:
        with contextlib.suppress(OSError, ValueError):  # closed, or nobody reads
            sys.__stdout__.flush()
