"""Runs the user's program in a worker, and tells of how it ended."""

from __future__ import annotations

import sys
from collections.abc import Callable

from tornkit.appload.program import exit_status, run_program
from tornkit.appload.summary import summary
from tornkit.appload.target import Target
from tornkit.appload.usertrace import format_user_traceback
from tornkit.errors import AppRaised, NotAnApplication, TornkitError
from tornkit.own_frames import without_own_frames
from tornkit.serve import refusals
from tornkit.serve.sources import sources
from tornkit.serve.wire.channel import ChannelClosed
from tornkit.serve.worker.listening import Refused
from tornkit.serve.worker.process_end import has_threads, wait_for_threads


def run_until_it_ends(target: Target, is_ready: Callable[[], bool]) -> None:
    """Run a program; returns once it has ended, served or not.

    :raises AppRaised: it raised.
    :raises NotAnApplication: it ended before ``is_ready`` says that it serves.
    :raises Refused: its address was not granted, and it let that through.
    """
    label = target.label
    main_file = target.main_file
    if main_file is not None:
        sources.note(main_file)
    try:
        _run(target, is_ready)
    except (TornkitError, Refused, ChannelClosed):
        raise
    except KeyboardInterrupt:
        return  # how a worker ends it
    except SystemExit as error:
        if is_ready():
            raise
        raise _ended_early(label, f"it exited with {exit_status(error)}") from None
    except BaseException as error:  # noqa: BLE001 - user code may raise anything
        refused = _find_refused(error)
        if refused is not None:
            raise refused from None
        raise AppRaised(
            f"running {label} failed: {summary(error)}", format_user_traceback(error)
        ) from None
    if not is_ready():
        raise _ended_early(label, "it ended")


def _run(target: Target, is_ready: Callable[[], bool]) -> None:
    """Run the program until all threads have ended that Python waits for."""
    try:
        run_program(target)
    except SystemExit:
        wait_for_threads()
        raise
    except Exception:  # the program may raise anything
        if not is_ready() or not has_threads():
            raise
        # As without tornkit: this thread has failed, and the others serve on.
        kind, failure, trace = sys.exc_info()
        assert kind is not None
        assert failure is not None
        sys.excepthook(kind, failure, without_own_frames(trace))
    wait_for_threads()


def _ended_early(label: str, how: str) -> TornkitError:
    return NotAnApplication(f"{label} never listened: {how} first")


def _find_refused(error: BaseException) -> Refused | None:
    """The refusal behind an error, where the program let it through or wrapped it."""
    return next((each for each in refusals.chain(error) if isinstance(each, Refused)), None)
