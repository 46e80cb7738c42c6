"""Says why ``breakpoint()`` opens no debugger in a worker that has no terminal.

Of several workers none gets the keyboard; pdb would read the end of a file and raise `BdbQuit`.
"""

from __future__ import annotations

import logging
import sys
from types import FrameType

_log = logging.getLogger("tornkit")


def has_terminal() -> bool:
    """Whether standard input is a terminal, as a debugger needs it."""
    try:
        return sys.stdin is not None and sys.stdin.isatty()
    except ValueError:  # closed by the program
        return False


def advice() -> str:
    """Advice on how to get a debugger."""
    return "for a debugger run tornkit serve --workers 1 in a terminal"


def passed_over(frame: FrameType) -> None:
    """Log that the breakpoint in ``frame`` is passed over, with advice."""
    place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
    _log.warning("breakpoint() at %s is passed over; %s", place, advice())
