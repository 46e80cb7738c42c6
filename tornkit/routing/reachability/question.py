"""Question about one route: world by world, is there a path that is left to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from tornkit.regex.automata.alphabet import SENDABLE, WIRE
from tornkit.regex.automata.expressions import both
from tornkit.regex.automata.languages import language
from tornkit.regex.automata.search import OverBudget, SearchBudget, drawn, shortest, words
from tornkit.regex.automata.translate import Bound
from tornkit.regex.patterns.prefix import required_prefix
from tornkit.routing.conditions import DefaultHostCondition, PathCondition
from tornkit.routing.matching.search import Answer, Request, answer, candidates
from tornkit.routing.model import Fallback, Route, RouteTable, Takes
from tornkit.routing.path_language import (
    is_path,
    paths_of,
    sendable_paths,
    takes_everything,
    union,
)
from tornkit.routing.reachability.fates import Fate, Verdict
from tornkit.routing.reachability.worlds import (
    World,
    distinct_hosts,
    holds_in,
    host_regexes,
    is_exact,
)

STATES, SECONDS = 20_000, 0.5  # of all searches for one route; and again for who is to blame
PATIENCE = 2.0  # seconds of CPU time for a route in all, with what `re` itself takes
TRIES = 8  # words looked at where translations are inexact and a witness may turn out to be none
# Of a route's own URLs, sent through `match`: most of what lives is found so, and whoever takes all
# of them may well be all that is needed for the proof. _MAPPED: the states that may cost.
_DRAWN, _MAPPED = 25, 3000


class Question:
    """The question whether some request reaches one route.

    :raises Untranslatable: its pattern is beyond the analysis altogether.
    """

    def __init__(self, route: Route, table: RouteTable) -> None:
        self.route = route
        self.table = table
        self.earlier = surely_taking(route, table)
        self.wanted = paths_of(route, Bound.OVER)
        self.budget = SearchBudget(STATES, SECONDS)

    def verdict(self) -> Verdict:
        """Verdict on the route: reached, covered, unsendable or undecided.

        :raises OverBudget, TooLarge: it could not be decided.
        """
        sendable = language(both(self.wanted.expression, sendable_paths()), SENDABLE)
        if shortest(sendable, [], SENDABLE, self.budget) is None:
            return Verdict(Fate.UNSENDABLE, self._unsendable())
        worlds = list(self.worlds())
        if not worlds:
            return Verdict(Fate.UNSENDABLE)
        requests = [
            Request(path, world.host, world.proxied) for path in self._drawn() for world in worlds
        ]
        for request in requests:
            if arrives(self.route, self.table, request):
                return Verdict(Fate.REACHED, request)
        takers = self._takers(requests)
        if not self._suffice(takers, worlds):
            found = self._searched(worlds)
            if found is not None:
                return found
            takers = [step for step in self.earlier if self._meets(step)]
        by, fallback = _named(self._needed(takers, worlds))
        return Verdict(Fate.COVERED, next(iter(requests), None), by, fallback)

    def _searched(self, worlds: Sequence[World]) -> Verdict | None:
        """Search the languages for a witness; None if there surely is none.

        Else the verdict is that the route is reached, or that it can't be known.
        """
        doubts = False
        for world in worlds:
            covers = [step for step in self.earlier if holds_in(step, world)]
            witness, sure = self._witness(world, covers)
            if witness is not None:
                return Verdict(Fate.REACHED, witness)
            doubts |= not sure
        if doubts:
            reason = "a part of the pattern is beyond the analysis, and no example was found"
            return Verdict(Fate.UNDECIDED, reason=reason)
        return None

    # ---- hosts ----

    def worlds(self) -> Iterator[World]:
        """Every world (hosts that no rule tells apart) that the route's host conditions allow."""
        steps: list[Route | Fallback] = [*self.earlier, self.route]
        conditions = [condition for step in steps for condition in step.conditions]
        proxies = any(isinstance(c, DefaultHostCondition) for c in conditions)
        own = [
            condition
            for condition in self.route.conditions
            if not isinstance(condition, PathCondition) and is_exact(condition)
        ]
        for host in distinct_hosts(host_regexes(own), host_regexes(conditions)):
            for proxied in (False, True) if proxies else (False,):
                request = Request("/", host, proxied)
                if all(answer(condition, request) is not Answer.NO for condition in own):
                    yield World(host, proxied)

    # ---- paths ----

    def _witness(
        self, world: World, covers: Sequence[Route | Fallback]
    ) -> tuple[Request | None, bool]:
        """Find a request of this world that reaches the route; and whether the result is sure.

        One that a browser could send is preferred: it is searched first.
        """
        refused = union(covers)
        if any(takes_everything(step) for step in covers):
            return None, True
        for wanted, universe in (
            (both(self.wanted.expression, sendable_paths()), SENDABLE),
            (self.wanted.expression, WIRE),
        ):
            machine = language(wanted, WIRE)
            found = words(machine, refused, universe, self.budget)
            tried = 0
            for path in islice(found, TRIES):
                request = Request(path, world.host, world.proxied)
                if arrives(self.route, self.table, request):
                    return request, True
                tried += 1
            if tried:
                return None, False
        return None, True

    def _drawn(self) -> list[str]:
        """Some URLs that the route's patterns match, a shortest one first."""
        own = language(both(self.wanted.expression, sendable_paths()), SENDABLE)
        try:
            return drawn(own, SENDABLE, SearchBudget(_MAPPED, SECONDS), count=_DRAWN)
        except OverBudget:
            first = shortest(own, [], SENDABLE, self.budget)
            return [] if first is None else [first]

    # ---- who is to blame ----

    def _takers(self, requests: Sequence[Request]) -> list[Route | Fallback]:
        """Earlier steps that take these requests instead of the route."""
        found = {
            id(step)
            for request in requests
            for step, how in candidates(self.table, request)
            if how is Answer.YES
        }
        return [step for step in self.earlier if id(step) in found]

    def _needed(
        self, steps: list[Route | Fallback], worlds: Sequence[World]
    ) -> list[Route | Fallback]:
        """Selection of ``steps`` that suffices: one alone if there is one, else with none to spare.

        If the budget does not suffice for that, a few more than needed are left.
        """
        self.budget = SearchBudget(STATES, SECONDS)
        try:
            for step in steps:
                if len(steps) == 1 or self._suffice([step], worlds):
                    return [step]
            for step in tuple(reversed(steps)):
                fewer = [each for each in steps if each is not step]
                if self._suffice(fewer, worlds):
                    steps = fewer
        except OverBudget:
            pass
        return steps

    def _meets(self, step: Route | Fallback) -> bool:
        """Whether the step takes any path of the route's at all."""
        theirs = paths_of(step, Bound.UNDER).expression
        meeting = language(both(self.wanted.expression, theirs), WIRE)
        return shortest(meeting, [], WIRE, self.budget) is not None

    def _suffice(self, steps: Sequence[Route | Fallback], worlds: Sequence[World]) -> bool:
        """Whether these steps alone take every path of the route, in all worlds."""
        machine = language(self.wanted.expression, WIRE)
        for world in worlds:
            covers = [step for step in steps if holds_in(step, world)]
            if shortest(machine, union(covers), WIRE, self.budget) is not None:
                return False
        return True

    def _unsendable(self) -> Request | None:
        """Request that the route would match, if a client sent such a thing; for the reader."""
        try:
            raw = shortest(language(self.wanted.expression, WIRE), [], WIRE, self.budget)
        except OverBudget:
            return None
        return None if raw is None else Request(raw)


