"""The letters of a request, and sets of letters as int bit masks (bit n: code point n).

Tornado matches a *raw* path: what stands before the ``?`` of a request target, decoded as
latin-1. It refuses control characters and whitespace (``tornado.httputil._ABNF.request_target``).
A host is lower-cased first (``HTTPServerRequest.host_name``).
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any


def mask_of(letters: Iterable[str]) -> int:
    """The set of these characters."""
    mask = 0
    for letter in letters:
        mask |= 1 << ord(letter)
    return mask


def letters_of(mask: int) -> list[str]:
    """The characters of a set, those that read best in a URL first."""
    return [letter for letter in _NICEST_FIRST if mask >> ord(letter) & 1]


_PRINTABLE = [chr(code) for code in range(0x21, 0x7F)]
_BEYOND_ASCII = [chr(code) for code in range(0x80, 0x100)]
_NICEST_FIRST = list(
    dict.fromkeys(
        [
            *string.ascii_lowercase,
            *string.digits,
            *string.ascii_uppercase,
            *"-_.~/:!$&'()*+,;=@%[]",
            *_PRINTABLE,
            *_BEYOND_ASCII,
        ]
    )
)

WIRE = mask_of(_PRINTABLE) & ~mask_of("?") | mask_of(_BEYOND_ASCII)
"""What the path of a request that Tornado accepts can hold."""

SENDABLE = mask_of(_PRINTABLE) & ~mask_of("?#")
"""What the path of a URL can hold (RFC 3986 is ASCII alone; a fragment is never sent)."""

HOST = mask_of(string.ascii_lowercase + string.digits + "-._~!$&'()*+;=[]:%")
"""What ``host_name`` can hold (``_ABNF.uri_host``, no comma, lower-cased)."""


@lru_cache(maxsize=4096)
def set_mask(operator: str, argument: Any, flags: int) -> int:
    """The characters up to U+00FF that one node of ``re``'s syntax tree takes.

    ``re`` itself is asked, so that case folding and categories are exactly its own. ``argument``
    is a tuple for ``IN``.
    """
    match operator:
        case "LITERAL":
            text = _escaped(argument)
        case "NOT_LITERAL":
            text = f"[^{_escaped(argument)}]"
        case "ANY":
            text = "."
        case "IN":
            text = "[" + "".join(_item(str(op), value) for op, value in argument) + "]"
        case _:
            raise ValueError(operator)
    kept = flags & (re.IGNORECASE | re.ASCII | re.DOTALL)
    return mask_of(re.compile(text, kept).findall(_ALL))


_ALL = "".join(chr(code) for code in range(0x100))


def _escaped(code: int) -> str:
    return f"\\U{code:08x}"


def _item(operator: str, argument: Any) -> str:
    match operator:
        case "NEGATE":
            return "^"
        case "LITERAL":
            return _escaped(argument)
        case "RANGE":
            return f"{_escaped(argument[0])}-{_escaped(argument[1])}"
        case "CATEGORY":
            return _CATEGORIES[str(argument)]
        case _:
            raise ValueError(operator)


_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


def classes(universe: int, masks: Iterable[int]) -> list[int]:
    """Split ``universe`` so that each mask holds all or nothing of each part.

    Machines that know only these masks can't tell two letters of one part apart.
    """
    parts = [universe]
    for mask in set(masks):
        split = []
        for part in parts:
            inside = part & mask
            if inside and inside != part:
                split += [inside, part & ~mask]
            else:
                split.append(part)
        parts = split
    return [part for part in parts if part]


def representatives(universe: int, masks: Iterable[int]) -> Sequence[str]:
    """One letter for each of `classes`, those that read best first."""
    return _representatives(universe, frozenset(masks))


@lru_cache(maxsize=1024)
def _representatives(universe: int, masks: frozenset[int]) -> Sequence[str]:
    firsts = [letters_of(part)[0] for part in classes(universe, masks)]
    return sorted(firsts, key=_NICEST_FIRST.index)
