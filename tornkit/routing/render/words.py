"""Texts of one route, as short strings: host, pattern, handler, arguments, place.

Every table format, the filters and the sentences below a table use these same words. Nothing here
knows of columns or widths.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from tornkit.regex.patterns.pattern import shown
from tornkit.routing.conditions import (
    Condition,
    CustomCondition,
    DefaultHostCondition,
    HostCondition,
    PathCondition,
)
from tornkit.routing.model import Keyword, Route, RouteTarget, Source, TargetKind
from tornkit.routing.reading.values import shown as shortened

NO_HANDLERS = frozenset(
    {TargetKind.ROUTER, TargetKind.DELEGATE, TargetKind.CALLABLE, TargetKind.NOTHING}
)
"""Targets that are no handler class: nothing hands them a pattern's groups."""


def host(route: Route) -> str:
    """Host rules of the routers and the route, as written; empty if there is none."""
    rules = (HostCondition, DefaultHostCondition)
    return " & ".join(shown(c.regex) for c in route.conditions if isinstance(c, rules))


def host_kind(route: Route) -> str:
    """Kind of host rules: ``rule`` on the request's host, ``default_host`` on the application's."""
    kinds = {type(condition) for condition in route.conditions}
    if DefaultHostCondition in kinds:
        return "default_host"
    return "rule" if HostCondition in kinds else ""


_ON_PATHS = (PathCondition, CustomCondition)


def pattern(route: Route) -> str:
    """Path rules of the routers and the route, outermost first: ``/api/.* & /api/users``."""
    parts = [condition_text(each) for each in route.conditions if isinstance(each, _ON_PATHS)]
    return " & ".join(parts) or "(any)"


def condition_text(condition: Condition) -> str:
    """Text of a condition: its regex as written; ``<Matcher regex>`` for a matcher of one's own.

    Of an empty one there is the ``$`` that Tornado appends, or nothing but quotes.
    """
    if isinstance(condition, CustomCondition):
        inside = [condition.label, *([condition.pattern] if condition.pattern else [])]
        return f"<{' '.join(inside)}>"
    return shown(condition.regex) or condition.regex.pattern or "''"


def handler_name(target: RouteTarget) -> str:
    """Short name of a target, and its kind where it is no handler."""
    kind = f" ({target.kind.value})" if target.kind in NO_HANDLERS else ""
    return f"{target.short_name}{kind}{f' {target.detail}' if target.detail else ''}"


def handler(route: Route) -> str:
    """Handler of a route, as `handler_name`; a route that stands for a router says so."""
    if route.opens is not None:
        return f"{route.target.short_name} (its routes follow)"
    return handler_name(route.target)


def arguments(route: Route) -> tuple[str | int, ...] | None:
    """The groups that the handler's methods get: names, or else positions from 1.

    ``/(?P<year>\\d+)/(?P<slug>.*)`` -> ``("year", "slug")``; ``/(\\d+)`` -> ``(1,)``. Only those
    of the route's own pattern count (``PathMatches.match``); None where a matcher of one's own
    makes them.
    """
    if route.opens is not None or route.target.kind in NO_HANDLERS:
        return ()
    condition = route.condition
    if isinstance(condition, PathCondition):
        regex = condition.regex
        return tuple(regex.groupindex) or tuple(range(1, regex.groups + 1))
    return None if isinstance(condition, CustomCondition) else ()


def arguments_text(route: Route) -> str:
    """Arguments in a cell: ``year, slug`` by name, ``#1, #2`` by position."""
    found = arguments(route)
    return _listed(found) if found else ""


@lru_cache(maxsize=256)
def _listed(found: tuple[str | int, ...]) -> str:
    return ", ".join([each if isinstance(each, str) else f"#{each}" for each in found])


def keywords_text(route: Route, base: Path) -> str:
    """Arguments of ``initialize`` in a cell, secrets masked: ``page_size=20, path='files'``."""
    return ", ".join(
        # What is no mapping is one keyword of that name.
        f"**{keyword(each, base)}" if each.name == "**" else f"{each.name}={keyword(each, base)}"
        for each in route.kwargs
    )


def keyword(given: Keyword, base: Path) -> str:
    """Short text of an argument's value, secrets masked, a path below ``base`` relative to it."""
    value: Any = given.value
    # By its exact type: asking a value of the user's own for its class would run their code.
    if type(value) is str and value.startswith(f"{base}/"):
        return shortened(given.name, value.removeprefix(f"{base}/"))
    if type(value) is type(base) and value.is_relative_to(base):
        return shortened(given.name, value.relative_to(base))
    return given.shown


def authenticated(target: RouteTarget) -> tuple[str, ...]:
    """The methods that answer only users who are signed in (``@authenticated``)."""
    return tuple(each.method for each in target.operations if each.authenticated)


def auth(target: RouteTarget) -> str:
    """Methods that ask for a user; ``yes`` if every one does, nothing if none does."""
    which = authenticated(target)
    return "yes" if which and len(which) == len(target.operations) else " ".join(which)


def place(source: Source | None, base: Path) -> str:
    """Place as ``handlers.py:12``: below site-packages, else below ``base``, else the full path."""
    return "" if source is None else f"{_file(source.file, base)}:{source.line}"


@lru_cache(maxsize=4096)
def _file(file: str, base: Path) -> str:
    parts = Path(file).parts
    for folder in ("site-packages", "dist-packages"):
        if folder in parts:
            return str(Path(*parts[parts.index(folder) + 1 :]))
    return _below(file, base)


def relative(source: Source, base: Path) -> str:
    """Path of a source's file, relative to ``base`` when below it."""
    return _below(source.file, base)


@lru_cache(maxsize=4096)
def _below(file: str, base: Path) -> str:
    path = Path(file)
    return str(path.relative_to(base) if path.is_relative_to(base) else path)
