r"""Finds unescaped dots that were meant literally: ``/favicon.ico``, ``www.example.com``.

Judged by meaning: in Python's own syntax tree, a lone dot is an "any character" that no repeat
applies to, with more of the same word on both sides. ``.*``, ``.?``, ``(.)`` and ``[.]`` are none,
nor is what stands in a look-around. A host is judged more strictly than a path, since there the
other character is a stranger's domain: a set on the right is enough (``api.[a-z]+.com``), where in
a path ``(\d).(\d)`` may mean what it says.

The tree has no offsets. To find the dots in the text, each one there is replaced by a mark of its
own, and the marked text is parsed and judged in the same way. That the text so mended means the
tree with its lone dots made literal, and nothing else, is then proved by parsing it.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tornkit.regex.patterns.pattern import tokens
from tornkit.regex.patterns.sample import built

# See tornkit.regex.patterns.pattern, which reads trees where this changes them.
_parser: Any = importlib.import_module("re._parser")
_compiler: Any = importlib.import_module("re._compiler")

_DOT = (_parser.LITERAL, ord("."))
_MARKS = range(0xE000, 0xF900)  # the private use area: nobody's letters
_WELL_KNOWN = "well-known"  # RFC 8615: the one segment that is known to begin with a dot
# What stands in for a dot in a witness, the most telling first.
_IN_A_PATH, _IN_A_HOST = "-x0_A", "x-0"

Item = tuple[Any, Any]
_Items = Any  # re._parser.SubPattern: a mutable sequence of items
_Place = tuple[_Items, int]
_IsDot = Callable[[Item], bool]


@dataclass(frozen=True)
class LoneDots:
    """Unescaped dots, ``count`` of them. ``witness`` matches, but wouldn't if they were escaped."""

    count: int
    witness: str


def lone_dots(regex: re.Pattern[str], *, host: bool = False) -> LoneDots | None:
    """The lone dots of a path's or a ``host``'s pattern; None without one that makes a difference.

    >>> lone_dots(re.compile(r"/favicon.ico$"))
    LoneDots(count=1, witness='/favicon-ico')
    """
    if "." not in regex.pattern:
        return None  # spares the parsing of most
    tree = _parse(regex.pattern, regex)
    places = list(_lone(tree, _is_any, host))
    if not places:
        return None
    for items, index in places:
        items[index] = _DOT
    meant = _compiler.compile(tree, regex.flags & ~re.DEBUG)
    for text in _texts(tree, places, _IN_A_HOST if host else _IN_A_PATH):
        if regex.match(text) and not meant.match(text) and _sendable(text):
            return LoneDots(len(places), text)
    return None


def dots_to_escape(regex: re.Pattern[str], *, host: bool = False) -> tuple[int, ...]:
    """Offsets in ``regex.pattern`` of its `lone_dots`; empty without any, or if they aren't sure.

    >>> dots_to_escape(re.compile(r"/v1.0/(.*).json$"))
    (3, 10)
    """
    if lone_dots(regex, host=host) is None:
        return ()
    tree = _parse(regex.pattern, regex)
    for items, index in list(_lone(tree, _is_any, host)):
        items[index] = _DOT
    offsets = _marked_dots(regex, host)
    fixed = with_escapes(regex.pattern, offsets)
    try:
        proved = repr(_parse(fixed, regex)) == repr(tree)
    except re.error:
        return ()
    return offsets if proved else ()


def with_escapes(pattern: str, offsets: Iterable[int]) -> str:
    r"""The text with a backslash put in at these offsets.

    >>> with_escapes("/a.b", (2,))
    '/a\\.b'
    """
    for offset in sorted(offsets, reverse=True):
        pattern = f"{pattern[:offset]}\\{pattern[offset:]}"
    return pattern


def _parse(pattern: str, like: re.Pattern[str]) -> _Items:
    """A tree that may be changed: `tornkit.regex.patterns.pattern.parsed` shares its own."""
    return _parser.parse(pattern, like.flags & ~re.DEBUG)


def _texts(tree: _Items, places: Sequence[_Place], strangers: str) -> Iterator[str]:
    """Strings in which one dot is another character, and the others are dots."""
    for items, index in places:
        for stranger in strangers:
            items[index] = (_parser.LITERAL, ord(stranger))
            yield from dict.fromkeys(built(tree))
        items[index] = _DOT


