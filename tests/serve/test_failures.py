"""Failures of the supervisor's own: which sort, and in which words."""

from __future__ import annotations

import errno
import os
import signal

import pytest

from tornkit.errors import UsageError
from tornkit.serve.failures import (
    CANNOT_START,
    MISNAMED,
    boot_timed_out,
    cannot_start,
    died_starting,
    how,
    serves_by_itself,
)
from tornkit.serve.refusals import SILENT
from tornkit.serve.wire.messages import Failed


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "exited with status 0"),
        (3, "exited with status 3"),
        (-signal.SIGKILL, "was killed by SIGKILL"),
        (-99, "was killed by signal 99"),
    ],
)
def test_how(status: int, words: str) -> None:
    assert how(status) == words


@pytest.mark.parametrize(
    ("status", "refused"), [(1, SILENT), (0, ""), (-signal.SIGTERM, "")], ids=str
)
def test_an_end_without_a_word_may_have_been_a_refusal(status: int, refused: str) -> None:
    """A signal came from outside, and status 0 tells of no mistake."""
    failure = died_starting(status)
    assert (failure.kind, failure.refused) == ("Died", refused)
    assert failure.message == f"a worker {how(status)} while it started"


@pytest.mark.parametrize(("timeout", "shown"), [(60.0, "60 s"), (0.5, "0.5 s")])
def test_one_that_hangs_may_wait_for_what_the_old_one_holds(timeout: float, shown: str) -> None:
    failure = boot_timed_out(timeout)
    assert (failure.kind, failure.refused) == ("BootTimeout", SILENT)
    assert failure.message.startswith(f"not ready after {shown}: ")


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (
            OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)),
            CANNOT_START,
            f"workers can't be started: {os.strerror(errno.EAGAIN)}",
        ),
        (
            OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
            CANNOT_START,
            f"workers can't be started: {os.strerror(errno.EMFILE)}; raise the limit (ulimit -n)",
        ),
        (
            UsageError("--env-file .env can't be read"),
            "UsageError",
            "workers can't be started: --env-file .env can't be read",
        ),
        (
            ValueError("illegal environment variable name"),
            "BadEnvironment",
            "workers can't be started: illegal environment variable name",
        ),
    ],
    ids=["processes", "descriptors", "ours", "environment"],
)
def test_cannot_start(error: Exception, kind: str, message: str) -> None:
    """Tell shortages of the system apart, which are tried again without an edit."""
    assert cannot_start(error) == Failed(kind, message)


def test_options_that_a_program_refuses() -> None:
    failure = serves_by_itself("app.py", ["--xheaders", "--certfile"])
    assert failure.kind in MISNAMED, "a mistake on the command line, which no edit mends"
    assert failure.message.startswith(
        "app.py serves by itself, and --xheaders, --certfile can't be given to a program"
    )
