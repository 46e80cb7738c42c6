"""The requests that were answered last, each with the line of its handler's method.

Taken from what `Application.log_request` logs, so that nothing is replaced for it: whoever logs
requests otherwise, or not at all, is not listed.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections import deque
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, NamedTuple

from tornado.web import RequestHandler

MOST = 100
_DEPTH = 12  # frames from a log handler up to `log_request`
_LONGEST = 300  # characters of a request
_LIBRARIES = "/site-packages/"
_DELAY = 0.2  # seconds, for several requests to be told of at once

Row = tuple[float, int, str, float, str, str]
"""When (seconds since 1970), status, method and URL, milliseconds, handler, its file and line."""


class _Seen(NamedTuple):
    when: float
    status: int
    summary: str
    milliseconds: float
    handler: str
    code: CodeType | None


class Recent(logging.Handler):
    """A handler of the access log that tells of the requests, some at a time."""

    only_watches = True
    """Whether this shows nothing to anybody: where a program has no other, it logs nowhere."""

    def __init__(self, tell: Callable[[list[Row]], None]) -> None:
        super().__init__(logging.INFO)
        self._tell_rows = tell
        self._seen: deque[_Seen] = deque(maxlen=MOST)
        self._is_due = False

    def emit(self, record: logging.LogRecord) -> None:
        match record.args:
            case (int(status), str(summary), float(milliseconds)):
                handler, code = _method(logged_handler(sys._getframe(1)))
                seen = _Seen(time.time(), status, summary, milliseconds, handler, code)
                self._seen.append(seen)
                if not self._is_due:
                    self._is_due = self._tell_soon()
            case _:
                pass

    def _tell_soon(self) -> bool:
        try:
            asyncio.get_running_loop().call_later(_DELAY, self._tell)
        except RuntimeError:  # not in a loop; the next one is
            return False
        return True

    def _tell(self) -> None:
        self._is_due = False
        seen = tuple(self._seen)
        self._seen.clear()
        self._tell_rows([_row(each) for each in seen])


def logged_handler(frame: FrameType | None) -> RequestHandler | None:
    """The handler whose request `Application.log_request` logs, found in the frames above this."""
    for _ in range(_DEPTH):
        if frame is None:
            return None
        if frame.f_code.co_name == "log_request":
            handler = frame.f_locals.get("handler")
            return handler if isinstance(handler, RequestHandler) else None
        frame = frame.f_back
    return None


def _method(handler: RequestHandler | None) -> tuple[str, CodeType | None]:
    """Name and code of the method that answers a handler's request."""
    if handler is None:
        return "", None
    method = (handler.request.method or "").lower()
    function: Any = getattr(type(handler), method, None)
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    name = f"{type(handler).__qualname__}.{method}"
    return name, getattr(function, "__code__", None)


def _row(seen: _Seen) -> Row:
    from tornkit.devtools.failure import shown_path
    from tornkit.routing.reading.masking import masked

    request = masked(seen.summary.rpartition(" (")[0][:_LONGEST])
    code = seen.code
    place = ""
    if code is not None:
        file = shown_path(code.co_filename).rpartition(_LIBRARIES)[2]
        place = f"{file}:{code.co_firstlineno}"
    return seen.when, seen.status, request, round(seen.milliseconds, 2), seen.handler, place
