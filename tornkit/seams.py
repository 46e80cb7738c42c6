"""The one place where tornkit reaches into Tornado for serving; for its streams: `stream_seams`.

Everything here is installed before user code is imported, in a worker or in the process of
`tornkit routes`, and only there. Two sorts of things:

- **Public names replaced** so that unmodified programs meet tornkit where they call Tornado:
  `netutil.bind_sockets`, `bind_unix_socket` and `add_accept_handler` (also under the names by
  which `tcpserver` imported them), `process.fork_processes` and `task_id`, the functions of
  `autoreload`, the two methods by which `HTTPServer` announces requests and closings, and
  `WebSocketHandler.detach`, by which one becomes a WebSocket.
- **Private parts read**, each listed here, looked up with a default, and done without where the
  installed Tornado has no such thing:

  ========================================= =============================================
  `RequestHandler._template_loaders`, lock  compiled templates dropped when a file changed;
                                            without it, templates wait for a restart
  `RequestHandler._headers`,                a page on its way out, for the development tools;
  `_write_buffer`, `_headers_written`,      without them it is sent as it is
  `_finished`
  ========================================= =============================================
"""

from __future__ import annotations

import contextlib
import functools
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any, NamedTuple, Protocol
from weakref import WeakSet

from tornado import autoreload, netutil, process, tcpserver
from tornado.http1connection import HTTP1ServerConnection
from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
)
from tornado.iostream import IOStream
from tornado.web import Application, RequestHandler, StaticFileHandler
from tornado.websocket import WebSocketHandler

AcceptCallback = Callable[[socket.socket, Any], None]


class ServingHooks(Protocol):
    """Functions that a program meets instead of the operating system when it wants to listen."""

    def bind_sockets(
        self,
        port: int,
        address: str | None = None,
        family: socket.AddressFamily = socket.AF_UNSPEC,
        backlog: int = 128,
        flags: int | None = None,
        reuse_port: bool = False,
    ) -> list[socket.socket]:
        """Bind sockets, called in place of `tornado.netutil.bind_sockets`."""

    def bind_unix_socket(self, file: str, mode: int = 0o600, backlog: int = 128) -> socket.socket:
        """Bind a Unix socket, called in place of `tornado.netutil.bind_unix_socket`."""

    def add_accept_handler(
        self, sock: socket.socket, callback: AcceptCallback
    ) -> Callable[[], None]:
        """Accept connections, called in place of `tornado.netutil.add_accept_handler`."""

    def fork_processes(self, num_processes: int | None, max_restarts: int | None = None) -> int:
        """Return the task id, for `tornado.process.fork_processes`; processes are there already."""

    def task_id(self) -> int | None:
        """Return the task id, called in place of `tornado.process.task_id`."""


# Tornado's own, for the hooks to fall back on.
add_accept_handler = netutil.add_accept_handler
bind_sockets = netutil.bind_sockets

# From a hook to the method of the server that calls it, there is nothing but the switch.
_DEPTH = 4

_hooks: ServingHooks | None = None
_observer: ConnectionObserver | None = None
_observed: dict[str, Callable[..., Any]] = {}  # the methods that tell of connections, by name
_autoreload_silenced = False


def prepare() -> None:
    """Put a switch in the place of each replaced name; nothing changes until hooks are installed.

    Done before anything else imports Tornado: a library that says `from tornado.netutil import
    bind_sockets` then has the switch, also where it was imported before the hooks were known.
    """
    if netutil.bind_sockets is _SWITCHES["bind_sockets"]:
        return
    for module in (netutil, tcpserver):
        module.bind_sockets = _SWITCHES["bind_sockets"]  # type: ignore[attr-defined]
        module.add_accept_handler = _SWITCHES["add_accept_handler"]  # type: ignore[attr-defined]
    netutil.bind_unix_socket = _SWITCHES["bind_unix_socket"]
    process.fork_processes = _SWITCHES["fork_processes"]
    process.task_id = _SWITCHES["task_id"]
    autoreload.start = _switch_of_autoreload(autoreload.start)
    # With the others: what is set in a class when a worker listens has the engine look, at its
    # first request, whether Tornado's functions were replaced (`tornkit.engine.fidelity.replaced`).
    if not _observed:
        _observe(lambda: _observer)


