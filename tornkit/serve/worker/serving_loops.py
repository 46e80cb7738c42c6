"""The event loops of one worker that listen, each in whichever thread runs it.

Nearly every program has one. One with a second server in a thread has two, and a handler, its
connection and its WebSockets belong to the loop that accepted: whatever is done to them is done in
that loop (`ServingLoop.call`). So each loop has its own books, and those that are told of an event
(`seams`, the engine's server) tell `ServingLoops`, which finds the books.

A loop may end while others serve, or never run at all; it is then passed over.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator

from tornado.http1connection import HTTP1ServerConnection
from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream
from tornado.websocket import WebSocketHandler

from tornkit.engine.connection import Connection
from tornkit.engine.draining import Connections
from tornkit.engine.request import OwnPaths
from tornkit.engine.websocket.closing import WebSockets
from tornkit.serve.wire.heartbeat import INTERVAL, Pulse


def loop_of(io_loop: IOLoop) -> asyncio.AbstractEventLoop:
    """The asyncio loop below a Tornado loop."""
    return io_loop.asyncio_loop  # type: ignore[attr-defined, no-any-return]


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The asyncio loop that runs in this thread."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def call_in(loop: asyncio.AbstractEventLoop, function: Callable[[], object]) -> bool:
    """Call a function in the thread of ``loop``: now, if that is this one; False if it is closed.

    In a loop that has yet to run, once it does.
    """
    if running_loop() is loop:
        function()
        return True
    try:
        loop.call_soon_threadsafe(function)
    except RuntimeError:
        return False
    return True


class ServingLoop:
    """One event loop, with the connections and WebSockets that it serves."""

    def __init__(self, loop: asyncio.AbstractEventLoop, io_loop: IOLoop | None = None) -> None:
        self.loop = loop
        self.io_loop = io_loop or IOLoop.current()
        self.thread = threading.current_thread()
        self.thread_number = 0  # the system's, as of its last beat, like the next six
        self.connections = Connections()
        self.websockets = WebSockets()
        self.requests = 0
        self.in_flight = 0
        self.open_connections = 0
        self.beat = 0.0
        self.lag = 0.0

    @property
    def is_running(self) -> bool:
        return self.loop.is_running()

    @property
    def is_alive(self) -> bool:
        """Whether the loop runs, or did a moment ago: some programs run one again and again."""
        ran = time.monotonic() - self.beat < 2 * INTERVAL
        return not self.is_closed and (self.is_running or ran)

    @property
    def is_closed(self) -> bool:
        return self.loop.is_closed()

    def call(self, function: Callable[[], None]) -> bool:
        """Call a function in the loop's thread; see `call_in`."""
        return call_in(self.loop, function)

    def turn(self, times: int, then: Callable[[], None]) -> None:
        """Call ``then`` in the loop's thread once it has turned so often."""
        if times:
            self.loop.call_soon(self.turn, times - 1, then)
        else:
            then()

    def begin_to_beat(self, tell: Callable[[], None], interval: float = INTERVAL) -> None:
        """Note the loop's state, each ``interval`` seconds, and call ``tell``."""
        self._beat(self.loop.time(), tell, interval)

    def _beat(self, due: float, tell: Callable[[], None], interval: float) -> None:
        self.thread = threading.current_thread()
        self.thread_number = threading.get_native_id()
        now = self.loop.time()
        self.beat, self.lag = time.monotonic(), max(0.0, now - due)
        self.requests = self.connections.requests
        self.in_flight = self.connections.in_flight
        self.open_connections = self.connections.open_count
        # First: one that fails to tell is alive nevertheless.
        self.loop.call_at(now + interval, self._beat, now + interval, tell, interval)
        tell()


class _OwnFirst(HTTPMessageDelegate):
    """Delegate that has ``own`` paths answered first; all else goes to Tornado's delegate."""

    def __init__(
        self, own: OwnPaths, request: HTTPConnection, delegate: HTTPMessageDelegate
    ) -> None:
        self._own = own
        self._request = request
        self._delegate = delegate

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        assert isinstance(start_line, RequestStartLine)
        own = self._own.delegate(self._request, start_line, headers)
        if own is not None:
            self._delegate = own
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self._delegate.data_received(chunk)

    def finish(self) -> None:
        self._delegate.finish()

    def on_connection_close(self) -> None:
        self._delegate.on_connection_close()


