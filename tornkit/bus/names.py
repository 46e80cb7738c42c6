"""Names of channels, and patterns that stand for many of them.

A name is a text of 1 to 255 bytes without control characters and without ``*``. In a pattern each
``*`` stands for any characters, also none: ``room:*`` is every channel whose name begins so. A
pattern is a type of its own: a name is often made of what a client sends, and a client that asked
for the room ``*`` would hear all.
"""

from __future__ import annotations

import re
from functools import lru_cache

from tornkit.bus.errors import BadName

MOST_BYTES = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Pattern(str):
    """Pattern of channels' names, in which each ``*`` stands for any characters."""

    __slots__ = ()


def check_channel(name: object) -> str:
    """Check the name of a channel, and return it.

    :raises BadName: it is not valid, or a pattern.
    """
    if type(name) is not str:
        raise BadName(f"a channel's name is a str, not {type(name).__name__}")
    if "*" in name:
        raise BadName(
            f"a channel's name has no '*': {name!r}; for many channels say bus.pattern({name!r})"
        )
    return _check_text(name)


@lru_cache(maxsize=4096)
def _check_text(text: str) -> str:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise BadName(f"a channel's name is text that UTF-8 can hold: {text!r}") from None
    if not 0 < size <= MOST_BYTES:
        raise BadName(
            f"a channel's name has 1 to {MOST_BYTES} bytes, this one {size}: {text[:40]!r}"
        )
    if _CONTROL.search(text) is not None:
        raise BadName(f"a channel's name has no control characters: {text!r}")
    return text


def check_name(name: object) -> str:
    """Check the name of a channel or a `Pattern`, and return its text.

    :raises BadName: it is neither.
    """
    return _check_text(str(name)) if type(name) is Pattern else check_channel(name)


def is_pattern(name: str) -> bool:
    """Whether a name that was checked is a pattern."""
    return "*" in name


@lru_cache(maxsize=4096)
def _expression(pattern: str) -> re.Pattern[str]:
    # Possessive where it can be: a pattern of many stars must not take ages.
    first, *others = pattern.split("*")
    ends = [f"(?>.*?{re.escape(each)})" for each in others[:-1] if each]
    return re.compile(re.escape(first) + "".join(ends) + ".*" + re.escape(others[-1]), re.DOTALL)


def matches(name: str, channel: str) -> bool:
    """Whether a name or pattern stands for this channel."""
    if name == channel:
        return True
    if "*" not in name:
        return False
    if name.endswith("*") and name.count("*") == 1:
        return channel.startswith(name[:-1])
    return _expression(name).fullmatch(channel) is not None
