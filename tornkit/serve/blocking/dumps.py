"""Reader of the stacks that `faulthandler` writes."""

from __future__ import annotations

import re
from dataclasses import dataclass

_THREAD = re.compile(r"(?:Current thread|Thread) 0x([0-9a-f]+).*\(most recent call first\):")
_FRAME = re.compile(r'  File "(.*)", line (\d+) in (.*)')


@dataclass(frozen=True)
class Frame:
    """Frame of a stack: its file, its line in there, and its function's name as it was written."""

    file: str
    line: int
    function: str


def stack_of(dump: str, thread: int) -> list[Frame]:
    """Frames of one thread (`threading.get_ident`), the innermost first; empty if it has none."""
    found: list[Frame] = []
    inside = False
    for line in dump.splitlines():
        if (head := _THREAD.fullmatch(line)) is not None:
            inside = int(head[1], 16) == thread
        elif inside and (frame := _FRAME.fullmatch(line)) is not None:
            found.append(Frame(frame[1], int(frame[2]), frame[3]))
    return found
