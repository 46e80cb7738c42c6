"""Calls ``reverse_url`` for every named route and follows the URL back through the table.

What comes in is a table without reversals, and for each route the ``reverse_url`` that its
handler would call (`Reverser`: the only user code here). Out comes the same table with a
`Reversal` on each named route. Arguments are examples of the regex's own groups; the URL is sent
back as a client would send it, with a host that satisfies the route's host rules. One pair of
example and host that comes back is enough: the question is whether the name works, not whether
every argument does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from tornkit.regex.patterns.pattern import shown
from tornkit.regex.patterns.sample import examples, unverified_groups
from tornkit.routing.conditions import PathCondition, ScopeKind
from tornkit.routing.matching.search import Answer, Request, arguments, candidates
from tornkit.routing.matching.sendable import SENT_AS_IS, USUAL_HOSTS, hosts, sent
from tornkit.routing.model import Fallback, Outcome, Reversal, Route, RouteTable, Takes
from tornkit.routing.patience import OutOfPatience, patience
from tornkit.routing.reading.reversers import Reverser

_PATIENCE = 1.0  # seconds of CPU time for one name
_TOGETHER = 50  # names, which mostly take 5 ms
# A path that is sent as it is, and whose arguments are not percent-encoded.
_PLAIN_PATH = re.compile(f"/[a-zA-Z0-9{re.escape(''.join(set(SENT_AS_IS) - set('%?#')))}]*")
# Of several tries that did not come back, the first of these is kept: what could not be decided
# is no error, and to name the route in the way says more than that nothing matched.
_PREFERRED = (Outcome.UNDECIDED, Outcome.TAKEN, Outcome.MISSES)


def with_reversals(table: RouteTable, reversers: Mapping[int, Reverser]) -> RouteTable:
    """Table with a `Reversal` on every named route; ``reversers`` is by index."""
    owners = name_owners(table.routes)
    found: dict[int, Reversal] = {}
    named = [route for route in table.routes if route.name is not None]
    for start in range(0, len(named), _TOGETHER):
        for route, reversal in _together(named[start : start + _TOGETHER], table, reversers):
            owner = owners.get(route.index, route.index)
            if owner != route.index and reversal.outcome is not Outcome.OK:
                reversal = reversal._replace(outcome=Outcome.SHADOWED, by=(owner,))  # noqa: PLW2901
            found[route.index] = reversal
    return replace(
        table,
        routes=tuple(
            route.reversed_as(found[route.index]) if route.index in found else route
            for route in table.routes
        ),
    )


def _together(
    routes: Sequence[Route], table: RouteTable, reversers: Mapping[int, Reverser]
) -> list[tuple[Route, Reversal]]:
    """Reversals of a few routes under one limit of time; one by one if that is not enough.

    To set and to restore the timer for each name was a seventh of a list of 10,000.
    """
    try:
        with patience(_PATIENCE):
            return [(each, _reversal(each, table, reversers.get(each.index))) for each in routes]
    except OutOfPatience:
        return [(each, _in_time(each, table, reversers.get(each.index))) for each in routes]


def _in_time(route: Route, table: RouteTable, reverser: Reverser | None) -> Reversal:
    """Reversal of one route, undecided if a pattern keeps ``re`` busy."""
    try:
        with patience(_PATIENCE):
            return _reversal(route, table, reverser)
    except OutOfPatience:
        reason = "it takes too long to match, its own pattern or one before it"
        return Reversal(Outcome.UNDECIDED, reason=reason)


def name_owners(routes: tuple[Route, ...]) -> dict[int, int]:
    """Owner of each name: for each named route, the index of the route that answers for its name.

    As ``ReversibleRuleRouter.reverse_url``: a router's own names first, of which the last of two
    equal ones stays in ``named_rules``; then the routers below, in rule order. Each ``Application``
    has names of its own, and the second copy of a host rule's list under ``default_host`` answers
    to the first.
    """
    winners: dict[tuple[int, str], Route] = {}
    asked: list[tuple[int, tuple[int, str]]] = []
    shared: dict[int, _NameScope] = {}  # by the identity of the scopes, which most routes share
    for route in routes:
        if route.name is None:
            continue
        scope = shared.get(id(route.scopes))
        if scope is None:
            scope = shared[id(route.scopes)] = _name_scope(route)
        key = (scope.root, route.name)
        if not scope.is_copy:
            asked.append((route.index, key))
        if not scope.reached:
            continue
        best = winners.get(key)
        # Routers are numbered in the order in which reverse_url, too, would enter them (so a
        # copy never wins: its original comes before it).
        if best is None or route.router <= best.router:
            winners[key] = route
    return {index: winners[key].index for index, key in asked if key in winners}


class _NameScope(NamedTuple):
    """Scope of a route's name, made by the routers above the route.

    ``root`` is the number of the router whose ``reverse_url`` is asked, ``reached`` tells whether
    that descends to the route, and ``is_copy`` is the route's own.
    """

    root: int
    reached: bool
    is_copy: bool


def _name_scope(route: Route) -> _NameScope:
    root = _name_root(route)
    reached = all(scope.reversible for scope in route.scopes if scope.number > root)
    return _NameScope(root, reached, route.is_copy)


def _name_root(route: Route) -> int:
    """Number of the router whose ``reverse_url`` is asked for a route's name; -1 without one.

    The application that the handler belongs to, else the outermost router that can reverse.
    """
    applications = [s.number for s in route.scopes if s.kind is ScopeKind.APPLICATION]
    reversible = [s.number for s in route.scopes if s.reversible]
    return next(iter([*applications[-1:], *reversible]), -1)


def _reversal(route: Route, table: RouteTable, reverser: Reverser | None) -> Reversal:
    """Reverse a route's name with examples until a URL leads back; else the best failure."""
    if reverser is None:
        return Reversal(Outcome.FAILS, reason="no router above it can reverse names")
    regex = route.condition.regex if isinstance(route.condition, PathCondition) else None
    failed: list[Reversal] = []
    for args in _argument_lists(regex):
        reversal = _there_and_back(route, table, reverser, args)
        # Tornado's reverse_url fails for the pattern's sake or the number of arguments, never
        # for their values: no other example would do better.
        if reversal.outcome in (Outcome.OK, Outcome.FAILS):
            return reversal
        failed.append(reversal)
    if not failed:
        return _without_examples(route, reverser, () if regex is None else unverified_groups(regex))
    return _fairly(_most_telling(failed), reverser)


