"""Text and parsed form of a route's regex, and whether its end is open.

Tornado appends ``$`` as text unless a string pattern already ends in one, and gives a compiled
pattern none. So ``'/a|/b'`` takes ``/aXYZ``, ``'/x\\$'`` is not anchored at all, and
``re.compile('/a')`` is a prefix (``tornado.routing.PathMatches``).
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

# Python's own parse of the pattern, so that nothing here can read it differently than `re` does.
# Loaded by name because it has no type stubs; it is where 3.11 and later keep it.
_parser: Any = importlib.import_module("re._parser")
# A group's comment, an escape, a set (whose first character may be a bracket), or one character.
_ELEMENT = re.compile(r"\(\?#[^)]*\)|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
_VERBOSE_ELEMENT = re.compile(rf"#[^\n]*|{_ELEMENT.pattern}", re.DOTALL)
# Plain numbers: `re`'s own go through Python code of `enum` for each `&`.
_VERBOSE = int(re.VERBOSE)
_PLAIN = int(re.UNICODE)
_FLAG_LETTERS = {re.I: "i", re.X: "x", re.S: "s", re.M: "m", re.A: "a"}


# An application's regexes are looked at one after the other, again and again: a bound below their
# number would keep none of them. 10,000 trees take 26 MB.
_BOUND = 16384


@lru_cache(maxsize=_BOUND)
def parsed(regex: re.Pattern[str]) -> Sequence[tuple[Any, Any]]:
    """The syntax tree: (operator, argument) pairs, as ``re._parser`` makes it."""
    tree: Sequence[tuple[Any, Any]] = _parser.parse(regex.pattern, regex.flags & ~re.DEBUG)
    if _HAS_FAILURE:
        _spell_out(tree)
    return tree


_FAILURE = (_parser.FAILURE, ())
_HAS_FAILURE = _FAILURE in _parser.parse("(?!)").data  # since Python 3.14


def _spell_out(items: Any) -> None:
    """Write ``(?!)``, for which the parser has a word of its own, as the look-around that it is."""
    for place, (operator, argument) in enumerate(items):
        if operator is _parser.FAILURE:
            items[place] = _parser.ASSERT_NOT, (1, [])
        else:
            _spell_out_inside(argument)


def _spell_out_inside(argument: Any) -> None:
    """Apply `_spell_out` to the sequences in an argument, which may stand in tuples and lists."""
    if isinstance(argument, _parser.SubPattern):
        _spell_out(argument)
    elif isinstance(argument, (tuple, list)):
        for part in argument:
            _spell_out_inside(part)


def shown(regex: re.Pattern[str]) -> str:
    """The pattern as a person wrote it: without the final ``$``, with flags that can't be seen.

    ``/posts/(\\d+)$`` -> ``/posts/(\\d+)``; ``re.compile('/a$', re.I)`` -> ``(?i:/a)``
    """
    text: str = regex.pattern.removesuffix("$") if _ends_in_dollar(regex) else regex.pattern
    # What a string gets. Not from a cache, which hashes all of the compiled code; and to compile
    # it again costs as much as Tornado's own.
    return text if regex.flags == _PLAIN else _with_flags(regex, text)


@lru_cache(maxsize=_BOUND)
def _with_flags(regex: re.Pattern[str], text: str) -> str:
    hidden = regex.flags & ~re.compile(regex.pattern).flags
    letters = "".join(letter for flag, letter in _FLAG_LETTERS.items() if hidden & flag)
    return f"(?{letters}:{text})" if letters else text


def _ends_in_dollar(regex: re.Pattern[str]) -> bool:
    if not regex.pattern.endswith("\\$"):
        return bool(regex.pattern.endswith("$"))  # nearly all
    before = regex.pattern.removesuffix("$")
    backslashes = len(before) - len(before.rstrip("\\"))
    return backslashes % 2 == 0


def open_ended(regex: re.Pattern[str]) -> bool:
    """Whether a path that matches still does with more behind it, without a ``.*`` saying so."""
    if _ends_in_dollar(regex) and "|" not in regex.pattern and not regex.flags & _VERBOSE:
        return False  # nearly all, without parsing or hashing them
    return _open_ended(regex)


@lru_cache(maxsize=_BOUND)
def _open_ended(regex: re.Pattern[str]) -> bool:
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
            operators = [str(inner) for inner, _ in repeated]
            anything = operators[:1] == ["ANY"] and high is _parser.MAXREPEAT
            return not anything and (low == 0 or _open(repeated))
        case "ASSERT" | "ASSERT_NOT":
            return False  # may well be its own way to say "the end": claim nothing
        case _:
            return True


def group_texts(regex: re.Pattern[str]) -> tuple[str, ...]:
    """Text of each capturing group in the pattern, parentheses included.

    ``/a/(\\d+)/(?P<b>[^/)]+)$`` -> ``('(\\d+)', '(?P<b>[^/)]+)')``; empty where that can't be told.
    """
    opened: list[tuple[int, int | None]] = []  # where, and which group (None: captures nothing)
    texts: dict[int, str] = {}
    for place, element in tokens(regex):
        if element == "(":
            captures = regex.pattern[place + 1 : place + 2] != "?" or (
                regex.pattern.startswith("(?P<", place)
            )
            number = 1 + sum(1 for _, group in opened if group is not None) + len(texts)
            opened.append((place, number if captures else None))
        elif element == ")" and opened:
            start, group = opened.pop()
            if group is not None:
                texts[group] = regex.pattern[start : place + 1]
    if sorted(texts) != list(range(1, regex.groups + 1)):
        return ()
    return tuple(texts[group] for group in sorted(texts))


def tokens(regex: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """Elements of the syntax with their offsets: an escape, a whole ``[...]`` or one character."""
    verbose = bool(regex.flags & re.VERBOSE)
    for found in (_VERBOSE_ELEMENT if verbose else _ELEMENT).finditer(regex.pattern):
        comment = found[0].startswith("(?#") or (verbose and found[0].startswith("#"))
        if not comment:
            yield found.start(), found[0]
