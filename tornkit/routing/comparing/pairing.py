"""Pairs each route of a table with the same route in another table.

The closest first (same place, name and handler), the loosest last (same handler elsewhere), so
that a route that was renamed, or got another handler or pattern, is recognised as long as
something of it is left. Asked within an application, and then across all, because a program may
serve one more than it did.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence

from tornkit.routing.comparing.saved import UNKNOWN, SavedRoute

Pair = tuple[SavedRoute, SavedRoute]
"""A route as it was and as it is."""


def _place(route: SavedRoute) -> Hashable:
    conditions = route.get("conditions")
    return (
        route.host,
        route.get("default_host") is True,
        route.get("path"),
        None if conditions is UNKNOWN else json.dumps(conditions, sort_keys=True),
    )


def _by_name(route: SavedRoute) -> Hashable | None:
    return None if route.name is None else (route.name, route.get("default_host") is True)


def _by_handler(route: SavedRoute) -> Hashable | None:
    """Key of a route by its handler, unless Tornado's: two redirects share only their class."""
    own = route.target and not route.target.startswith("tornado.")
    return (route.target, route.get("default_host") is True) if own else None


_Key = Callable[[SavedRoute], Hashable | None]
_CLOSE: tuple[_Key, ...] = (
    lambda route: (_place(route), route.name, route.target),
    lambda route: (_place(route), route.target),
)
_LOOSE: tuple[_Key, ...] = (
    lambda route: (_place(route), route.name),
    _place,
    lambda route: (route.host, route.get("default_host") is True, route.get("path")),
    _by_name,
)


def pairs_of(old: Sequence[SavedRoute], new: Sequence[SavedRoute]) -> list[Pair]:
    """Pairs of routes, in the order of ``new``. Where several are equal, match order decides."""
    pairs: list[Pair] = []
    left, right = list(old), list(new)
    for keys in (_CLOSE, _LOOSE):
        for across, key in itertools.product((False, True), keys):
            found = _paired(left, right, key, across=across)
            pairs += found
            gone = {before.index for before, _ in found}
            left = [route for route in left if route.index not in gone]
            come = {after.index for _, after in found}
            right = [route for route in right if route.index not in come]
    pairs += _alone(left, right)
    return sorted(pairs, key=lambda pair: pair[1].index)


def _alone(old: Iterable[SavedRoute], new: Iterable[SavedRoute]) -> list[Pair]:
    """Pairs of routes that have nothing but their handler in common.

    A handler is no evidence where one of several routes could be meant.
    """
    found: dict[Hashable, tuple[list[SavedRoute], list[SavedRoute]]] = {}
    for side, routes in enumerate((old, new)):
        for route in routes:
            key = _by_handler(route)
            if key is not None:
                found.setdefault(key, ([], []))[side].append(route)
    return [
        (before[0], after[0]) for before, after in found.values() if len(before) == len(after) == 1
    ]


def _paired(
    old: Iterable[SavedRoute], new: Iterable[SavedRoute], key: _Key, *, across: bool
) -> list[Pair]:
    waiting: dict[Hashable, list[SavedRoute]] = defaultdict(list)
    for route in old:
        waiting[_full(route, key, across=across)].append(route)
    found = []
    for route in new:
        own = _full(route, key, across=across)
        if own is not None and waiting.get(own):
            found.append((waiting[own].pop(0), route))
    return found


def _full(route: SavedRoute, key: _Key, *, across: bool) -> Hashable | None:
    found = key(route)
    return None if found is None else (None if across else route.application, found)
