"""`Failed` messages on failures that the supervisor notices, not on those that workers report."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from tornkit.errors import TornkitError
from tornkit.serve.refusals import SILENT
from tornkit.serve.shortage import in_words
from tornkit.serve.wire.messages import Failed

# The system lacks something: what failed may work in a moment, with the same files.
CANNOT_START = "CannotStart"
# A first start that fails like this is a mistake on the command line, not in the code.
MISNAMED = frozenset({"NoSuchModule", "NoSuchAttribute", "NotAnApplication", "UsageError"})

CHANGED_MEANWHILE = Failed("Changed", "loaded a file that has changed since the others loaded it")

CONFUSED = Failed("Confused", "what it serves by itself is found to be another at each start")


def serves_by_itself(label: str, refused: Sequence[str]) -> Failed:
    """Failure of a start: ``label`` makes its own server, so it can't take options ``refused``."""
    return Failed(
        "UsageError",
        f"{label} serves by itself, and {', '.join(refused)} can't be given to a program, which "
        "makes its own server",
    )


def cannot_start(error: Exception) -> Failed:
    """Failure to start workers, from its error: no process, no descriptor, a bad environment."""
    if isinstance(error, OSError):
        return Failed(CANNOT_START, f"workers can't be started: {in_words(error)}")
    kind = type(error).__name__ if isinstance(error, TornkitError) else "BadEnvironment"
    return Failed(kind, f"workers can't be started: {error}")


def boot_timed_out(timeout: float) -> Failed:
    """Failure of a worker that was not ready within ``timeout`` seconds."""
    return Failed(
        "BootTimeout",
        f"not ready after {timeout:g} s: it hangs while it is imported or called, or never listens",
        refused=SILENT,
    )


def died_starting(status: int) -> Failed:
    """Failure of a worker that ended without a word before it was ready."""
    # By a signal it was ended from outside, or by its own fault.
    refused = SILENT if status > 0 else ""
    return Failed("Died", f"a worker {how(status)} while it started", refused=refused)


def how(status: int) -> str:
    """End of a process in words, as ``exited with status 1``."""
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"
