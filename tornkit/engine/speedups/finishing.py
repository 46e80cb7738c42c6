"""``RequestHandler.finish``: the whole response in one piece, where no override sees its parts.

Tornado's ``finish`` goes through some twenty methods that anybody may override. Whether anybody
has is looked at each time, of the class and of the handler itself: 0.4 microseconds, and there is
no decision that a monkeypatch could come too late for. Where all is as Tornado made it, the etag,
the length, the head and the body are written here, by the same rules and with the same checks. As
soon as anything is unusual (a cookie to set, a 304, a header that can't be written, a body that
was given a length), Tornado's own goes on from there: up to then nothing was done that it would do
again. Pays 11 microseconds.
"""

from __future__ import annotations

import hashlib
import logging
from asyncio import Future
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from tornado import web
from tornado.httputil import HTTPHeaders

from tornkit.engine.exchange import Exchange
from tornkit.engine.fidelity import replaced, variants
from tornkit.engine.fidelity.class_versions import UNSEEN, KnownInHeirs
from tornkit.engine.fidelity.methods import is_method

if TYPE_CHECKING:
    from tornado.web import RequestHandler

RELIED_ON = (
    "_break_cycles",
    "_convert_header_value",
    "_log",
    "_request_summary",
    "_should_not_send_content",
    "check_etag_header",
    "compute_etag",
    "flush",
    "get_status",
    "set_etag_header",
    "set_header",
    "write",
)
"""Methods of `RequestHandler` that ``finish`` calls in Tornado and not here.

What it calls only for a cookie, or for a response without a body, is not among them: those are left
to Tornado.
"""

HEADERS_METHODS = ("__contains__", "__setitem__", "get_all")
"""Methods of `HTTPHeaders` whose work is done here."""

_names = frozenset(RELIED_ON)
_values_of = attrgetter(variants.HEADER_VALUES)
_sha1 = hashlib.sha1
_info = logging.Logger.info
# Tornado's own, which does nothing.
_on_finish: Any = web.RequestHandler.on_finish
if not replaced.is_original(_on_finish, ("tornado",)):
    _on_finish = None

edit: Callable[[RequestHandler, Any], Any] | None = None
"""Edits a page on its way out, where somebody wants to: ``edit(handler, chunk)`` gives the rest."""

own: Any = None
"""Tornado's own; set by `install`, as what follows."""
known: KnownInHeirs | None = None
log_request: Any = None


def finish(self: RequestHandler, chunk: str | bytes | dict[Any, Any] | None = None) -> Future[None]:
    """Finishes this response, ending the HTTP request."""
    if edit is not None and _is_html(self):
        chunk = edit(self, chunk)
    return _finish(self, chunk)


def _finish(self: RequestHandler, chunk: Any) -> Future[None]:
    future: Future[None]
    if _is_plain(self) and (chunk is None or _is_unchanged(self)):
        if chunk is not None:
            self.write(chunk)
            chunk = None
        data = _response(self, self.request.connection)
        if data is not None:
            future = _send(self, data)
            return future
    future = own(self) if chunk is None else own(self, chunk)
    return future


def finish_unseen(handler: RequestHandler) -> None:
    """Finish as ``handler.finish()``, where the future is of no use; without it if possible."""
    if not is_method(handler.finish, finish, handler):
        handler.finish()
        return
    if edit is not None and _is_html(handler):
        edit(handler, None)
    if _is_plain(handler) and (data := _response(handler, handler.request.connection)) is not None:
        # An `on_finish` of the handler's own may look at the connection, or detach it.
        unseen = type(handler).on_finish is _on_finish and "on_finish" not in handler.__dict__
        _send(handler, data, unseen=unseen)
    else:
        _finish(handler, None)


def _is_html(handler: RequestHandler) -> bool:
    """Whether the response may be a page; nearly all that are not are known by this."""
    kinds = handler._headers._as_list.get("Content-Type")
    return kinds is not None and str(kinds[0]).startswith("text/html")


def _is_plain(handler: RequestHandler) -> bool:
    """Whether the handler's class and state allow to leave out parts of ``finish``."""
    return (
        type(handler.request.connection) is Exchange
        and not handler._finished
        and not handler._headers_written
        and type(handler._headers) is HTTPHeaders
        and known is not None
        # `KnownInHeirs.still`, without the call.
        and (
            (seen := known.seen.get(type(handler), UNSEEN))[0].value == seen[1]
            or known.look(type(handler))
        )
        and not replaced.aside
    )


