"""What a route's regex says, for a reader: as it was written, and whether its end is open.

Tornado appends ``$`` as text unless a string pattern already ends in one, and gives a compiled
pattern none. So ``'/a|/b'`` takes ``/aXYZ``, ``'/x\\$'`` is not anchored at all, and
``re.compile('/a')`` is a prefix (``tornado.routing.PathMatches``).
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

# Python's own parse of the pattern, so that nothing here can read it differently than `re` does.
# Loaded by name because it has no type stubs; it is where 3.11 and later keep it.
_parser: Any = importlib.import_module("re._parser")
_FLAG_LETTERS = {re.I: "i", re.X: "x", re.S: "s", re.M: "m", re.A: "a"}


@lru_cache(maxsize=4096)
def parsed(regex: re.Pattern[str]) -> Sequence[tuple[Any, Any]]:
    """The syntax tree: (operator, argument) pairs, as ``re._parser`` makes it."""
    tree: Sequence[tuple[Any, Any]] = _parser.parse(regex.pattern, regex.flags & ~re.DEBUG)
    return tree


@lru_cache(maxsize=4096)
def shown(regex: re.Pattern[str]) -> str:
    """The pattern as a person wrote it: without the final ``$``, with flags that can't be seen.

    ``/posts/(\\d+)$`` -> ``/posts/(\\d+)``; ``re.compile('/a$', re.I)`` -> ``(?i:/a)``
    """
    text = regex.pattern
    backslashes = len(text[:-1]) - len(text[:-1].rstrip("\\"))
    if text.endswith("$") and backslashes % 2 == 0:
        text = text[:-1]
    hidden = regex.flags & ~re.compile(regex.pattern).flags
    letters = "".join(letter for flag, letter in _FLAG_LETTERS.items() if hidden & flag)
    return f"(?{letters}:{text})" if letters else text


@lru_cache(maxsize=4096)
def open_ended(regex: re.Pattern[str]) -> bool:
    """Whether a path that matches still does with more behind it, without a ``.*`` saying so."""
    return _open(parsed(regex))


def _open(items: Sequence[tuple[Any, Any]]) -> bool:
    if not items:
        return True
    operator, argument = items[-1]
    match str(operator):
        case "AT":
            return str(argument) not in ("AT_END", "AT_END_STRING")
        case "SUBPATTERN":
            return _open(argument[-1])
        case "ATOMIC_GROUP":
            return _open(argument)
        case "BRANCH":
            return any(_open(branch) for branch in argument[1])
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            low, high, repeated = argument
            anything = str(repeated[0][0]) == "ANY" and high is _parser.MAXREPEAT
            return not anything and (low == 0 or _open(repeated))
        case "ASSERT" | "ASSERT_NOT":
            return False  # may well be its own way to say "the end": claim nothing
        case _:
            return True
