"""TK701: patterns that a request can make backtrack for ages (ReDoS).

Paths and hosts are both the client's choice. `tornkit.regex.backtracking` finds what might be
slow, and here it is seen to that the string would get as far as the pattern: that the routers
above let it through, and that no route before it surely takes it. Then it is run, and only what
was measured is told. Each distinct pattern is tried once, and told at the first route that has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tornkit.regex.automata.alphabet import HOST, WIRE, mask_of
from tornkit.regex.backtracking.attack import Attack, Suspicion, suspicion
from tornkit.regex.backtracking.budget import TooMuch
from tornkit.regex.backtracking.growth import example, growth, is_exponential
from tornkit.regex.backtracking.shape import worth_a_look
from tornkit.regex.backtracking.trial import Job, Outcome, Proof, TrialUndecided, outcomes
from tornkit.routing.checks.place import Place, places_of
from tornkit.routing.findings.packages import is_packages
from tornkit.routing.matching.search import Answer, Request, answer, candidates
from tornkit.routing.matching.sendable import hosts
from tornkit.routing.model import Fallback, Finding, Route, RouteTable

# A host needs more than letters for these: two digits behind, or a port.
_HOST_LETTERS = HOST & ~mask_of("%:")
_REPETITIONS = 3  # to see which way a string goes: slow patterns are not, so early
_PATHS = ("/", "/-/-")
_AMONG_WAYS = (
    "let each character fit in one way only, or keep what a repeat took with ++ or *+ in place "
    "of + or *"
)
_IN_A_ROW = (
    "part what is repeated by a character that it does not take itself, as in [^/]+/[^/]+ "
    "in place of .*/.*"
)


@dataclass(frozen=True)
class _Suspect:
    """A pattern that may be slow, and in ``job`` the attacks on it that a client can send."""

    place: Place
    suspicion: Suspicion
    job: Job


def check(table: RouteTable) -> Iterator[Finding]:
    """Findings of patterns that were proved slow, and of those that could not be decided."""
    suspects: list[_Suspect] = []
    for place in _places(table):
        try:
            if not worth_a_look(place.regex):
                continue
            found = suspicion(place.regex, _HOST_LETTERS if place.host else WIRE)
        except TooMuch as reason:
            yield _undecided(place, str(reason))
        except RecursionError:
            yield _undecided(place, "it is nested too deep")
        else:
            if found is not None:
                suspects.append(_suspect(place, found, table))
    jobs = [suspect.job for suspect in suspects if suspect.job.attacks]
    tried = outcomes(jobs)
    for suspect in suspects:
        outcome = next(tried) if suspect.job.attacks else _NOT_REACHED
        yield from _findings(suspect, outcome)


_NOT_REACHED = TrialUndecided("the strings that could show it are taken by routes before it")


def _findings(suspect: _Suspect, outcome: Outcome) -> Iterator[Finding]:
    place = suspect.place
    if isinstance(outcome, Proof):
        cure = _AMONG_WAYS if is_exponential(outcome) else _IN_A_ROW
        message = f"{place.called} can be made to run for ages: {growth(outcome)}; {cure}"
        yield place.finding("TK701", message, example(outcome))
    elif isinstance(outcome, TrialUndecided):
        yield _undecided(place, outcome)
    elif suspect.suspicion.approximate:
        reason = f"it has {suspect.suspicion.approximate}, and nothing that was tried was slow"
        yield _undecided(place, reason)


def _undecided(place: Place, reason: str) -> Finding:
    message = f"undecided: it is not known if {place.called} can be made to run for ages: {reason}"
    return place.finding("TK000", message)


def _places(table: RouteTable) -> Iterable[Place]:
    """Each distinct pattern at the first route that has it, without those of packages' rules.

    A host rule is the application's even where all that it guards came with a package.
    """
    places: dict[tuple[re.Pattern[str], bool], Place] = {}
    for route in table.routes:
        found = [
            place
            for scope in route.scopes
            for place in places_of(route, scope.condition, outer=True)
        ]
        found += places_of(route, route.condition, outer=False)
        foreign = is_packages(route, table)
        for place in found:
            if place.host or not foreign:
                places.setdefault((place.regex, place.host), place)
    return places.values()


def _suspect(place: Place, found: Suspicion, table: RouteTable) -> _Suspect:
    attacks = []
    for attack in found.attacks:
        suffixes = tuple(each for each in attack.suffixes if _arrives(place, attack, each, table))
        if suffixes:
            attacks.append(replace(attack, suffixes=suffixes))
    return _Suspect(place, found, Job(place.regex, tuple(attacks)))


def _arrives(place: Place, attack: Attack, suffix: str, table: RouteTable) -> bool:
    """Whether a request with the attack's string makes Tornado try the pattern of ``place``."""
    text = attack.text(_REPETITIONS, suffix)
    if place.host:
        requests = [Request(path, text) for path in _PATHS]
    else:
        # Without a host that is known to lead there, any will have to do.
        requests = [Request(text, host) for host in hosts(place.route) or ("localhost",)]
    return any(_asked(place, request, table) for request in requests)


def _asked(place: Place, request: Request, table: RouteTable) -> bool:
    for scope in place.route.scopes:
        above = places_of(place.route, scope.condition, outer=True)
        if any(each.regex == place.regex for each in above):
            break
        if answer(scope.condition, request) is Answer.NO:
            return False
    for step, found in candidates(table, request):
        if not _is_before(step, place.route):
            return True
        if found is Answer.YES:
            return False
    return True


def _is_before(step: Route | Fallback, route: Route) -> bool:
    if isinstance(step, Fallback):
        return step.position <= route.index
    return step.index < route.index
