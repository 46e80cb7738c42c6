"""A connection as far as handlers look at ``request.connection.stream``.

Not a stream that one could read from: a handler that wants that detaches it.
"""

from __future__ import annotations

import contextlib
import socket as sockets
from collections.abc import Callable
from typing import TYPE_CHECKING

from tornado.ioloop import IOLoop
from tornado.iostream import StreamClosedError

if TYPE_CHECKING:
    from asyncio import Future

    from tornkit.engine.connection import Connection


class StreamView:
    """The methods of `tornado.iostream.IOStream` that do not read."""

    __slots__ = ("_callback", "_connection")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._callback: Callable[[], None] | None = None

    @property
    def error(self) -> BaseException | None:
        """For which it was closed, if it was not closed in peace."""
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
        """As the server was told."""
        size: int = self._connection.server.max_buffer_size or 104857600
        return size

    def fileno(self) -> sockets.socket | None:
        """What a loop is given to watch: the socket itself, as with Tornado's stream."""
        return self.socket

    def closed(self) -> bool:
        """Whether it was closed, by either side."""
        return self._connection.closed

    def reading(self) -> bool:
        """Whether a request is waited for."""
        return not self._connection.closed and not self._connection.busy

    def writing(self) -> bool:
        """Whether something is still to be sent."""
        return self._connection.unsent > 0

    def close(self, exc_info: object = False) -> None:
        """Close it now."""
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
        """Have ``callback`` called when it is closed."""
        self._callback = callback

    def set_nodelay(self, value: bool) -> None:
        """Whether small packets go at once (they do anyway)."""
        sock = self.socket
        if sock is not None and sock.family in (sockets.AF_INET, sockets.AF_INET6):
            with contextlib.suppress(OSError):  # the client may be gone
                sock.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, int(value))

    def closed_now(self) -> None:
        """The connection tells that it was closed."""
        callback, self._callback = self._callback, None
        if callback is not None:
            self._connection.loop.call_soon(callback)