def reversal_with(
    route: Route, table: RouteTable, reverser: Reverser, args: tuple[str, ...]
) -> Reversal:
    """Reversal of a route with just these arguments, and whether that leads back."""
    return _fairly(_there_and_back(route, table, reverser, args), reverser)


def _there_and_back(
    route: Route, table: RouteTable, reverser: Reverser, args: tuple[str, ...]
) -> Reversal:
    url = _call(route, reverser, args)
    if isinstance(url, Reversal):
        return url
    if _leads_straight_back(url, args, route, table):
        return Reversal(Outcome.OK, args, url, host=USUAL_HOSTS[0])
    return _round_trip(Reversal(Outcome.UNDECIDED, args, url), url, route, table)


def _fairly(reversal: Reversal, reverser: Reverser) -> Reversal:
    """Reversal that is undecided instead of a miss where ``reverse_url`` is overridden.

    A miss proves nothing where the URL may be meant for elsewhere.
    """
    if not reverser.overridden or reversal.outcome is not Outcome.MISSES:
        return reversal
    reason = f"{reverser.label} overrides reverse_url, and its URL is not one of this table"
    return reversal._replace(outcome=Outcome.UNDECIDED, reason=reason)


def _most_telling(failed: list[Reversal]) -> Reversal:
    return min(failed, key=lambda found: _PREFERRED.index(found.outcome))


def _argument_lists(regex: re.Pattern[str] | None) -> Iterator[tuple[str, ...]]:
    """Argument lists whose values the regex's groups really take."""
    if regex is None or not regex.groups:
        yield ()
    else:
        for example in examples(regex):
            yield example.groups


def _without_examples(route: Route, reverser: Reverser, unverified: tuple[str, ...]) -> Reversal:
    """Reversal of a route without examples: it may still be sure that no argument would do."""
    failure = _call(route, reverser, unverified)
    if isinstance(failure, Reversal):
        return failure
    reason = "no example of its arguments could be made"
    return Reversal(Outcome.UNDECIDED, reason=reason)


def _call(route: Route, reverser: Reverser, args: tuple[str, ...]) -> str | Reversal:
    """The URL that ``reverse_url`` gives, or `Outcome.FAILS`."""
    try:
        url = reverser.call(route.name, *args)
    except Exception as error:  # noqa: BLE001 - Tornado raises four kinds, an override any
        return Reversal(Outcome.FAILS, args, reason=_failure(error, route))
    if not isinstance(url, str):
        return Reversal(Outcome.FAILS, args, reason=f"reverse_url gives {url!r}")
    return url


