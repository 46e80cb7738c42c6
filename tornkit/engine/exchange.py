"""One request and its response, as the handlers see the connection.

The same methods and the same order of events as ``tornado.http1connection.HTTP1Connection`` on
the server's side. What it writes goes to a `tornkit.engine.connection.Connection`.
"""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from tornado.escape import native_str
from tornado.http1connection import HTTP1ConnectionParameters, parse_int
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPOutputError,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream, StreamClosedError

from tornkit.engine.sender import Sender

if TYPE_CHECKING:
    import socket

    from tornkit.engine.grammar import Head
    from tornkit.engine.transport.turns import Turns


class Limits(Protocol):
    """Limits that a server sets to its requests."""

    @property
    def conn_params(self) -> HTTP1ConnectionParameters:
        """Parameters of connections, as Tornado's server has them."""

    @property
    def max_body_size(self) -> int:
        """Bytes that a body may have."""

    @property
    def max_buffer_size(self) -> int | None:
        """Bytes that a stream keeps unread; None for Tornado's default."""


class Wire(Sender, Protocol):
    """A connection as an exchange needs it, and the view of its stream."""

    error: BaseException | None  # for which it was closed
    finished_in: object  # the turn of the loop in which the last request ended

    @property
    def server(self) -> Limits:
        """The server that accepted the connection."""

    @property
    def sock(self) -> socket.socket:
        """The connected socket, which may be closed."""

    @property
    def turns(self) -> Turns:
        """Names for the turns of the event loop, by which one turn is told from the next."""

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""

    @property
    def awaits_body(self) -> bool:
        """Whether a request waits for more of its body."""

    @property
    def exchange(self) -> Exchange | None:
        """The request that is being answered."""

    def send(self, data: bytes) -> bool:
        """Send bytes; return whether the socket has taken all."""