def _is_unchanged(handler: RequestHandler) -> bool:
    """Whether nothing was set on this very handler in the place of a method that is left out.

    Once Python has made the dictionary of its attributes, reading any of them takes longer.
    """
    variables = handler.__dict__
    return (
        variables.get("_transforms") == []
        and "_new_cookie" not in variables
        and _names.isdisjoint(variables)
    )


def _send(handler: RequestHandler, data: bytes, *, unseen: bool = False) -> Any:
    handler._write_buffer = []
    handler._headers_written = True
    exchange: Any = handler.request.connection
    future = exchange.answer(data, unseen)
    _log(handler)
    handler._finished = True
    handler.on_finish()
    handler.ui = None  # type: ignore[assignment]
    return future


def _response(handler: RequestHandler, exchange: Any) -> bytes | None:
    """The bytes to be sent; or None, with no more done than Tornado's ``finish`` begins with."""
    request = handler.request
    method: Any = request.method
    status: Any = handler._status_code  # an application may have set anything
    if not isinstance(status, int) or not exchange.can_answer(method):
        return None
    headers: Any = handler._headers
    lines = headers._as_list
    beginning = _usual_beginning(status, handler._reason, lines) if len(lines) == 3 else None
    etag = ""
    body = b"".join(handler._write_buffer)
    if not _is_unchanged(handler):
        return None
    if status == 200:
        if method in ("GET", "HEAD") and "Etag" not in lines:
            etag = f'"{_sha1(body).hexdigest()}"'
            lines["Etag"] = [etag]
            if variants.VALUES_NEEDED:
                _values_of(headers)["Etag"] = etag
            if request.headers.get("If-None-Match") and handler.check_etag_header():
                handler._write_buffer = []
                handler.set_status(304)
                return None
    elif status in (204, 304) or 100 <= status < 200:
        return None
    if "Content-Length" in lines:
        return None
    size = str(len(body))
    lines["Content-Length"] = [size]
    if variants.VALUES_NEEDED:
        _values_of(headers)["Content-Length"] = size
    head: bytes | None
    if exchange.close_after:
        headers["Connection"] = "close"
        head = _head(status, handler._reason, lines)
    elif beginning is None:
        head = _head(status, handler._reason, lines)
    elif etag:
        head = f"{beginning}Etag: {etag}\r\nContent-Length: {size}\r\n\r\n".encode("latin1")
    else:
        head = f"{beginning}Content-Length: {size}\r\n\r\n".encode("latin1")
    return head if head is None or method == "HEAD" else head + body


_beginnings: dict[tuple[Any, ...], str | None] = {}
_MOST_BEGINNINGS = 64  # the date makes a new one each second, for each content type


def _usual_beginning(status: int, reason: str, fields: dict[str, list[str]]) -> str | None:
    """A head with the three fields that ``clear`` gives a response, without its empty line.

    Most have no others, and the same for a second: to look for what was written then pays 1.3
    microseconds.
    """
    try:
        (first,), (second,), (third,) = fields.values()
        key = (status, reason, first, second, third, *fields)
        return _beginnings[key]
    except KeyError:
        head = _head(status, reason, fields)
        if len(_beginnings) >= _MOST_BEGINNINGS:
            _beginnings.clear()
        beginning = _beginnings[key] = None if head is None else head[:-2].decode("latin1")
        return beginning
    except (TypeError, ValueError):  # a field of several values, or of what is none
        return None


def _head(status: int, reason: str, fields: dict[str, list[str]]) -> bytes | None:
    """The head of the response; None if there is anything in it that is Tornado's to judge."""
    parts = ["HTTP/1.1 %d %s" % (status, reason)]  # noqa: UP031 - as Tornado
    try:
        for name, values in fields.items():
            for value in values:
                parts += ("\r\n", name, ": ", value)
        lines = 2 + len(parts) // 4
        parts.append("\r\n\r\n")
        data = "".join(parts).encode("latin1")
    except (TypeError, UnicodeEncodeError):  # bytes; or what no header can hold
        return None
    # A line end within a line, or a reason that would be written in UTF-8.
    if data.count(b"\n") != lines or data.count(b"\r") != lines or not parts[0].isascii():
        return None
    return data


def _log(handler: RequestHandler) -> None:
    """Log a request as ``RequestHandler._log``; pays 2 microseconds where the log is off."""
    application = handler.application
    if (
        handler._status_code < 400
        and "log_function" not in application.settings
        and is_method(getattr(application, "log_request", None), log_request, application)
    ):
        logger = web.access_log  # type: ignore[attr-defined]
        if (
            type(logger) is logging.Logger
            and logging.Logger.info is _info
            and "info" not in logger.__dict__
            and not logger.isEnabledFor(logging.INFO)
        ):
            return
    application.log_request(handler)
