"""Table of one router's rules, and the check that the rules have not changed since.

The loop is that of ``RuleRouter.find_handler``, over those rules alone that the index leaves. What
a rule is asked and what comes of it is Tornado's: matchers, ``get_target_delegate`` and
``get_handler_delegate`` are called as there. Two calls are spared where the classes are Tornado's
own: a handler class goes straight to ``Application.get_handler_delegate``, or past it
(`tornkit.engine.routers.direct`), and a router with a table to that.

A router's list of rules belongs to the program, which may change it without telling, by the list
itself. Where the speedups made the list, it counts its changes (`counted_rules`). Any other is
compared with a copy before each request. Python compares two lists by the identity of their
elements first, 0.7 ns each: 40 ns for ten rules, 7 us for 10,000, which Tornado asks in 1,400 us. A
length and a few elements would be cheaper, but would miss one that was replaced. (A rule that says
that it *equals* the one it replaces is taken for it.) That a rule has got another matcher,
`tornkit.engine.routers.edits` counts.

A path that leads to a rule without arguments is remembered with it, where no other rule had to be
asked on the way: a regex says of a path what it has said before. Pays 1.5 us where it comes again.

Where anything is not as it was, Tornado's own ``find_handler`` answers. The table is made anew
when the rules have been the same for a few requests: it takes as long as some twenty rounds over
the rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from inspect import isclass
from types import MethodType
from typing import Any, cast

from tornado.httputil import HTTPServerRequest
from tornado.routing import (
    AnyMatches,
    DefaultHostMatches,
    HostMatches,
    PathMatches,
    ReversibleRuleRouter,
    Rule,
    RuleRouter,
    URLSpec,
)
from tornado.web import RequestHandler

from tornkit.engine.fidelity.methods import is_method
from tornkit.engine.privates import ApplicationRouter, unquote_or_none
from tornkit.engine.routers import direct, edits
from tornkit.engine.routers.counted_rules import CountedRules
from tornkit.engine.routers.direct import DirectMatch
from tornkit.engine.routers.index import Index
from tornkit.engine.routers.rules import NO_PARAMS, Destination, Details, Entry, Find, Params

PATIENCE = 8
"""Requests for which the rules have to stay the same before a table is made anew."""

_MOST_REMEMBERED = 256  # paths of one table
_LONGEST_REMEMBERED = 256  # characters
_SMALL = 4  # rules; to ask half of them takes as long as to look into the index: 0.3 us
_RULES = (Rule, URLSpec)
# Change nothing when they are asked.
_TORNADO_ONLY = (PathMatches, AnyMatches, HostMatches, DefaultHostMatches)
_TARGETS = {
    kind: kind.get_target_delegate
    for kind in (RuleRouter, ReversibleRuleRouter, ApplicationRouter)
    if kind is not None
}

_find_handler = RuleRouter.find_handler
_path_matches = PathMatches.match
_any_matches = AnyMatches.match
_target_delegate = RuleRouter.get_target_delegate
_new_tuple: Any = tuple.__new__  # NamedTuple's own takes three times as long

CompileTarget = Callable[[Any, dict[int, Find]], Find | None]
_State = tuple[list[Rule], list[Rule], int]  # the list, what was in it, edits.count
_NOTHING: _State = ([], [], 0)


class Table:
    """Table of a router's rules as they were, which finds a destination in the router's place.

    To be `read` before it is used.
    """

    def __init__(self, router: RuleRouter, compile_target: CompileTarget) -> None:
        self._router = router
        self._compile_target = compile_target
        self._entries: list[Entry] = []

    def read(self, known: dict[int, Find]) -> None:
        """Take the rules as they are now; ``known`` are tables of routers, by the routers' ids."""
        router = self._router
        self._rules: list[Rule] = router.rules
        self._is_counted = type(self._rules) is CountedRules
        self._rule_edits: int = getattr(self._rules, "edits", 0)
        self._copy = list(self._rules)
        self._edits = edits.count
        self._own_find = router.find_handler
        self._own_target = router.get_target_delegate
        plain = is_method(self._own_target, _TARGETS.get(type(router)), router)
        self._entries = [
            self._entry(position, rule, plain, known) for position, rule in enumerate(self._copy)
        ]
        # The outer one of an application's two routers, mostly: 0.2 us.
        self._only = _only_way(self._entries)
        self._waited, self._waited_for = 0, _NOTHING
        # Not cleared: another thread may be about to add what it has found in the old rules.
        self._remembered: dict[str, Details] = {}
        self._index = (
            Index(self._entries, [decisive_regex(rule) for rule in self._copy])
            if len(self._entries) > _SMALL
            else None
        )

    def _entry(self, position: int, rule: Rule, plain: bool, known: dict[int, Find]) -> Entry:
        matcher = rule.matcher if _is_tornados_only(rule) else None
        regex = decisive_regex(rule)
        target = rule.target
        is_handler = (
            plain
            and type(self._router) is ApplicationRouter
            and isclass(target)
            and issubclass(target, RequestHandler)
        )
        details = Details(
            position=position,
            rule=rule,
            asks_matcher=regex is None and type(matcher) is not AnyMatches,
            arguments=None if regex is None or not regex.groups else _arguments_of(regex),
            tornado_only=matcher is not None,
            target=target,
            is_handler=is_handler,
            nested=self._compile_target(target, known) if plain and not is_handler else None,
        )
        return Entry(len if regex is None else regex.match, details)

    def find(self, request: HTTPServerRequest, given: Params = NO_PARAMS, /) -> Destination:
        """Find as the router's ``find_handler(request, **given)`` would."""
        # One function, where it could be four: a call of each would cost a third of it all.
        router, remembered = self._router, self._remembered
        rules = self._rules
        if (
            router.rules is not rules
            or (
                rules.edits != self._rule_edits  # type: ignore[attr-defined]
                if self._is_counted
                else rules != self._copy
            )
            or edits.count != self._edits
            # By its type first: a wrapper on the router itself may say that it equals the method.
            or type(find := router.find_handler) is not MethodType
            or self._own_find != find
            or type(get_target := router.get_target_delegate) is not MethodType
            or self._own_target != get_target
        ):
            return self._find_by_tornado(request, given)
        path = request.path
        if self._only is not None:
            only, only_way = self._only
            kwargs = only.target_kwargs
            delegate = only_way(request, {"target_kwargs": kwargs} if kwargs else NO_PARAMS)
            if delegate is not None or self._is_as_before(request, path):
                return delegate
            return self._go_on(request, rules, 1)
        none_asked = type(path) is str  # a program's own kind may compare as it likes
        if none_asked and (sure := remembered.get(path)) is not None:
            application = router.application  # type: ignore[attr-defined]
            if direct.is_open(application, sure.target):
                kwargs = sure.rule.target_kwargs
                its: Params = {"target_kwargs": kwargs} if kwargs else {}
                again: DirectMatch = _new_tuple(
                    DirectMatch, (application, request, sure.target, its)
                )
                return again
        index = self._index
        for match, details in self._entries if index is None else index.candidates(path):
            found = match(path)
            if found is None:
                continue
            is_first, none_asked = none_asked, False
            position, rule, asks_matcher, arguments, tornado_only, target, is_handler, nested = (
                details
            )
            params: dict[str, Any] | None
            if asks_matcher:
                params = rule.matcher.match(request)
            else:
                params = {} if arguments is None else arguments(found)
            if params is not None:
                if rule.target_kwargs:
                    params["target_kwargs"] = rule.target_kwargs
                if is_handler:
                    application = router.application  # type: ignore[attr-defined]
                    if direct.is_open(application, target) and (
                        not asks_matcher or direct.is_usual(params)
                    ):
                        if is_first and arguments is None and not asks_matcher:
                            _remember(remembered, path, details)
                        straight_on: DirectMatch = _new_tuple(
                            DirectMatch, (application, request, target, params)
                        )
                        return straight_on
                    delegate = application.get_handler_delegate(request, target, **params)
                elif nested is not None:
                    delegate = nested(request, params)
                else:
                    delegate = router.get_target_delegate(target, request, **params)
                if delegate is not None:
                    return delegate
            elif tornado_only:
                continue
            if not self._is_as_before(request, path):
                return self._go_on(request, rules, position + 1)
        return None

    def _is_as_before(self, request: HTTPServerRequest, path: str) -> bool:
        """Whether the program's code that was called has left all as it was."""
        return (
            request.path is path
            and self._rules == self._copy
            and edits.count == self._edits
            and self._own_target == self._router.get_target_delegate
            and nothing_is_replaced()
        )

    def _go_on(self, request: HTTPServerRequest, rules: list[Rule], after: int) -> Destination:
        """Go on as ``RuleRouter.find_handler``, from that place in the list as it is now."""
        remaining = iter(rules)
        remaining.__setstate__(after)  # type: ignore[attr-defined]
        for rule in remaining:
            params = rule.matcher.match(request)
            if params is not None:
                if rule.target_kwargs:
                    params["target_kwargs"] = rule.target_kwargs
                delegate = self._router.get_target_delegate(rule.target, request, **params)
                if delegate is not None:
                    return delegate
        return None

    def _find_by_tornado(self, request: HTTPServerRequest, given: Params) -> Destination:
        """Find a handler by the router's own code; compile its changed rules once they stay."""
        router = self._router
        rules, copy, count = self._waited_for
        if router.rules is not rules or rules != copy or edits.count != count:
            self._waited_for = (router.rules, list(router.rules), edits.count)
            self._waited = 0
        self._waited += 1
        if self._waited > PATIENCE and can_be_compiled(router):
            known = {id(each.target): each.nested for _, each in self._entries if each.nested}
            self.read(known | {id(router): self.find})
        return router.find_handler(request, **given)


