"""Reads a live application into `tornkit.routing.model`.

The only module that knows Tornado's routers from inside. It walks ``rules`` depth first, as
``RuleRouter.find_handler`` does, and asks of each rule what matches, what stands at its end, and
whether that surely ends the search. It runs no handler and no matcher; of the user's code only a
``reverse_url`` is called (by `tornkit.routing.reverse`).

What it can't look into (a `Router` with its own ``find_handler``, a matcher class of the user's)
becomes one line, marked as uncertain, rather than a guess.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import tornado
from tornado import routing, web, websocket, wsgi
from tornado.httputil import HTTPServerConnectionDelegate

from tornkit.routing.model import (
    ANY_METHOD,
    Condition,
    CustomCondition,
    DefaultHostCondition,
    Fallback,
    HostCondition,
    Origin,
    PathCondition,
    Route,
    RouteTable,
    Scope,
    ScopeKind,
    Takes,
    Target,
    TargetKind,
)
from tornkit.routing.reverse import Reverser, with_reversals
from tornkit.routing.source import dotted_name, source_of

# All that is private in Tornado and used here. Where a later version has moved it, the fallback
# loses detail (a method shown that answers 405; handlers listed as callables), never a route.
_UNIMPLEMENTED = getattr(web.RequestHandler, "_unimplemented_method", None)
_APPLICATION_ROUTER: type = getattr(web, "_ApplicationRouter", routing.RuleRouter)
_OVERRIDABLE = ("find_handler", "get_target_delegate")
# `Application.__init__` inserts these under `static_path`, before the application's own.
_STATIC_FILES = (r"/(favicon\.ico)$", r"/(robots\.txt)$")

_KINDS: tuple[tuple[type, TargetKind], ...] = (
    (websocket.WebSocketHandler, TargetKind.WEBSOCKET),
    (web.StaticFileHandler, TargetKind.STATIC),
    (web.RedirectHandler, TargetKind.REDIRECT),
    (web.ErrorHandler, TargetKind.ERROR),
    (web.FallbackHandler, TargetKind.FALLBACK),
)


def route_tables(applications: Iterable[object]) -> tuple[RouteTable, ...]:
    """The tables of all applications that one program serves; indices run on."""
    tables: list[RouteTable] = []
    for application in applications:
        tables.append(route_table(application, start=sum(len(table.routes) for table in tables)))
    return tuple(tables)


def route_table(application: object, *, start: int = 0) -> RouteTable:
    """One application's routes in match order, names reversed; indices begin at ``start``.

    :param application: an ``Application``, another ``HTTPServerConnectionDelegate``, or an
        old-style callback.
    """
    walk = _Walk(start)
    walk.enter(application, (), None)
    table = RouteTable(tuple(walk.routes), tuple(walk.fallbacks))
    return with_reversals(table, walk.reversers)


@dataclass
class _Walk:
    """One descent through all routers of an application."""

    start: int
    routes: list[Route] = field(default_factory=list)
    fallbacks: list[Fallback] = field(default_factory=list)
    reversers: dict[int, Reverser] = field(default_factory=dict)
    _routers: list[object] = field(default_factory=list)  # on the way down, innermost last
    _scopes: int = 0
    # (application, host pattern) of each add_handlers -> its scope, to know the second copies
    _host_rules: dict[tuple[int, re.Pattern[str]], int] = field(default_factory=dict)

    @property
    def next_index(self) -> int:
        return self.start + len(self.routes)

    def enter(self, target: object, scopes: tuple[Scope, ...], rule: _Rule | None) -> None:
        """Descend into ``target`` if it is a router that can be read, else add it as a route."""
        if any(target is router for router in self._routers):
            self.add(target, scopes, rule)  # a router within itself: Tornado would not end either
        elif isinstance(target, web.Application):
            self.application(target, scopes, rule)
        elif isinstance(target, routing.RuleRouter):
            self.rules(target, scopes, rule)
        else:
            self.add(target, scopes, rule)

    def application(
        self, target: web.Application, scopes: tuple[Scope, ...], rule: _Rule | None
    ) -> None:
        scope = self.scope(ScopeKind.APPLICATION, target, rule)
        self._routers.append(target)
        # Its default router is entered as part of it: one scope, and no rule of its own.
        self.rules_of(target.default_router, (*scopes, scope))
        self._routers.pop()
        self.fallbacks.append(Fallback(self.next_index, (*scopes, scope), _not_found(target)))

    def rules(
        self, target: routing.RuleRouter, scopes: tuple[Scope, ...], rule: _Rule | None
    ) -> None:
        kind = ScopeKind.RULES if type(target) is _APPLICATION_ROUTER else ScopeKind.ROUTER
        self._routers.append(target)
        self.rules_of(target, (*scopes, self.scope(kind, target, rule)))
        self._routers.pop()

    def rules_of(self, router: routing.RuleRouter, scopes: tuple[Scope, ...]) -> None:
        innermost = next((r for r in reversed(self._routers) if _is_application(r)), None)
        inserted = _static_rules(innermost, router)
        for rule in router.rules:
            below = _Rule(rule, router, innermost, any(rule is one for one in inserted))
            if _descends(rule.target) and rule.name:
                self.add(rule.target, scopes, below, opens=self._scopes)
            self.enter(rule.target, scopes, below)

    def scope(self, kind: ScopeKind, target: Any, rule: _Rule | None) -> Scope:
        """The next number, and whether this is a host rule's list a second time."""
        number, copy_of = self._scopes, None
        self._scopes += 1
        condition = _condition(rule.matcher) if rule is not None else None
        if rule is not None:
            if isinstance(condition, HostCondition):
                self._host_rules.setdefault((id(rule.application), condition.regex), number)
            elif isinstance(condition, DefaultHostCondition):
                copy_of = self._host_rules.get((id(rule.application), condition.regex))
        return Scope(
            number,
            kind,
            type(target).__name__,
            condition,
            reversible=isinstance(target, routing.ReversibleRouter),
            overrides=_overrides(target),
            copy_of=copy_of,
        )

    def add(
        self,
        target: object,
        scopes: tuple[Scope, ...],
        rule: _Rule | None,
        *,
        opens: int | None = None,
    ) -> None:
        index = self.next_index
        described, takes = _described(target, rule)
        if opens is not None:
            plain = type(target) is _APPLICATION_ROUTER
            name = "rules" if plain else described.name
            described, takes = replace(described, name=name, methods=()), Takes.NEVER
        route = Route(
            index,
            scopes,
            _condition(rule.matcher) if rule is not None else None,
            described,
            takes=takes,
            name=rule.name if rule is not None else None,
            origin=Origin.TORNADO if rule is not None and rule.inserted else _origin(described),
            opens=opens,
        )
        self.routes.append(route)
        reverser = self.reverser()
        if route.name is not None and reverser is not None:
            self.reversers[index] = reverser

    def reverser(self) -> Reverser | None:
        """What a handler's ``self.reverse_url`` would ask: the application it belongs to.

        Outside of any application, the outermost router that can reverse.
        """
        for router in reversed(self._routers):
            if isinstance(router, web.Application):
                return _reverser(router, web.Application)
        for router in self._routers:
            if isinstance(router, routing.ReversibleRouter):
                return _reverser(router, routing.ReversibleRuleRouter)
        return None


