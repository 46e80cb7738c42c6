"""Reads a live application into `tornkit.routing.model`.

The only module that knows Tornado's routers from inside. It walks ``rules`` depth first, as
``RuleRouter.find_handler`` does, and asks of each rule what matches, what stands at its end, and
whether that surely ends the search. It runs no handler and no matcher; of the user's code only a
``reverse_url`` is called (by `tornkit.routing.reversing.reverse`).

What it can't look into (a `Router` with its own ``find_handler``, a matcher class of the user's)
becomes one line, marked as uncertain, rather than a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import tornado
from tornado import routing, web

from tornkit.ownership import is_user_file
from tornkit.routing.conditions import (
    Condition,
    CustomCondition,
    DefaultHostCondition,
    HostCondition,
    PathCondition,
    Scope,
    ScopeKind,
)
from tornkit.routing.model import (
    Fallback,
    Keyword,
    Origin,
    Route,
    RouteTable,
    RouteTarget,
    Takes,
    TargetKind,
)
from tornkit.routing.reading.places import places
from tornkit.routing.reading.reversers import Reverser, Unreversed
from tornkit.routing.reading.source import dotted_name
from tornkit.routing.reading.targets import TargetReader, is_handler
from tornkit.routing.reading.values import shown

# All that is private in Tornado and used here. Where a later version has moved it, the fallback
# loses detail (handlers listed as callables), never a route.
_APPLICATION_ROUTER: type = getattr(web, "_ApplicationRouter", routing.RuleRouter)
_OVERRIDABLE = ("find_handler", "get_target_delegate")
# `Application.__init__` inserts these under `static_path`, before the application's own.
_STATIC_FILES = (r"/(favicon\.ico)$", r"/(robots\.txt)$")
_ROUTERS = (web.Application, routing.RuleRouter)
_TORNADO = str(Path(tornado.__file__).parent) + "/"


def unreversed_tables(applications: Iterable[object]) -> tuple[Unreversed, ...]:
    """Tables of all applications, as `route_tables`, without calling a ``reverse_url``."""
    found: list[Unreversed] = []
    for application in applications:
        found.append(extracted(application, sum(len(each.table.routes) for each in found), None))
    return tuple(found)


def extracted(application: object, start: int, program: str | None) -> Unreversed:
    """One application's routes in match order; indices begin at ``start``.

    :param program: the file that was run as ``__main__``, if one was.
    """
    walk = _RouterWalk(start)
    walk.enter(application, (), None)
    sources = (route.target.source for route in walk.routes)
    known = [source.file for source in sources if source is not None]
    known += [program] if program is not None else []
    table = RouteTable(
        tuple(walk.routes), tuple(walk.fallbacks), places(known, walk.template_folders)
    )
    return Unreversed(table, walk.reversers)


@dataclass
class _RouterWalk:
    """One descent through all routers of an application."""

    start: int
    routes: list[Route] = field(default_factory=list)
    fallbacks: list[Fallback] = field(default_factory=list)
    reversers: dict[int, Reverser] = field(default_factory=dict)
    template_folders: list[object] = field(default_factory=list)
    _targets: TargetReader = field(default_factory=TargetReader)
    _routers: list[object] = field(default_factory=list)  # on the way down, innermost last
    _scopes: int = 0
    # (application, host pattern) of each add_handlers -> its scope, to know the second copies
    _host_rules: dict[tuple[int, re.Pattern[str]], int] = field(default_factory=dict)
    # (class, names) -> those that it replaces; most rules share their router and application
    _replacements: dict[tuple[type, tuple[str, ...]], tuple[str, ...]] = field(default_factory=dict)
    _reversers: dict[int, Reverser] = field(default_factory=dict)  # by the router's identity
    # By the identities of a target and of the scopes above, which tell all of a bare rule's route
    # but its index, condition and name: that target, to keep it, and one such route.
    _shapes: dict[tuple[int, int], tuple[object, Route]] = field(default_factory=dict)

    @property
    def next_index(self) -> int:
        return self.start + len(self.routes)

    def enter(self, target: object, scopes: tuple[Scope, ...], rule: _Rule | None) -> None:
        """Descend into ``target`` if it is a router that can be read, else add it as a route."""
        if not _descends(target):
            self.add(target, scopes, rule)
        elif any(target is router for router in self._routers):
            self.add(target, scopes, rule)  # a router within itself: Tornado would not end either
        elif isinstance(target, web.Application):
            self.application(target, scopes, rule)
        elif isinstance(target, routing.RuleRouter):
            self.rules(target, scopes, rule)

    def application(
        self, target: web.Application, scopes: tuple[Scope, ...], rule: _Rule | None
    ) -> None:
        scope = self.scope(ScopeKind.APPLICATION, target, rule)
        self._routers.append(target)
        # Its default router is entered as part of it: one scope, and no rule of its own.
        self.rules_of(target.default_router, (*scopes, scope))
        self._routers.pop()
        self.fallbacks.append(Fallback(self.next_index, (*scopes, scope), self.not_found(target)))
        self.template_folders.extend(_template_folders(target))

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
            is_inserted = bool(inserted) and any(rule is one for one in inserted)
            below = _Rule(rule, router, innermost, is_inserted)
            if rule.name and _descends(rule.target):
                self.add(rule.target, scopes, below, opens=self._scopes)
            self.enter(rule.target, scopes, below)

    def scope(self, kind: ScopeKind, target: Any, rule: _Rule | None) -> Scope:
        """Scope of a router, with the next number, and that of its original if it is a copy."""
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
            overrides=self.replaced(target, *_OVERRIDABLE),
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
        if rule is not None and opens is None and _is_bare(rule):
            shape = (id(target), id(scopes))
            known = self._shapes.get(shape)
            if known is None:
                known = self._shapes[shape] = target, self.route(target, scopes, rule)
            route = known[1].of_rule(index, _condition(rule.matcher), rule.name)
        else:
            route = self.route(target, scopes, rule, opens)
        self.routes.append(route)
        reverser = self.reverser()
        if route.name is not None and reverser is not None:
            self.reversers[index] = reverser

    def route(
        self,
        target: object,
        scopes: tuple[Scope, ...],
        rule: _Rule | None,
        opens: int | None = None,
    ) -> Route:
        """Route of one rule, with the next index."""
        described, takes = self.described(target, rule)
        if opens is not None:
            plain = type(target) is _APPLICATION_ROUTER
            name = "rules" if plain else described.name
            described, takes = replace(described, name=name, methods=()), Takes.NEVER
        return Route(
            self.next_index,
            scopes,
            _condition(rule.matcher) if rule is not None else None,
            described,
            takes=takes,
            name=rule.name if rule is not None else None,
            kwargs=_keywords(rule.given) if rule is not None else (),
            origin=Origin.TORNADO if rule is not None and rule.inserted else _origin(described),
            opens=opens,
        )

    def described(self, target: Any, rule: _Rule | None) -> tuple[RouteTarget, Takes]:
        """Target at a rule's end, and whether its router would hand requests to it.

        As ``_ApplicationRouter.get_target_delegate`` and, below it, ``RuleRouter``'s; a router
        that overrides it may do anything with a target.
        """
        overridden = rule is not None and bool(self.replaced(rule.router, *_OVERRIDABLE))
        handler_router = rule is not None and isinstance(rule.router, _APPLICATION_ROUTER)
        if rule is not None and is_handler(target) and (handler_router or overridden):
            described = self.handler(target, rule.kwargs, rule.application)
        else:
            described = self._targets.other(target)
        if described.kind is TargetKind.ROUTER or overridden:
            return described, Takes.MAYBE
        return described, Takes.NEVER if described.kind is TargetKind.NOTHING else Takes.ALWAYS

    def handler(
        self, cls: type[web.RequestHandler], kwargs: Mapping[str, Any], application: object
    ) -> RouteTarget:
        target = self._targets.handler(cls, kwargs)
        called = self.replaced(application, "get_handler_delegate")
        return replace(target, overrides=(*target.overrides, *called)) if called else target

    def replaced(self, thing: object, *names: str) -> tuple[str, ...]:
        """Those of the methods ``names`` that are not Tornado's own in the class of ``thing``."""
        key = (type(thing), names)
        found = self._replacements.get(key)
        if found is None:
            found = self._replacements[key] = _replaced(*key)
        return found

    def not_found(self, application: web.Application) -> RouteTarget:
        """Target that answers when no rule does (``Application.find_handler``)."""
        cls = application.settings.get("default_handler_class")
        if cls:
            kwargs = application.settings.get("default_handler_args", {})
            return self.handler(cls, kwargs, application)
        # Without its line, for which all of tornado/web.py would be parsed, for every application.
        return RouteTarget(dotted_name(web.ErrorHandler), TargetKind.ERROR, detail="status 404")

    def reverser(self) -> Reverser | None:
        """Reverser that a handler's ``self.reverse_url`` would ask: the application it belongs to.

        Outside of any application, the outermost router that can reverse.
        """
        for router in reversed(self._routers):
            if isinstance(router, web.Application):
                return self._reverser(router, web.Application)
        for router in self._routers:
            if isinstance(router, routing.ReversibleRouter):
                return self._reverser(router, routing.ReversibleRuleRouter)
        return None

    def _reverser(self, router: Any, plain: type) -> Reverser:
        known = self._reversers.get(id(router))
        if known is None:
            known = self._reversers[id(router)] = _reverser(router, plain)
        return known