def _sendable(text: str) -> bool:
    """Whether a text can be shown, and sent as it stands: ASCII, and neither query nor fragment."""
    return all("!" <= character <= "~" and character not in "?#" for character in text)


def _marked_dots(regex: re.Pattern[str], host: bool) -> tuple[int, ...]:
    """The lone dots' offsets as the text has them: unproved, since the text is only skimmed."""
    bare = [offset for offset, element in tokens(regex) if element == "."]
    characters = list(regex.pattern)
    if len(bare) > len(_MARKS) or any(ord(character) in _MARKS for character in characters):
        return ()
    offsets = dict(zip(_MARKS, bare, strict=False))
    for mark, offset in offsets.items():
        characters[offset] = chr(mark)
    try:
        tree = _parse("".join(characters), regex)
    except re.error:
        return ()
    places = _lone(tree, lambda item: item[0] is _parser.LITERAL and item[1] in offsets, host)
    return tuple(sorted(offsets[items[index][1]] for items, index in places))


def _is_any(item: Item) -> bool:
    return item[0] is _parser.ANY


def _lone(
    items: _Items,
    is_dot: _IsDot,
    host: bool,
    left: Item | None = None,
    right: Item | None = None,
) -> Iterator[_Place]:
    """Places of the lone dots: each a sequence, and the index in it.

    :param left: what stands before the sequence, outside its group; ``right`` behind it.
    """
    for index, item in enumerate(items):
        before = items[index - 1] if index else left
        after = items[index + 1] if index + 1 < len(items) else right
        if not is_dot(item):
            for inner in _inside(item):
                yield from _lone(inner, is_dot, host, before, after)
        elif len(items) > 1 and before is not None and after is not None:
            fits = _joins_labels if host else _joins_words
            closes_group = index + 1 == len(items)
            if fits(before, after, closes_group) or _well_known(items, index, before):
                yield items, index


def _inside(item: Item) -> list[_Items]:
    """The sequences below one node; none below a look-around, which takes no part of a match."""
    operator, argument = item
    match str(operator):
        case "SUBPATTERN" | "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return [argument[-1]]
        case "ATOMIC_GROUP":
            return [argument]
        case "BRANCH":
            return list(argument[1])
        case "GROUPREF_EXISTS":
            return [branch for branch in argument[1:] if branch is not None]
        case _:
            return []


def _joins_words(before: Item, after: Item, closes_group: bool) -> bool:
    """Whether a dot in a path joins words.

    ``n.i``, ``).html``, ``+.(json|xml)``; ``(index.)?html``
    """
    if closes_group and not _is_word(before):
        return False  # `([a-z].)b` may mean any character
    return (_is_word(before) or _is_compound(before)) and _begins_with_word(after)


def _joins_labels(before: Item, after: Item, closes_group: bool) -> bool:
    """Whether a host's dot joins labels: behind what may end one, before what may begin one."""
    return all(
        _is_word(neighbour) or _is_compound(neighbour) or neighbour == (_parser.LITERAL, ord("-"))
        for neighbour in (before, after)
    )


def _well_known(items: _Items, index: int, before: Item) -> bool:
    following = [tuple(item) for item in items[index + 1 : index + 1 + len(_WELL_KNOWN)]]
    name = [(_parser.LITERAL, ord(character)) for character in _WELL_KNOWN]
    return before == (_parser.LITERAL, ord("/")) and following == name


def _is_word(item: Item) -> bool:
    """Whether an item is a literal letter or digit."""
    return item[0] is _parser.LITERAL and chr(item[1]).isascii() and chr(item[1]).isalnum()


def _is_compound(item: Item) -> bool:
    """Whether an item is a set, group or repeat: it may well be a word, and is no lone wildcard."""
    operator = str(item[0])
    return operator in ("IN", "NOT_LITERAL", "GROUPREF") or bool(_inside(item))


def _begins_with_word(item: Item) -> bool:
    """Whether an item is a letter or digit, or a group whose every way begins with one."""
    if str(item[0]) == "IN":
        return all(_is_word(member) for member in item[1])
    ways = [inner for inner in _inside(item) if len(inner)]
    return _is_word(item) or (bool(ways) and all(_begins_with_word(way[0]) for way in ways))
