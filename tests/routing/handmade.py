"""Routes and tables made by hand, for tests of one module by itself."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tornkit.routing.conditions import (
    Condition,
    HostCondition,
    PathCondition,
    Scope,
    ScopeKind,
)
from tornkit.routing.model import Fallback, Route, RouteTable, RouteTarget, TargetKind

PAGE = RouteTarget("app.Page", TargetKind.HANDLER, ("GET",))
ERROR = RouteTarget("tornado.web.ErrorHandler", TargetKind.ERROR, detail="status 404")
# A number means one router in all of a table; those that a test gives itself are small.
_NUMBERS = itertools.count(100)


def path(pattern: str, flags: int = 0) -> PathCondition:
    """Path rule with this pattern as it stands, without the ``$`` that Tornado appends."""
    return PathCondition(re.compile(pattern, flags))


def host(pattern: str) -> HostCondition:
    """Host rule with this pattern as it stands."""
    return HostCondition(re.compile(pattern))


def a_scope(condition: Condition | None = None, number: int = 0, **more: Any) -> Scope:
    """Router that is reached by this condition."""
    return Scope(number, ScopeKind.RULES, "Router", condition, **more)


def a_route(condition: Condition | str | None, *above: Condition, **more: Any) -> Route:
    """Route below one router for each of ``above``; a text is its own pattern with a ``$``."""
    own = path(f"{condition}$") if isinstance(condition, str) else condition
    given = {"index": 0, "scopes": _routers(above), "condition": own, "target": PAGE}
    return Route(**{**given, **more})


def a_fallback(position: int, *above: Condition) -> Fallback:
    """Fallback (a 404) of an application below one router for each of ``above``."""
    return Fallback(position, _routers(above), ERROR)


def _routers(conditions: Iterable[Condition]) -> tuple[Scope, ...]:
    return tuple(a_scope(each, next(_NUMBERS)) for each in conditions)


def a_table(
    routes: Iterable[Route | str], fallbacks: Iterable[Fallback] = (), start: int = 0
) -> RouteTable:
    """Table of these routes, numbered in their order; a text is as for `a_route`."""
    made = [a_route(each) if isinstance(each, str) else each for each in routes]
    numbered = (replace(each, index=index) for index, each in enumerate(made, start))
    return RouteTable(tuple(numbered), tuple(fallbacks))
