"""TK601, TK602 and TK000: calls of ``reverse_url`` that can't work.

What is called is found by `tornkit.routing.references`; here it is held against the names that
routes have and the groups of their patterns. ``Application.reverse_url`` raises a KeyError for a
name that it does not know, and ``PathMatches.reverse`` an AssertionError unless there is one
argument for each group. Which application a handler belongs to is not asked: a name is known if
any table has it, and a number of arguments right if it is for any route of that name.

A name is not called wrong where something else may answer for it: a ``reverse_url`` of the
user's own, or a rule that is written down and stands in no table.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tornkit.regex.patterns.pattern import shown
from tornkit.routing.conditions import PathCondition
from tornkit.routing.findings.codes import finding
from tornkit.routing.model import Finding, Outcome, Places, Route, RouteTable
from tornkit.routing.references import references
from tornkit.routing.references.model import (
    Forwards,
    Receiver,
    References,
    Replacement,
    Use,
)
from tornkit.routing.references.rulenames import names_given
from tornkit.routing.reversing.reverse import name_owners


def check(table: RouteTable) -> Iterator[Finding]:
    """Findings of ``reverse_url`` calls in a program that serves one application."""
    return check_all((table,))


def check_all(tables: Sequence[RouteTable]) -> Iterator[Finding]:
    """Findings of ``reverse_url`` calls in the code that the tables' handlers are part of.

    The tables are all of one program: its files are read once, and a name may be any table's.
    """
    places = Places(
        tuple(sorted({file for table in tables for file in table.places.python})),
        tuple(sorted({folder for table in tables for folder in table.places.templates})),
    )
    found = references(places)
    found = replace(found, replacements=(*found.replacements, *_of_packages(tables, found)))
    yield from _Judge(_Names(tables), found, places).findings()


def _of_packages(tables: Iterable[RouteTable], found: References) -> Iterator[Replacement]:
    """Replacements of ``reverse_url`` that handlers inherit from installed packages' classes."""
    known = {name for replacement in found.replacements for name in replacement.classes}
    handlers = frozenset(Receiver) - {Receiver.APPLICATION}
    seen: set[type] = set()
    for route in (route for table in tables for route in table.routes):
        if not isinstance(route.target.live, type):
            continue
        owner = next((c for c in route.target.live.__mro__ if "reverse_url" in vars(c)), None)
        if owner is None or owner in seen or owner.__name__ in known:
            continue
        seen.add(owner)
        if owner.__module__.partition(".")[0] != "tornado":
            label = f"{owner.__qualname__}.reverse_url"
            yield Replacement(route.target.source, label, asked=handlers)


class _Names:
    """Names that ``reverse_url`` may be asked for, and the routes that answer for them."""

    def __init__(self, tables: Iterable[RouteTable]) -> None:
        # A name that no reverse_url finds (TK301) has none.
        self._routes: dict[str, list[Route]] = {}
        for table in tables:
            owners = name_owners(table.routes)
            for route in table.routes:
                if route.name is not None:
                    answering = self._routes.setdefault(route.name, [])
                    if owners.get(route.index) == route.index:
                        answering.append(route)

    def __contains__(self, name: str) -> bool:
        return name in self._routes

    def like(self, name: str) -> str | None:
        """The known name that is most similar to ``name``; None if no name is similar."""
        return next(iter(difflib.get_close_matches(name, self._routes, n=1)), None)

    def routes(self, name: str) -> list[Route]:
        """Routes that answer for a known name, the first table's first."""
        return self._routes[name]