@dataclass(frozen=True)
class _Rule:
    """One of Tornado's rules and where it stands. ``inserted``: on behalf of ``static_path``."""

    rule: routing.Rule
    router: routing.RuleRouter
    application: object
    inserted: bool

    @property
    def matcher(self) -> routing.Matcher:
        return self.rule.matcher

    @property
    def kwargs(self) -> dict[str, Any]:
        return self.rule.target_kwargs

    @property
    def name(self) -> str | None:
        return self.rule.name or None


def _is_application(router: object) -> bool:
    return isinstance(router, web.Application)


def _descends(target: object) -> bool:
    return isinstance(target, web.Application | routing.RuleRouter)


def _reverser(router: Any, plain: type) -> Reverser:
    own = getattr(type(router), "reverse_url", None)
    return Reverser(
        router.reverse_url, type(router).__name__, own is not getattr(plain, "reverse_url", None)
    )


def _overrides(router: object) -> tuple[str, ...]:
    """The methods that decide about routing and are not Tornado's in this router's class."""
    modules = {
        name: getattr(getattr(type(router), name, None), "__module__", None) or "tornado"
        for name in _OVERRIDABLE
    }
    return tuple(name for name, module in modules.items() if module.split(".")[0] != "tornado")


def _static_rules(application: Any, router: routing.RuleRouter) -> list[routing.Rule]:
    """The three rules that ``static_path`` inserted (``Application.__init__``)."""
    if application is None or getattr(application, "wildcard_router", None) is not router:
        return []
    settings = application.settings
    if not settings.get("static_path"):
        return []
    prefix = re.escape(settings.get("static_url_prefix", "/static/")) + "(.*)$"
    inserted = []
    for pattern in (*_STATIC_FILES, prefix):
        for rule in router.rules:
            regex = getattr(rule.matcher, "regex", None)
            path = rule.target_kwargs.get("path")
            if getattr(regex, "pattern", None) == pattern and path == settings["static_path"]:
                inserted.append(rule)
                break
    return inserted


