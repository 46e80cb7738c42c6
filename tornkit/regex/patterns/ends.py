r"""Analysis of how a pattern ends, and what it lets through behind its end.

Tornado appends ``$`` as text to a string pattern, and to a compiled one nothing
(``tornado.routing.PathMatches``, ``HostMatches``). So there are ends that nobody chose: of a
branch (``/a|/b``), of a compiled pattern, and behind ``\$``, which Tornado takes for an end.

Each way to the end of the syntax tree is open, closed, or open on purpose (``.*``, a look-around,
``\b``). Whether an open one matters is then tried: a string that matches only in part.
"""

from __future__ import annotations

import enum
import importlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

from tornkit.regex.patterns.pattern import parsed

_parser: Any = importlib.import_module("re._parser")  # see tornkit.regex.patterns.pattern
_Items = Sequence[tuple[Any, Any]]


class PatternEnd(enum.Enum):
    """Kind of end of one way through a pattern."""

    OPEN = "open"
    CLOSED = "closed"
    MEANT = "open, and says so"


def ends(regex: re.Pattern[str]) -> frozenset[PatternEnd]:
    """The ends of all ways through the pattern."""
    return _ends(parsed(regex))


def escapes(regex: re.Pattern[str]) -> bool:
    """Whether a pattern ends in branches of which some are closed and others open: ``/a|/b$``."""
    return _escapes(parsed(regex))


def longer(regex: re.Pattern[str], texts: Iterable[str], tails: Iterable[str]) -> str | None:
    """A text with a tail that matches though the pattern does not describe it whole.

    :param texts: strings that the pattern matches.
    """
    tails = tuple(tails)
    for text in texts:
        for tail in tails:
            if regex.match(text + tail) and not regex.fullmatch(text + tail):
                return text + tail
    return None


def _ends(items: _Items) -> frozenset[PatternEnd]:
    if not items:
        return frozenset({PatternEnd.OPEN})
    operator, argument = items[-1]
    match str(operator):
        case "AT":
            closed = str(argument) in ("AT_END", "AT_END_STRING")
            return frozenset({PatternEnd.CLOSED if closed else _boundary(str(argument))})
        case "SUBPATTERN":
            return _ends(argument[-1])
        case "ATOMIC_GROUP":
            return _ends(argument)
        case "BRANCH":
            return frozenset().union(*map(_ends, argument[1]))
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return _repeat_ends(items, argument)
        case "ASSERT" | "ASSERT_NOT":
            return frozenset({PatternEnd.MEANT})  # may well be its own way to say "the end"
        case _:
            return frozenset({PatternEnd.OPEN})


def _boundary(where: str) -> PatternEnd:
    """Kind of end that ``\\b`` makes, which says that more may follow, or ``^``, which does not."""
    return PatternEnd.OPEN if where.startswith("AT_BEGINNING") else PatternEnd.MEANT


def _repeat_ends(items: _Items, argument: Any) -> frozenset[PatternEnd]:
    low, high, repeated = argument
    operators = [str(operator) for operator, _ in repeated]
    if high is _parser.MAXREPEAT and operators == ["ANY"]:
        return frozenset({PatternEnd.MEANT})
    left_out = frozenset() if low else _ends(items[:-1])
    return _ends(repeated) | left_out


def _escapes(items: _Items) -> bool:
    if not items:
        return False
    operator, argument = items[-1]
    match str(operator):
        case "SUBPATTERN":
            return _escapes(argument[-1])
        case "ATOMIC_GROUP":
            return _escapes(argument)
        case "BRANCH":
            return {PatternEnd.OPEN, PatternEnd.CLOSED} <= frozenset().union(
                *map(_ends, argument[1])
            )
        case _:
            return False
