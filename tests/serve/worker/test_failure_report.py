from __future__ import annotations

import errno

from tornkit.errors import AppRaised, NotAnApplication
from tornkit.serve.worker.failure_report import failed_of, interrupted
from tornkit.serve.worker.listening import Refused


def test_a_program_s_error_has_its_traceback() -> None:
    failed = failed_of(AppRaised("importing app failed: boom", "Traceback"))
    assert (failed.kind, failed.message, failed.traceback) == (
        "AppRaised",
        "importing app failed: boom",
        "Traceback",
    )


def test_one_of_ours_has_none() -> None:
    failed = failed_of(NotAnApplication("app is a list"))
    assert (failed.kind, failed.message, failed.traceback) == (
        "NotAnApplication",
        "app is a list",
        "",
    )


def test_what_the_supervisor_refused_is_told_in_its_words() -> None:
    failed = failed_of(Refused(errno.EADDRINUSE, "port 8888 is in use by nginx"))
    assert (failed.kind, failed.message) == ("BindError", "port 8888 is in use by nginx")


def test_an_interrupt_of_the_application_s_own() -> None:
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt as error:
        failed = interrupted(error, "app.py:app")
    assert (failed.kind, failed.message) == ("AppRaised", "app.py:app raised KeyboardInterrupt")
    assert "KeyboardInterrupt" in failed.traceback
