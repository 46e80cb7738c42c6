"""Attributes of one event loop, read without its ``__dict__`` where asking for that is harmful.

Python 3.11 and 3.12 keep an object's attributes outside any dictionary until it is asked for, and
take longer to read each of them from then on. A loop reads its own so often that a turn would take
a microsecond more. What the object refers to, by which the collector goes, tells how many it has.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Mapping, Sized
from typing import Any

from tornkit.engine.fidelity.methods import is_method

DICTIONARY_SLOWS = (3, 11) <= sys.version_info < (3, 13)
_FEW = 4  # referents of a loop whose attributes are in a dictionary: that, and its class


def may_be_asked(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether asking the loop for its ``__dict__`` costs nothing, or has been done already."""
    return (
        not DICTIONARY_SLOWS
        or not issubclass(type(loop), asyncio.BaseEventLoop)
        or len(gc.get_referents(loop)) < _FEW
    )


def counted(loop: asyncio.AbstractEventLoop) -> tuple[Callable[[Any], Sized], Any]:
    """Function and its argument; the result's length changes with the loop's attributes."""
    if may_be_asked(loop):
        return dict.keys, getattr(loop, "__dict__", {})
    return gc.get_referents, loop


def count(loop: asyncio.AbstractEventLoop) -> int:
    """How many attributes this one loop has."""
    if may_be_asked(loop):
        return len(getattr(loop, "__dict__", ()))
    return len(gc.get_referents(loop)) - 1  # its class


def own(loop: asyncio.AbstractEventLoop, methods: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of this one loop; none where it has all these ``methods`` from its class."""
    if not may_be_asked(loop) and all(
        is_method(getattr(loop, name, None), method, loop) for name, method in methods.items()
    ):
        return {}
    return getattr(loop, "__dict__", {})
