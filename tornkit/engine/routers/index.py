"""Index of the rules that may match a path, by the literal beginnings and words they require.

The required beginnings stand in order. What stands last among those that don't come after the path
is the longest that the path begins with, or one from which the way leads there: everything between
a beginning of the path and the path itself begins so too. So one bisection and mostly one
comparison find it, whatever the lengths; each knows the longest other that it begins with, and with
it all rules that the path may mean, in their order. In 10,000 that takes 0.4 us; a look into a
dictionary for each length that occurs (`tornkit.regex.patterns.prefix.PrefixIndex`) takes 0.55 us
where there are 4 lengths, and 1.4 us where there are 33.

Where more than a handful of rules require the same beginning, they are told apart by the rarest
word that each requires between slashes.
"""

from __future__ import annotations

import re
import warnings
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from tornkit.engine.routers.rules import Entry
from tornkit.engine.routers.segments import required_segments
from tornkit.regex.patterns.pattern import parsed
from tornkit.regex.patterns.prefix import required_prefix

_CROWD = 10  # rules; as many are asked in the time that it takes to look for words
_KEPT = 16  # lists of candidates are kept as long as all have together so many times the rules


class Node(NamedTuple):
    """Required beginning: its own rules, and the place of the longest other that it begins with."""

    parent: int
    own: Sequence[Entry]


class Index:
    """Index of one table's rules; a rule without a regex that can be read is a candidate always."""

    def __init__(self, entries: Sequence[Entry], regexes: Sequence[re.Pattern[str] | None]) -> None:
        """Index ``entries``, each by its regex where that alone decides."""
        self._all = tuple(entries)
        by_prefix: dict[str, list[Entry]] = {"": []}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a regex: they were given when it was compiled
            for entry, regex in zip(entries, regexes, strict=True):
                by_prefix.setdefault(_prefix(regex), []).append(entry)
            self._by_word = _take_crowds_apart(by_prefix.values(), regexes)
        self._prefixes = sorted(by_prefix)
        self._nodes = [
            Node(parent, by_prefix[prefix])
            for prefix, parent in zip(self._prefixes, _parents(self._prefixes), strict=True)
        ]
        self._candidates: dict[int, Sequence[Entry]] = {}
        self._room = _KEPT * len(entries)
        parsed.cache_clear()  # 2.6 kB for each regex that had to be parsed

    def candidates(self, path: str) -> Sequence[Entry]:
        """Entries that may match a path, in the order of the rules."""
        nodes, prefixes = self._nodes, self._prefixes
        place = bisect_right(prefixes, path) - 1
        while not path.startswith(prefixes[place]):
            place = nodes[place].parent
        found = self._candidates.get(place)
        if found is None:
            found = self._gather(place)
        if self._by_word:
            return self._with_words(path, found)
        return found

    def _gather(self, place: int) -> Sequence[Entry]:
        """Rules of one required beginning and of all beginnings that it begins with, in order."""
        found: list[Entry] = []
        way = place
        while way >= 0:
            found += self._nodes[way].own
            way = self._nodes[way].parent
        found.sort(key=_position)
        if len(found) <= self._room:
            self._room -= len(found)
            self._candidates[place] = found
        return found

    def _with_words(self, path: str, found: Sequence[Entry]) -> Sequence[Entry]:
        if "\n" in path:  # a $ matches before a last one: the word before it has no end
            return self._all
        by_word = self._by_word
        lists = []
        for word in path.split("/"):
            entries = by_word.get(word)
            if entries is not None and entries not in lists:
                lists.append(entries)
        if not lists:
            return found
        if len(lists) == 1 and not found:
            return lists[0]
        return sorted(chain(found, *lists), key=_position)


def _prefix(regex: re.Pattern[str] | None) -> str:
    try:
        return "" if regex is None else required_prefix(regex)
    except Exception:  # noqa: BLE001 - what can't be read requires nothing that is known
        return ""


def _words(regex: re.Pattern[str] | None) -> set[str]:
    try:
        return set() if regex is None else required_segments(regex)
    except Exception:  # noqa: BLE001 - likewise
        return set()


def _position(entry: Entry) -> int:
    return entry.details.position


def _parents(prefixes: Sequence[str]) -> Iterable[int]:
    """Place of the longest other that each of the sorted texts begins with, or -1."""
    way: list[int] = []
    for place, prefix in enumerate(prefixes):
        while way and not prefix.startswith(prefixes[way[-1]]):
            way.pop()
        yield way[-1] if way else -1
        way.append(place)


def _take_crowds_apart(
    groups: Iterable[list[Entry]], regexes: Sequence[re.Pattern[str] | None]
) -> dict[str, list[Entry]]:
    """Move rules that require a rare word out of crowded groups; return them by that word."""
    crowds = [group for group in groups if len(group) > _CROWD]
    words = {
        place: _words(regexes[place])
        for place in (_position(entry) for group in crowds for entry in group)
    }
    commonness = Counter(word for each in words.values() for word in each)
    by_word: dict[str, list[Entry]] = {}
    for group in crowds:
        stay = []
        for entry in group:
            rarest = min(words[_position(entry)], key=commonness.__getitem__, default=None)
            if rarest is None or commonness[rarest] * 2 > len(group):
                stay.append(entry)
            else:
                by_word.setdefault(rarest, []).append(entry)
        group[:] = stay
    for each in by_word.values():
        each.sort(key=_position)
    return by_word
