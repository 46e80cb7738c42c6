"""Compiler of a router into a function that is called in place of its ``find_handler``.

A plain `Application` and a plain `RuleRouter` are compiled, with what is nested in them; subclasses
too, as long as their ``find_handler`` is Tornado's. Of any other router, and where the installed
Tornado routes otherwise than was known, it is the router's own that is called.
"""

from __future__ import annotations

import functools
from types import MethodType
from typing import Any

from tornado import web
from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import Router, RuleRouter
from tornado.web import Application

from tornkit.engine.fidelity import source_digests
from tornkit.engine.fidelity.methods import is_method
from tornkit.engine.routers import edits, original
from tornkit.engine.routers.direct import DirectMatch
from tornkit.engine.routers.rules import NO_PARAMS, Destination, Find, Params
from tornkit.engine.routers.table import PATIENCE, Table, can_be_compiled, nothing_is_replaced

_find_handler = Application.find_handler


@functools.cache
def _is_unchanged() -> bool:
    with source_digests.forgotten():
        return original.unchanged()


class Compiled:
    """Stand-in for a router; each server that serves the router keeps one.

    Not by the router, which a program may look into or copy, nor beside it in a weak dictionary:
    the tables hold the rules, and these hold the application.
    """

    def __init__(self) -> None:
        self._router: Router | None = None
        self._find: Find | None = None

    def find_handler(
        self, router: Router, request: HTTPServerRequest
    ) -> HTTPMessageDelegate | None:
        """Find the delegate as ``router.find_handler(request)`` does, sooner."""
        found = self.find(router, request)
        return found.delegate() if isinstance(found, DirectMatch) else found

    def find(self, router: Router, request: HTTPServerRequest) -> Destination:
        """Find the delegate, or a `DirectMatch` where the delegate may be left out."""
        if router is not self._router:
            self._router, self._find = router, compiled(router)
        find = self._find
        if find is None or not nothing_is_replaced():
            return router.find_handler(request)
        return find(request)


def compiled(router: Router) -> Find | None:
    """Function that finds as ``router.find_handler``; None for a router that can't be compiled."""
    if not _is_unchanged() or not edits.watch():
        return None
    try:
        return _compile(router, {})
    except RecursionError:
        return None


def _compile(target: Any, known: dict[int, Find]) -> Find | None:
    """Function in place of ``find_handler`` of a rule's target; None if it is no plain router.

    ``known``, by their ids, are the routers that have been met: one may be nested in itself.
    """
    if id(target) in known:
        return known[id(target)]
    stand_in: Table | _ApplicationStandIn
    if isinstance(target, Application) and _is_plain(target):
        stand_in = _ApplicationStandIn(target)
    elif isinstance(target, RuleRouter) and can_be_compiled(target):
        stand_in = Table(target, _compile)
    else:
        return None
    known[id(target)] = stand_in.find
    stand_in.read(known)
    return stand_in.find


def _is_plain(application: Application) -> bool:
    return (
        is_method(application.find_handler, _find_handler, application)
        and type(application).__getattribute__ is object.__getattribute__
        and isinstance(getattr(application, "default_router", None), RuleRouter)
    )


class _ApplicationStandIn:
    """Stand-in for ``Application.find_handler``, over the table of its routers."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._waited_for: Router | None = None

    def read(self, known: dict[int, Find]) -> None:
        """Compile the router that the application has now."""
        self._router = self._application.default_router
        self._own_find = self._application.find_handler
        self._waited = 0
        self._find = _compile(self._router, known)

    def find(self, request: HTTPServerRequest, given: Params = NO_PARAMS, /) -> Destination:
        """Find as ``Application.find_handler`` would, which takes no notice of ``given``."""
        application = self._application
        if (
            application.default_router is not self._router
            or type(find_handler := application.find_handler) is not MethodType
            or self._own_find != find_handler
        ):
            return self._find_by_tornado(request, given)
        find = self._find
        found = self._router.find_handler(request) if find is None else find(request)
        if found is not None:
            return found
        if application.settings.get("default_handler_class"):
            return application.get_handler_delegate(
                request,
                application.settings["default_handler_class"],
                application.settings.get("default_handler_args", {}),
            )
        # By way of the module: programs put error handlers of their own there.
        return application.get_handler_delegate(request, web.ErrorHandler, {"status_code": 404})

    def _find_by_tornado(self, request: HTTPServerRequest, given: Params) -> Destination:
        """Find a handler by the application's own code; compile its new router once it stays."""
        application = self._application
        if application.default_router is not self._waited_for:
            self._waited_for = application.default_router
            self._waited = 0
        self._waited += 1
        if self._waited > PATIENCE and _is_plain(application):
            self.read({id(application): self.find})
        return application.find_handler(request, **given)
