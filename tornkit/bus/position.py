"""Positions: how far somebody has read.

All messages of a bus have one order, and their offsets count them from 1. They do so within an
epoch: whatever keeps the messages begins another one when it has forgotten them. So a position is
an epoch and an offset, as in Centrifugo, and one is enough for any number of channels.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_FORM = re.compile(r"([0-9A-Za-z]{1,64})-([0-9]{1,19})", re.ASCII)


class MessagePosition(NamedTuple):
    """Epoch and offset of a message; ``str()`` is the text that users get, and may keep."""

    epoch: str
    offset: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.offset}"


_UNKNOWN = MessagePosition("", 0)


def position_of(text: str) -> MessagePosition:
    """Parse the text of a position.

    Mostly a client has kept it. Text that no bus has written gives a position of an epoch that
    nobody knows: whoever comes with it is told of a gap.

    :raises TypeError: it is no text.
    """
    if not isinstance(text, str):
        raise TypeError(f"a position is a str, not {type(text).__name__}")
    match = _FORM.fullmatch(text)
    return _UNKNOWN if match is None else MessagePosition(match[1], int(match[2]))
