"""Example strings that a regex matches: short, natural, and verified.

From Python's own syntax tree a string is put together: ``\\d+`` gives ``1``, ``[^/]+`` gives
``a``, an alternation its first branch. Several variants are tried (other characters, other
branches, other counts), and only those that the whole regex really matches are kept; so
look-arounds, which are ignored in the making, and back-references cost correctness nothing.
Where no variant holds there is no example: the caller says "undecided".
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from tornkit.regex.patterns.pattern import parsed

VARIANTS = 16
# A regex that asks for more (`.{5000}`) gets no example rather than a huge one.
_LONGEST = 2000
# A piece of a path, and what is in a group of one set of characters: `[a-z0-9-]+`,
# `?P<id>\d{1,9}`. Neither has a parenthesis in it.
_SIMPLE_TEXT = re.compile(r"[\w/~-]*", re.ASCII)
_SIMPLE_GROUP = re.compile(
    r"(?:\?P<\w+>)?"
    r"(?P<inside>(?:\\[dw]|\[\^?(?:[\w/.-]|\\[dw])+\])(?:[+*]|\{\d{1,3}(?:,\d{0,3})?\})?)",
    re.ASCII,
)
# In the order in which they are tried: first what a URL holds unescaped.
_ALPHABET = "".join(
    dict.fromkeys(
        "a1bA2c"
        + string.ascii_lowercase
        + string.digits
        + string.ascii_uppercase
        + "-_.~/"
        + string.punctuation
        + "é\u03b1\u4e2d "
    )
)


class _Impossible(Exception):
    """A variant of the string can't be built."""


@dataclass(frozen=True)
class Example:
    """A string that the regex matches, and what its groups take from it, percent-decoded."""

    text: str
    groups: tuple[str, ...]


def examples(regex: re.Pattern[str]) -> Iterator[Example]:
    """Distinct examples, the most telling first: those in which every group takes part.

    A group that takes no part (``/a(/\\d+)?`` on ``/a``) gets an example of its own. Made one by
    one, since mostly the first will do.
    """
    seen: set[str] = set()
    partial: list[Example] = []
    for variant, text in _variants(regex):
        found = regex.match(text)
        if found is None or text in seen:
            continue
        seen.add(text)
        values = found.groups()
        if None not in values:
            yield Example(text, tuple(_decoded(value) for value in values))
        else:
            partial.append(Example(text, _completed(regex, values, variant)))
    yield from partial


def _completed(
    regex: re.Pattern[str], values: Sequence[str | None], variant: int
) -> tuple[str, ...]:
    alone = _Builder(variant)
    alone.every_group(parsed(regex))
    return tuple(
        _decoded(alone.groups.get(number, "a") if value is None else value)
        for number, value in enumerate(values, start=1)
    )


def unverified_groups(regex: re.Pattern[str]) -> tuple[str, ...]:
    """Values of the groups that need not match: right in number, and in nothing else."""
    return ("a",) * regex.groups


@lru_cache(maxsize=256)
def host_examples(regex: re.Pattern[str]) -> tuple[str, ...]:
    """Host names that the regex matches; lower case, as Tornado makes them."""
    texts = dict.fromkeys(text.lower() for _, text in _variants(regex) if text)
    return tuple(text for text in texts if regex.match(text))


def built(tree: Sequence[tuple[Any, Any]]) -> Iterator[str]:
    """Strings for a syntax tree, which may be a changed one: unverified, and some twice."""
    for _, text in _tree_variants(tree):
        yield text


