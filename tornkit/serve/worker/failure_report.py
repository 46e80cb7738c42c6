"""Report of the error that ended a worker before it served."""

from __future__ import annotations

from tornkit.appload.usertrace import format_user_traceback
from tornkit.errors import AppRaised, TornkitError
from tornkit.serve import refusals
from tornkit.serve.sources.failed_files import files_of_failure
from tornkit.serve.wire.messages import Failed
from tornkit.serve.worker.listening import Refused


def failed_of(error: TornkitError | Refused) -> Failed:
    """Failure message for an error: its kind, its words, its files, and the text of a refusal."""
    if isinstance(error, Refused):
        return Failed("BindError", error.reason)
    trace = error.traceback if isinstance(error, AppRaised) else ""
    files = tuple(sorted(files_of_failure(error)))
    return Failed(type(error).__name__, str(error), trace, files, refusals.of_failure(error))


def interrupted(error: KeyboardInterrupt, label: str) -> Failed:
    """Failure by a `KeyboardInterrupt` of the application's own, which is called ``label``."""
    return Failed("AppRaised", f"{label} raised KeyboardInterrupt", format_user_traceback(error))
