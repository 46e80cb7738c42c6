"""`HTTPServer`: in place of Tornado's, with the same arguments and methods.

It is one: a subclass, whose plain connections are served by `tornkit.engine.connection`, and whose
others (TLS, ``decompress_request``) by Tornado's own code.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any, Protocol

import tornado.httpserver
from tornado.httputil import HTTPConnection, HTTPMessageDelegate
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream
from tornado.log import app_log
from tornado.routing import Router

from tornkit import stream_seams
from tornkit.engine import privates
from tornkit.engine.connection import Connection
from tornkit.engine.exchange import Exchange
from tornkit.engine.fidelity import replaced, source_digests, texts
from tornkit.engine.fidelity.methods import is_method
from tornkit.engine.request import LazyRoutingDelegate
from tornkit.engine.routers import Compiled
from tornkit.engine.transport.poller import Poller, new_poller

_MAX_BUFFER = 104857600  # IOStream.max_buffer_size
_handle_stream = tornado.httpserver.HTTPServer.handle_stream
_router_start_request = Router.start_request


@functools.cache
def unknown() -> tuple[str, ...]:
    """Names of Tornado's functions that the engine stands in for and whose text it does not know.

    What somebody has put in the place of one is not among them: that is seen at each request.
    """
    with source_digests.forgotten():
        return tuple(filter(texts.is_tornados_own, texts.unknown(texts.ENGINE)))


def is_supported() -> bool:
    """Whether connections are served by this engine with this Tornado."""
    return bool(privates.SUPPORTED) and not unknown()


class Observer(Protocol):
    """Listener for the life of each connection, of whichever server of the process."""

    requests: int
    """Counted up by one for each request."""

    def opened(self, connection: Connection) -> None:
        """Note a connection that was accepted, or came from another process."""

    def gone(self, connection: Connection) -> None:
        """Note a connection that was closed, detached, moved, or left to Tornado's own code."""

    def detached(self, stream: IOStream) -> None:
        """Note a stream that a handler took for itself."""


class _NullObserver:
    """Ignores every event."""

    requests = 0

    def opened(self, connection: Connection) -> None:
        return

    def gone(self, connection: Connection) -> None:
        return

    def detached(self, stream: IOStream) -> None:
        return


class HTTPServer(tornado.httpserver.HTTPServer):
    """A drop-in for `tornado.httpserver.HTTPServer`, several times as fast.

    >>> server = tornkit.HTTPServer(application, xheaders=True)  # doctest: +SKIP
    >>> server.listen(8888)  # doctest: +SKIP

    Takes the arguments of Tornado's. Over TLS, and with ``decompress_request``, it serves as
    Tornado's does.
    """

    observer: Observer = _NullObserver()
    """Observer of all servers, or of one."""

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        super().initialize(*args, **kwargs)
        self.header_timeout: float = self.conn_params.header_timeout or 3600
        self.buffer_size: int = self.max_buffer_size or _MAX_BUFFER
        self.longest_head: int = min(self.conn_params.max_header_size, self.buffer_size)
        limit = self.conn_params.max_body_size
        self.max_body_size: int = self.buffer_size if limit is None else limit
        self.compiled = Compiled()
        self._poller: tuple[asyncio.AbstractEventLoop, Poller] | None = None
        self._pollers: dict[asyncio.AbstractEventLoop, Poller] = {}  # a server may have two loops
        self._tasks: set[asyncio.Future[None]] = set()
        self._plain = (
            is_supported()
            and self.ssl_options is None
            and not self.conn_params.decompress
            # A subclass that overrides it wants to see every stream.
            and type(self).handle_stream is tornado.httpserver.HTTPServer.handle_stream
        )

    def _is_plain(self) -> bool:
        """Whether tornkit's engine serves a new connection; else Tornado's own code does."""
        return (
            self._plain
            and is_method(self.handle_stream, _handle_stream, self)
            and not replaced.is_aside(_loop())
        )

    def direct_router(self) -> Router | None:
        """The router that requests go to; None where something was put in between."""
        router = self.request_callback
        if (
            isinstance(router, Router)
            and is_method(router.start_request, _router_start_request, router)
            and is_method(self.start_request, _start_request, self)
            and not self.xheaders
        ):
            return router
        return None

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        """Make a request's delegate as Tornado does; a lazy one for its routers and this engine."""
        router = self.request_callback
        if (
            isinstance(request_conn, Exchange)
            and isinstance(router, Router)
            and is_method(router.start_request, _router_start_request, router)
        ):
            lazy = LazyRoutingDelegate(router, server_conn, request_conn, self.compiled)
            if not self.xheaders:
                return lazy
            adapted: HTTPMessageDelegate = privates.ProxyAdapter(lazy, request_conn)
            return adapted
        return super().start_request(server_conn, request_conn)

    def _handle_connection(self, connection: socket.socket, address: Any) -> None:
        """Serve an accepted connection; ``TCPServer.add_sockets`` gives this to the accept loop."""
        if not self._is_plain():
            super()._handle_connection(connection, address)
            return
        try:
            self.serve(connection, address)
        except Exception:  # noqa: BLE001 - one connection's trouble must not end the accepting
            app_log.error("Error in connection callback", exc_info=True)
            connection.close()

    def serve(self, sock: socket.socket, address: Any, unread: bytes = b"") -> Connection:
        """Serve a connected socket; ``unread`` was read of it already."""
        sock.setblocking(False)
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            with contextlib.suppress(OSError):  # macOS: of a client that is gone already
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(self, sock, address, _loop(), unread)
        privates.remember(self, connection)
        self.observer.opened(connection)
        if unread:
            connection.begin()
        return connection

    def adopt(self, sock: socket.socket, unread: bytes) -> None:
        """Go on with a connection that another process accepted; ``unread`` comes first."""
        address = sock.getpeername()
        if not self._is_plain():
            self.handle_stream(stream_seams.stream_of(self, sock, unread), address)
            return
        self.serve(sock, address, unread)

    def on_close(self, server_conn: object) -> None:
        super().on_close(server_conn)
        if isinstance(server_conn, Connection):
            self.observer.gone(server_conn)

    def context_of(self, sock: socket.socket, address: Any) -> object:
        """Context of a connection, which handlers know as ``request.connection.context``."""
        return privates.RequestContext(
            SimpleNamespace(socket=sock), address, self.protocol, self.trusted_downstream
        )

    def poller_of(self, loop: asyncio.AbstractEventLoop) -> Poller:
        """Poller that tells this server's connections in ``loop`` of bytes to read."""
        found = self._poller  # once: another thread's loop may put its own here
        if found is None or found[0] is not loop:
            poller = self._pollers.get(loop)
            if poller is None:
                self._pollers = {
                    each: one for each, one in self._pollers.items() if not each.is_closed()
                }
                poller = self._pollers[loop] = new_poller(loop)
            found = self._poller = loop, poller
        return found[1]

    def keep(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Start a task and keep a reference until it ends."""
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_start_request = HTTPServer.start_request


def _loop() -> asyncio.AbstractEventLoop:
    loop: asyncio.AbstractEventLoop = IOLoop.current().asyncio_loop  # type: ignore[attr-defined]
    return loop
