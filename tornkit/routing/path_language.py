"""Paths that a route or fallback matches, and those a client can send, as regular languages."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

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
from tornkit.regex.automata.languages import Language, language
from tornkit.regex.automata.translate import Bound, Untranslatable, translated
from tornkit.routing.conditions import Condition, PathCondition
from tornkit.routing.model import Fallback, Route


def is_path(condition: Condition) -> bool:
    """Whether a condition looks at the path alone."""
    return isinstance(condition, PathCondition)


def takes_everything(step: Route | Fallback) -> bool:
    """Whether a step has no condition on the path."""
    return not any(is_path(condition) for condition in step.conditions)


@dataclass(frozen=True)
class Paths:
    """The paths that all of a step's patterns match, as one expression."""

    expression: Expression
    exact: bool


def paths_of(step: Route | Fallback, bound: Bound) -> Paths:
    """Paths that all patterns of a step match; any path at all where it has none.

    :raises Untranslatable: see `tornkit.regex.automata.translate`.
    """
    regexes = [c.regex for c in step.conditions if isinstance(c, PathCondition)]
    if not regexes:
        return Paths(anything(WIRE), exact=True)
    translations = [translated(regex, WIRE, bound) for regex in regexes]
    expression = functools.reduce(both, (each.expression for each in translations))
    return Paths(expression, all(each.exact for each in translations))


def union(steps: Sequence[Route | Fallback]) -> list[Language]:
    """Language of all paths that these steps surely take, as a list of one; empty without any."""
    expressions = []
    for step in steps:
        try:
            expressions.append(paths_of(step, Bound.UNDER).expression)
        except Untranslatable:
            continue  # it takes something, nobody knows what: it proves nothing
    return [language(alt(expressions), WIRE)] if expressions else []


def is_sendable(path: str) -> bool:
    """Whether a client can send a request target whose path this is."""
    return _SENDABLE_FORM.match(path) is not None


# RFC 9112, section 3.2: origin-form, absolute-form (to a proxy), asterisk-form; no query, and no
# fragment, which is never sent.
_SENDABLE_FORM = re.compile(r"(?:/|[A-Za-z][A-Za-z0-9+.-]*://|\*\Z)[!\x22$->@-~]*\Z")


def sendable_paths() -> Expression:
    """Expression of the paths that a client can send, equal to `_SENDABLE_FORM`."""
    letter = mask_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    scheme = seq(
        [Letters(letter), repeat(Letters(letter | mask_of("0123456789+.-")), 0, None)]
        + [Letters(mask_of(mark)) for mark in "://"]
    )
    rooted = seq([alt([Letters(mask_of("/")), scheme]), anything(SENDABLE)])
    return alt([rooted, Letters(mask_of("*"))])
