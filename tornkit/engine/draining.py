"""Drains the connections of a process's HTTP servers so that nothing is lost.

Told of every connection, it knows which wait for a request and which are busy with one: those of
Tornado's own code by `tornkit.seams.observe_connections`, those of `tornkit.engine.connection`,
which part by themselves when they are told to, by their server. To drain:

- one that *waits* is handed to ``release``, which moves it to another process; where it can't
  move (TLS, a shutdown) it is closed, unless bytes of a request have arrived: then it is busy;
- at a shutdown it gets a moment for one more request, whose answer says that it is the last: to
  close at once would cut off what a proxy has just sent, and does not send again if it is a POST;
- one of TLS that has had *no request yet* may be in its handshake, or its request is on the way:
  where others go on serving, it gets a moment for that one request;
- one that is *busy* finishes: then it moves too, or its response says ``Connection: close``, but
  not where it asks to become a WebSocket, which that would make impossible;
- one that is busy with a response that *won't end* is closed, as if its client had left: an event
  stream at once, or at its moment if there are many; one that may end or not, and a stream that a
  handler took for itself, when patience with it is over (`tornkit.engine.open_ended`);
- else a stream that a handler took for itself (a WebSocket) is waited for;
- at the deadline whatever is left is closed.

So a client on a kept-alive connection sees neither a reset nor an answer from old code.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from weakref import WeakSet

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

from tornkit import stream_seams
from tornkit.engine.closed_streams import ClosedStreams
from tornkit.engine.connection import LAST_REQUEST, Connection, Release
from tornkit.engine.open_ended import End, StreamPolicy, end_of
from tornkit.engine.transport import lingering

_CHECK_STREAMS = 0.05  # seconds between looks at responses that might have become streams
_LINGER = 1.0  # seconds for clients that are still sending what was answered early
_CHECK_DETACHED = 0.05  # seconds between looks at streams that tell nobody when they close
# Seconds for a handshake and a first request. Not long: a browser opens connections ahead of time,
# and what it asks for on one after a reload should not be answered by old code.
_FIRST_REQUEST = 1.0


class _Connection:
    """One connection of a server.

    ``headers`` are those of the request that was received and is not answered, None without one.
    ``fresh``: none was received so far. ``overdue``: one more was waited for, in vain.
    """

    __slots__ = ("fresh", "headers", "overdue", "request", "server_connection")

    def __init__(self, server_connection: HTTP1ServerConnection, request: HTTPConnection) -> None:
        self.server_connection = server_connection
        self.request = request
        self.headers: HTTPHeaders | None = None
        self.fresh = True
        self.overdue = False

    @property
    def busy(self) -> bool:
        return self.headers is not None

    @property
    def wants_websocket(self) -> bool:
        """Whether the request is a WebSocket's handshake, by the rule of `WebSocketHandler.get`."""
        headers = self.headers
        return headers is not None and headers.get("Upgrade", "").lower() == "websocket"


class _Watched(HTTPMessageDelegate):
    """Delegate that passes everything on, and notes that the request has arrived."""

    def __init__(
        self, connections: Connections, connection: _Connection, delegate: HTTPMessageDelegate
    ) -> None:
        self._connections = connections
        self._connection = connection
        self._delegate = delegate
        # Bound straight through: nothing to note in these, and no call to pay for.
        self.data_received = delegate.data_received  # type: ignore[method-assign]
        self.finish = delegate.finish  # type: ignore[method-assign]
        self.on_connection_close = delegate.on_connection_close  # type: ignore[method-assign]

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        self._connections.arrived(self._connection, headers)
        return self._delegate.headers_received(start_line, headers)


