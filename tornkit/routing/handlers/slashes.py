r"""Requests that ``addslash`` and ``removeslash`` let through to the method they decorate.

Both answer some paths by themselves, with a redirect or a 404: ``addslash`` those that do not end
in a slash, ``removeslash`` those that do. So ``@addslash def get(self)`` under ``/(\w+)`` is never
called, and takes no argument for a good reason. Which of a route's paths are left is a question to
their language (`tornkit.regex.automata`).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from itertools import islice

from tornkit.regex.automata.alphabet import SENDABLE, WIRE, mask_of
from tornkit.regex.automata.expressions import (
    Expression,
    Letters,
    alt,
    anything,
    both,
    repeat,
    seq,
)
from tornkit.regex.automata.languages import language
from tornkit.regex.automata.positions import TooLarge
from tornkit.regex.automata.search import OverBudget, SearchBudget, words
from tornkit.regex.automata.translate import Bound, Untranslatable
from tornkit.routing.conditions import PathCondition
from tornkit.routing.model import Route
from tornkit.routing.path_language import paths_of, sendable_paths

_STATES, _SECONDS = 20_000, 0.5
_TRIES = 8  # words looked at where a pattern is not translated exactly
_SLASH = mask_of("/")


class Gate(enum.Enum):
    """A decorator of Tornado's (``tornado.web``) that answers some paths itself, by its name."""

    ADDSLASH = "addslash"
    REMOVESLASH = "removeslash"


def some_get_through(route: Route, method: str, gates: Iterable[Gate]) -> bool | None:
    """Whether a request for ``route`` can get to its method; None if that can't be told.

    :param method: lower case, as the handler calls it.
    """
    wanted = sendable_paths()
    for gate in gates:
        wanted = both(wanted, _let_through(gate, method))
    try:
        own = language(both(paths_of(route, Bound.OVER).expression, wanted), SENDABLE)
        found = list(islice(words(own, [], SENDABLE, SearchBudget(_STATES, _SECONDS)), _TRIES))
    except (Untranslatable, TooLarge, OverBudget, RecursionError):
        return None
    if any(_matches(route, path) for path in found):
        return True
    return None if found else False


def _let_through(gate: Gate, method: str) -> Expression:
    """Expression of the paths that the decorator ``gate`` lets through to the method."""
    match gate:
        case Gate.ADDSLASH:
            return seq([anything(WIRE), Letters(_SLASH)])
        case Gate.REMOVESLASH:
            others = seq([anything(WIRE), Letters(WIRE & ~_SLASH)])
            # What would be redirected to nothing is let through; nothing else is redirected.
            slashes = [repeat(Letters(_SLASH), 1, None)] if method in ("get", "head") else []
            return alt([others, *slashes])


def _matches(route: Route, path: str) -> bool:
    return all(
        condition.regex.match(path)
        for condition in route.conditions
        if isinstance(condition, PathCondition)
    )
