"""Reads the target at the end of a rule: of a handler class its methods and their parameters.

Called by `routing.reading.extract`, which knows the rule. A class is read once, because a table
may hold one ten thousand times. Runs nothing of the user's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import CodeType
from typing import Any

import tornado
from tornado import routing, web, websocket, wsgi
from tornado.httputil import HTTPServerConnectionDelegate

from tornkit.masking import masked
from tornkit.routing.model import ANY_METHOD, Operation, RouteTarget, Source, TargetKind
from tornkit.routing.reading.signatures import SignatureReader, held_function
from tornkit.routing.reading.source import dotted_name, source_of, unwrapped
from tornkit.routing.reading.values import shown

# All that is private in Tornado and used here. Where a later version has moved it, methods are
# shown that answer 405, and no class is known to replace how it is run.
_UNIMPLEMENTED = getattr(web.RequestHandler, "_unimplemented_method", None)
_DECISIVE = (
    *("__init__", "initialize", "prepare", "_execute", "get", "open"),
    # What a static handler that serves no files replaces (`StaticFileHandler`).
    *("parse_url_path", "get_absolute_path", "validate_absolute_path", "get_content"),
    *("get_content_size", "get_modified_time"),
)
_TORNADO = str(Path(tornado.__file__).parent) + "/"
# The function that `web.authenticated` makes is always of this code.
_AUTHENTICATED: CodeType | None = getattr(web.authenticated(lambda _: None), "__code__", None)
_MOST_DECORATORS = 50  # a user's __wrapped__ may go round in circles

_KINDS: tuple[tuple[type, TargetKind], ...] = (
    (websocket.WebSocketHandler, TargetKind.WEBSOCKET),
    (web.StaticFileHandler, TargetKind.STATIC),
    (web.RedirectHandler, TargetKind.REDIRECT),
    (web.ErrorHandler, TargetKind.ERROR),
    (web.FallbackHandler, TargetKind.FALLBACK),
)


def is_handler(target: object) -> bool:
    """Whether a rule's target is a handler class (a subclass of ``RequestHandler``)."""
    return isinstance(target, type) and issubclass(target, web.RequestHandler)


class TargetReader:
    """Reads targets, each handler class once."""

    def __init__(self) -> None:
        self._signatures = SignatureReader()
        self._read: dict[type, RouteTarget] = {}

    def handler(self, cls: type[web.RequestHandler], kwargs: Mapping[str, Any]) -> RouteTarget:
        """Target of a rule with this handler class and these keyword arguments."""
        if cls not in self._read:
            self._read[cls] = self._handler(cls)
        target = self._read[cls]
        detail = _detail(target.kind, kwargs)
        return replace(target, detail=detail) if detail is not None else target

    def other(self, target: Any) -> RouteTarget:
        """Target that is no handler, or stands in a router that does not know handlers.

        As ``RuleRouter.get_target_delegate`` tells them apart.
        """
        name, source = dotted_name(target), source_of(target)
        if isinstance(target, routing.Router):
            return RouteTarget(name, TargetKind.ROUTER, source=source)
        if isinstance(target, HTTPServerConnectionDelegate):
            return RouteTarget(name, TargetKind.DELEGATE, source=source)
        if callable(target):
            return RouteTarget(name, TargetKind.CALLABLE, source=source, detail=_wrapped(target))
        return RouteTarget(shown("", target), TargetKind.NOTHING, methods=())

    def _handler(self, cls: type[web.RequestHandler]) -> RouteTarget:
        kind = next((kind for base, kind in _KINDS if issubclass(cls, base)), TargetKind.HANDLER)
        found = methods(cls, kind)
        return RouteTarget(
            dotted_name(cls),
            kind,
            found,
            source_of(cls),
            operations=tuple(self._operation(cls, name) for name in found if name != ANY_METHOD),
            initialize=self._signatures.method(cls, "initialize")[0],
            doc=_doc(vars(cls).get("__doc__")),
            overrides=tuple(name for name in _DECISIVE if _is_replaced(cls, name)),
            live=cls,
        )

    def _operation(self, cls: type[web.RequestHandler], method: str) -> Operation:
        name = "open" if method == "WS" else method.lower()
        function = getattr(cls, name)
        parameters, returns = self._signatures.method(cls, name)
        # A handshake goes through `get` as well, and everything through `prepare`. When `open` is
        # called it has been answered.
        before = [cls.prepare, cls.get if method == "WS" else function]
        guarded = any(map(_is_authenticated, before))
        late = not guarded and _is_authenticated(function)
        return Operation(
            method,
            parameters,
            guarded or late,
            late,
            _doc(getattr(function, "__doc__", None)),
            returns,
            _source(function),
        )


def _detail(kind: TargetKind, kwargs: Mapping[str, Any]) -> str | None:
    if kind is TargetKind.REDIRECT and "url" in kwargs:
        url = kwargs["url"]
        return f"to {masked(url) if type(url) is str else shown('url', url)}"
    if kind is TargetKind.FALLBACK and "fallback" in kwargs:
        return _wrapped(kwargs["fallback"]) or f"calls {dotted_name(kwargs['fallback'])}"
    if kind is TargetKind.ERROR and "status_code" in kwargs:
        return f"status {shown('status_code', kwargs['status_code'])}"
    return None


def _wrapped(target: object) -> str | None:
    """Detail of a WSGI container: the application it wraps, as its own class says nothing."""
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


def _is_replaced(cls: type, name: str) -> bool:
    owner = next((base for base in cls.__mro__ if name in vars(base)), object)
    return owner is not object and owner.__module__.partition(".")[0] != "tornado"


def _is_authenticated(function: object) -> bool:
    return _AUTHENTICATED is not None and any(
        getattr(layer, "__code__", None) is _AUTHENTICATED for layer in _layers(function)
    )


def _layers(function: object) -> Iterator[object]:
    """A function and the functions that its decorators wrap, outermost first."""
    for _ in range(_MOST_DECORATORS):
        if function is None:
            return
        yield function
        function = held_function(function)


def _doc(text: object) -> str | None:
    return inspect.cleandoc(text) or None if isinstance(text, str) else None


def _source(function: object) -> Source | None:
    """Position of a function; of Tornado's own, without parsing its large files.

    None of them is decorated.
    """
    code = getattr(unwrapped(function), "__code__", None)
    if isinstance(code, CodeType) and code.co_filename.startswith(_TORNADO):
        return Source(code.co_filename, code.co_firstlineno)
    return source_of(function)
