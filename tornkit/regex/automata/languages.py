"""Languages as deterministic machines, whose states are made when they are first reached.

Every machine has a ``start``, steps from a state by a letter, and says of a state whether it
accepts. A state is hashable and means nothing to anybody else. Two more answers let a search stop
early: *dead* (nothing is accepted any more) and *universal* (everything is, from here on); both
may say no where they do not see it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable
from typing import Any

from tornkit.regex.automata.expressions import (
    Alt,
    And,
    Expression,
    Not,
    Seq,
    is_plain,
    seq,
)
from tornkit.regex.automata.positions import Positions, members

State = Hashable


class Language(ABC):
    """A deterministic machine that accepts the strings of a language."""

    start: Any
    masks: frozenset[int]  # the only sets of letters that it can tell apart

    @abstractmethod
    def step(self, state: Any, letter: str) -> Any:
        """The state after one more letter."""

    @abstractmethod
    def accepts(self, state: Any) -> bool:
        """Whether the string read so far is one of the language."""

    @abstractmethod
    def is_dead(self, state: Any) -> bool:
        """Whether surely nothing is accepted from here on."""

    @abstractmethod
    def is_universal(self, state: Any) -> bool:
        """Whether surely everything is accepted from here on, this very state included."""

    def contains(self, text: str) -> bool:
        """Whether ``text`` is a string of the language."""
        state = self.start
        for letter in text:
            state = self.step(state, letter)
        return self.accepts(state)


def language(expression: Expression, universe: int) -> Language:
    """The machine of an expression over the letters of ``universe``.

    :raises TooLarge: it would have too many positions.
    """
    if is_plain(expression):
        return Plain(expression, universe)
    match expression:
        case And(left, right):
            return Both(language(left, universe), language(right, universe))
        case Not(part):
            return Complement(language(part, universe))
        case Alt(parts):
            plain = [part for part in parts if is_plain(part)]
            others = [language(part, universe) for part in parts if not is_plain(part)]
            return Either([*([Plain(Alt(tuple(plain)), universe)] if plain else []), *others])
        case Seq(parts):
            at = next(i for i, part in enumerate(parts) if not is_plain(part))
            tail = language(parts[at], universe)
            if at + 1 < len(parts):
                tail = Concatenation(tail, language(seq(parts[at + 1 :]), universe))
            return Concatenation(Plain(seq(parts[:at]), universe), tail) if at else tail
        case _:
            raise TypeError(f"a repeat of {expression} is no regular machine of these")


class Plain(Language):
    """Machine of an expression without intersection or complement; states are sets of positions."""

    start: int = 1

    def __init__(self, expression: Expression, universe: int) -> None:
        positions = Positions(expression)
        self._letters = [mask & universe for mask in positions.letters]
        self._follow = positions.follow
        self._ends = positions.ends
        self.masks = frozenset(self._letters[1:])
        self._alive = self._leading_to_an_end()
        self._everything = self._accepting_all(universe)
        self._next: dict[int, int] = {}
        self._with_letter: dict[str, int] = {}

    def step(self, state: int, letter: str) -> int:
        reached = self._next.get(state)
        if reached is None:
            reached = 0
            for position in members(state):
                reached |= self._follow[position]
            self._next[state] = reached
        holding = self._with_letter.get(letter)
        if holding is None:
            holding = self._with_letter[letter] = self._holding(letter)
        return reached & holding

    def accepts(self, state: int) -> bool:
        return bool(state & self._ends)

    def is_dead(self, state: int) -> bool:
        return not state & self._alive

    def is_universal(self, state: int) -> bool:
        return bool(state & self._everything)

    def _holding(self, letter: str) -> int:
        """The positions that read this letter and can still come to an end."""
        bit = 1 << ord(letter)
        found = 0
        for position in members(self._alive & ~1):
            if self._letters[position] & bit:
                found |= 1 << position
        return found

    def _leading_to_an_end(self) -> int:
        """The positions, the start included, from which an end can be reached."""
        before: list[list[int]] = [[] for _ in self._follow]
        for position, following in enumerate(self._follow):
            for after in members(following):
                before[after].append(position)
        alive = 0
        found = [p for p in members(self._ends) if p == 0 or self._letters[p]]
        while found:
            position = found.pop()
            if alive >> position & 1:
                continue
            alive |= 1 << position
            found += [p for p in before[position] if p == 0 or self._letters[p]]
        return alive

    def _accepting_all(self, universe: int) -> int:
        """Ends from which a loop over every letter accepts whatever comes."""
        loops = 0
        for position in members(self._ends & ~1):
            if self._letters[position] == universe and self._follow[position] >> position & 1:
                loops |= 1 << position
        everything = loops
        for position in members(self._ends):
            if self._follow[position] & loops:
                everything |= 1 << position
        return everything


class Complement(Language):
    """Complement of a language: every string that its machine does not accept."""

    def __init__(self, part: Language) -> None:
        self._part = part
        self.start = part.start
        self.masks = part.masks

    def step(self, state: Any, letter: str) -> Any:
        return self._part.step(state, letter)

    def accepts(self, state: Any) -> bool:
        return not self._part.accepts(state)

    def is_dead(self, state: Any) -> bool:
        return self._part.is_universal(state)

    def is_universal(self, state: Any) -> bool:
        return self._part.is_dead(state)


class _Side(Language):
    """Product of several machines, run side by side. A state is a tuple of their states."""

    def __init__(self, parts: Iterable[Language]) -> None:
        self._parts = tuple(parts)
        self.start = tuple(part.start for part in self._parts)
        self.masks = frozenset().union(*(part.masks for part in self._parts))

    def step(self, state: Any, letter: str) -> Any:
        return tuple(part.step(each, letter) for part, each in zip(self._parts, state, strict=True))

    def _ask(self, question: str, state: Any) -> Iterable[bool]:
        return (
            getattr(part, question)(each) for part, each in zip(self._parts, state, strict=True)
        )


class Both(_Side):
    """Intersection of languages: every string that all of their machines accept."""

    def __init__(self, *parts: Language) -> None:
        super().__init__(parts)

    def accepts(self, state: Any) -> bool:
        return all(self._ask("accepts", state))

    def is_dead(self, state: Any) -> bool:
        return any(self._ask("is_dead", state))

    def is_universal(self, state: Any) -> bool:
        return all(self._ask("is_universal", state))


class Either(_Side):
    """Union of languages: every string that any of their machines accepts."""

    def accepts(self, state: Any) -> bool:
        return any(self._ask("accepts", state))

    def is_dead(self, state: Any) -> bool:
        return all(self._ask("is_dead", state))

    def is_universal(self, state: Any) -> bool:
        return any(self._ask("is_universal", state))


class Concatenation(Language):
    """Concatenation of two languages: a string of the first, then one of the second.

    A state is the first machine's, and all that the second may be in by now.
    """

    def __init__(self, first: Language, second: Language) -> None:
        self._first = first
        self._second = second
        self.masks = first.masks | second.masks
        self.start = self._entered(first.start, frozenset())

    def _entered(self, first: Any, seconds: frozenset[Any]) -> Any:
        if self._first.accepts(first):
            seconds |= {self._second.start}
        return first, frozenset(each for each in seconds if not self._second.is_dead(each))

    def step(self, state: Any, letter: str) -> Any:
        first, seconds = state
        stepped = frozenset(self._second.step(each, letter) for each in seconds)
        return self._entered(self._first.step(first, letter), stepped)

    def accepts(self, state: Any) -> bool:
        return any(self._second.accepts(each) for each in state[1])

    def is_dead(self, state: Any) -> bool:
        return not state[1] and self._first.is_dead(state[0])

    def is_universal(self, state: Any) -> bool:
        return any(self._second.is_universal(each) for each in state[1])