def _named(steps: Iterable[Route | Fallback]) -> tuple[tuple[int, ...], Fallback | None]:
    indices, fallback = [], None
    for step in steps:
        if isinstance(step, Route):
            indices.append(step.index)
        else:
            fallback = step
    return tuple(indices), fallback


def surely_taking(route: Route, table: RouteTable) -> list[Route | Fallback]:
    """The steps before the route that take whatever satisfies their conditions."""
    found: list[Route | Fallback] = []
    for step in table.steps:
        if isinstance(step, Route):
            if step.index == route.index:
                break
            sure = step.takes is Takes.ALWAYS and not step.uncertain and _may_meet(step, route)
        else:
            sure = not any(scope.overrides for scope in step.scopes)
        if sure and all(is_exact(c) for c in step.conditions if not is_path(c)):
            found.append(step)
    return found


def _may_meet(step: Route, route: Route) -> bool:
    """Whether the beginnings that two routes require allow a path that both match."""
    if not isinstance(step.condition, PathCondition):
        return True
    if not isinstance(route.condition, PathCondition):
        return True
    theirs, own = required_prefix(step.condition.regex), required_prefix(route.condition.regex)
    return theirs.startswith(own) or own.startswith(theirs)


def arrives(route: Route, table: RouteTable, request: Request) -> bool:
    """Whether the request reaches the route, as far as no code of the user's own is asked."""
    for step, _ in candidates(table, request):
        if isinstance(step, Route) and step.index == route.index:
            return True
    return False
