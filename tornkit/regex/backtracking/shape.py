"""Filter of patterns that are worth the analysis: a look at repeats dismisses most.

Exponential backtracking takes a repeat that can go on in two ways: one with a choice inside, which
is more than a set of characters repeated. A third power takes three repeats in a row that share
characters, with nothing between them that all of these can't pass: ``/([^/]+)/([^/]+)/([^/]+)``
has three, but none gets over a slash.

Errs on the side of looking. Knows nothing of what can be sent or what comes after: that is the
analysis's business.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tornkit.regex.automata.alphabet import set_mask
from tornkit.regex.patterns.pattern import parsed

_parser: Any = importlib.import_module("re._parser")  # see tornkit.regex.patterns.pattern

Items = Sequence[tuple[Any, Any]]

UNLIMITED = int(_parser.MAXREPEAT)
CHARACTERS = ("LITERAL", "NOT_LITERAL", "ANY", "IN")
REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
LONG = 100
"""Repetitions from which on a repeat counts as endless."""
POWER = 3
"""Lowest power of the length that is told: a second, as of ``(.*)/(.*)/edit``, is common."""


_MANY = 400  # repeats, with which the look takes longer than the analysis


@dataclass(frozen=True)
class _Step:
    """Step of a straight way through a pattern: a repeat without end, or one character."""

    mask: int
    endless: bool
    needed: bool


class _Look(Exception):
    """Exception: the steps of a sequence alone don't tell, so it needs the whole analysis."""


def worth_a_look(regex: re.Pattern[str]) -> bool:
    """Whether a regex could backtrack exponentially, or with the `POWER` or a higher one."""
    return is_suspicious(parsed(regex), regex.flags)


def is_suspicious(items: Items, flags: int) -> bool:
    """Whether a part of a syntax tree could backtrack exponentially, or with `POWER` or more."""
    try:
        steps = list(_steps(items, flags))
    except _Look:
        return True
    return _power(steps) >= POWER


def takes_one(items: Items) -> bool:
    """Whether a sequence of nodes is a single node that matches one character."""
    return len(items) == 1 and str(items[0][0]) in CHARACTERS


def mask_of_item(item: tuple[Any, Any], flags: int) -> int:
    """The characters that a node of `CHARACTERS` takes."""
    operator, argument = str(item[0]), item[1]
    return set_mask(operator, tuple(argument) if operator == "IN" else argument, flags)


def inner_flags(argument: Any, flags: int) -> int:
    """Flags in force inside a SUBPATTERN."""
    _, added, removed, _ = argument
    return int((flags | added) & ~removed)


def below(operator: str, argument: Any) -> list[Items]:
    """The sequences directly below one node, look-arounds too."""
    match operator:
        case "SUBPATTERN" | "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return [argument[-1]]
        case "ASSERT" | "ASSERT_NOT":
            return [argument[1]]
        case "ATOMIC_GROUP":
            return [argument]
        case "BRANCH":
            return list(argument[1])
        case "GROUPREF_EXISTS":
            return [argument[1], argument[2] or []]
        case _:
            return []


def _steps(items: Items, flags: int, *, needed: bool = True) -> Iterator[_Step]:
    """The steps of a sequence, groups opened.

    :raises _Look: the sequence is none that can be judged in this way.
    """
    for operator, argument in items:
        match str(operator):
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
                mask = mask_of_item((operator, argument), flags)
                yield _Step(mask, endless=False, needed=needed)
            case "SUBPATTERN":
                yield from _steps(argument[-1], inner_flags(argument, flags), needed=needed)
            case "ATOMIC_GROUP":
                yield from _steps(argument, flags, needed=needed)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                yield from _repeated(argument, flags, needed=needed)
            case "AT":
                pass
            case "BRANCH" | "ASSERT" | "ASSERT_NOT" | "GROUPREF_EXISTS":
                for inner in below(str(operator), argument):
                    yield from _steps(inner, flags, needed=False)
            case "GROUPREF":
                yield _Step(_ANYTHING, endless=True, needed=False)
            case _:
                raise _Look


def _repeated(argument: Any, flags: int, *, needed: bool) -> Iterator[_Step]:
    low, high, inside = argument
    needed = needed and low > 0
    if takes_one(inside):
        yield _Step(mask_of_item(inside[0], flags), high >= LONG, needed)
    elif high > 1 and not is_rigid(inside):
        raise _Look
    else:
        steps = list(_steps(inside, flags, needed=needed))
        if high >= LONG:
            # it passes all that is in it, and itself
            mask = _ANYTHING if steps else 0
            yield _Step(mask, endless=True, needed=False)
        yield from steps


_ANYTHING = (1 << 256) - 1


def is_rigid(items: Items) -> bool:
    """Whether there is only one way through a sequence: characters, each so many times."""
    for operator, argument in items:
        name = str(operator)
        if name in REPEATS:
            low, high, inside = argument
            if low != high or not is_rigid(inside):
                return False
        elif name == "SUBPATTERN":
            if not is_rigid(argument[-1]):
                return False
        elif name not in CHARACTERS and name != "AT":
            return False
    return bool(items)


def _power(steps: list[_Step]) -> int:
    """The highest power of the length that backtracking over these steps could have.

    From one repeat to a later one, text can be moved if both take it, and whatever has to be
    passed in between. Each such pair in a chain is one power more.
    """
    repeats = [step.mask for step in steps if step.endless]
    if len(repeats) < POWER or len(repeats) > _MANY:
        return min(len(repeats), POWER)
    # What has to be passed before each repeat, and to pass it.
    gaps: list[set[int]] = [set()]
    for step in steps:
        if step.needed:
            gaps[-1].add(step.mask)
        if step.endless:
            gaps.append({step.mask} if step.needed else set())
    powers: list[int] = []  # the highest up to each repeat
    for last, mask in enumerate(repeats):
        best, between = max(powers, default=1), set[int]()
        for first in range(last - 1, -1, -1):
            between |= gaps[first + 1]
            if not all(needed & mask for needed in between):
                break  # nor does it get past that from any further
            shared = repeats[first] & mask
            if shared and powers[first] >= best and all(needed & shared for needed in between):
                best = powers[first] + 1
        powers.append(best)
    return powers[-1]
