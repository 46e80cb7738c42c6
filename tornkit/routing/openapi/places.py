"""OpenAPI's terms for where a route answers: path templates, and servers for its hosts.

A route's path is its own pattern; those of the routers above it are conditions on the same whole
path (Tornado strips nothing on the way down). One that the template's beginning already
satisfies adds nothing; another makes the template inexact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tornkit.regex.patterns.pattern import parsed, shown
from tornkit.routing.conditions import (
    Condition,
    CustomCondition,
    DefaultHostCondition,
    HostCondition,
    PathCondition,
)
from tornkit.routing.model import Route, Takes, TargetKind
from tornkit.routing.openapi.patterns import words
from tornkit.routing.openapi.templates import PathTemplate, templates

_MOST_HOSTS = 8


@dataclass(frozen=True)
class Hosts:
    """Hosts that a route answers for.

    ``names`` are all hosts that satisfy the rules, None where they can't be listed or any does.
    ``rules`` are the regexes as written, empty where any host does. ``otherwise`` is True where any
    other host is let in by ``default_host`` too.
    """

    names: tuple[str, ...] | None = None
    rules: tuple[str, ...] = ()
    otherwise: bool = False

    @property
    def bound(self) -> bool:
        """Whether there are hosts that the route does not answer for."""
        return bool(self.rules) and not self.otherwise


def hosts_of(route: Route) -> Hosts:
    """Hosts that ``route`` answers for, from its host rules; ``default_host`` lets in any other."""
    rules = [each.regex for each in route.conditions if isinstance(each, HostCondition)]
    listed = [_host_names(regex) for regex in rules]
    names: tuple[str, ...] | None = None
    if listed and all(found is not None for found in listed):
        known = [found for found in listed if found is not None]
        names = tuple(name for name in known[0] if all(name in other for other in known[1:]))
    by_default = any(isinstance(each, DefaultHostCondition) for each in route.conditions)
    return Hosts(names, tuple(shown(regex) for regex in rules), by_default)


def why_not(route: Route) -> str | None:
    """Reason why a route has no place in an OpenAPI document; None if it may have one."""
    custom = [each.label for each in route.conditions if isinstance(each, CustomCondition)]
    impossible = [
        each.default_host
        for each in route.conditions
        if isinstance(each, DefaultHostCondition) and not each.possible
    ]
    if route.opens is not None:
        return "it stands for a router, and the router's routes are listed themselves"
    if route.takes is Takes.NEVER or not route.target.methods:
        return "it implements no method"
    if route.target.kind is TargetKind.ERROR:
        return "it answers with an error, whatever the request"
    if custom:
        return f"a matcher of the application's own decides: {', '.join(custom)}"
    if impossible:
        return f"no request can reach it: default_host is {impossible[0]}"
    return None


def repeated(routes: Iterable[Route]) -> set[int]:
    """Indices of unreachable routes: those with the same conditions as an earlier route.

    The earlier one surely takes a request that satisfies them, whatever its method.
    """
    taken: set[tuple[Condition, ...]] = set()
    found = set()
    for route in routes:
        if route.conditions in taken:
            found.add(route.index)
        elif route.takes is Takes.ALWAYS and not route.uncertain:
            taken.add(route.conditions)
    return found


def path_regex(route: Route) -> re.Pattern[str] | None:
    """Regex that a route's template is made of: its own, else its nearest router's; else None."""
    patterns = _path_patterns(route)
    return patterns[-1] if patterns else None


def places_of(route: Route) -> tuple[PathTemplate, ...]:
    """The templates under which ``route`` answers. Empty: there is no such path."""
    outer = _path_patterns(route)[:-1]
    return tuple(
        replace(template, exact=template.exact and all(_implied(each, template) for each in outer))
        for template in templates(path_regex(route))
        if all(_possible(each, template) for each in outer)
    )


def regex_text(route: Route) -> str:
    """All path patterns on the way as written, outermost first: ``/api/.* & /api/(x|y).*``."""
    return " & ".join(shown(regex) for regex in _path_patterns(route)) or "(any)"


def _path_patterns(route: Route) -> list[re.Pattern[str]]:
    return [each.regex for each in route.conditions if isinstance(each, PathCondition)]


def _possible(outer: re.Pattern[str], template: PathTemplate) -> bool:
    """Whether a router's pattern may match a path of the template; False only where it is sure.

    A template without slots is a path, and can be tried.
    """
    return bool(template.slots) or outer.match(template.text(())) is not None


def _implied(outer: re.Pattern[str], template: PathTemplate) -> bool:
    """Whether every path of the template surely satisfies ``outer``: it is ``literal.*``."""
    if not template.slots:
        return True
    beginning, rest = _literal_beginning(tuple(parsed(outer)))
    first = template.parts[0]
    return (
        not outer.flags & re.IGNORECASE
        and isinstance(first, str)
        and first.startswith(beginning)
        and _is_anything(rest)
    )


def _literal_beginning(items: Sequence[tuple[Any, Any]]) -> tuple[str, Sequence[tuple[Any, Any]]]:
    text = ""
    for place, (operator, argument) in enumerate(items):
        if str(operator) != "LITERAL":
            return text, items[place:]
        text += chr(argument)
    return text, ()


def _is_anything(items: Sequence[tuple[Any, Any]]) -> bool:
    """Whether the items are ``.*``, with or without an end or a group, or an open end."""
    if items and str(items[-1][0]) == "AT":
        items = items[:-1]
        if not items:
            return False
    if len(items) == 1 and str(items[0][0]) == "SUBPATTERN":
        items = items[0][1][-1]
    if not items:
        return True
    operator, argument = items[0]
    if len(items) > 1 or str(operator) not in ("MAX_REPEAT", "MIN_REPEAT"):
        return False
    low, high, body = argument
    return low == 0 and str(high) == "MAXREPEAT" and [str(each[0]) for each in body] == ["ANY"]


def _host_names(regex: re.Pattern[str]) -> tuple[str, ...] | None:
    """Every host name that satisfies a rule; None if they can't be listed.

    Without an end (a compiled pattern's may be missing) there is no end to them either.
    """
    items = tuple(parsed(regex))
    closed = items and str(items[-1][0]) == "AT"
    listed = words(items[:-1], _MOST_HOSTS) if closed else None
    # Also what the words can't say: flags, another `$`, a character that no host has.
    if listed is None or not all(name and regex.match(name) for name in listed):
        return None
    if regex.flags & re.IGNORECASE:
        listed = [name.lower() for name in listed]
    return tuple(name for name in dict.fromkeys(listed) if name == name.lower())
