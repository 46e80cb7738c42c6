"""Search for earlier routes that take some of what a route matches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from tornkit.regex.automata.alphabet import SENDABLE
from tornkit.regex.automata.expressions import both
from tornkit.regex.automata.languages import language
from tornkit.regex.automata.positions import TooLarge
from tornkit.regex.automata.search import OverBudget, SearchBudget, words
from tornkit.regex.automata.translate import Bound, Untranslatable
from tornkit.routing.matching.search import Request
from tornkit.routing.model import Route, RouteTable
from tornkit.routing.path_language import paths_of, sendable_paths, union
from tornkit.routing.patience import OutOfPatience, patience
from tornkit.routing.reachability.question import (
    PATIENCE,
    SECONDS,
    STATES,
    TRIES,
    Question,
    arrives,
)
from tornkit.routing.reachability.worlds import World, holds_in


def overlaps(route: Route, table: RouteTable) -> Iterator[tuple[Route, Request]]:
    """The earlier routes that take some of what ``route`` matches, each with such a request.

    One for which that can't be decided is left out: see `verdict` for whether the route lives.
    """
    try:
        question = Question(route, table)
        worlds = list(question.worlds())
    except (OverBudget, TooLarge, Untranslatable):
        return
    for step in question.earlier:
        if isinstance(step, Route):
            request = _shared(question, step, worlds)
            if request is not None:
                yield step, request


def _shared(question: Question, step: Route, worlds: Sequence[World]) -> Request | None:
    """Find a request that the question's route and ``step`` match, and that ``step`` gets."""
    try:
        theirs = paths_of(step, Bound.UNDER).expression
        meeting = both(both(question.wanted.expression, theirs), sendable_paths())
        machine = language(meeting, SENDABLE)
        before = question.earlier[: question.earlier.index(step)]
        for world in worlds:
            if not holds_in(step, world):
                continue
            refused = union([each for each in before if holds_in(each, world)])
            with patience(PATIENCE):
                found = words(machine, refused, SENDABLE, SearchBudget(STATES, SECONDS))
                for path in islice(found, TRIES):
                    request = Request(path, world.host, world.proxied)
                    if arrives(step, question.table, request):
                        return request
    except (OutOfPatience, OverBudget, TooLarge, Untranslatable):
        pass
    return None
