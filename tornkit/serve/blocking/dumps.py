"""Reader of the stack that `faulthandler` writes."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FRAME = re.compile(r'  File "(.*)", line (\d+) in (.*)')
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")
_CUT = "  ..."


@dataclass(frozen=True)
class Frame:
    """Frame of a stack: its file, its line in there, and its function's name as it was written."""

    file: str
    line: int
    function: str


def stack_of(dump: str) -> list[Frame]:
    """Frames of the one thread that has written, the innermost first; none of one that was cut."""
    lines = dump.split("\n")
    if _CUT in lines:
        return []
    matches = (_FRAME.fullmatch(line) for line in lines)
    return [Frame(_text(found[1]), int(found[2]), _text(found[3])) for found in matches if found]


def _text(written: str) -> str:
    """Text as it was, of which all that is not ASCII is written by its number."""
    return _ESCAPE.sub(lambda found: chr(int(found[1] or found[2] or found[3], 16)), written)