class Exchange(HTTPConnection):
    """One request's `HTTPConnection`."""

    is_client = False

    __slots__ = (
        "_chunking",
        "_close_callback",
        "_connection",
        "_had_no_length",
        "_left",
        "_max_body_size",
        "_method",
        "_turn",
        "_writes",
        "body_timeout",
        "close_after",
        "context",
        "had_its_turn",
        "no_keep_alive",
        "params",
        "read_finished",
        "unwatched",
        "write_finished",
    )

    unwatched: bool
    """Whether the body, which all came with the head, is being handed over; set for such alone."""

    def __init__(self, connection: Wire, head: Head) -> None:
        # A `Wire`; None once it was detached. What is called then fails on the None, as
        # with Tornado's stream.
        self._connection: Any = connection
        self._method = head.start_line.method
        self._close_callback: Callable[[], None] | None = None
        self._chunking = False
        self._left: int | None = None  # of a Content-Length, bytes still to be written
        self._had_no_length = False  # and was complete without one
        self._writes = 0
        self._turn: object = None  # of the loop, in which a handler finished
        self._max_body_size = connection.server.max_body_size
        self.context = connection.context
        self.params: HTTP1ConnectionParameters = connection.server.conn_params
        self.body_timeout: float | None = self.params.body_timeout
        self.no_keep_alive = self.params.no_keep_alive
        self.read_finished = False
        self.had_its_turn = False  # the handler, since the client's end was first seen
        self.write_finished = False
        self.close_after = self.no_keep_alive or head.connection == "close"

    # ---- what handlers call ----

    @property
    def stream(self) -> Any:
        """The connection's `tornkit.engine.stream_view.StreamView`; None once it was detached."""
        return None if self._connection is None else self._connection.stream

    @property
    def max_body_size(self) -> int:
        """Bytes that this request's body may have."""
        return self._max_body_size

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        """Have ``callback`` called if the client goes away before the response is finished."""
        self._close_callback = callback

    def set_body_timeout(self, timeout: float) -> None:
        """Allow this request's body so many seconds, from when its reading begins."""
        self.body_timeout = timeout

    def set_max_body_size(self, max_body_size: int) -> None:
        """Allow this request's body so many bytes."""
        self._max_body_size = max_body_size

    def write_headers(
        self,
        start_line: RequestStartLine | ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
    ) -> Future[None]:
        """Write the head of the response, and the beginning of its body if there is one.

        :raises ValueError: a header has a line end in it.
        :raises HTTPOutputError: ``chunk`` is longer than the Content-Length, or the response is
            complete.
        """
        assert isinstance(start_line, ResponseStartLine)
        if self.write_finished:
            self._refuse_what_is_late()
        code, method = start_line.code, self._method
        has_length = "Content-Length" in headers
        self._chunking = (
            not has_length and method != "HEAD" and code not in (204, 304) and not 100 <= code < 200
        )
        if not self.read_finished and code >= 200:
            # Tornado closes if it also ends before, and doesn't say so: a proxy that keeps its
            # connections would have sent the next client's request by then.
            self.close_after = True
        if self.close_after:
            headers["Connection"] = "close"
        if self._chunking:
            headers["Transfer-Encoding"] = "chunked"
        if method == "HEAD" or code == 304:
            self._left = 0
        else:
            self._left = parse_int(headers["Content-Length"]) if has_length else None
        data = _head(code, start_line.reason, headers)
        if self._connection.closed:
            return _failed()
        return self._write(data + self._framed(chunk) if chunk else data)

    def write(self, chunk: bytes) -> Future[None]:
        """Write more of the body.

        :raises HTTPOutputError: it is longer than the Content-Length, or the response is complete.
        """
        if self._connection.closed:
            return _failed()
        return self._write(self._framed(chunk))

    def finish(self) -> None:
        """Complete the response.

        :raises HTTPOutputError: less was written than the Content-Length.
        """
        connection = self._connection
        if self._left and not connection.closed:
            connection.shut()
            raise HTTPOutputError(f"Tried to write {self._left} bytes less than Content-Length")
        if self._chunking and not connection.closed and not self.write_finished:
            connection.send(b"0\r\n\r\n")
        if connection is None:
            self.write_finished = True
            raise AttributeError("'NoneType' object has no attribute 'set_nodelay'")  # as Tornado
        if not self.write_finished:
            if not self.read_finished:
                self.close_after = True
            now = connection.turns.now()
            if not connection.closed:
                self._had_no_length = self._left is None
                self._left = 0  # see `answer`
                connection.finished_in = now
            self._complete(now)

    def _complete(self, turn: object) -> None:
        self.write_finished = True
        self._turn = turn
        self._connection.response_finished(self)

    def can_answer(self, method: str) -> bool:
        """Whether nothing was written yet, so that `answer` may write the whole response."""
        connection = self._connection
        return (
            self.read_finished
            and self._method == method
            and self._writes == 0
            and not self.write_finished
            and connection is not None
            and not connection.closed
        )

    def answer(self, response: bytes, unseen: bool = False) -> Future[None] | None:
        """Write a whole response, and be done; no callback from then on.

        The future is that of `write_headers`; None where nobody would see it.
        """
        self._close_callback = None
        # Nothing more of this response may be written: it would be read as the next one, another
        # client's behind a proxy. `_framed` refuses it, as what is longer than was said.
        self._left = 0
        self._chunking = False  # a head that was refused may have said otherwise
        if unseen:
            connection = self._connection
            connection.send(response)
            self.write_finished = True
            connection.finished_in = None  # nothing of the handler's runs behind it in this turn
            connection.response_finished(self)
            return None
        future = self._write(response)
        connection = self._connection
        now = connection.finished_in = connection.turns.now()
        self._complete(now)
        return future

    def close(self) -> None:
        """Close the connection, and forget the close callback."""
        self._close_callback = None
        if self._connection is not None:
            self._connection.close_for_handler(self)

    def detach(self) -> IOStream:
        """Hand the connection over as a stream, with the bytes read and not used.

        A request that was answered in an earlier turn of the loop has no connection any more: the
        next request is read from it, and another client's behind a proxy. Its stream is closed.
        """
        connection = self._connection
        self._close_callback = None
        if connection is None:
            return None  # type: ignore[return-value]  # as Tornado, which has no stream then
        self._connection = None
        stream: IOStream = connection.detach_from(self, self._turn)
        return stream

    # ---- what the connection calls ----

    def client_gone(self) -> None:
        """Call the close callback, once.

        Until the request is read its delegate is told instead, by whoever reads it.
        """
        callback, self._close_callback = self._close_callback, None
        if callback is not None and self.read_finished:
            callback()

    def done(self) -> None:
        """Drop the close callback, and so the handler, which may else live in a reference cycle."""
        self._close_callback = None

    @property
    def detached(self) -> bool:
        """Whether a handler took the stream."""
        return self._connection is None

    @property
    def open_ended(self) -> bool:
        """Whether the response has begun without a length, and is not finished."""
        return self._chunking and not self.write_finished

    @property
    def unanswered(self) -> bool:
        """Whether the request was read to its end and nothing of a response was written."""
        return self.read_finished and self._writes == 0 and not self.write_finished

    def _refuse_what_is_late(self) -> None:
        connection = self._connection
        if connection is not None and not connection.closed:
            connection.shut()
            raise HTTPOutputError("Tried to write headers after the response was finished")

    def _framed(self, chunk: bytes) -> bytes:
        if self._left is not None:
            self._left -= len(chunk)
            if self._left < 0:
                if self._had_no_length:
                    self._left = 0  # Tornado, which writes on, counts nothing
                self._connection.shut()
                raise HTTPOutputError("Tried to write more data than Content-Length")
        if self._chunking and chunk:
            return b"%x\r\n%b\r\n" % (len(chunk), chunk)
        return chunk

    def _write(self, data: bytes) -> Future[None]:
        """Send bytes; return a future that is done when the socket has taken them, or never will.

        That is as with Tornado. From the second on it is never done at once: a handler that only
        writes and awaits would otherwise keep the loop to itself as long as the client keeps up.
        """
        self._writes += 1
        loop = self._connection.loop
        future: Future[None] = loop.create_future()
        if not self._connection.send(data):
            self._connection.when_sent(partial(_settle, future))
        elif self._writes == 1:
            future.set_result(None)
        else:
            loop.call_soon(_settle, future)
        return future


