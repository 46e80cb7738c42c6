"""A match whose handler can be made without a delegate.

Tornado makes a delegate for each request, which takes the body in and then makes the handler. Where
there is no body, and the delegate would be as Tornado made it, no code can tell whether there was
one: the handler is made at once, by `tornkit.engine.speedups.execution` where that is installed.
Pays 2 microseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tornado import web
from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.web import Application

from tornkit.engine.fidelity.class_versions import Known
from tornkit.engine.fidelity.methods import is_method
from tornkit.engine.privates import HandlerDelegate

if TYPE_CHECKING:
    from tornado.web import RequestHandler

METHODS = ("__init__", "execute", "finish", "headers_received", "on_connection_close")
"""Methods of ``_HandlerDelegate`` whose work is done without it, or left out."""

_get_delegate = Application.get_handler_delegate
_has_stream_request_body: Any = getattr(web, "_has_stream_request_body", None)
_known: Known | None = None
_PARAMS = frozenset(("target_kwargs", "path_args", "path_kwargs"))


class DirectMatch(NamedTuple):
    """Match that stands for the delegate that the application would make with ``params``."""

    application: Application
    request: HTTPServerRequest
    handler_class: type[RequestHandler]
    params: dict[str, Any]

    def delegate(self) -> HTTPMessageDelegate:
        """Have the application make the delegate of the request, after all."""
        application, request, handler_class, params = self
        return application.get_handler_delegate(request, handler_class, **params)


class OpenRequest(Protocol):
    """A request as its starter sees it; a `tornkit.engine.exchange.Exchange`."""

    read_finished: bool
    """Whether all of it has been read."""
    write_finished: bool
    """Whether its response is complete."""

    @property
    def detached(self) -> bool:
        """Whether its socket was taken over."""


Start = Callable[[DirectMatch, OpenRequest], bool]
start: Start | None = None
"""Makes the handler of a request that has no body, and schedules it, as its delegate would.

Or does nothing, and returns False.
"""


def install(by: Start) -> None:
    """Have handlers made by ``by``, while Tornado's delegate stays as it is now."""
    global start, _known
    start, _known = by, Known(HandlerDelegate, METHODS)


def uninstall() -> None:
    """Have each handler made by a delegate."""
    global start, _known  # noqa: PLW0603 - a process has one Tornado
    start = _known = None


def is_open(application: Application, handler_class: type[RequestHandler]) -> bool:
    """Whether the application would make a delegate of Tornado's, which would take the body in."""
    return (
        _known is not None
        and web._HandlerDelegate is HandlerDelegate
        and (_known.version.value == _known.seen or _known.look())
        and is_method(application.get_handler_delegate, _get_delegate, application)
        and web._has_stream_request_body is _has_stream_request_body
        and not handler_class._stream_request_body
    )


def is_usual(params: Any) -> bool:
    """Whether ``get_handler_delegate`` takes these params; a program's matcher may give any."""
    return type(params) is dict and params.keys() <= _PARAMS