class ProcessLoad:
    """The process's requests as one loop sees them; a `tornkit.serve.worker.collector.Load`."""

    def __init__(self, loops: ServingLoops, here: ServingLoop) -> None:
        self._loops = loops
        self._here = here

    @property
    def requests(self) -> int:
        return self._loops.requests_in_all

    @property
    def in_flight(self) -> int:
        """Requests under way; those of other threads' loops as of their last beat."""
        others = sum(each.in_flight for each in self._loops if each is not self._here)
        return self._here.connections.in_flight + others


class ServingLoops:
    """Every loop that listens or has listened.

    A `tornkit.seams.ConnectionObserver` and a `tornkit.engine.server.Observer` of all of them.
    """

    def __init__(self) -> None:
        self._loops: dict[asyncio.AbstractEventLoop, ServingLoop] = {}
        self._lock = threading.Lock()
        self.requests = 0  # received by the engine's servers
        self.own_paths: OwnPaths | None = None  # answered before Tornado's own servers are asked

    def __iter__(self) -> Iterator[ServingLoop]:
        return iter(tuple(self._loops.values()))

    def of(self, loop: asyncio.AbstractEventLoop) -> ServingLoop:
        """The `ServingLoop` of an asyncio loop, made at its first use."""
        found = self._loops.get(loop)
        if found is None:
            with self._lock:
                for each in tuple(self._loops):
                    if each.is_closed():
                        self.requests += self._loops.pop(each).connections.requests
                found = self._loops.setdefault(loop, ServingLoop(loop))
        return found

    def current(self) -> ServingLoop:
        """The `ServingLoop` of this thread's event loop."""
        return self.of(loop_of(IOLoop.current()))

    def call_in_main_thread(self, function: Callable[[], None]) -> None:
        """Call a function in a loop of the main thread, or here where that has none."""
        main = threading.main_thread()
        if not any(each.thread is main and each.is_alive and each.call(function) for each in self):
            function()

    def pulse(self) -> Pulse:
        """Pulse of all loops: as old as the oldest beat of one that runs, as late as the latest."""
        loops = tuple(self)
        running = [each for each in loops if each.is_running and each.beat] or loops
        oldest = min(running, key=lambda each: each.beat)
        return Pulse(
            beat=oldest.beat,
            lag=max(each.lag for each in running),
            requests=self.requests + sum(each.requests for each in loops),
            in_flight=sum(each.in_flight for each in loops),
            connections=sum(each.open_connections for each in loops),
            thread=oldest.thread_number,
        )

    @property
    def requests_in_all(self) -> int:
        """Requests received, by whichever servers."""
        return self.requests + sum(each.connections.requests for each in self)

    # ---- told by the servers, each in its own loop ----

    def awaiting_request(
        self,
        server: HTTPServer,
        connection: HTTP1ServerConnection,
        request: HTTPConnection,
        delegate: HTTPMessageDelegate,
    ) -> HTTPMessageDelegate:
        if self.own_paths is not None:
            delegate = _OwnFirst(self.own_paths, request, delegate)
        books = self._of_stream(connection.stream).connections
        return books.awaiting_request(server, connection, request, delegate)

    def closed(self, connection: HTTP1ServerConnection) -> None:
        self._of_stream(connection.stream).connections.closed(connection)

    def opened(self, connection: Connection) -> None:
        self.of(connection.loop).connections.opened(connection)

    def gone(self, connection: Connection) -> None:
        self.of(connection.loop).connections.gone(connection)

    def detached(self, stream: IOStream) -> None:
        self._of_stream(stream).connections.detached(stream)

    def opening(self, handler: WebSocketHandler) -> None:
        """Note a WebSocket whose handshake is done."""
        self.current().websockets.opening(handler)

    def _of_stream(self, stream: IOStream) -> ServingLoop:
        return self.of(loop_of(stream.io_loop))
