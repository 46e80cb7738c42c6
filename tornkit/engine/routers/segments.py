"""The words that a regex requires between slashes.

Where the variable part of a path comes first, or many routes begin alike, the literal beginning
tells them apart no longer; what tells them apart is a literal word further on, and a path that has
no such word between its slashes can't match.

    /(\\w+)/thing7/(\\d+)  ->  thing7
    /api/v1/thing7$       ->  api, v1, thing7
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from tornkit.regex.patterns.pattern import parsed

_END = "\0end"  # no single character: a path may hold any
_UNKNOWN = "\0unknown"
_NOTHING_READ = {"ASSERT", "ASSERT_NOT"}
_ENDS = {"AT_END", "AT_END_STRING"}


def required_segments(regex: re.Pattern[str]) -> set[str]:
    """Literal words that a path must have between its slashes for ``regex`` to match it.

    Every word is in ``path.split("/")`` if ``regex.match(path)`` succeeds, of a path without a
    newline, before which a ``$`` matches as well. Empty words are not told.
    """
    # Past the cache of those trees: it would hold on to 1.6 kB for each route.
    tree = parsed.__wrapped__(regex)
    words: set[str] = set()
    run = ""  # of literal characters, one directly behind the other
    for part in (*_parts(tree, regex.flags), _UNKNOWN):
        if part == _UNKNOWN:
            words.update(run.split("/")[1:-1])
            run = ""
        else:
            run += "/" if part == _END else part  # either ends a word
    words.discard("")
    return words


def _parts(items: Sequence[tuple[Any, Any]], flags: int) -> Iterator[str]:
    """Literal characters of a syntax tree, `_END` for its end, `_UNKNOWN` for anything else."""
    for operator, argument in items:
        match str(operator):
            case "LITERAL" if not flags & re.IGNORECASE:
                yield chr(argument)
            case "AT" if str(argument) in _ENDS:
                yield _END  # and nothing comes behind it, in a path without a newline
            case "AT":
                pass
            case name if name in _NOTHING_READ:
                pass
            case "SUBPATTERN":
                _, added, removed, inside = argument
                yield from _parts(inside, (flags | added) & ~removed)
            case "ATOMIC_GROUP":
                yield from _parts(argument, flags)
            case _:
                yield _UNKNOWN
