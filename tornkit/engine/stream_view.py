"""Stand-in for the stream that handlers see as ``request.connection.stream``.

Not a stream that one could read from: a handler that wants that detaches it.
"""

from __future__ import annotations

import contextlib
import socket as sockets
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, StreamClosedError

if TYPE_CHECKING:
    from asyncio import Future

    from tornkit.engine.exchange import Exchange, Wire


class StreamView:
    """View of a connection with those methods of `tornado.iostream.IOStream` that do not read."""

    __slots__ = ("_brief", "_callback", "_connection", "_stream", "told_instead_of")

    def __init__(self, connection: Wire) -> None:
        self._connection = connection
        self._callback: Callable[[], None] | None = None
        self._brief: Callable[[], None] | None = None  # one that is forgotten soon
        self._stream: IOStream | None = None
        # A stream has one close callback. While a request is answered it is the request's, until a
        # handler sets another: then this is that request.
        self.told_instead_of: Exchange | None = None

    def become(self, stream: IOStream, *, handed_on: bool) -> None:
        """Pass everything on to ``stream`` from now on, which the connection has become.

        ``handed_on``: Tornado serves it on; else a handler has detached it.
        """
        self._callback = None
        self._stream = stream
        self.__class__ = _HandedOn if handed_on else _Became

    @property
    def has_callback(self) -> bool:
        """Whether a handler wants to be told of the connection's close."""
        return self._callback is not None

    @property
    def error(self) -> BaseException | None:
        """Error for which the connection was closed, if it was not closed in peace."""
        return self._connection.error

    @property
    def socket(self) -> sockets.socket | None:
        """The connected socket; None once it is closed."""
        return None if self._connection.closed else self._connection.sock

    @property
    def io_loop(self) -> IOLoop:
        """The loop that serves the connection."""
        return IOLoop.current()

    @property
    def max_buffer_size(self) -> int:
        """Bytes that a stream keeps unread, as the server was told."""
        size: int = self._connection.server.max_buffer_size or 104857600
        return size

    def fileno(self) -> sockets.socket | None:
        """The socket itself, for a loop to watch, as with Tornado's stream."""
        return self.socket

    def closed(self) -> bool:
        """Whether the connection was closed, by either side."""
        return self._connection.closed

    def reading(self) -> bool:
        """Whether a request is waited for, or the rest of one."""
        connection = self._connection
        if connection.closed or self._has_just_answered:
            return False
        return not connection.busy or connection.awaits_body

    @property
    def _has_just_answered(self) -> bool:
        """Whether it is still the turn of the loop in which a request was answered.

        The next one's is that in which Tornado begins to read again.
        """
        return self._connection.turns.is_now(self._connection.finished_in)

    def writing(self) -> bool:
        """Whether something is still to be sent."""
        return self._connection.unsent > 0

    def close(self, exc_info: object = False) -> None:
        """Close the connection now; ``exc_info`` tells for which error, as `IOStream.close`."""
        if self._connection.closed:
            self.closed_now()  # as Tornado: whoever asked to be told since
        elif exc_info:
            if isinstance(exc_info, tuple):
                exc_info = exc_info[1]
            elif not isinstance(exc_info, BaseException):
                exc_info = sys.exc_info()[1]
            if isinstance(exc_info, BaseException):
                self._connection.error = exc_info
        self._connection.shut()

    def write(self, data: bytes | memoryview) -> Future[None]:
        """Send bytes, around HTTP.

        :raises StreamClosedError: it is closed. So does the future, if it is before they have gone.
        """
        connection = self._connection
        if connection.closed:
            raise StreamClosedError(connection.error)
        future: Future[None] = connection.loop.create_future()

        def settle(sent: bool) -> None:
            if future.done():
                return
            if sent:
                future.set_result(None)
            else:
                future.set_exception(StreamClosedError(connection.error))
                future.exception()  # whoever does not look at it is not warned

        if connection.send(bytes(data)):
            settle(True)
        else:
            connection.when_sent(settle)
        return future

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        """Have ``callback`` called when the connection is closed, in place of the request's."""
        self._callback = callback
        if callback is not None and self._has_just_answered:
            # Tornado clears it when it begins to read the next request.
            self._brief = callback
            self._connection.loop.call_soon(self._forget, callback)
        exchange = self._connection.exchange
        if exchange is not None and exchange.read_finished:
            self.told_instead_of = exchange

    def forget_brief(self) -> None:
        """Clear a close callback that was set in the turn of an answer: the next request begins."""
        if self._brief is not None and self._callback is self._brief:
            self._callback = None
        self._brief = None

    def _forget(self, callback: Callable[[], None]) -> None:
        # Detached or handed on since, its stream has a callback of its own.
        if type(self) is StreamView and self._callback is callback:
            self._callback = None

    def set_nodelay(self, value: bool) -> None:
        """Set whether small packets go at once (they do anyway)."""
        sock = self.socket
        if sock is not None and sock.family in (sockets.AF_INET, sockets.AF_INET6):
            with contextlib.suppress(OSError):  # the client may be gone
                sock.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, int(value))

    def closed_now(self) -> None:
        """Schedule the close callback: the connection was closed."""
        callback, self._callback = self._callback, None
        if callback is not None:
            self._connection.loop.call_soon(callback)


class _Became(StreamView):
    """A view whose connection was detached, or handed on: all of it is the stream's."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "_stream"), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(object.__getattribute__(self, "_stream"), name, value)


class _HandedOn(_Became):
    """A view whose connection Tornado serves on."""

    __slots__ = ()


def tell_again(view: StreamView) -> None:
    """Call a close callback that was set since the connection closed; no detached stream's."""
    if type(view) is StreamView:
        view.closed_now()
    elif type(view) is _HandedOn and view.closed():
        view.close()
