"""An error as JSON, for the panel over a page, and for the editor that shows a frame of it.

The frames are those of the exception that nobody caught, the innermost last, then those of its
causes. Which frame a person wants to see is said by its number: no page names a file.
"""

from __future__ import annotations

from typing import Any

from tornkit.appload.usertrace import format_user_traceback
from tornkit.devtools.failure import Failure, Raised, ShownFrame
from tornkit.masking import masked
from tornkit.paths import shown_path
from tornkit.routing.reading.code_masking import without_secrets

_LONGEST_TEXT, _LONGEST_LINE = 20_000, 1_000  # characters


def error_data(failure: Failure, message: str, text: str) -> dict[str, Any]:
    """The error with its frames; ``message`` is one line, ``text`` the whole as a traceback."""
    return {
        "message": message,
        "kind": failure.last.kind,
        "text": text,
        "frames": [_frame(frame, raised) for raised, frame in numbered(failure)],
    }


def masked_traceback(error: BaseException) -> str:
    """The end of an error's traceback, without secrets in its code and its messages."""
    text = format_user_traceback(error)
    if len(text) > _LONGEST_TEXT:
        text = f"...{text[-_LONGEST_TEXT:]}"
    lines = [line[:_LONGEST_LINE] for line in text.rstrip("\n").split("\n")]
    return "\n".join(map(masked, without_secrets(lines)))


def numbered(failure: Failure) -> list[tuple[Raised, ShownFrame]]:
    """All frames in the order of their numbers, each with its exception."""
    return [(raised, frame) for raised in reversed(failure.chain) for frame in raised.frames]


def _frame(frame: ShownFrame, raised: Raised) -> dict[str, Any]:
    return {
        "path": frame.file,
        "file": shown_path(frame.file),
        "line": frame.line,
        "function": frame.function,
        "users": frame.is_users,
        "error": f"{raised.kind}: {raised.message}" if raised.origin else "",
        "source": [[line.number, line.text, line.is_reached] for line in frame.source],
    }