class _Rule(NamedTuple):
    """One of Tornado's rules and where it stands. ``inserted``: on behalf of ``static_path``."""

    rule: routing.Rule
    router: routing.RuleRouter
    application: object
    inserted: bool

    @property
    def matcher(self) -> routing.Matcher:
        return self.rule.matcher

    @property
    def given(self) -> object:
        """The rule's third element as it is; one that is no mapping fails at every request."""
        return self.rule.target_kwargs

    @property
    def kwargs(self) -> Mapping[str, Any]:
        return _given(self.rule)

    @property
    def name(self) -> str | None:
        return self.rule.name or None


def _is_bare(rule: _Rule) -> bool:
    """Whether a rule has nothing but a matcher, a target and perhaps a name; nearly all."""
    return not rule.inserted and type(rule.given) is dict and not rule.given


def _is_application(router: object) -> bool:
    return isinstance(router, web.Application)


def _descends(target: object) -> bool:
    return isinstance(target, _ROUTERS)


def _reverser(router: Any, plain: type) -> Reverser:
    own = getattr(type(router), "reverse_url", None)
    return Reverser(
        router.reverse_url, type(router).__name__, own is not getattr(plain, "reverse_url", None)
    )


def _replaced(cls: type, names: Sequence[str]) -> tuple[str, ...]:
    modules = {
        name: getattr(getattr(cls, name, None), "__module__", None) or "tornado" for name in names
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
            if getattr(regex, "pattern", None) != pattern:
                continue
            if _given(rule).get("path") == settings["static_path"]:
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


def _given(rule: routing.Rule) -> Mapping[str, Any]:
    given: object = rule.target_kwargs
    # First by its type: the abstract class takes as long as all else that is read of a rule.
    return given if type(given) is dict or isinstance(given, Mapping) else {}


def _keywords(given: object) -> tuple[Keyword, ...]:
    if type(given) is dict and not given:
        return ()  # nearly all
    if not isinstance(given, Mapping):
        return (Keyword("**", shown("", given), given),)
    named = ((key if isinstance(key, str) else shown("", key), given[key]) for key in given)
    return tuple(Keyword(name, shown(name, value), value) for name, value in named)


def _template_folders(application: web.Application) -> Iterator[object]:
    """Template folders of an application's handlers (``RequestHandler.create_template_loader``).

    Without a setting, templates stand beside the code that names them. That folder may be the
    root of anything, so none of its other files is one of the application's.
    """
    settings = application.settings
    if "template_loader" in settings:
        yield getattr(settings["template_loader"], "root", None)
    elif settings.get("template_path"):
        yield settings["template_path"]


def _origin(target: RouteTarget) -> Origin:
    if target.source is None or target.source.file.startswith(_TORNADO):
        return Origin.APP
    return Origin.APP if is_user_file(target.source.file) else Origin.PACKAGE