def _switch(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def switch(*args: Any, **kwargs: Any) -> Any:
        target = original if _hooks is None else getattr(_hooks, name)
        return target(*args, **kwargs)

    return switch


_SWITCHES = {
    name: _switch(name, getattr(module, name))
    for module, name in (
        (netutil, "bind_sockets"),
        (netutil, "bind_unix_socket"),
        (netutil, "add_accept_handler"),
        (process, "fork_processes"),
        (process, "task_id"),
    )
}


def install_serving_hooks(hooks: ServingHooks) -> None:
    """Let `listen`, `bind` + `start`, `bind_sockets`, `fork_processes` go through ``hooks``."""
    global _hooks  # noqa: PLW0603 - one process has one set of hooks
    prepare()
    _hooks = hooks


def remove_serving_hooks() -> None:
    """Let the replaced names act again as in Tornado."""
    global _hooks  # noqa: PLW0603 - as in `install_serving_hooks`
    _hooks = None


def _switch_of_autoreload(start: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(start)
    def switch(check_time: int = 500) -> None:
        if not _autoreload_silenced:
            start(check_time)

    return switch


def silence_autoreload(on_watch: Callable[[str], None]) -> Sequence[Callable[[], None]]:
    """Make Tornado's own autoreload harmless, and keep the files and hooks that programs gave it.

    `Application(debug=True)` starts it, and it would exec the worker. Files given to
    `autoreload.watch` go to ``on_watch``. Returns the live list of the program's reload hooks.
    """
    global _autoreload_silenced  # noqa: PLW0603 - once and for all
    prepare()
    _autoreload_silenced = True
    hooks: list[Callable[[], None]] = []

    def watch(filename: str) -> None:
        on_watch(filename)

    def add_reload_hook(fn: Callable[[], None]) -> None:
        hooks.append(fn)

    autoreload.watch = watch
    autoreload.add_reload_hook = add_reload_hook
    return hooks


class ConnectionObserver(Protocol):
    """Listener for the life of each HTTP connection, of whichever server of the process."""

    def awaiting_request(
        self,
        server: HTTPServer,
        connection: HTTP1ServerConnection,
        request: HTTPConnection,
        delegate: HTTPMessageDelegate,
    ) -> HTTPMessageDelegate:
        """Note a connection that waits for a request; return ``delegate``, or one around it."""

    def closed(self, connection: HTTP1ServerConnection) -> None:
        """Note a connection that the server is done with: closed, or taken by a WebSocket."""


def observe_connections(observer: ConnectionObserver) -> None:
    """Tell ``observer`` of every connection of every `HTTPServer`, subclasses included.

    `HTTPServer.start_request` runs when a connection starts to *wait* for a request, not when
    one arrives (`HTTP1ServerConnection._server_request_loop`).
    """
    global _observer  # noqa: PLW0603 - one process has one
    prepare()
    if HTTPServer.start_request is _observed.get("start_request") and (
        HTTPServer.on_close is _observed.get("on_close")
    ):
        _observer = observer
    else:  # a library has put its own there, which need not call what was there before
        _observe(lambda: observer)


def _observe(get_observer: Callable[[], ConnectionObserver | None]) -> None:
    """Put methods in the place of `HTTPServer`'s that tell the observer, where there is one."""
    start_request = HTTPServer.start_request
    on_close = HTTPServer.on_close

    @functools.wraps(start_request)
    def observed_start_request(
        self: HTTPServer, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        delegate = start_request(self, server_conn, request_conn)
        observer = get_observer()
        if observer is None or not isinstance(server_conn, HTTP1ServerConnection):
            return delegate
        return observer.awaiting_request(self, server_conn, request_conn, delegate)

    @functools.wraps(on_close)
    def observed_on_close(self: HTTPServer, server_conn: object) -> None:
        observer = get_observer()
        if observer is not None and isinstance(server_conn, HTTP1ServerConnection):
            observer.closed(server_conn)
        on_close(self, server_conn)

    _observed.update(start_request=observed_start_request, on_close=observed_on_close)
    HTTPServer.start_request = observed_start_request  # type: ignore[method-assign]
    HTTPServer.on_close = observed_on_close  # type: ignore[method-assign]


def observe_websockets(on_open: Callable[[WebSocketHandler], None]) -> None:
    """Tell ``on_open`` of each WebSocket of this process whose handshake is done.

    `WebSocketProtocol13.accept_connection` answers the handshake, detaches the stream from HTTP and
    calls `WebSocketHandler.open`, in one go; before that there is no WebSocket to close.
    """
    detach = WebSocketHandler.detach

    def observed_detach(self: WebSocketHandler) -> IOStream:
        stream = detach(self)
        on_open(self)
        return stream

    WebSocketHandler.detach = observed_detach  # type: ignore[method-assign, assignment]


class LiveApplications:
    """The applications of this process that are in use; any thread may make one meanwhile."""

    def __init__(self) -> None:
        self._applications: WeakSet[Application] = WeakSet()
        self._lock = threading.Lock()  # a set must not grow while it is iterated

    def add(self, application: Application) -> None:
        with self._lock:
            self._applications.add(application)

    def __iter__(self) -> Iterator[Application]:
        with self._lock:
            return iter(tuple(self._applications))


def observe_applications() -> LiveApplications:
    """Return a live set of the applications that this process makes from now on."""
    applications = LiveApplications()
    initialise = Application.__init__

    def observed_init(self: Application, *args: Any, **kwargs: Any) -> None:
        initialise(self, *args, **kwargs)
        applications.add(self)

    Application.__init__ = observed_init  # type: ignore[method-assign]
    return applications


class PendingResponse(NamedTuple):
    """Response of which nothing was sent: its headers, and the pieces of its body so far."""

    headers: HTTPHeaders
    pieces: list[bytes]


def pending_response(handler: RequestHandler) -> PendingResponse | None:
    """Response that a handler is about to send; None where that has begun, or can't be told."""
    headers = getattr(handler, "_headers", None)
    pieces = getattr(handler, "_write_buffer", None)
    sent = getattr(handler, "_headers_written", True) or getattr(handler, "_finished", True)
    if sent or not isinstance(headers, HTTPHeaders) or not isinstance(pieces, list):
        return None
    return PendingResponse(headers, pieces)


def server_that_binds() -> tcpserver.TCPServer | None:
    """The server whose ``listen`` or ``bind`` is calling `bind_sockets`; None for other callers."""
    methods = (getattr(tcpserver.TCPServer, name, None) for name in ("listen", "bind"))
    codes = [getattr(method, "__code__", None) for method in methods]
    frame: FrameType | None = sys._getframe(1)
    for _ in range(_DEPTH):
        if frame is None:
            break
        if frame.f_code in codes:
            server = frame.f_locals.get("self")
            return server if isinstance(server, tcpserver.TCPServer) else None
        frame = frame.f_back
    return None


def server_of(callback: AcceptCallback) -> tcpserver.TCPServer | None:
    """The server that accepts through this callback (`TCPServer._handle_connection`, bound)."""
    owner = getattr(callback, "__self__", None)
    return owner if isinstance(owner, tcpserver.TCPServer) else None


def refresh_files(applications: Iterator[Application]) -> None:
    """Forget compiled templates and hashes of static files, as `debug=True` does each request.

    The rule is that of `tornado.web._HandlerDelegate.execute`.
    """
    lock = getattr(RequestHandler, "_template_loader_lock", contextlib.nullcontext())
    loaders = getattr(RequestHandler, "_template_loaders", {})
    with lock:
        for loader in loaders.values():
            loader.reset()
    static_handlers: set[type[StaticFileHandler]] = {StaticFileHandler}
    for application in applications:
        configured = application.settings.get("static_handler_class")
        if isinstance(configured, type) and issubclass(configured, StaticFileHandler):
            static_handlers.add(configured)
    for handler in static_handlers:
        handler.reset()
