"""Search for the route that a request reaches.

Goes down a `RouteTable` as Tornado's ``RuleRouter.find_handler`` goes down its rules: raw path,
lower-case host without port, first that takes it wins. Three answers for each route instead of
two: code of the user's own (a matcher, a router, an overridden method) is not run here, so there
the answer is *maybe*.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from tornkit.routing.conditions import (
    Condition,
    CustomCondition,
    DefaultHostCondition,
    HostCondition,
    PathCondition,
)
from tornkit.routing.model import Fallback, Route, RouteTable, Takes

_HOST_AND_PORT = re.compile(r"^(.+):(\d+)$")  # tornado.httputil.split_host_and_port


@dataclass(frozen=True)
class Request:
    """A request as routing sees it. ``path`` is raw (``/caf%C3%A9``), without a query string.

    ``behind_proxy`` stands for an ``X-Real-Ip`` header, which ``default_host`` obeys.
    """

    path: str
    host: str = "localhost"
    behind_proxy: bool = False

    @property
    def host_name(self) -> str:
        """Host in lower case, without the port, as ``HTTPServerRequest.host_name``."""
        host = self.host.lower()
        match = _HOST_AND_PORT.match(host)
        return match.group(1) if match else host


class Answer(enum.IntEnum):
    """Answer of a condition; ordered, so that the weakest link of a chain is its minimum."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True)
class Match:
    """Result of the search for the route of a request.

    ``step`` is the route or fallback that certainly takes it (None: Tornado's bare 404), and
    ``maybe`` those before it that could. The arguments are what the handler would get: decoded
    to bytes, None for a group that took no part.
    """

    step: Route | Fallback | None
    maybe: tuple[Route | Fallback, ...] = ()
    path_args: tuple[bytes | None, ...] = ()
    path_kwargs: Mapping[str, bytes | None] = field(default_factory=dict)

    @property
    def route(self) -> Route | None:
        """The step that takes the request, if it is a route; else None."""
        return self.step if isinstance(self.step, Route) else None

    @property
    def first(self) -> Route | Fallback | None:
        """The first step that takes or may take the request."""
        return self.maybe[0] if self.maybe else self.step


def match(table: RouteTable, request: Request) -> Match:
    """The first route of ``table`` that takes ``request``."""
    maybe: list[Route | Fallback] = []
    for step, answer in candidates(table, request):
        if answer is Answer.YES:
            args, kwargs = arguments(step, request)
            return Match(step, tuple(maybe), args, kwargs)
        maybe.append(step)
    return Match(None, tuple(maybe))


def candidates(table: RouteTable, request: Request) -> Iterator[tuple[Route | Fallback, Answer]]:
    """All steps that may take the request, in order, up to the first that certainly does."""
    scopes: dict[int, Answer] = {}
    for step in table.steps_for(request.path):
        verdict = step_answer(step, request, scopes)
        if verdict is not Answer.NO:
            yield step, verdict
        if verdict is Answer.YES:
            return


def step_answer(step: Route | Fallback, request: Request, scopes: dict[int, Answer]) -> Answer:
    """Whether one step takes the request.

    ``scopes``, empty at first, remembers what the routers above answered to this request.
    """
    verdict = Answer.YES
    if isinstance(step, Route):
        if step.takes is Takes.NEVER:
            return Answer.NO
        if step.takes is Takes.MAYBE:
            verdict = Answer.MAYBE
        verdict = min(verdict, answer(step.condition, request))
    for scope in step.scopes:
        if verdict is Answer.NO:
            break
        if scope.number not in scopes:
            found = answer(scope.condition, request)
            scopes[scope.number] = min(found, Answer.MAYBE) if scope.overrides else found
        verdict = min(verdict, scopes[scope.number])
    return verdict


def answer(condition: Condition | None, request: Request) -> Answer:
    """Whether a request meets a route's condition; None, ``AnyMatches``, is always met."""
    match condition:
        case None:
            return Answer.YES
        case PathCondition(regex):
            return Answer.YES if regex.match(request.path) else Answer.NO
        case HostCondition(regex):
            return Answer.YES if regex.match(request.host_name) else Answer.NO
        case DefaultHostCondition():
            return Answer.YES if condition.possible and not request.behind_proxy else Answer.NO
        case CustomCondition():
            return Answer.MAYBE


def arguments(
    step: Route | Fallback, request: Request
) -> tuple[tuple[bytes | None, ...], dict[str, bytes | None]]:
    """Arguments that ``PathMatches.match`` hands on: named groups, or else all groups by position.

    Only the innermost rule's count: a router gets the outer ones' and ignores them.
    """
    if isinstance(step, Fallback) or not isinstance(step.condition, PathCondition):
        return (), {}
    found = step.condition.regex.match(request.path)
    if found is None:
        return (), {}
    if step.condition.regex.groupindex:
        return (), {name: _decoded(value) for name, value in found.groupdict().items()}
    return tuple(_decoded(value) for value in found.groups()), {}


def _decoded(value: str | None) -> bytes | None:
    return None if value is None else unquote_to_bytes(value)
