"""Errors of the system's that pass by themselves, and how they are put."""

from __future__ import annotations

import errno
import os

import pytest

from tornkit.serve.shortage import GONE, LACKS, in_words


def refused(number: int, *names: object) -> OSError:
    """Make an error with the system's text, of a file where one is named."""
    return OSError(number, os.strerror(number), *names)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refused(errno.EMFILE), f"{os.strerror(errno.EMFILE)}; raise the limit (ulimit -n)"),
        (
            refused(errno.EMFILE, "/src/app.py"),
            f"{os.strerror(errno.EMFILE)}; raise the limit (ulimit -n)",
        ),
        (refused(errno.ENFILE), os.strerror(errno.ENFILE)),  # the machine's, no limit of ours
        (refused(errno.ENOENT, "/bin/python3"), f"{os.strerror(errno.ENOENT)}: /bin/python3"),
        (refused(errno.EACCES, b"/bin/python3"), os.strerror(errno.EACCES)),
        (refused(errno.EBADF, 7), os.strerror(errno.EBADF)),
        (OSError("no more processes"), "no more processes"),
    ],
    ids=["descriptors", "of a file", "machine", "file", "bytes", "descriptor", "text alone"],
)
def test_in_words(error: OSError, words: str) -> None:
    assert in_words(error) == words


def test_an_error_is_a_shortage_or_the_peer_s_end() -> None:
    """An error of both sorts would be tried again for ever, with no peer at the other end."""
    assert LACKS.isdisjoint(GONE)


@pytest.mark.parametrize(
    ("number", "lacks", "gone"),
    [
        (errno.EMFILE, True, False),
        (errno.ENOBUFS, True, False),
        (errno.ETOOMANYREFS, True, False),
        (errno.EPIPE, False, True),
        (errno.EBADF, False, True),
        (errno.EAGAIN, False, False),  # a socket that has nothing to read, which is no shortage
        (errno.EINTR, False, False),
        (errno.EACCES, False, False),
    ],
)
def test_sorts(number: int, lacks: bool, gone: bool) -> None:
    assert (number in LACKS, number in GONE) == (lacks, gone)
