"""A plain expression as an automaton without empty moves: one state for each letter in it.

Glushkov's construction. A state is the *position* of a letter in the expression that was read
last; position 0 is the start. Sets of positions are int bit masks, so that a whole step of the
automaton is one union and one intersection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tornkit.regex.automata.expressions import Alt, Expression, Letters, Repeat, Seq

MOST_POSITIONS = 20_000


class TooLarge(Exception):
    """The automaton would have more than `MOST_POSITIONS` positions."""


@dataclass(frozen=True, slots=True)
class _Fragment:
    """Part of an automaton: the positions where it begins, where it ends, and whether it may be
    skipped.
    """

    first: int
    last: int
    nullable: bool


class Positions:
    """The automaton of one plain expression.

    ``letters`` and ``follow`` are by position: what is read there, and where one may go from
    there. ``ends`` is the set in which it accepts.
    """

    def __init__(self, expression: Expression) -> None:
        self.letters = [0]
        self.follow = [0]
        whole = self._fragment(expression)
        self.follow[0] = whole.first
        self.ends = whole.last | int(whole.nullable)

    def _fragment(self, expression: Expression) -> _Fragment:
        match expression:
            case Letters(mask):
                return self._position(mask)
            case Seq(parts):
                fragment = _Fragment(0, 0, nullable=True)
                for part in parts:
                    fragment = self._joined(fragment, self._fragment(part))
                return fragment
            case Alt(parts):
                return _either([self._fragment(part) for part in parts])
            case Repeat(part, low, high):
                return self._repeated(part, low, high)
            case _:
                raise TypeError(f"{type(expression).__name__} is not plain")

    def _position(self, mask: int) -> _Fragment:
        if len(self.letters) > MOST_POSITIONS:
            raise TooLarge
        bit = 1 << len(self.letters)
        self.letters.append(mask)
        self.follow.append(0)
        return _Fragment(bit, bit, nullable=False)

    def _joined(self, one: _Fragment, other: _Fragment) -> _Fragment:
        for position in members(one.last):
            self.follow[position] |= other.first
        return _Fragment(
            one.first | (other.first if one.nullable else 0),
            other.last | (one.last if other.nullable else 0),
            one.nullable and other.nullable,
        )

    def _repeated(self, part: Expression, low: int, high: int | None) -> _Fragment:
        """Copies in a row: ``a{2,4}`` is aa(a(a)?)?, so that each follows but one other."""
        fragment = _Fragment(0, 0, nullable=True)
        for _ in range(max(low - 1, 0)):
            fragment = self._joined(fragment, self._fragment(part))
        if high is None:
            loop = self._fragment(part)
            for position in members(loop.last):
                self.follow[position] |= loop.first
            return self._joined(
                fragment, _Fragment(loop.first, loop.last, loop.nullable or not low)
            )
        if low:
            fragment = self._joined(fragment, self._fragment(part))
        ends, before = fragment.last, fragment
        first, nullable = fragment.first, fragment.nullable
        for _ in range(high - low):
            copy = self._fragment(part)
            for position in members(before.last):
                self.follow[position] |= copy.first
            first |= copy.first if nullable else 0
            ends |= copy.last
            # A copy of what may be empty can be passed by: then the one before it leads on, too.
            before = _Fragment(0, copy.last | (before.last if copy.nullable else 0), nullable=False)
            nullable = nullable and copy.nullable
        return _Fragment(first, ends, fragment.nullable)


def _either(fragments: list[_Fragment]) -> _Fragment:
    first = last = 0
    for fragment in fragments:
        first |= fragment.first
        last |= fragment.last
    return _Fragment(first, last, any(fragment.nullable for fragment in fragments))


def members(mask: int) -> Iterator[int]:
    """Positions in a set, which is given as a bit mask."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
