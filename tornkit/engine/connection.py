"""One client's connection: reads requests, hands them to the server's delegate, writes responses.

    waiting ─▶ a head is here ─▶ written plainly, its body complete? ──no──▶ Tornado's own code
       ▲                              │ yes
       └── response finished ◀── handler ◀── delegate

The socket is read when the loop says so and written at once; no stream, no task and no timer
stand between. That holds for requests that are written as nearly all are (`grammar`) and have
arrived whole. Anything else is *handed on*: Tornado's ``HTTP1ServerConnection`` takes the socket
with what was read, and goes on as if it had read it. So everything rare is as strict and as exact
as Tornado, because it is Tornado: chunked and large bodies, Expect, upgrades, HTTP/1.0, odd line
ends, whatever is malformed. A handler that detaches gets a real `IOStream` in the same way.
"""

from __future__ import annotations

import asyncio
import socket
from asyncio import Future, TimerHandle
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from tornado.httputil import HTTPInputError, HTTPMessageDelegate
from tornado.iostream import IOStream, StreamClosedError
from tornado.log import app_log, gen_log

from tornkit import seams
from tornkit.engine.exchange import Exchange
from tornkit.engine.grammar import Head, read_head
from tornkit.engine.view import StreamView

if TYPE_CHECKING:
    from tornkit.engine.server import HTTPServer

_READ = 65536  # bytes of one recv, and of what is kept unread while a handler works
_WRITE = 1 << 18  # bytes of one send from what had to wait


# Takes over a connection between two requests, with the bytes that nobody has used.
Release = Callable[[socket.socket, bytes], None]


class _Leaving(NamedTuple):
    """The connection is to go; ``release`` as in `Connection.let_go`."""

    release: Release | None


