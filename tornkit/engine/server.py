"""`HTTPServer`: in place of Tornado's, with the same arguments and methods.

It is one: a subclass, whose plain connections are served by `tornkit.engine.connection`, and whose
others (TLS, ``decompress_request``) by Tornado's own code.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import tornado.httpserver
from tornado.ioloop import IOLoop
from tornado.log import app_log

from tornkit.engine import grammar
from tornkit.engine.connection import Connection

# Private, and looked up with a default: without it every connection is served by Tornado.
_context: Any = getattr(tornado.httpserver, "_HTTPRequestContext", None)
_MAX_BUFFER = 104857600  # IOStream.max_buffer_size


class HTTPServer(tornado.httpserver.HTTPServer):
    """A drop-in for `tornado.httpserver.HTTPServer`, several times as fast.

    >>> server = tornkit.HTTPServer(application, xheaders=True)  # doctest: +SKIP
    >>> server.listen(8888)  # doctest: +SKIP

    Takes the arguments of Tornado's. Over TLS, and with ``decompress_request``, it serves as
    Tornado's does.
    """

    def initialize(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        super().initialize(*args, **kwargs)
        self.header_timeout: float = self.conn_params.header_timeout or 3600
        self.longest_head: int = self.conn_params.max_header_size
        limit = self.conn_params.max_body_size
        if limit is None:
            limit = self.max_buffer_size or _MAX_BUFFER
        self.max_body_size: int = limit
        self._tasks: set[asyncio.Future[None]] = set()
        self._plain = (
            grammar.SUPPORTED
            and _context is not None
            and self.ssl_options is None
            and not self.conn_params.decompress
        )

    def _handle_connection(self, connection: socket.socket, address: Any) -> None:
        """A connection was accepted (``TCPServer.add_sockets`` gives this to the accept loop)."""
        if not self._plain:
            super()._handle_connection(connection, address)
            return
        try:
            self.serve(connection, address)
        except Exception:  # noqa: BLE001 - one connection's trouble must not end the accepting
            app_log.error("Error in connection callback", exc_info=True)

    def serve(self, sock: socket.socket, address: Any) -> Connection:
        """Serve a connected socket."""
        sock.setblocking(False)
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop: asyncio.AbstractEventLoop = IOLoop.current().asyncio_loop  # type: ignore[attr-defined]
        connection = Connection(self, sock, address, loop)
        self._connections.add(connection)  # type: ignore[arg-type]
        return connection

    def context_of(self, sock: socket.socket, address: Any) -> object:
        """What handlers know as ``request.connection.context``."""
        return _context(
            SimpleNamespace(socket=sock), address, self.protocol, self.trusted_downstream
        )

    def keep(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run it, and hold on to it."""
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
