"""Reader of the stack that `faulthandler` writes."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FRAME = re.compile(r'  File "(.*)", line (\d+) in (.*)')
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")
# Last lines of one that is not whole: beyond so many frames, and where a call was just beginning.
_CUT = {"  ...", "  <invalid frame>"}
_MOST_FRAMES = 100  # Python 3.14 does not say that there are more


@dataclass(frozen=True)
class Frame:
    """Frame of a stack: its file, its line in there, and its function's name as it was written."""

    file: str
    line: int
    function: str


def stack_of(dump: str) -> list[Frame]:
    """Frames of a `faulthandler` dump of one thread, innermost first; none if it was cut off."""
    lines = dump.split("\n")
    found = [match for match in map(_FRAME.fullmatch, lines) if match]
    if not _CUT.isdisjoint(lines) or len(found) >= _MOST_FRAMES:
        return []
    return [Frame(_text(each[1]), int(each[2]), _text(each[3])) for each in found]


def _text(written: str) -> str:
    """Decode the numeric escapes by which a dump writes characters that are not ASCII."""
    return _ESCAPE.sub(lambda found: chr(int(found[1] or found[2] or found[3], 16)), written)