class Connections:
    """Every connection of this process's HTTP servers.

    A `seams.ConnectionObserver`, and a `tornkit.engine.server.Observer`.
    """

    def __init__(self) -> None:
        self._connections: dict[HTTP1ServerConnection, _Connection] = {}
        self._own: set[Connection] = set()
        self.requests = 0  # received in all
        self._detached: WeakSet[IOStream] = WeakSet()
        self._release: Release | None = None
        self._draining = False
        self._all_closed = asyncio.Event()
        self._streams: StreamPolicy | None = None
        self._scheduled: set[HTTPConnection] = set()  # to be closed each at its moment
        # When a response that perhaps won't end, or a detached stream, was first seen as such.
        self._since: dict[HTTPConnection | IOStream, float] = {}
        self._closed_streams = ClosedStreams()

    def __len__(self) -> int:
        return len(self._connections) + len(self._own)

    @property
    def open_count(self) -> int:
        """Connections that are open, with those that have become WebSockets or other streams."""
        return len(self) + sum(not stream.closed() for stream in self._detached)

    @property
    def in_flight(self) -> int:
        """Requests received and not answered."""
        theirs = sum(connection.busy for connection in self._connections.values())
        return theirs + sum(connection.busy for connection in self._own)

    # ---- told by the servers ----

    def awaiting_request(
        self,
        server: HTTPServer,
        connection: HTTP1ServerConnection,
        request: HTTPConnection,
        delegate: HTTPMessageDelegate,
    ) -> HTTPMessageDelegate:
        known = self._connections.get(connection)
        if known is None:
            known = self._connections[connection] = _Connection(connection, request)
        known.request = request
        known.headers = None
        if self._draining:
            self._let_go_idle(known)
        return _Watched(self, known, delegate)

    def arrived(self, connection: _Connection, headers: HTTPHeaders) -> None:
        """Note a request that has been received; let go of its connection if that is draining."""
        self.requests += 1
        connection.headers = headers
        connection.fresh = False
        if self._draining:
            self._let_go_busy(connection)

    def closed(self, connection: HTTP1ServerConnection) -> None:
        known = self._connections.pop(connection, None)
        if known is not None and stream_seams.is_detached(known.request):
            self._detached.add(connection.stream)
        self._look_if_all_closed()

    def opened(self, connection: Connection) -> None:
        self._own.add(connection)
        if self._draining:
            connection.let_go(self._release)

    def gone(self, connection: Connection) -> None:
        self._own.discard(connection)
        # One that is handed on is announced as Tornado's in the next turn.
        IOLoop.current().add_callback(self._look_if_all_closed)

    def detached(self, stream: IOStream) -> None:
        self._detached.add(stream)

    def _look_if_all_closed(self) -> None:
        if not len(self):
            self._all_closed.set()

    # ---- draining ----

    def begin_drain(self, release: Release | None, streams: StreamPolicy | None = None) -> None:
        """Let go of every connection that waits, now; of the busy ones as they finish.

        ``release`` is None where nobody takes connections over, ``streams`` where each response is
        waited for alike.
        """
        self._draining = True
        self._release = release
        for connection in tuple(self._connections.values()):
            self._let_go(connection)
        for own in tuple(self._own):
            own.let_go(release)
        if streams is not None:
            self._streams = streams
            self._close_endless(streams)
            # WebSockets, as a rule: each is told to close at such a moment, too.
            told = IOLoop.current().time() + max(streams.moments(len(self._detached)), default=0)
            self._since = dict.fromkeys(self._detached, told)
            self._look_at_streams()

    async def drained(self, timeout: float) -> None:
        """Wait until all connections are gone; close what is left after ``timeout`` seconds."""
        for _ in range(2):
            # A connection that was accepted in this very turn is announced in the next.
            await asyncio.sleep(0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._wait_until_closed()
        for request, close in self._under_way():
            self._close(request, close)
        for left in tuple(self._connections):
            left.stream.close()
        for own in tuple(self._own):
            own.shut()
        for stream in tuple(self._detached):
            stream.close()
        # Else the end of the process would reset them, and the reset overtake their answers.
        await lingering.ended(asyncio.get_running_loop(), min(_LINGER, timeout))

    async def _wait_until_closed(self) -> None:
        while len(self):
            self._all_closed.clear()
            await self._all_closed.wait()
        while any(not stream.closed() for stream in self._detached):
            await asyncio.sleep(_CHECK_DETACHED)

    # ---- responses that won't end ----

    def _under_way(self) -> list[tuple[HTTPConnection, Callable[[], None]]]:
        """Requests that are not answered, each with the function that closes its connection."""
        theirs = [
            (connection.request, connection.server_connection.stream.close)
            for connection in self._connections.values()
            if connection.busy
        ]
        return theirs + [(own.exchange, own.shut) for own in self._own if own.exchange is not None]

    def _close_endless(self, streams: StreamPolicy) -> None:
        """Close the event streams, each at its moment."""
        endless = [each for each in self._under_way() if end_of(each[0]) is End.NEVER]
        moments = streams.moments(len(endless))
        for (request, close), moment in zip(endless, moments, strict=True):
            if moment > 0:
                self._scheduled.add(request)
                IOLoop.current().call_later(moment, self._close_if_endless, request, close)
            else:
                self._close(request, close)

    def _close_if_endless(self, request: HTTPConnection, close: Callable[[], None]) -> None:
        if end_of(request) is End.NEVER:
            self._close(request, close)

    def _close(self, request: HTTPConnection, close: Callable[[], None]) -> None:
        """Close a request's connection as if the client had left, which its handler is told."""
        self._closed_streams.add(request)
        close()

    def _look_at_streams(self) -> None:
        """Close responses that became streams, or were waited for long enough; look again."""
        assert self._streams is not None
        for request, close in self._under_way():
            end = end_of(request)
            if end is End.SURE:
                self._since.pop(request, None)  # patience begins anew if it pauses again
            elif request not in self._scheduled and (end is End.NEVER or self._is_overdue(request)):
                self._close(request, close)
        if self._streams.patience is not None:
            for stream in tuple(self._detached):
                if not stream.closed() and self._is_overdue(stream):
                    stream.close()
        IOLoop.current().call_later(_CHECK_STREAMS, self._look_at_streams)

    def _is_overdue(self, what: HTTPConnection | IOStream) -> bool:
        """Whether patience with a response or stream, which begins at the first look, is over."""
        assert self._streams is not None
        if self._streams.patience is None:
            return False
        now = IOLoop.current().time()
        return now - self._since.setdefault(what, now) >= self._streams.patience

    # ---- those that wait, or that finish ----

    def _let_go(self, connection: _Connection) -> None:
        stream = connection.server_connection.stream
        if stream.closed() or connection.server_connection not in self._connections:
            return
        if connection.busy:
            self._let_go_busy(connection)
        elif stream.reading():
            self._let_go_idle(connection)
        else:
            # A request has been read and is on its way to the handler. It is in neither place
            # where it could be seen: not in the buffer any more, not announced yet.
            IOLoop.current().add_callback(self._let_go, connection)

    def _let_go_busy(self, connection: _Connection) -> None:
        """Let the response under way be the last, where the connection can't move after it."""
        stays = self._release is None or not stream_seams.is_plain(
            connection.server_connection.stream
        )
        # A handshake that is answered with `Connection: close` gives no WebSocket.
        if stays and not connection.wants_websocket:
            stream_seams.close_after_response(connection.request)

    def _let_go_idle(self, connection: _Connection) -> None:
        """Let go of a connection between two requests, whose unread bytes are all in its stream."""
        stream = connection.server_connection.stream
        if stream.closed():
            stream_seams.forget_unread(stream)  # pipelined behind a response that said close
            return
        if self._release is not None and stream_seams.can_move(stream):
            self._release(stream.socket, stream_seams.unread_bytes(stream) or b"")
            stream_seams.forget_unread(stream)
            stream.close()  # only this process's descriptor: the other one lives on
        elif not connection.overdue and (connection.fresh or self._release is None):
            handshake = self._release is not None or stream_seams.has_input(stream)
            patience = _FIRST_REQUEST if connection.fresh and handshake else LAST_REQUEST
            IOLoop.current().call_later(patience, self._wait_no_more, connection)
        elif not stream_seams.has_input(stream):
            # With a part of a request there, it would be reset; the client would never know why.
            stream.close()

    def _wait_no_more(self, connection: _Connection) -> None:
        connection.overdue = True
        self._let_go(connection)
