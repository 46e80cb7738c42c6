"""Check that the installed Tornado routes as it did when the tables were written.

A table runs Tornado's loop over the rules in its own words. That is right as long as Tornado's is
the one below; so these texts are compiled by the Python that runs, and their code is compared with
that of the functions found. A later Tornado that routes otherwise, and a library that has put its
own function in the place of one, are seen alike; `unchanged` is false, and all is left to them.
Half a millisecond, once; to read the functions' source takes ten times that, and needs the source.
"""

from __future__ import annotations

import inspect
from types import CodeType, FunctionType
from typing import Any

from tornado.routing import AnyMatches, PathMatches, ReversibleRuleRouter, RuleRouter
from tornado.web import Application

from tornkit.engine.privates import ApplicationRouter, unquote_or_none

_DOCSTRING = "."
# Where Tornado has a docstring there has to be one here: it takes a place among the constants.
_TORNADOS = '''
class RuleRouter:
    def find_handler(self, request, **kwargs):
        for rule in self.rules:
            target_params = rule.matcher.match(request)
            if target_params is not None:
                if rule.target_kwargs:
                    target_params["target_kwargs"] = rule.target_kwargs

                delegate = self.get_target_delegate(
                    rule.target, request, **target_params
                )

                if delegate is not None:
                    return delegate

        return None

    def get_target_delegate(self, target, request, **target_params):
        """."""
        if isinstance(target, Router):
            return target.find_handler(request, **target_params)

        elif isinstance(target, httputil.HTTPServerConnectionDelegate):
            assert request.connection is not None
            return target.start_request(request.server_connection, request.connection)

        elif callable(target):
            assert request.connection is not None
            return _CallableAdapter(
                partial(target, **target_params), request.connection
            )

        return None

class _ApplicationRouter:
    def get_target_delegate(self, target, request, **target_params):
        if isclass(target) and issubclass(target, RequestHandler):
            return self.application.get_handler_delegate(
                request, target, **target_params
            )

        return super().get_target_delegate(target, request, **target_params)

class Application:
    def find_handler(self, request, **kwargs):
        route = self.default_router.find_handler(request)
        if route is not None:
            return cast("_HandlerDelegate", route)

        if self.settings.get("default_handler_class"):
            return self.get_handler_delegate(
                request,
                self.settings["default_handler_class"],
                self.settings.get("default_handler_args", {}),
            )

        return self.get_handler_delegate(request, ErrorHandler, {"status_code": 404})

class AnyMatches:
    def match(self, request):
        return {}

class PathMatches:
    def match(self, request):
        match = self.regex.match(request.path)
        if match is None:
            return None
        if not self.regex.groups:
            return {}

        path_args: list[bytes] = []
        path_kwargs: dict[str, bytes] = {}

        if self.regex.groupindex:
            path_kwargs = {
                str(k): _unquote_or_none(v) for (k, v) in match.groupdict().items()
            }
        else:
            path_args = [_unquote_or_none(s) for s in match.groups()]

        return dict(path_args=path_args, path_kwargs=path_kwargs)
'''

_COMPARED = (
    *("co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars"),
    *("co_argcount", "co_posonlyargcount", "co_kwonlyargcount"),
)
_KINDS = (
    *(inspect.CO_VARARGS, inspect.CO_VARKEYWORDS, inspect.CO_GENERATOR),
    *(inspect.CO_COROUTINE, inspect.CO_ASYNC_GENERATOR),
)


def _codes(code: CodeType) -> dict[str, CodeType]:
    """The code that is defined right inside, by name."""
    return {each.co_name: each for each in code.co_consts if isinstance(each, CodeType)}


_KNOWN = _codes(compile(_TORNADOS, "<tornado>", "exec", dont_inherit=True))


def same_code(one: CodeType, other: CodeType) -> bool:
    """Whether both do the same, whatever their annotations and line numbers."""
    return (
        all(getattr(one, name) == getattr(other, name) for name in _COMPARED)
        and all(bool(one.co_flags & kind) == bool(other.co_flags & kind) for kind in _KINDS)
        and _same_constant(one.co_consts, other.co_consts)
    )


def _same_constant(one: object, other: object) -> bool:
    match one, other:
        case CodeType(), CodeType():
            return same_code(one, other)
        case tuple(), tuple():
            return len(one) == len(other) and all(map(_same_constant, one, other))
    return type(one) is type(other) and one == other


def _as_known(function: Any, owner: str) -> bool:
    if type(function) is not FunctionType:
        return False
    code = function.__code__
    if function.__doc__ is not None and code.co_consts[:1] == (function.__doc__,):
        code = code.replace(co_consts=(_DOCSTRING, *code.co_consts[1:]))
    known = _codes(_KNOWN[owner]).get(code.co_name)
    return known is not None and same_code(code, known)


def unchanged() -> bool:
    """Whether all of Tornado's routing that a table stands in for is as it is written above."""
    return (
        ApplicationRouter is not None
        and issubclass(ApplicationRouter, ReversibleRuleRouter)
        and _as_known(RuleRouter.find_handler, "RuleRouter")
        and _as_known(RuleRouter.get_target_delegate, "RuleRouter")
        and _as_known(ApplicationRouter.get_target_delegate, "_ApplicationRouter")
        and _as_known(Application.find_handler, "Application")
        and unquote_or_none is not None
        and _as_known(AnyMatches.match, "AnyMatches")
        and _as_known(PathMatches.match, "PathMatches")
        and ReversibleRuleRouter.find_handler is RuleRouter.find_handler
        and ReversibleRuleRouter.get_target_delegate is RuleRouter.get_target_delegate
        and ApplicationRouter.find_handler is RuleRouter.find_handler
    )
