"""Filter and order of the routes of a report.

All that is given has to hold; text is looked for in any case. A regex is searched as written and
also without its backslashes, so that ``robots.txt`` finds ``/(robots\\.txt)``.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tornkit.routing.conditions import DefaultHostCondition, HostCondition
from tornkit.routing.model import ANY_METHOD, Origin, Report, Route
from tornkit.routing.render import words


@dataclass(frozen=True)
class Filters:
    """Filters of a list: texts that a route has to contain; None for any route.

    ``grep`` is looked for in every text of a route. ``host`` is a part of a host rule, or a host
    that one takes. ``name`` and ``handler`` are parts; ``method`` is a whole one.
    """

    grep: str | None = None
    host: str | None = None
    name: str | None = None
    method: str | None = None
    handler: str | None = None
    origin: Origin | None = None

    @property
    def given(self) -> dict[str, str]:
        """Filters that are given, by name."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            name: value.value if isinstance(value, Origin) else value
            for name, value in values.items()
            if value is not None
        }


class Order(enum.Enum):
    """Order of a list. ``MATCH`` is the order in which Tornado tries the routes."""

    MATCH = "match"
    PATH = "path"
    NAME = "name"
    HANDLER = "handler"


def select(report: Report, filters: Filters, base: Path) -> tuple[Route, ...]:
    """The routes for which every filter holds, in match order.

    Files are searched as they are shown: relative to ``base`` when below it.
    """
    tests = _tests(filters, base)
    return tuple(route for route in report.routes if all(test(route) for test in tests))


def ordered(routes: Iterable[Route], order: Order) -> tuple[Route, ...]:
    """The routes by ``order``; equal ones in match order, and those without a name last."""
    match order:
        case Order.MATCH:
            return tuple(routes)
        case Order.PATH:
            return tuple(sorted(routes, key=lambda route: words.pattern(route).casefold()))
        case Order.NAME:
            return tuple(sorted(routes, key=_by_name))
        case Order.HANDLER:
            return tuple(sorted(routes, key=lambda route: words.handler(route).casefold()))


def _by_name(route: Route) -> tuple[bool, str]:
    return route.name is None, (route.name or "").casefold()


def _tests(filters: Filters, base: Path) -> list[Callable[[Route], bool]]:
    """Tests of a route, one for each filter that is given."""
    tests: list[Callable[[Route], bool]] = []
    if filters.grep is not None:
        grep = filters.grep.casefold()
        tests.append(lambda route: _contain(_searched(route, base), grep))
    if filters.host is not None:
        host = filters.host
        tests.append(lambda route: _has_host(route, host))
    if filters.name is not None:
        name = filters.name.casefold()
        tests.append(lambda route: route.name is not None and name in route.name.casefold())
    if filters.method is not None:
        method = filters.method.upper()
        tests.append(lambda route: not {method, ANY_METHOD}.isdisjoint(route.target.methods))
    if filters.handler is not None:
        handler = filters.handler.casefold()
        tests.append(lambda route: _contain([route.target.name, words.handler(route)], handler))
    if filters.origin is not None:
        tests.append(lambda route: route.origin is filters.origin)
    return tests


def _contain(texts: Iterable[str], wanted: str) -> bool:
    return any(wanted in text.casefold() for text in texts)


def _searched(route: Route, base: Path) -> Sequence[str]:
    host, pattern = words.host(route), words.pattern(route)
    url = route.reversal.url if route.reversal is not None else None
    sources = [source for source in (route.target.source, route.declared) if source is not None]
    return [
        host,
        _plain(host),
        pattern,
        _plain(pattern),
        route.name or "",
        route.target.name,
        words.handler(route),
        " ".join(route.target.methods),
        words.keywords_text(route, base),
        url or "",
        *(words.place(source, base) for source in sources),
    ]


def _has_host(route: Route, wanted: str) -> bool:
    text = words.host(route)
    if _contain([text, _plain(text)], wanted.casefold()):
        return bool(text)
    rules = [c for c in route.conditions if isinstance(c, HostCondition | DefaultHostCondition)]
    return bool(rules) and all(rule.regex.match(wanted.lower()) for rule in rules)


def _plain(regex: str) -> str:
    return regex.replace("\\", "")