def _remember(remembered: dict[str, Details], path: str, details: Details) -> None:
    if len(path) <= _LONGEST_REMEMBERED:
        if len(remembered) >= _MOST_REMEMBERED:
            remembered.clear()
        remembered[path] = details


def _only_way(entries: list[Entry]) -> tuple[Rule, Find] | None:
    """The only rule of a table and its finder, if it matches all and has a table; else None."""
    if len(entries) != 1:
        return None
    only = entries[0].details
    if type(only.rule.matcher) is not AnyMatches or only.asks_matcher or only.nested is None:
        return None
    return only.rule, only.nested


def decisive_regex(rule: Rule) -> re.Pattern[str] | None:
    """The regex that alone decides whether the rule matches; None where anything else may."""
    if type(rule) not in _RULES or type(rule.matcher) is not PathMatches:
        return None
    regex: Any = rule.matcher.regex  # whatever a program has given it: another library's, say
    if "match" in vars(rule.matcher) or type(regex) is not re.Pattern:
        return None
    return cast("re.Pattern[str]", regex) if isinstance(regex.pattern, str) else None


def nothing_is_replaced() -> bool:
    """Whether the methods of Tornado's that any table stands in for are still Tornado's."""
    return (
        PathMatches.match is _path_matches
        and AnyMatches.match is _any_matches
        # Which an application's routers call by way of super().
        and RuleRouter.get_target_delegate is _target_delegate
    )


