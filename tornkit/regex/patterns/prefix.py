"""The literal beginning that a regex requires, and an index over it.

Tornado tries rule after rule. Most begin with a literal text of their own, and a path that begins
otherwise can't match; so a look into a dictionary leaves out nearly all of them. It only leaves
out: the regexes themselves decide, in their own order, and the first match stays the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from tornkit.regex.patterns.pattern import parsed

_PLAIN_BEGINNING = re.compile(r"([\w/~-]+)(?=\((?!\?)|\[|\$?\Z)", re.ASCII)
# Flags under which a letter may stand for something else; a number, which `&` takes as it is.
_CHANGING = int(re.IGNORECASE | re.VERBOSE)


def required_prefix(regex: re.Pattern[str]) -> str:
    r"""Literal beginning of all strings that ``regex.match`` accepts; mostly up to the first group.

    ``/posts/(\d+)$`` -> ``/posts/``; ``/(a|b)`` -> ``/``; ``(?i)/a`` -> the empty string
    """
    plain = _PLAIN_BEGINNING.match(regex.pattern)
    if plain is not None and "|" not in regex.pattern and not regex.flags & _CHANGING:
        return plain[1]  # four of five routes, without parsing or hashing them
    return _parsed_prefix(regex)


@lru_cache(maxsize=16384)
def _parsed_prefix(regex: re.Pattern[str]) -> str:
    try:
        return _sequence(parsed(regex), regex.flags)[0]
    except RecursionError:
        return ""


def _sequence(items: Sequence[tuple[Any, Any]], flags: int) -> tuple[str, bool]:
    """Literal text that a match of the items begins with, and whether it is the whole match."""
    text = ""
    for operator, argument in items:
        part, whole = _item(str(operator), argument, flags)
        text += part
        if not whole:
            return text, False
    return text, True


def _item(operator: str, argument: Any, flags: int) -> tuple[str, bool]:
    match operator:
        case "LITERAL" if not flags & re.IGNORECASE:
            return chr(argument), True
        case "AT" | "ASSERT" | "ASSERT_NOT":  # restrict what matches, and read nothing
            return "", True
        case "SUBPATTERN":
            _, added, removed, inside = argument
            return _sequence(inside, (flags | added) & ~removed)
        case "ATOMIC_GROUP":
            return _sequence(argument, flags)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            low, high, inside = argument
            text, whole = _sequence(inside, flags) if low else ("", False)
            return text, whole and low == high == 1
        case "BRANCH":
            ways = [_sequence(branch, flags)[0] for branch in argument[1]]
            return _common_beginning(ways), False
        case _:
            return "", False


def _common_beginning(texts: list[str]) -> str:
    # Of all that lie between the first and the last in order, too.
    first, last = min(texts), max(texts)
    for place, character in enumerate(first):
        if last[place : place + 1] != character:
            return first[:place]
    return first


class PrefixIndex:
    """Index of many regexes, to find those that may match a text, in their own order.

    Built from one required prefix for each, the empty string where there is none.
    """

    def __init__(self, prefixes: Iterable[str]) -> None:
        self._places: dict[str, list[int]] = {}
        for place, prefix in enumerate(prefixes):
            self._places.setdefault(prefix, []).append(place)
        self._lengths = sorted({len(prefix) for prefix in self._places})

    def candidates(self, text: str) -> list[int]:
        """Places of the regexes that may match ``text``, ascending."""
        found: list[int] = []
        lists = 0
        for length in self._lengths:
            if length > len(text):
                break
            places = self._places.get(text[:length])
            if places:
                found += places
                lists += 1
        if lists > 1:
            found.sort()
        return found
