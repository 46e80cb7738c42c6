"""Verdicts on routes: an example where one arrives, else the question put to the languages."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from tornkit.regex.automata.positions import TooLarge
from tornkit.regex.automata.search import OverBudget
from tornkit.regex.automata.translate import Untranslatable
from tornkit.regex.patterns.sample import examples
from tornkit.routing.conditions import PathCondition
from tornkit.routing.matching.search import Request
from tornkit.routing.matching.sendable import hosts, sent
from tornkit.routing.model import Route, RouteTable, Takes
from tornkit.routing.path_language import is_sendable
from tornkit.routing.patience import OutOfPatience, patience
from tornkit.routing.reachability.fates import Fate, Verdict
from tornkit.routing.reachability.question import PATIENCE, Question, arrives
from tornkit.routing.reachability.worlds import is_host


def verdicts(table: RouteTable) -> Iterator[tuple[Route, Verdict]]:
    """Verdict on each route that takes requests itself.

    A host rule's second copy, under ``default_host``, is left out: nobody wrote it.
    """
    for route in table.routes:
        if route.takes is not Takes.NEVER and not route.is_copy:
            yield route, verdict(route, table)


def verdict(route: Route, table: RouteTable) -> Verdict:
    """Verdict on one route: whether any request reaches it."""
    try:
        with patience(PATIENCE):
            witness = _suggested(route, table)
            if witness is not None:
                return Verdict(Fate.REACHED, witness)
            return Question(route, table).verdict()
    except OutOfPatience:
        reason = "it takes too long, or the patterns before it do"
    except OverBudget:
        reason = "there are too many states to search"
    except TooLarge:
        reason = "the pattern is too large"
    except RecursionError:
        reason = "the pattern is nested too deep"
    except Untranslatable as error:
        reason = f"the pattern can't be analysed: {error}"
    return Verdict(Fate.UNDECIDED, reason=reason)


def _suggested(route: Route, table: RouteTable) -> Request | None:
    """Find a request that reaches the route, made of examples of its pattern; else None.

    It is cheap, and mostly the first arrives.
    """
    regex = route.condition.regex if isinstance(route.condition, PathCondition) else None
    # One after the other: mostly the first does, and the others may be long to find.
    paths = ["/"] if regex is None else (each.text for each in islice(examples(regex), 3))
    for path in paths:
        if not is_sendable(path) or sent(path) != path:
            continue
        for host in hosts(route)[:3]:
            request = Request(path, host)
            if not is_host(request.host_name):
                continue
            if arrives(route, table, request):
                return request
    return None