def _settle(future: Future[None], sent: bool = True) -> None:
    """Complete a write's future, also of a lost write, as Tornado does: the next one fails."""
    if not future.done():
        future.set_result(None)


def _failed() -> Future[None]:
    future: Future[None] = asyncio.get_running_loop().create_future()
    future.set_exception(StreamClosedError())
    future.exception()  # whoever does not look at it is not warned
    return future


def _head(code: int, reason: str, headers: HTTPHeaders) -> bytes:
    """The bytes of a response's head, its empty line included.

    :raises ValueError: a line has a line end in it; `UnicodeEncodeError`: it is not latin-1.
    """
    lines = ["HTTP/1.1 %d %s" % (code, reason)]  # noqa: UP031 - as Tornado: 200.9 is 200
    try:
        lines += [": ".join(pair) for pair in headers.get_all()]
    except TypeError:  # bytes, which still slip through
        lines += [native_str(name) + ": " + native_str(value) for name, value in headers.get_all()]
    if lines[0].isascii():
        data = ("\r\n".join(lines) + "\r\n\r\n").encode("latin1")
    else:  # Tornado writes a reason in UTF-8, and nothing else
        rest = "\r\n".join(["", *lines[1:]]) + "\r\n\r\n"
        data = lines[0].encode() + rest.encode("latin1")
    if data.count(b"\n") != len(lines) + 1 or data.count(b"\r") != len(lines) + 1:
        bad = next(line for line in lines if "\r" in line or "\n" in line)
        shown = bad.encode("utf8" if bad is lines[0] else "latin1")
        raise ValueError(f"Illegal characters (CR or LF) in header: {shown!r}")
    return data
