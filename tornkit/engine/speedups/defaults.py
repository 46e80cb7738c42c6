"""The headers that each response begins with: ``RequestHandler.clear``.

Tornado formats the date and builds the headers through three layers of mappings. Here the date is
kept for its second, and the headers are made with the dictionary that they consist of, which pays
8 microseconds. ``set_default_headers`` is called as ever.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import tornado
from tornado import httputil
from tornado.httputil import HTTPHeaders

from tornkit.engine.fidelity import replaced, variants

if TYPE_CHECKING:
    from tornado.web import RequestHandler

HEADERS_METHODS = ("__delitem__", "__getitem__", "__init__", "__setitem__")
"""Methods of `HTTPHeaders` that keep its two dictionaries in step."""

_format_timestamp = httputil.format_timestamp
_new = HTTPHeaders.__new__

own: Any = None
"""Tornado's own; set by `install`."""

_version = tornado.version
_server = f"TornadoServer/{_version}"
_CONTENT_TYPE = "text/html; charset=UTF-8"
_second = -1  # since the epoch
_date = ""  # and how it is written


def _date_of(second: int) -> str:
    global _second, _date
    _date, _second = _format_timestamp(second), second
    return _date


def fresh() -> HTTPHeaders:
    """New headers as ``clear`` makes them: the same entries in the same order."""
    second = int(time.time())
    date = _date if second == _second else _date_of(second)
    version = tornado.version
    server = _server if version is _version else f"TornadoServer/{version}"
    headers: Any = _new(HTTPHeaders)
    headers._as_list = {"Server": [server], "Content-Type": [_CONTENT_TYPE], "Date": [date]}
    if not variants.VALUES_NEEDED:
        headers._combined_cache = {}  # which ``HTTPHeaders.__getitem__`` fills
    else:
        values = {"Server": server, "Content-Type": _CONTENT_TYPE, "Date": date}
        setattr(headers, variants.HEADER_VALUES, values)
        if variants.HAS_LAST_KEY:
            headers._last_key = None
    made: HTTPHeaders = headers
    return made


def clear(self: RequestHandler) -> None:
    """Resets all headers and content for this response."""
    if replaced.aside:
        own(self)
        return
    self._headers = fresh()
    self.set_default_headers()
    self._write_buffer = []
    self._status_code = 200
    self._reason = httputil.responses[200]  # type: ignore[attr-defined]