def _failure(error: Exception, route: Route) -> str:
    if isinstance(error, KeyError) and "named urls" in str(error):
        return f"reverse_url does not find the name {route.name!r} (KeyError)"
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _leads_straight_back(url: str, args: tuple[str, ...], route: Route, table: RouteTable) -> bool:
    """True if a plain path matches a route that only its own pattern guards, and none before it.

    What `_round_trip` would find, in a fifth of its time, for nearly all names. False says
    nothing: `_round_trip` decides.
    """
    own = route.condition
    if not isinstance(own, PathCondition) or route.conditions != (own,):
        return False
    if route.opens is not None or route.takes is Takes.NEVER or not _PLAIN_PATH.fullmatch(url):
        return False
    found = own.regex.match(url)
    if found is None or found.groups() != args:
        return False
    if len(own.regex.groupindex) not in (0, own.regex.groups):
        return False  # the handler would get those with a name alone
    return table.is_first(route, url)


def _round_trip(reversal: Reversal, url: str, route: Route, table: RouteTable) -> Reversal:
    """Send ``url`` back and see which route takes it."""
    unsendable = _why_no_path(url)
    if unsendable:
        return reversal._replace(outcome=Outcome.MISSES, reason=unsendable)
    path = sent(url)
    miss = _miss(route, reversal, path)
    if miss:
        return reversal._replace(outcome=Outcome.MISSES, reason=miss)
    trips = []
    for host in hosts(route):
        trip = _trip(reversal, route, table, Request(path, host))
        if trip.outcome is Outcome.OK:
            return trip
        trips.append(trip)
    if not trips:
        reason = "no host name could be made that satisfies its host rules"
        return reversal._replace(outcome=Outcome.UNDECIDED, reason=reason)
    return _most_telling(trips)


def _trip(reversal: Reversal, route: Route, table: RouteTable, request: Request) -> Reversal:
    found, verdict = next(candidates(table, request), (None, Answer.NO))
    if found is not None and _is(found, route):
        return Reversal(Outcome.OK, reversal.args, reversal.url, host=request.host)
    if found is None or (isinstance(found, Fallback) and found.position > route.index):
        reason = "no route takes the URL"
        return reversal._replace(outcome=Outcome.MISSES, reason=reason, host=request.host)
    by: tuple[int, ...] = ()
    if isinstance(found, Fallback):
        name = f"the 404 of the {found.scopes[-1].label} before it"
    else:
        name, by = f"route {found.index} ({found.target.short_name})", (found.index,)
    if verdict is Answer.MAYBE:
        reason = f"whether {name} takes the URL is up to code that was not run"
        outcome = Outcome.UNDECIDED
    else:
        reason, outcome = f"{name} takes the URL", Outcome.TAKEN
    return reversal._replace(outcome=outcome, reason=reason, host=request.host, by=by)


def _is(found: Route | Fallback, route: Route) -> bool:
    """Whether ``found`` is ``route``, or is inside the router that ``route`` stands for."""
    if route.opens is not None:
        return any(scope.number == route.opens for scope in found.scopes)
    return isinstance(found, Route) and found.index == route.index


def _why_no_path(url: str) -> str:
    """Reason why ``url`` can't be the path of a request at all; empty if it can."""
    for mark, what in (("?", "a query string"), ("#", "a fragment")):
        if mark in url:
            return f"the {mark!r} in it begins {what}, so it is not the path that was meant"
    if not url.startswith("/"):
        return "it does not begin with '/'"
    return ""


def _miss(route: Route, reversal: Reversal, path: str) -> str:
    """Reason why ``path`` can't reach ``route``, or not with its arguments; empty if it can."""
    for condition in route.conditions:
        if isinstance(condition, PathCondition) and not condition.regex.match(path):
            own = condition is route.condition
            which = "the pattern" if own else f"the outer pattern {shown(condition.regex)}"
            sent_as = "" if path == reversal.url else f"a client sends it as {path}, and "
            return f"{sent_as}{which} does not match it"
    args, kwargs = arguments(route, Request(path))
    back = tuple(
        None if value is None else value.decode(errors="replace")
        for value in (args or kwargs.values())
    )
    if back != reversal.args:
        return f"its arguments {reversal.args} come back as {back}"
    return ""