def _arguments_of(regex: re.Pattern[str]) -> Callable[[re.Match[str]], dict[str, Any]]:
    return _named if regex.groupindex else _positional


def _named(found: re.Match[str]) -> dict[str, Any]:
    """Arguments as at the end of ``PathMatches.match``, which would run the regex again: 0.3 us."""
    named = {
        str(name): unquote_or_none(text) if text is None or "%" in text else text.encode()
        for name, text in found.groupdict().items()
    }
    return {"path_args": [], "path_kwargs": named}


def _positional(found: re.Match[str]) -> dict[str, Any]:
    # ``tornado.routing._unquote_or_none``, here and above; most have nothing to unquote.
    arguments = [
        unquote_or_none(text) if text is None or "%" in text else text.encode()
        for text in found.groups()
    ]
    return {"path_args": arguments, "path_kwargs": {}}


def _is_tornados_only(rule: Rule) -> bool:
    return (
        type(rule) in _RULES
        and type(rule.matcher) in _TORNADO_ONLY
        and "match" not in vars(rule.matcher)
    )


def can_be_compiled(router: RuleRouter) -> bool:
    """Whether a router's ``find_handler`` is Tornado's, and goes over a list."""
    kind = type(router)
    return (
        is_method(router.find_handler, _find_handler, router)
        and kind.__getattribute__ is object.__getattribute__
        and not hasattr(kind, "rules")
        and type(getattr(router, "rules", None)) in (list, CountedRules)
        and all(type(rule).__eq__ is object.__eq__ for rule in router.rules)
    )
