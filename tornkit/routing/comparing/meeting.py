"""Test whether two routes can want the same request: only then their order matters.

They meet if some host satisfies the host rules of both, and some path that a client can send all
of their patterns. The answer is a request, or a proof that there is none; where neither can be
had (a matcher of the application's own, a back-reference, a spent budget) it is undecided.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from tornkit.regex.automata.alphabet import SENDABLE
from tornkit.regex.automata.expressions import both
from tornkit.regex.automata.languages import language
from tornkit.regex.automata.positions import TooLarge
from tornkit.regex.automata.search import OverBudget, SearchBudget, words
from tornkit.regex.automata.translate import Bound, Untranslatable
from tornkit.regex.patterns.prefix import required_prefix
from tornkit.routing.conditions import (
    Condition,
    CustomCondition,
    DefaultHostCondition,
    HostCondition,
    PathCondition,
    Scope,
    ScopeKind,
)
from tornkit.routing.matching.search import Answer, Request, answer
from tornkit.routing.model import Route, RouteTarget, TargetKind
from tornkit.routing.path_language import paths_of, sendable_paths
from tornkit.routing.patience import OutOfPatience, patience
from tornkit.routing.reachability.worlds import distinct_hosts, host_regexes, is_exact

_STATES, _SECONDS, _PATIENCE = 5000, 0.2, 0.5  # for one pair; a swap of two has many pairs
_TRIES = 4


@dataclass(frozen=True)
class Meeting:
    """Result of `meeting`: a request that both routes take, none for sure, or undecided.

    ``request`` is None where there is none (``sure``), or none was found (not ``sure``).
    """

    request: Request | None = None
    sure: bool = True


NEVER, UNDECIDED = Meeting(), Meeting(sure=False)


def meeting(one: Sequence[Condition], other: Sequence[Condition]) -> Meeting:
    """Whether all conditions of two routes can hold at once."""
    conditions = (*one, *other)
    if _apart(one, other) or any(
        isinstance(each, DefaultHostCondition) and not each.possible for each in conditions
    ):
        return NEVER
    if any(isinstance(each, CustomCondition) for each in conditions):
        return UNDECIDED
    try:
        with patience(_PATIENCE):
            return _searched(conditions)
    except (OutOfPatience, OverBudget, TooLarge, Untranslatable, RecursionError):
        return UNDECIDED


def _searched(conditions: Sequence[Condition]) -> Meeting:
    rules = [each for each in conditions if isinstance(each, HostCondition)]
    if not all(is_exact(rule) for rule in rules):
        return UNDECIDED
    hosts = distinct_hosts(host_regexes(rules), ())
    if not hosts:
        return NEVER
    wanted = both(paths_of(_holder(conditions), Bound.OVER).expression, sendable_paths())
    found = words(language(wanted, SENDABLE), [], SENDABLE, SearchBudget(_STATES, _SECONDS))
    tried = 0
    for path in islice(found, _TRIES):
        request = Request(path, hosts[0])
        if all(answer(condition, request) is Answer.YES for condition in conditions):
            return Meeting(request)
        tried += 1
    return UNDECIDED if tried else NEVER


def _apart(one: Iterable[Condition], other: Iterable[Condition]) -> bool:
    """Whether two routes' required path beginnings exclude each other: most pairs of a table do."""
    return any(
        not (ours.startswith(theirs) or theirs.startswith(ours))
        for ours in _beginnings(one)
        for theirs in _beginnings(other)
    )


def _beginnings(conditions: Iterable[Condition]) -> list[str]:
    return [required_prefix(each.regex) for each in conditions if isinstance(each, PathCondition)]


def _holder(conditions: Sequence[Condition]) -> Route:
    """Make a dummy route with these conditions, for functions that take a route."""
    scopes = (
        Scope(number, ScopeKind.ROUTER, "", condition)
        for number, condition in enumerate(conditions)
    )
    return Route(0, tuple(scopes), None, RouteTarget("", TargetKind.NOTHING))