def _condition(matcher: object) -> Condition | None:
    """A matcher as data; `CustomCondition` if its ``match`` is not Tornado's own."""
    match = getattr(type(matcher), "match", None)
    if match is routing.AnyMatches.match:
        return None
    regex = getattr(matcher, "regex", None) or getattr(matcher, "host_pattern", None)
    if isinstance(regex, re.Pattern) and isinstance(regex.pattern, str):
        if match is routing.PathMatches.match:
            return PathCondition(regex)
        if match is routing.HostMatches.match:
            return HostCondition(regex)
        default_host = getattr(getattr(matcher, "application", None), "default_host", None)
        if match is routing.DefaultHostMatches.match and isinstance(default_host, str):
            return DefaultHostCondition(regex, default_host)
        return CustomCondition(type(matcher).__name__, regex.pattern)
    if isinstance(matcher, re.Pattern):  # in a tuple; only URLSpec and PathMatches take one
        return CustomCondition("re.Pattern", str(matcher.pattern))
    return CustomCondition(type(matcher).__name__)


def _described(target: Any, rule: _Rule | None) -> tuple[Target, Takes]:
    """What stands at a rule's end, and what its router would do with it.

    As ``_ApplicationRouter.get_target_delegate`` and, below it, ``RuleRouter``'s; a router that
    overrides it may do anything with a target.
    """
    overridden = rule is not None and bool(_overrides(rule.router))
    takes = Takes.MAYBE if overridden else Takes.ALWAYS
    handler_router = rule is not None and isinstance(rule.router, _APPLICATION_ROUTER)
    if _is_handler(target) and (handler_router or overridden):
        return _handler(target, rule.kwargs if rule is not None else {}), takes
    name, source = dotted_name(target), source_of(target)
    if isinstance(target, routing.Router):
        return Target(name, TargetKind.ROUTER, source=source), Takes.MAYBE
    if isinstance(target, HTTPServerConnectionDelegate):
        return Target(name, TargetKind.DELEGATE, source=source), takes
    if callable(target):
        detail = _wrapped(target)
        return Target(name, TargetKind.CALLABLE, source=source, detail=detail), takes
    nothing = Takes.MAYBE if overridden else Takes.NEVER
    return Target(repr(target), TargetKind.NOTHING, methods=()), nothing


def _is_handler(target: object) -> bool:
    return isinstance(target, type) and issubclass(target, web.RequestHandler)


def _handler(cls: type[web.RequestHandler], kwargs: dict[str, Any]) -> Target:
    kind = next((kind for base, kind in _KINDS if issubclass(cls, base)), TargetKind.HANDLER)
    detail = None
    if kind is TargetKind.REDIRECT and "url" in kwargs:
        detail = f"to {kwargs['url']}"
    elif kind is TargetKind.FALLBACK and "fallback" in kwargs:
        detail = _wrapped(kwargs["fallback"]) or f"calls {dotted_name(kwargs['fallback'])}"
    elif kind is TargetKind.ERROR and "status_code" in kwargs:
        detail = f"status {kwargs['status_code']}"
    return Target(dotted_name(cls), kind, methods(cls, kind), source_of(cls), detail)


def _wrapped(target: object) -> str | None:
    """What a WSGI container wraps: the container's own class says nothing."""
    if isinstance(target, wsgi.WSGIContainer):
        return f"calls {dotted_name(target.wsgi_application)}"
    return None


def methods(cls: type[web.RequestHandler], kind: TargetKind) -> tuple[str, ...]:
    """The HTTP methods that ``cls`` really implements, in ``SUPPORTED_METHODS`` order.

    A WebSocket's handshake is ``WS``. A handler that answers in ``prepare``, whatever the
    method, gives ``*``.
    """
    for base in (web.ErrorHandler, web.FallbackHandler):
        if issubclass(cls, base) and cls.prepare is base.prepare:
            return (ANY_METHOD,)
    supported: Sequence[str] = cls.SUPPORTED_METHODS
    if isinstance(supported, str):  # ("GET") without the comma: Tornado's `in` accepts it too
        supported = (supported,)
    found = tuple(name for name in supported if _implements(cls, name.lower()))
    if kind is TargetKind.WEBSOCKET:
        return ("WS", *(name for name in found if name != "GET"))
    return found


def _implements(cls: type, method: str) -> bool:
    attribute: Callable[..., Any] | None = getattr(cls, method, None)
    return callable(attribute) and attribute is not _UNIMPLEMENTED


def _not_found(application: web.Application) -> Target:
    """What answers when no rule does (``Application.find_handler``)."""
    handler = application.settings.get("default_handler_class")
    if handler:
        return _handler(handler, application.settings.get("default_handler_args", {}))
    # Without its line, for which all of tornado/web.py would be parsed, for every application.
    return Target(dotted_name(web.ErrorHandler), TargetKind.ERROR, detail="status 404")


_TORNADO = Path(tornado.__file__).parent


@functools.cache
def _installed(file: str) -> bool:
    """Whether a file is of an installed package other than Tornado."""
    path = Path(file)
    if path.is_relative_to(_TORNADO):
        return False
    return bool({"site-packages", "dist-packages"} & set(path.parts))


def _origin(target: Target) -> Origin:
    if target.source is not None and _installed(target.source.file):
        return Origin.PACKAGE
    return Origin.APP
