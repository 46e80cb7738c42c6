"""A connection as far as handlers look at ``request.connection.stream``.

Not a stream that one could read from: a handler that wants that detaches it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from tornado.ioloop import IOLoop

if TYPE_CHECKING:
    from asyncio import Future

    from tornkit.engine.connection import Connection


class StreamView:
    """The methods of `tornado.iostream.IOStream` that do not read."""

    __slots__ = ("_callback", "_connection")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._callback: Callable[[], None] | None = None

    error: BaseException | None = None

    @property
    def socket(self) -> socket.socket:
        """The connected socket."""
        return self._connection.sock

    @property
    def io_loop(self) -> IOLoop:
        """The loop that serves the connection."""
        return IOLoop.current()

    @property
    def max_buffer_size(self) -> int:
        """As the server was told."""
        size: int = self._connection.server.max_buffer_size or 104857600
        return size

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._connection.sock.fileno()

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
        """Send bytes, around HTTP."""
        future: Future[None] = self._connection.loop.create_future()
        if self._connection.send(bytes(data)):
            future.set_result(None)
        else:
            self._connection.when_sent(future)
        return future

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        """Have ``callback`` called when it is closed."""
        self._callback = callback

    def set_nodelay(self, value: bool) -> None:
        """Whether small packets go at once (they do anyway)."""
        if not self._connection.closed and self._connection.sock.family != socket.AF_UNIX:
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(value))

    def closed_now(self) -> None:
        """The connection tells that it was closed."""
        callback, self._callback = self._callback, None
        if callback is not None:
            self._connection.loop.call_soon(callback)
