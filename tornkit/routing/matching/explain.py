"""Explains what Tornado does with a request, and why not something else.

What comes in is a table and a request; out comes the step that takes it with the answer it is
headed for, the routes before it with the reason why each did not, and those behind it that would
have, had the search gone on. Code of the application's own is not run here, so what it decides
about is listed as undecided, in front of what is sure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tornkit.routing.conditions import CustomCondition
from tornkit.routing.matching.answers import Reply, reply
from tornkit.routing.matching.asked import Asked
from tornkit.routing.matching.nearness import Miss, miss
from tornkit.routing.matching.search import Answer, step_answer
from tornkit.routing.model import Fallback, Route, RouteTable, Takes


@dataclass(frozen=True)
class Passed:
    """A route that was tried and does not take the request, and the reason."""

    route: Route
    miss: Miss


@dataclass(frozen=True)
class Undecided:
    """A route or fallback whose own code decides if it takes the request, before the sure taker."""

    step: Route | Fallback
    reply: Reply
    why: str

    @property
    def answered(self) -> bool:
        """Whether anything but an error can come of the step.

        A ``find_handler`` may find anything.
        """
        return self.reply.answered or any(scope.overrides for scope in self.step.scopes)


@dataclass(frozen=True)
class Explanation:
    """Explanation of which route or fallback takes a request, and why not others.

    ``step`` surely takes the request, where none of ``undecided`` does before; None is
    Tornado's bare 404. ``later`` are the routes behind it that would take the request too.
    """

    asked: Asked
    step: Route | Fallback | None
    reply: Reply
    undecided: tuple[Undecided, ...] = ()
    passed: tuple[Passed, ...] = ()
    later: tuple[Route, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether the request may end in anything but an error."""
        return self.reply.answered or any(each.answered for each in self.undecided)


def explain(table: RouteTable, asked: Asked, tornado: str) -> Explanation:
    """Explain which step of ``table`` takes the request, and why those before it do not.

    :param tornado: its version.
    """
    request = asked.routed
    scopes: dict[int, Answer] = {}
    taker: Route | Fallback | None = None
    undecided: list[Undecided] = []
    passed: list[Passed] = []
    later: list[Route] = []
    for step in table.steps:
        verdict = step_answer(step, request, scopes)
        if taker is not None:
            if isinstance(step, Route) and verdict is not Answer.NO:
                later.append(step)
        elif verdict is Answer.YES:
            taker = step
        elif verdict is Answer.MAYBE:
            why = ", ".join(_deciders(step))
            undecided.append(Undecided(step, reply(step, asked, tornado), why))
        elif isinstance(step, Route) and step.opens is None:
            passed.append(Passed(step, miss(step, request)))
    return Explanation(
        asked,
        taker,
        reply(taker, asked, tornado),
        tuple(undecided),
        tuple(passed),
        tuple(later),
    )


def _deciders(step: Route | Fallback) -> Iterator[str]:
    """The code that decides whether ``step`` takes a request."""
    for scope in step.scopes:
        if scope.overrides:
            yield f"the {' and '.join(scope.overrides)} of {scope.label}"
        if isinstance(scope.condition, CustomCondition):
            yield f"the matcher {scope.condition.label}"
    if isinstance(step, Route):
        if isinstance(step.condition, CustomCondition):
            yield f"the matcher {step.condition.label}"
        if step.takes is Takes.MAYBE and not any(scope.overrides for scope in step.scopes):
            yield f"the router {step.target.short_name}"
