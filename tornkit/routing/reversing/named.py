"""Reversal of one name with chosen arguments, and whether the URL leads back.

What comes in are the tables with the ``reverse_url`` of each name's owner
(`routing.reading.extract.unreversed_tables`); the work is `routing.reversing.reverse`'s. A name is
looked up where a handler would: each application has names of its own, so that there may be
several answers. The arguments are the caller's: none is made up.
"""

from __future__ import annotations

import difflib
import itertools
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tornkit.regex.patterns.pattern import group_texts
from tornkit.regex.patterns.sample import examples
from tornkit.routing.conditions import PathCondition, ScopeKind
from tornkit.routing.model import Outcome, Reversal, Route
from tornkit.routing.reading.reversers import Unreversed
from tornkit.routing.reversing.reverse import name_owners, reversal_with

_FAILURES = (Outcome.FAILS, Outcome.MISSES, Outcome.TAKEN, Outcome.SHADOWED)


@dataclass(frozen=True)
class NameAnswer:
    """Result of reversing a name in one application, at a route that has the name.

    ``application`` is its place among those of the program. ``others`` are routes of the same name
    that ``reverse_url`` does not answer for.
    """

    application: int
    route: Route
    reversal: Reversal
    others: tuple[int, ...] = ()

    @property
    def leads_back(self) -> bool | None:
        """Whether the URL leads back to the route; None where that is undecided."""
        if self.reversal.outcome is Outcome.UNDECIDED:
            return None
        return self.reversal.outcome not in _FAILURES


@dataclass(frozen=True)
class Reversed:
    """Result of `reverse`: the answers for a name, from all applications.

    Where there is none, ``similar`` are names like it. ``names`` counts the names of all tables.
    """

    name: str
    args: tuple[str, ...]
    answers: tuple[NameAnswer, ...]
    similar: tuple[str, ...] = ()
    names: int = 0

    @property
    def first(self) -> NameAnswer | None:
        """The first answer that has a URL; else the first; None if there is none."""
        with_url = (each for each in self.answers if each.reversal.url is not None)
        return next(with_url, next(iter(self.answers), None))


def reverse(tables: Sequence[Unreversed], name: str, args: Iterable[str] = ()) -> Reversed:
    """Call ``reverse_url(name, *args)`` wherever ``name`` is known."""
    given = tuple(args)
    answers = tuple(
        answer
        for number, each in enumerate(tables)
        for answer in _answers(number, each, name, given)
    )
    known = sorted(
        {route.name for each in tables for route in each.table.routes if route.name is not None}
    )
    similar = () if answers else tuple(_similar(name, known))
    return Reversed(name, given, answers, similar, len(known))


def _similar(name: str, known: list[str]) -> list[str]:
    folded = [each for each in known if each.casefold() == name.casefold()]
    return folded or difflib.get_close_matches(name, known)


def _answers(
    number: int, names: Unreversed, name: str, args: tuple[str, ...]
) -> Iterable[NameAnswer]:
    """One answer for each application within that has the name.

    Else one for each route of that name, if no router answers for it.
    """
    named = [each for each in names.table.routes if each.name == name and not each.is_copy]
    owners = name_owners(names.table.routes)
    owned = {owners[each.index] for each in named if each.index in owners}
    chosen = [each for each in named if each.index in owned] or named
    for route in sorted(chosen, key=_depth):
        others = tuple(
            each.index
            for each in named
            if each.index != route.index and owners.get(each.index, route.index) == route.index
        )
        yield NameAnswer(number, route, _reversal(route, names, args), others)


def _depth(route: Route) -> int:
    """Number of applications around a route, so that the outermost's names are sorted first."""
    return sum(scope.kind is ScopeKind.APPLICATION for scope in route.scopes)


def _reversal(route: Route, names: Unreversed, args: tuple[str, ...]) -> Reversal:
    reverser = names.reversers.get(route.index)
    if reverser is None:
        reason = "no router above it can reverse names"
        return Reversal(Outcome.FAILS, args, reason=reason)
    found = reversal_with(route, names.table, reverser, args)
    if found.outcome is not Outcome.FAILS or not isinstance(route.condition, PathCondition):
        return found
    regex = route.condition.regex
    # As PathMatches.reverse says it; under `python -O` it is the formatting that fails.
    counted = found.reason.startswith(("AssertionError", "TypeError"))
    if counted and len(args) != regex.groups:
        return found._replace(reason=_wanted(regex, len(args)))
    return found


def _wanted(regex: re.Pattern[str], given: int) -> str:
    """Message on the arguments that a pattern takes and those that are given.

    ``it takes 1 argument, ([0-9]+), such as --arg 1; none is given``
    """
    count = "none is given" if not given else f"{given} {'is' if given == 1 else 'are'} given"
    if not regex.groups:
        return f"it takes no arguments; {count}"
    texts = group_texts(regex)
    shown = f", {' '.join(texts)}" if texts else ""
    several = "" if regex.groups == 1 else "s"
    return f"it takes {regex.groups} argument{several}{shown}{_such_as(regex)}; {count}"


def _such_as(regex: re.Pattern[str]) -> str:
    for example in itertools.islice(examples(regex), 1):
        return f", such as {' '.join(_as_option(value) for value in example.groups)}"
    return ""


def _as_option(value: str) -> str:
    between = "=" if value.startswith("-") else " "
    return f"--arg{between}{shlex.quote(value)}"
