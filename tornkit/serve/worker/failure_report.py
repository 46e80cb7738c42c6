"""Report of the error that ended a worker before it served."""

from __future__ import annotations

import contextlib
from typing import Any

from tornkit.appload.shadowing import library_names
from tornkit.appload.usertrace import format_user_traceback
from tornkit.errors import AppRaised, TornkitError
from tornkit.serve import refusals
from tornkit.serve.sources.failed_files import files_of_failure
from tornkit.serve.wire.channel import Channel, ChannelClosed
from tornkit.serve.wire.messages import Failed
from tornkit.serve.worker.listening import Refused
from tornkit.serve.worker.mailbox import Mailbox


def failed_of(error: TornkitError | Refused, *, is_shown: bool = False) -> Failed:
    """Failure message for an error: its kind, its words, its files, and the text of a refusal.

    ``is_shown``: a browser shows it, with its frames.
    """
    if isinstance(error, Refused):
        return Failed("BindError", error.reason)
    trace = error.traceback if isinstance(error, AppRaised) else ""
    files = tuple(sorted(files_of_failure(error)))
    kind, message = type(error).__name__, str(error)
    raised = error.__context__ if isinstance(error, AppRaised) and is_shown else None
    shown = _shown(raised, message) if raised is not None else {}
    return Failed(kind, message, trace, files, refusals.of_failure(error), shown)


def _shown(raised: BaseException, message: str) -> dict[str, Any]:
    """Data of the user's exception for a browser, without secrets; empty if they can't be made."""
    try:
        with library_names():
            from tornkit.devtools.error_data import error_data, masked_traceback
            from tornkit.devtools.failure import failure_of
            from tornkit.masking import masked

            return error_data(failure_of(raised), masked(message), masked_traceback(raised))
    except Exception:  # noqa: BLE001 - whatever the program has made of Python: it is told in words
        return {}


def tell(channel: Channel | Mailbox, failure: Failed) -> None:
    """Send the failure of a worker that can't go on; do nothing if the supervisor is gone."""
    with contextlib.suppress(ChannelClosed):
        channel.send(failure)


def interrupted(error: KeyboardInterrupt, label: str) -> Failed:
    """Failure by a `KeyboardInterrupt` of the application's own, which is called ``label``."""
    return Failed("AppRaised", f"{label} raised KeyboardInterrupt", format_user_traceback(error))
