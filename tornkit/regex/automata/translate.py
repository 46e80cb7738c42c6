"""A compiled regex as an `Expression`: the strings on which ``regex.match`` succeeds.

``match`` is content with a beginning of the string, so a regex without an end takes whatever
follows as well. The syntax tree is walked from left to right, with what was read so far (the
*prefix*) in hand: an end, a look-ahead or a word boundary restricts what follows, a beginning or
a look-behind what came before. Where the walk meets an alternation in which such things are, it
goes on in each branch by itself.

What can't be said exactly is said as too much or too little, as the caller asks (`Bound`), and
`Translation.exact` tells: back-references, conditionals, atomic groups and possessive repeats,
and assertions inside a repeat.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tornkit.regex.automata.alphabet import set_mask
from tornkit.regex.automata.expressions import (
    EMPTY,
    NEVER,
    Expression,
    alt,
    anything,
    both,
    complement,
    letters,
    nullable,
    repeat,
    seq,
)
from tornkit.regex.patterns.pattern import parsed

_MOST_BRANCHES = 256  # walked on by themselves, before the translation gives up
_UNLIMITED = 2**32 - 1  # re._constants.MAXREPEAT; whatever is above some thousands is too large
# Whether \B holds in the empty string: not before Python 3.14.
_NO_WORD_IN_NOTHING = re.match(r"\B", "") is not None


class Bound(enum.Enum):
    """Side on which an inexact translation errs: too many strings, or too few."""

    OVER = "at least every string that matches"
    UNDER = "only strings that match"

    @property
    def other(self) -> Bound:
        """The opposite bound, by which the part of a complement has to be translated."""
        return Bound.UNDER if self is Bound.OVER else Bound.OVER


class Untranslatable(Exception):
    """The regex has not even a bound: it is nested too deep, or has too many branches."""


@dataclass(frozen=True)
class Translation:
    """A regex as an expression. ``exact``: the bound made no difference."""

    expression: Expression
    exact: bool


@lru_cache(maxsize=8192)
def translated(regex: re.Pattern[str], universe: int, bound: Bound) -> Translation:
    """The strings over ``universe`` on which ``regex.match`` succeeds.

    :raises Untranslatable: see there.
    """
    walk = _Walk(universe, bound)
    try:
        items = tuple((str(op), argument, regex.flags) for op, argument in parsed(regex))
        expression = walk.rest(items, EMPTY, at_start=True)
    except RecursionError:
        raise Untranslatable("it is nested too deep") from None
    return Translation(expression, walk.exact)


_Item = tuple[str, Any, int]  # operator, argument, the flags in force
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_ASSERTIONS = ("AT", "ASSERT", "ASSERT_NOT")


class _Walk:
    """Walk over the syntax tree of one regex, which translates it."""

    def __init__(self, universe: int, bound: Bound) -> None:
        self.universe = universe
        self.bound = bound
        self.exact = True
        self._branches = 0

    # ---- in sequence: what comes after is known, and mostly what came before ----

    def rest(self, items: Sequence[_Item], prefix: Expression, *, at_start: bool) -> Expression:
        """Expression of ``prefix``, then ``items``, then anything.

        ``at_start``: the prefix begins where the string does.
        """
        read = [prefix]
        for place, item in enumerate(items):
            operator, argument, flags = item
            if not _asserts(operator, argument):
                read.append(self.simple(item))
                continue
            so_far, after = seq(read), items[place + 1 :]
            if operator in _ASSERTIONS:
                return self.assertion(item, so_far, after, at_start)
            branches = self.branches(operator, argument, flags)
            if branches is None:  # a repeat: what surrounds the assertion differs each time
                read.append(self.simple(item))
                continue
            self._branches += len(branches)
            if self._branches > _MOST_BRANCHES:
                raise Untranslatable("it has too many branches with assertions in them")
            return alt(
                self.rest((*branch, *after), so_far, at_start=at_start) for branch in branches
            )
        return seq([*read, anything(self.universe)])

    def branches(self, operator: str, argument: Any, flags: int) -> list[tuple[_Item, ...]] | None:
        """The ways through a node in which there are assertions; None if they are endless."""
        match operator:
            case "SUBPATTERN":
                _, added, removed, inside = argument
                return [_items(inside, flags, added, removed)]
            case "BRANCH":
                return [_items(branch, flags) for branch in argument[1]]
            case "MAX_REPEAT" | "MIN_REPEAT" if argument[1] == 1:
                once = _items(argument[2], flags)
                return [once] if argument[0] == 1 else [once, ()]
            case _:
                return None

    def assertion(
        self, item: _Item, prefix: Expression, after: Sequence[_Item], at_start: bool
    ) -> Expression:
        operator, argument, flags = item
        beginning = at_start and prefix == EMPTY
        if operator == "AT":
            return self.at(str(argument), flags, prefix, after, at_start)
        direction, inside = argument
        body = _items(inside, flags)
        negative = operator == "ASSERT_NOT"
        if direction > 0:
            held = self._flipped(negative, lambda: self.rest(body, EMPTY, at_start=beginning))
            ahead = complement(held) if negative else held
            follows = self.rest(after, EMPTY, at_start=beginning)
            return seq([prefix, both(ahead, follows)])
        if not at_start or any(_asserts(op, arg) for op, arg, _ in body):
            return self.unknown(prefix, after, at_start)
        held = self._flipped(negative, lambda: seq(self.simple(each) for each in body))
        behind = seq([anything(self.universe), held])
        behind = complement(behind) if negative else behind
        return self.rest(after, both(prefix, behind), at_start=at_start)

    def at(
        self, where: str, flags: int, prefix: Expression, after: Sequence[_Item], at_start: bool
    ) -> Expression:
        beginning = at_start and prefix == EMPTY
        match where:
            case "AT_END" | "AT_END_STRING":  # no letter of a request is a line end
                if not after:
                    return prefix
                return seq([prefix, both(EMPTY, self.rest(after, EMPTY, at_start=beginning))])
            case "AT_BEGINNING" | "AT_BEGINNING_STRING":
                if beginning:
                    return self.rest(after, EMPTY, at_start=True)
                if not nullable(prefix):
                    return NEVER
                if at_start:
                    return self.rest(after, both(prefix, EMPTY), at_start=True)
                return self.unknown(prefix, after, at_start)
            case "AT_BOUNDARY" | "AT_NON_BOUNDARY":
                if not at_start and nullable(prefix):
                    return self.unknown(prefix, after, at_start)
                return self.boundary(where == "AT_BOUNDARY", flags, prefix, after)
            case _:
                return self.unknown(prefix, after, at_start)

    def boundary(
        self, wanted: bool, flags: int, prefix: Expression, after: Sequence[_Item]
    ) -> Expression:
        """Expression of a word boundary (``\\b``), or of none (``\\B``), behind ``prefix``.

        A boundary has a word's letter on one side and none on the other; else it is on both or
        none. What comes before is the whole string so far, or at least its last letter is known.
        """
        category = re.compile(r"\w", flags & re.ASCII)
        word = set_mask("IN", (("CATEGORY", "CATEGORY_WORD"),), category.flags) & self.universe
        all_ = anything(self.universe)
        after_word = seq([all_, letters(word)])
        before_word = seq([letters(word), all_])
        follows = self.rest(after, EMPTY, at_start=False)
        ways = []
        for behind in (True, False):
            ahead = behind != wanted
            left = both(prefix, after_word if behind else complement(after_word))
            right = both(follows, before_word if ahead else complement(before_word))
            if wanted or behind or _NO_WORD_IN_NOTHING:
                ways.append(seq([left, right]))
            else:
                something = complement(EMPTY)
                ways.append(seq([both(left, something), right]))
                ways.append(seq([both(left, EMPTY), both(right, something)]))
        return alt(ways)

    def unknown(self, prefix: Expression, after: Sequence[_Item], at_start: bool) -> Expression:
        """Translate the rest behind an assertion that can't be analysed.

        The assertion is taken to hold always for `Bound.OVER`, and never for `Bound.UNDER`.
        """
        self.exact = False
        if self.bound is Bound.UNDER:
            return NEVER
        return self.rest(after, prefix, at_start=at_start)

    def _flipped(self, negative: bool, translate: Any) -> Expression:
        """Translate an assertion's body, erring on the other side if the assertion is negative."""
        if not negative:
            inside: Expression = translate()
            return inside
        self.bound = self.bound.other
        try:
            inside = translate()
        finally:
            self.bound = self.bound.other
        return inside

    # ---- anywhere: what surrounds it is not known ----

    def simple(self, item: _Item) -> Expression:
        """Expression of one node by itself; assertions in it are only bounded."""
        operator, argument, flags = item
        match operator:
            case "LITERAL" | "NOT_LITERAL" | "ANY":
                return letters(set_mask(operator, argument, flags) & self.universe)
            case "IN":
                return letters(set_mask(operator, tuple(argument), flags) & self.universe)
            case "SUBPATTERN":
                _, added, removed, inside = argument
                return self.sequence(_items(inside, flags, added, removed))
            case "BRANCH":
                return alt(self.sequence(_items(branch, flags)) for branch in argument[1])
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self.repeated(argument, flags)
            case "POSSESSIVE_REPEAT":
                return self.at_most(self.repeated(argument, flags))
            case "ATOMIC_GROUP":
                return self.at_most(self.sequence(_items(argument, flags)))
            case "GROUPREF_EXISTS":
                _, yes, no = argument
                ways = [self.sequence(_items(way, flags)) for way in (yes, no or ())]
                return self.at_most(alt(ways))
            case "AT" | "ASSERT" | "ASSERT_NOT":
                return self.at_most(EMPTY)
            case _:  # GROUPREF, and whatever a later Python adds
                return self.at_most(anything(self.universe))

    def sequence(self, items: Sequence[_Item]) -> Expression:
        return seq(self.simple(item) for item in items)

    def repeated(self, argument: Any, flags: int) -> Expression:
        low, high, inside = argument
        most = None if int(high) >= _UNLIMITED else int(high)
        return repeat(self.sequence(_items(inside, flags)), int(low), most)

    def at_most(self, expression: Expression) -> Expression:
        """Mark an expression as an upper bound, which may be too wide; `NEVER` for a lower one."""
        self.exact = False
        return expression if self.bound is Bound.OVER else NEVER


def _items(
    sequence: Sequence[tuple[Any, Any]], flags: int, added: int = 0, removed: int = 0
) -> tuple[_Item, ...]:
    inside = (flags | added) & ~removed
    return tuple((str(operator), argument, inside) for operator, argument in sequence)


def _asserts(operator: str, argument: Any) -> bool:
    """Whether there is an assertion in this node."""
    match operator:
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return True
        case "SUBPATTERN":
            return _any_asserts(argument[-1])
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return _any_asserts(argument[-1])
        case "ATOMIC_GROUP":
            return _any_asserts(argument)
        case "BRANCH":
            return any(_any_asserts(branch) for branch in argument[1])
        case "GROUPREF_EXISTS":
            return _any_asserts(argument[1]) or _any_asserts(argument[2] or ())
        case _:
            return False


def _any_asserts(items: Sequence[tuple[Any, Any]]) -> bool:
    return any(_asserts(str(operator), argument) for operator, argument in items)