class Connection:
    """One accepted socket. What Tornado calls the server connection."""

    __slots__ = (
        "__weakref__",
        "_exchange",
        "_finished",
        "_in",
        "_leaving",
        "_out",
        "_reading",
        "_searched",
        "_sent",
        "_shutting",
        "_since",
        "_timer",
        "_view",
        "address",
        "closed",
        "context",
        "loop",
        "server",
        "sock",
    )

    def __init__(
        self,
        server: HTTPServer,
        sock: socket.socket,
        address: Any,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.server = server
        self.sock = sock
        self.address = address
        self.loop = loop
        self.closed = False
        self._in: bytes | bytearray = b""
        self._searched = 0  # so many of its bytes hold no end of a head
        self._out = bytearray()
        self._sent: list[Future[None]] = []
        self._exchange: Exchange | None = None
        self._finished: Exchange | None = None  # complete, but for what the socket has to take
        self._shutting = False
        self._leaving: _Leaving | None = None
        self._view: StreamView | None = None
        self.context = server.context_of(sock, address)
        self._since = loop.time()  # when it began to wait for a head
        self._timer: TimerHandle = loop.call_later(server.header_timeout, self._look_at_time)
        self._reading = True
        loop.add_reader(sock.fileno(), self._on_readable)

    # ---- as Tornado's HTTP1ServerConnection ----

    @property
    def params(self) -> object:
        """The server's ``HTTP1ConnectionParameters``."""
        return self.server.conn_params

    @property
    def stream(self) -> StreamView:
        """See `view`."""
        return self.view()

    def view(self) -> StreamView:
        """The connection as a stream that can be looked at."""
        if self._view is None:
            self._view = StreamView(self)
        return self._view

    @property
    def unsent(self) -> int:
        """Bytes that the socket has not taken yet."""
        return len(self._out)

    # ---- reading ----

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self._exchange is not None

    def feed(self, data: bytes) -> None:
        """Go on with bytes that another process has read."""
        self._in = bytes(self._in) + data
        self._next()

    def _on_readable(self) -> None:
        try:
            data = self.sock.recv(_READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.shut()
            return
        if not self._in:
            self._in = data
        elif isinstance(self._in, bytearray):
            self._in += data  # in place: one that sends byte by byte would make us copy it all
        else:
            self._in = bytearray(self._in) + data
        if self._exchange is None:
            self._next()
        elif len(self._in) >= _READ:
            self._pause()

    def _pause(self) -> None:
        if self._reading:
            self._reading = False
            self.loop.remove_reader(self.sock.fileno())

    def _resume(self) -> None:
        if not self._reading:
            self._reading = True
            self.loop.add_reader(self.sock.fileno(), self._on_readable)

    def _next(self) -> None:
        """Begin with the next request, if its head is here."""
        if self.closed or self._exchange is not None:
            return
        data, searched = self._in, self._searched
        end = data.find(b"\r\n\r\n", searched) + 4
        if end < 4:
            # Other line ends, a head that is too long: not ours to judge.
            odd = data.find(b"\n\n", searched) >= 0 or data.find(b"\n\r\n", searched) >= 0
            if odd or len(data) > self.server.longest_head:
                self.hand_on()
            self._searched = max(0, len(data) - 3)
            return
        self._searched = 0
        head = read_head(data, end) if end <= self.server.longest_head else None
        if head is None:
            self.hand_on()
            return
        length = head.length
        if len(data) < end + length or length > self.server.max_body_size:
            self.hand_on()
            return
        self._in = bytes(data[end + length :])
        self._answer(head, bytes(data[end : end + length]) if length else b"")

    # ---- answering ----

    def _answer(self, head: Head, body: bytes) -> None:
        """What ``HTTP1Connection._read_message`` does, where there is nothing to wait for."""
        exchange = self._exchange = Exchange(self, head)
        if self._leaving is not None and self._leaving.release is None:
            exchange.close_after = True
        self.server.observer.requests += 1
        delegate = self.server.start_request(self, exchange)
        try:
            waiting = delegate.headers_received(head.start_line, head.headers)
            more = (waiting, 0) if waiting is not None else self._deliver(exchange, delegate, body)
        except Exception as error:  # noqa: BLE001 - a delegate may raise anything
            self._delegate_failed(delegate, error)
        else:
            if more is not None:
                self.server.keep(self._answer_slowly(exchange, delegate, body, *more))

    def _deliver(
        self, exchange: Exchange, delegate: HTTPMessageDelegate, body: bytes, at: int = 0
    ) -> tuple[Awaitable[None], int] | None:
        """The body from ``at``, and its end; or what there is to wait for, and where to go on."""
        if exchange.detached:
            return None
        if len(body) > exchange.max_body_size:
            raise HTTPInputError("Content-Length too long")
        size = self.server.conn_params.chunk_size
        while at < len(body) and not exchange.write_finished:
            piece = body[at : at + size]
            at += len(piece)
            waiting = delegate.data_received(piece)
            if waiting is not None:
                return waiting, at
        exchange.read_finished = True
        if not exchange.write_finished:
            delegate.finish()
        return None

    async def _answer_slowly(
        self,
        exchange: Exchange,
        delegate: HTTPMessageDelegate,
        body: bytes,
        waiting: Awaitable[None],
        at: int,
    ) -> None:
        """The same with a delegate that takes its time: a handler that streams the body."""
        more: tuple[Awaitable[None], int] | None = (waiting, at)
        try:
            while more is not None:
                waiting, at = more
                await waiting
                if self.closed and at < len(body):
                    delegate.on_connection_close()
                    return
                more = self._deliver(exchange, delegate, body, at)
        except Exception as error:  # noqa: BLE001
            self._delegate_failed(delegate, error)

    def _delegate_failed(self, delegate: HTTPMessageDelegate, error: Exception) -> None:
        """As Tornado: 400 for what the delegate calls malformed, the log for anything else."""
        if isinstance(error, HTTPInputError):
            gen_log.info("Malformed HTTP message from %s: %s", self.context, error)
            self.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        else:
            app_log.error("Uncaught exception", exc_info=error)
        try:
            delegate.on_connection_close()
        except Exception:  # noqa: BLE001
            app_log.error("Uncaught exception", exc_info=True)
        self._exchange = None
        self.shut_when_sent()

    def response_finished(self, exchange: Exchange) -> None:
        """The handler has written everything; the socket may not have taken it yet."""
        if self._out:
            self._finished = exchange
        else:
            self._end_exchange(exchange)

    def _end_exchange(self, exchange: Exchange) -> None:
        self._finished = None
        if exchange is not self._exchange:
            return  # detached, or an answer to nobody
        if exchange.close_after:
            # In the next turn: a handler may detach after it has finished.
            self.loop.call_soon(self._shut_unless_detached, exchange)
            return
        exchange.done()
        self._exchange = None
        if self._leaving is not None:
            self.let_go(self._leaving.release)
            return
        self._since = self.loop.time()
        if self._in:
            self.loop.call_soon(self._next)
        self._resume()

    def _shut_unless_detached(self, exchange: Exchange) -> None:
        if not exchange.detached:
            exchange.done()
            self._exchange = None
            self.shut()

    # ---- writing ----

    def send(self, data: bytes) -> bool:
        """Write ``data``, now or as the socket takes it; whether all of it went at once."""
        if self.closed:
            return False
        if self._out:
            self._out += data
            return False
        try:
            taken = self.sock.send(data)
        except (BlockingIOError, InterruptedError):
            taken = 0
        except OSError:
            self.shut()
            return False
        if taken == len(data):
            return True
        self._out += memoryview(data)[taken:]
        self.loop.add_writer(self.sock.fileno(), self._on_writable)
        return False

    def when_sent(self, future: Future[None]) -> None:
        """Resolve ``future`` when everything written so far has gone, or fail it."""
        if self.closed:
            future.set_exception(StreamClosedError())
            future.exception()
        else:
            self._sent.append(future)

    def _on_writable(self) -> None:
        try:
            with memoryview(self._out)[:_WRITE] as piece:
                taken = self.sock.send(piece)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.shut()
            return
        del self._out[:taken]
        if self._out:
            return
        self.loop.remove_writer(self.sock.fileno())
        for future in self._sent:
            if not future.done():
                future.set_result(None)
        self._sent.clear()
        if self._finished is not None:
            self._end_exchange(self._finished)
        elif self._shutting:
            self.shut()

    # ---- the end ----

    def shut_when_sent(self) -> None:
        """Close once what was written has gone."""
        if self._out:
            self._shutting = True
            self._pause()
        else:
            self.shut()

    def shut(self) -> None:
        """Close now."""
        if self.closed:
            return
        fd = self.sock.fileno()
        self._release(fd)
        self.sock.close()
        for future in self._sent:
            if not future.done():
                future.set_exception(StreamClosedError())
                future.exception()
        self._sent.clear()
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            self.loop.call_soon(exchange.client_gone)
        if self._view is not None:
            self._view.closed_now()

    async def close(self) -> None:
        """Close now, as ``HTTP1ServerConnection.close``."""
        self.shut()

    def _release(self, fd: int) -> None:
        """Let go of the socket, without closing it."""
        self.closed = True
        self._timer.cancel()
        if self._reading:
            self._reading = False
            self.loop.remove_reader(fd)
        if self._out:
            self.loop.remove_writer(fd)
        self.server.on_close(self)

    def detach(self) -> IOStream:
        """The socket as Tornado's own stream, with what was read and what is still to be sent."""
        if self.closed:
            stream = seams.stream_of(self.server, self.sock, b"")
            stream.close()
            return stream
        out = bytes(self._out)
        self._release(self.sock.fileno())
        self._exchange = None
        stream = seams.stream_of(self.server, self.sock, bytes(self._in))
        if out:
            stream.write(out)
        return stream

    def hand_on(self) -> None:
        """Let Tornado's own code go on from here."""
        stream = self.detach()
        self.server.handle_stream(stream, self.address)

    # ---- leaving ----

    def let_go(self, release: Release | None) -> None:
        """Part with it as soon as no request is under way.

        ``release`` moves it to another process; where it is None, the connection closes, after a
        response that says so if there is one.
        """
        self._leaving = _Leaving(release)
        if self.closed:
            return
        if self._exchange is not None:
            if release is None:
                self._exchange.close_after = True
        elif release is not None:
            release(self.sock, bytes(self._in))
            self._in = b""
            self.shut()  # this process's descriptor: the other one lives on
        elif not self._in and not seams.readable(self.sock):
            self.shut()
        # Else a request has begun to arrive: to close now would reset it.

    # ---- time ----

    def _look_at_time(self) -> None:
        """End it if it has waited too long for a head; else look again when it might have.

        One timer for a connection's life: to move one with each request would cost more than
        the rest of the bookkeeping.
        """
        now = self.loop.time()
        since = now if self._exchange is not None else self._since
        left = since + self.server.header_timeout - now
        if left <= 0:
            self.shut()
        else:
            self._timer = self.loop.call_later(left, self._look_at_time)