def _variants(regex: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """Candidate strings, unverified, with the number of the variant."""
    first = _simple_variant(regex)
    if first is not None:
        yield 0, first
    yield from _tree_variants(parsed(regex))  # what is found twice is left out by the callers


def _simple_variant(regex: re.Pattern[str]) -> str | None:
    """First variant of an example, for plain text with plain groups in it; else None.

    Most are such, mostly with the same few groups, and to parse each whole one was half the time
    of a list of 10,000.
    """
    pattern = regex.pattern.removesuffix("$")
    if len(pattern) >= _LONGEST:
        return None
    text, *behind = pattern.split("(")
    texts, whole = text, text
    for part in behind:
        inside, closed, text = part.partition(")")
        example = _simple_group(inside) if closed else None
        if example is None:
            return None
        texts += text
        whole += example + text
    return whole if _SIMPLE_TEXT.fullmatch(texts) else None


@lru_cache(maxsize=256)
def _simple_group(group: str) -> str | None:
    """First variant of an example of what is inside a simple group; None for any other group."""
    found = _SIMPLE_GROUP.fullmatch(group)
    if found is None:
        return None
    _, text = next(_tree_variants(parsed(re.compile(found["inside"]))), (0, ""))
    return text


def _tree_variants(tree: Sequence[tuple[Any, Any]]) -> Iterator[tuple[int, str]]:
    for variant in range(VARIANTS):
        try:
            yield variant, _Builder(variant).sequence(tree)
        except _Impossible:
            continue


def _decoded(value: str) -> str:
    """Value of a group as the handler would get it, and as ``reverse_url`` is given it."""
    if "%" not in value:
        return value
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        return value


class _Builder:
    """Builds one variant of a string from a syntax tree, remembering its groups."""

    def __init__(self, variant: int) -> None:
        self.variant = variant
        self.groups: dict[int, str] = {}

    def sequence(self, items: Sequence[tuple[Any, Any]]) -> str:
        text = "".join(self.item(str(operator), argument) for operator, argument in items)
        if len(text) > _LONGEST:
            raise _Impossible
        return text

    def every_group(self, items: Sequence[tuple[Any, Any]]) -> None:
        """Fill ``groups`` with each group by itself, in branches not taken too."""
        for operator, argument in items:
            for inner in _inside(str(operator), argument):
                self.every_group(inner)
            if str(operator) == "SUBPATTERN" and argument[0] is not None:
                try:
                    self.groups[argument[0]] = self.sequence(argument[-1])
                except _Impossible:
                    continue

    def item(self, operator: str, argument: Any) -> str:
        match operator:
            case "LITERAL":
                return chr(argument)
            case "IN" | "ANY" | "NOT_LITERAL":
                return self.character(operator, argument)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                return self.repeat(*argument)
            case "SUBPATTERN":
                value = self.sequence(argument[-1])
                if argument[0] is not None:
                    self.groups[argument[0]] = value
                return value
            case "ATOMIC_GROUP":
                return self.sequence(argument)
            case "BRANCH":
                branches = argument[1]
                return self.sequence(branches[self.variant % len(branches)])
            case "GROUPREF":
                return self.reference(argument)
            case "GROUPREF_EXISTS":
                group, yes, no = argument
                return self.sequence(yes if group in self.groups else no or [])
            case "AT" | "ASSERT" | "ASSERT_NOT":
                return ""  # consumes nothing; whether it holds is seen by matching
            case _:
                raise _Impossible

    def repeat(self, low: int, high: int, items: Sequence[tuple[Any, Any]]) -> str:
        """Text of a repeat, which stands once where that is allowed.

        Every fourth variant has it as few times as allowed, every other fourth once more than that.
        """
        wanted = {1: low, 3: low + 1}.get(self.variant % 4, max(low, 1))
        count = min(wanted, high)
        if count > _LONGEST:
            raise _Impossible
        return "".join(self.sequence(items) for _ in range(count))

    def reference(self, group: int) -> str:
        if group not in self.groups:
            raise _Impossible
        return self.groups[group]

    def character(self, operator: str, argument: Any) -> str:
        allowed = _allowed(operator, argument if operator != "IN" else tuple(argument))
        if not allowed:
            raise _Impossible
        return allowed[self.variant % len(allowed)]


def _inside(operator: str, argument: Any) -> list[Sequence[tuple[Any, Any]]]:
    """The sequences directly below one node."""
    match operator:
        case "SUBPATTERN" | "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return [argument[-1]]
        case "ATOMIC_GROUP":
            return [argument]
        case "BRANCH":
            return list(argument[1])
        case "GROUPREF_EXISTS":
            return [argument[1], argument[2] or []]
        case _:
            return []


@lru_cache(maxsize=4096)
def _allowed(operator: str, argument: Any) -> str:
    """The characters to try for one place, in order of preference."""
    match operator:
        case "ANY":
            return _ALPHABET
        case "NOT_LITERAL":
            return _ALPHABET.replace(chr(argument), "")
        case _:
            inside = "".join(character for character in _ALPHABET if _member(argument, character))
            return inside or "".join(chr(code) for code in _first_codes(argument))


def _member(items: tuple[tuple[Any, Any], ...], character: str) -> bool:
    negated = str(items[0][0]) == "NEGATE"
    return negated != any(_item_has(str(op), argument, character) for op, argument in items)


def _item_has(operator: str, argument: Any, character: str) -> bool:
    match operator:
        case "LITERAL":
            return ord(character) == int(argument)
        case "RANGE":
            low, high = argument
            return int(low) <= ord(character) <= int(high)
        case "CATEGORY":
            return re.match(_CATEGORIES[str(argument)], character) is not None
        case _:
            return False


_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


def _first_codes(items: tuple[tuple[Any, Any], ...]) -> list[int]:
    """First codes of a set's ranges, for a set that holds none of the usual characters."""
    codes = []
    for operator, argument in items:
        if str(operator) == "LITERAL":
            codes.append(int(argument))
        elif str(operator) == "RANGE":
            codes.append(int(argument[0]))
    return codes
