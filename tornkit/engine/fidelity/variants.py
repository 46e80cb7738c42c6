"""Differences between the versions of Tornado that the engine knows, told by their functions.

A constant is named for what the newest Tornado does, or for what has to be done. That each of the
functions is one that was judged is for `texts` to say; here is only how those differ.
"""

from __future__ import annotations

import sys
from types import CodeType
from typing import Any

from tornado import escape, http1connection, httputil, iostream, web, websocket
from tornado.httputil import HTTPHeaders


def _names(owner: object, *path: str) -> frozenset[str]:
    """Names that a function's code uses, inner functions included; none where there is no code."""
    found: Any = owner
    for name in path:
        found = getattr(found, name, None)
    return frozenset(_used(found.__code__)) if hasattr(found, "__code__") else frozenset()


def _used(code: CodeType) -> list[str]:
    names = [*code.co_names, *code.co_varnames]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names += _used(constant)
    return names


# ---- headers ----

_PARTS = set(vars(HTTPHeaders()))

HEADER_VALUES = "_dict" if "_dict" in _PARTS else "_combined_cache"
"""Attribute of `HTTPHeaders` with the values by name, the several of one name joined."""

HAS_LAST_KEY = "_last_key" in _PARTS
"""Whether `HTTPHeaders` remembers the name of the last line, for one that is folded."""

HEADERS_KNOWN = _PARTS - {"_last_key"} == {"_as_list", HEADER_VALUES}
"""Whether `HTTPHeaders` consists of these, and of the values of each name by itself."""

VALUES_JOINED = HEADER_VALUES == "_dict"
"""Whether the joined values are there from the beginning; else they are made when one is read."""

VALUES_NEEDED = not {"pop"} & _names(HTTPHeaders, "__delitem__")
"""Whether only a name can be deleted whose joined values are there."""

NAMES_AS_WRITTEN = "__contains__" in vars(HTTPHeaders) and (
    "_normalize_header" not in _names(HTTPHeaders, "__contains__")
)
"""Whether ``in`` finds a name only in its usual spelling."""

# ---- requests ----

QUERY_LIMITED = "max_num_fields" in _names(escape, "parse_qs_bytes") and (
    "_DEFAULT_PARSE_BODY_CONFIG" in _names(httputil.HTTPServerRequest, "__init__")
)
"""Whether a query may have only so many fields; see `httputil.set_parse_body_config`."""

INPUT_ERRORS_ANSWERED = "HTTPInputError" in _names(
    http1connection, "_ExceptionLoggingContext", "__exit__"
)
"""Whether an `HTTPInputError` from a delegate is answered by 400; else it is logged as its bug."""

FAILED_FINISH_TOLD = hasattr(http1connection.HTTP1Connection, "_read_message_inner")
"""Whether a delegate whose ``finish`` raises is told that the connection was closed."""

# ---- handlers ----

CANCELLED_ANSWERED = "CancelledError" in _names(web.RequestHandler, "_execute")
"""Whether a handler that is cancelled, or waits for what is, answers 500; else it never answers."""

CANCELLED_QUIET = "cancelled" in _names(web, "_HandlerDelegate", "execute")
"""Whether the end of a cancelled handler's task is passed over; else the loop tells of it."""

CROSS_ORIGIN_PROTECTION = hasattr(web.RequestHandler, "_cross_origin_protection")
"""Whether a handler refuses what comes from elsewhere by one method; else by XSRF cookies alone."""

# ---- WebSockets ----

FRAMES_TURN: int = getattr(websocket, "_YIELD_THRESHOLD", sys.maxsize)
"""Cost of frames after which a WebSocket lets others have their turn."""

FRAME_COST: int = getattr(websocket, "_FRAME_YIELD_COST", 0)
"""Cost of a frame beside its bytes."""

CALLBACKS_GUARDED = "on_done" in _names(websocket, "WebSocketProtocol", "_run_callback")
"""Whether an error of a handler's coroutine closes its WebSocket; else it ends the reading."""

OVERFLOW_IS_ERROR = "buffer_full_error" in _names(iostream.BaseIOStream, "_read_to_buffer")
"""Whether a stream that was sent more than it may hold has that for its error."""