class _Judge:
    """Comparison of the uses of ``reverse_url`` with the names that routes have."""

    def __init__(self, names: _Names, found: References, places: Places) -> None:
        self._names = names
        self._found = found
        unknown = {
            name for use in found.uses for name in use.names if name not in names and not use.judged
        }
        self._declared = names_given(places.python, unknown) if unknown else {}
        # What would have been said if the replacement were not there.
        self._hidden: dict[Replacement, list[str]] = {}

    def findings(self) -> Iterator[Finding]:
        for unread in self._found.unread:
            yield finding(
                "TK000",
                f"undecided: its uses of reverse_url were not read, because {unread.reason}",
                where=unread.source,
            )
        for use in self._found.uses:
            yield from self._of_use(use)
        for replacement, names in self._hidden.items():
            listed = ", ".join(repr(name) for name in dict.fromkeys(names))
            yield finding(
                "TK000",
                f"undecided: {replacement.label} takes the place of Tornado's, so what it makes "
                f"of names and arguments that fit no route is not known: {listed}",
                where=replacement.source,
            )

    def _of_use(self, use: Use) -> Iterator[Finding]:
        replaced = [each for each in self._found.replacements if each.answers(use)]
        for name in use.names:
            if name not in self._names:
                if not (use.judged or "KeyError" in use.expects):
                    yield from self._unknown(name, use, replaced)
            elif not use.keywords and "AssertionError" not in use.expects:
                yield from self._miscounted(name, use, replaced)
        if not replaced and "TypeError" not in use.expects:
            yield from self._untaken(use)

    def _unknown(self, name: str, use: Use, replaced: Iterable[Replacement]) -> Iterator[Finding]:
        if self._hides(name, replaced, Forwards.NAME):
            return
        given = self._declared.get(name)
        if given is not None:
            message = (
                f"undecided: no route is named {name!r}, but {Path(given.file).name}:{given.line} "
                "gives the name to one that is not in the table"
            )
            yield finding("TK000", message, where=use.source)
            return
        like = self._names.like(name)
        meant = "" if like is None else f"; did you mean {like!r}?"
        message = f"no route is named {name!r}, so reverse_url raises KeyError{meant}"
        yield finding("TK601", message, where=use.source)

    def _miscounted(
        self, name: str, use: Use, replaced: Iterable[Replacement]
    ) -> Iterator[Finding]:
        routes = self._names.routes(name)
        takes = [_takes(route) for route in routes]
        if use.arguments is None or not routes or use.arguments in takes or None in takes:
            return
        if self._hides(name, replaced, Forwards.ALL):
            return
        given = _arguments(use.arguments)
        if self._found.matchers:
            message = (
                f"undecided: {name!r} is reversed with {given}, which its pattern does not take, "
                "but there is a matcher with a reverse of its own"
            )
            yield finding("TK000", message, where=use.source)
            return
        patterns = " or ".join(dict.fromkeys(f"{_pattern(r)} takes {_takes(r)}" for r in routes))
        message = (
            f"{name!r} is reversed with {given}, and its pattern {patterns}: "
            "reverse_url raises AssertionError"
        )
        yield finding("TK602", message, route=routes[0].index, where=use.source)

    def _untaken(self, use: Use) -> Iterator[Finding]:
        """Finding of a ``reverse_url`` call that raises a TypeError, whatever the route's name."""
        if use.keywords:
            listed = ", ".join(use.keywords)
            message = (
                f"reverse_url takes its arguments by position, not by name ({listed}): "
                "it raises TypeError"
            )
        elif not use.names and use.arguments is not None:
            message = "reverse_url is called without a name: it raises TypeError"
        else:
            return
        known = [r for name in use.names if name in self._names for r in self._names.routes(name)]
        route = known[0].index if known else None
        yield finding("TK602", message, route=route, where=use.source)

    def _hides(self, name: str, replaced: Iterable[Replacement], needed: Forwards) -> bool:
        """Whether a replacement of ``reverse_url`` may change ``name``, so that no fault is sure.

        It may where it hands on less than ``needed`` (the name, all arguments) to Tornado's. Noted
        for a TK000 if handlers or applications have it.
        """
        hiding = [each for each in replaced if each.forwards < needed]
        for each in hiding:
            # One that concerns no handler and no application has a meaning of its own.
            if each.asked:
                self._hidden.setdefault(each, []).append(name)
        return bool(hiding)


def _takes(route: Route) -> int | None:
    """Number of arguments that a route's pattern takes; None if unknown or of no matter.

    As ``PathMatches.reverse``. One that can't be reversed fails for any number (TK301).
    """
    failed = route.reversal is not None and route.reversal.outcome is Outcome.FAILS
    if failed or not isinstance(route.condition, PathCondition):
        return None
    return route.condition.regex.groups


def _pattern(route: Route) -> str:
    return shown(route.condition.regex) if isinstance(route.condition, PathCondition) else ""


def _arguments(count: int) -> str:
    return {0: "no argument", 1: "1 argument"}.get(count, f"{count} arguments")
