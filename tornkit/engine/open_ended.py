"""Predicts whether a response under way will end, and says how long a drain waits for it.

Nobody can finish an event stream: it is closed, and its client connects again. A response of a
known length is work under way, however slow its client, and so is a request that is worked on.
In between there are responses of which the server can't know: sent in chunks, they may be a page
that is almost complete, or a stream; unanswered, the request may be a long poll.

What was not a GET is worked on to its end. A browser's EventSource, which connects again, sends
nothing else; events in answer to a POST are read by a script that won't ask again, and end when the
answer (of a language model, say) is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from tornado.httputil import HTTPConnection
from tornado.web import RequestHandler
from tornado.websocket import WebSocketHandler

from tornkit import stream_seams
from tornkit.engine.exchange import Exchange

# Of these there is always more to come: server-sent events, and pictures that replace one another.
_ENDLESS = frozenset({"text/event-stream", "multipart/x-mixed-replace"})


class End(Enum):
    """Whether a response can be expected to end."""

    SURE = "sure"
    """The response is being worked on, or has said how long it is."""
    UNKNOWN = "unknown"
    """The response has begun without a length and has nothing to send, or it is a long poll's."""
    NEVER = "never"
    """The response's media type says so, and its client will ask again."""


@dataclass(frozen=True)
class StreamPolicy:
    """Moments at which a drain closes responses that will not end, or perhaps will not.

    ``moments``: for a number of endless ones, in how many seconds each is closed; 0 is now.
    ``patience``: seconds that the others get, and streams that a handler has detached; None is as
    long as any request may take.
    """

    moments: Callable[[int], Sequence[float]]
    patience: float | None


def end_of(request: HTTPConnection) -> End:
    """Expectation whether the response to this request will end."""
    if isinstance(request, Exchange):
        open_ended, unanswered = request.open_ended, request.unanswered
    else:
        open_ended, unanswered = (
            stream_seams.is_open_ended(request),
            stream_seams.is_unanswered(request),
        )
    if not open_ended and not unanswered:
        return End.SURE
    handler = stream_seams.handler_of(request)
    if open_ended:
        if handler is not None and handler.request.method != "GET":
            return End.SURE
        if handler is not None and stream_seams.media_type(handler) in _ENDLESS:
            return End.NEVER
        # A handler that is ahead of its client is most likely to be a download's.
        return End.SURE if stream_seams.is_sending(request) else End.UNKNOWN
    return End.UNKNOWN if handler is not None and _is_long_poll(handler) else End.SURE


def _is_long_poll(handler: RequestHandler) -> bool:
    """Whether a handler may be a long poll: its class also defines ``on_connection_close``.

    That has to be the class that answers requests of this method. A handler that waits for others
    to act has to define it: its ``on_connection_close`` ends the waiting. In a base class of the
    handler's it says nothing, nor for uploads, which are cleared away by it; and every WebSocket
    has one.
    """
    if isinstance(handler, WebSocketHandler) or stream_seams.streams_request_body(handler):
        return False
    for kind in type(handler).__mro__:
        if "on_connection_close" in vars(kind):
            method = handler.request.method or ""
            return kind is not RequestHandler and method.lower() in vars(kind)
    return False
