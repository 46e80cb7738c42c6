"""Regular expressions with intersection and complement, as values.

Between Python's syntax tree and the machines: what `translate` writes and `languages` runs. The
small functions build them in a simplest form (nothing times x is nothing), so that most come out
without `And` and `Not` and become one plain automaton.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Letters:
    """One letter of a set (a bit mask); no letter at all for 0."""

    mask: int


@dataclass(frozen=True, slots=True)
class Seq:
    """Concatenation of expressions; `EMPTY` without parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Alt:
    """Alternation: any of the expressions; `NEVER` without parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """Repetition of an expression, ``low`` to ``high`` times, without end if ``high`` is None."""

    part: Expression
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class And:
    """Intersection: every string of both expressions."""

    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Not:
    """Complement: every string that is not one of ``part``."""

    part: Expression


Expression = Letters | Seq | Alt | Repeat | And | Not

EMPTY = Seq(())
NEVER = Alt(())


def letters(mask: int) -> Expression:
    """Expression of one letter of a set, given as a bit mask."""
    return Letters(mask) if mask else NEVER


def anything(universe: int) -> Expression:
    """Expression of every string over these letters, given as a bit mask."""
    return Repeat(Letters(universe), 0, None)


def seq(parts: Iterable[Expression]) -> Expression:
    """Concatenation of expressions, simplified."""
    flat: list[Expression] = []
    for part in parts:
        if part == NEVER:
            return NEVER
        flat.extend(part.parts if isinstance(part, Seq) else (part,))
    return flat[0] if len(flat) == 1 else Seq(tuple(flat))


def alt(parts: Iterable[Expression]) -> Expression:
    """Alternation of expressions, simplified."""
    flat: dict[Expression, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if isinstance(part, Alt) else (part,)))
    return next(iter(flat)) if len(flat) == 1 else Alt(tuple(flat))


def repeat(part: Expression, low: int, high: int | None) -> Expression:
    """Repetition of an expression, ``low`` to ``high`` times, simplified."""
    if part in (EMPTY, NEVER) or high == 0:
        return EMPTY if part == EMPTY or low == 0 or high == 0 else NEVER
    return part if (low, high) == (1, 1) else Repeat(part, low, high)


def both(left: Expression, right: Expression) -> Expression:
    """Intersection of two expressions, simplified."""
    if left == right:
        return left
    for one, other in ((left, right), (right, left)):
        if one == NEVER:
            return NEVER
        if one == EMPTY:
            return EMPTY if nullable(other) else NEVER
    return And(left, right)


def complement(part: Expression) -> Expression:
    """Complement of an expression: every other string."""
    return part.part if isinstance(part, Not) else Not(part)


def nullable(expression: Expression) -> bool:
    """Whether the empty string is one of the strings of an expression."""
    match expression:
        case Letters():
            return False
        case Seq(parts):
            return all(nullable(part) for part in parts)
        case Alt(parts):
            return any(nullable(part) for part in parts)
        case Repeat(part, low, _):
            return low == 0 or nullable(part)
        case And(left, right):
            return nullable(left) and nullable(right)
        case Not(part):
            return not nullable(part)


def is_plain(expression: Expression) -> bool:
    """Whether an expression has no intersection and no complement, and so is a plain automaton."""
    match expression:
        case Letters():
            return True
        case Seq(parts) | Alt(parts):
            return all(is_plain(part) for part in parts)
        case Repeat(part, _, _):
            return is_plain(part)
        case And() | Not():
            return False
