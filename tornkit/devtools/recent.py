"""The requests that were answered last, each with the line of its handler's method.

Taken from what `Application.log_request` logs, so that nothing is replaced for it: whoever logs
requests otherwise, or not at all, is not listed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from types import CodeType, FrameType, FunctionType
from typing import Any, NamedTuple

from tornado.web import RequestHandler

from tornkit.masking import MASK, is_secret_name, masked
from tornkit.paths import shown_path

MOST = 100
_DEPTH = 12  # frames from the logger up to `log_request`
_MOST_WRAPPED = 10
_LONGEST = 300  # characters of a request
_DELAY = 0.2  # seconds, for several requests to be told of at once
_LIBRARIES = "/site-packages/"

Row = tuple[float, int, str, float, str, str]
"""When (seconds since 1970), status, method and URL, milliseconds, handler, its file and line."""


class _Seen(NamedTuple):
    when: float
    status: int
    summary: str
    milliseconds: float
    handler: str
    code: CodeType | None
    arguments: dict[str, Any]  # by name, of which some may be secret


class Recent(logging.Filter):
    """Filter of the access log that lets every record pass, and reports requests in batches.

    No handler: programs look whether that logger has one, and give it theirs if not.
    """

    def __init__(self, tell: Callable[[list[Row]], None]) -> None:
        super().__init__()
        self._tell_rows = tell
        self._lock = threading.Lock()  # a program may have loops in several threads
        self._seen: deque[_Seen] = deque(maxlen=MOST)
        self._due_in: asyncio.AbstractEventLoop | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Note a request; True."""
        with contextlib.suppress(Exception):  # whatever a handler is made of, it has answered
            self._note(record)
        return True

    def _note(self, record: logging.LogRecord) -> None:
        match record.args:
            case (int(status), str(summary), float(milliseconds)):
                handler = logged_handler(sys._getframe(2))
                name, code = _method(handler)
                arguments = getattr(handler, "path_kwargs", None) or {}
                seen = _Seen(time.time(), status, summary, milliseconds, name, code, arguments)
                with self._lock:
                    self._seen.append(seen)
                    self._tell_soon()
            case _:
                pass

    def _tell_soon(self) -> None:
        """Schedule the report in this thread's loop, unless it is scheduled in a running loop."""
        if self._due_in is not None and self._due_in.is_running():
            return
        try:
            self._due_in = asyncio.get_running_loop()
        except RuntimeError:  # the next one that is in a loop has them told
            return
        self._due_in.call_later(_DELAY, self._tell)

    def _tell(self) -> None:
        with self._lock:
            self._due_in = None
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
    for _ in range(_MOST_WRAPPED):
        # Of other things than functions an attribute may be anything.
        if not isinstance(function, FunctionType) or "__wrapped__" not in function.__dict__:
            break
        function = function.__dict__["__wrapped__"]
    code = function.__code__ if isinstance(function, FunctionType) else None
    return f"{type(handler).__qualname__}.{method}", code


def _row(seen: _Seen) -> Row:
    request = seen.summary.rpartition(" (")[0][:_LONGEST]
    for name, value in seen.arguments.items():
        if is_secret_name(name) and isinstance(value, str) and value:
            request = request.replace(value, MASK)
    place = "" if seen.code is None else _place(seen.code)
    return seen.when, seen.status, masked(request), round(seen.milliseconds, 2), seen.handler, place


@lru_cache(maxsize=1024)
def _place(code: CodeType) -> str:
    return f"{shown_path(code.co_filename).rpartition(_LIBRARIES)[2]}:{code.co_firstlineno}"
