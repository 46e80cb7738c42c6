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
import re
import socket
from asyncio import TimerHandle
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tornado.iostream import IOStream
from tornado.log import gen_log

from tornkit import seams
from tornkit.engine.delivery import deliver
from tornkit.engine.exchange import Exchange
from tornkit.engine.grammar import read_head
from tornkit.engine.outbox import Outbox, Waiter
from tornkit.engine.view import StreamView

if TYPE_CHECKING:
    from tornkit.engine.server import HTTPServer

_READ = 65536  # bytes of one recv, and of what is kept unread while a handler works
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")

# Takes over a connection between two requests, with the bytes that nobody has used.
Release = Callable[[socket.socket, bytes], None]


class _Leaving(NamedTuple):
    """The connection is to go; ``release`` as in `Connection.let_go`."""

    release: Release | None


def _pass_on(waiter: Waiter, sent: asyncio.Future[None]) -> None:
    waiter(not sent.cancelled() and sent.exception() is None)


class Connection:
    """One accepted socket. What Tornado calls the server connection."""

    __slots__ = (
        "__weakref__",
        "_exchange",
        "_in",
        "_leaving",
        "_outbox",
        "_queued",
        "_reading",
        "_searched",
        "_since",
        "_timer",
        "_view",
        "address",
        "closed",
        "context",
        "error",
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
        self.error: OSError | None = None  # for which it was closed
        self._in: bytes | bytearray = b""
        self._searched = 0  # so many of its bytes hold no end of a head
        self._queued = False  # whether the next look at them is under way
        self._outbox: Outbox | None = None  # there is one while something waits in it
        self._exchange: Exchange | None = None  # until the socket has taken the response
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
        """The connection as a stream that can be looked at."""
        if self._view is None:
            self._view = StreamView(self)
        return self._view

    async def close(self) -> None:
        """Close now; whoever asked to be told has been when this returns."""
        self.shut()
        await asyncio.sleep(0)

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
        except OSError as error:
            self._on_end(error)
            return
        if not data:
            self._on_end()
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

    def _on_end(self, error: OSError | None = None) -> None:
        """The client sends no more. It may still read: what it asked before is answered.

        As with Tornado, who doesn't look while there is something to read from memory, or to
        write; a handler that has nothing to write yet is told that nobody is there.
        """
        self.error = error or self.error  # it is told once
        exchange = self._exchange
        if (
            self._outbox is not None
            or (exchange is not None and not exchange.read_finished)
            or (self._in and (exchange is not None or self._queued))
        ):
            self._pause()  # the end is still there when somebody looks again
        elif exchange is not None and not exchange.had_its_turn:
            # The handler runs in a task. One that answers at once does so in its first turn.
            exchange.had_its_turn = True
            self._pause()
            self.loop.call_soon(self.read_on)
        else:
            self.shut()

    def _pause(self) -> None:
        if self._reading:
            self._reading = False
            self.loop.remove_reader(self.sock.fileno())

    def read_on(self) -> None:
        """Read again, if there is room."""
        if not self._reading and not self.closed and len(self._in) < _READ:
            self._reading = True
            self.loop.add_reader(self.sock.fileno(), self._on_readable)

    def _next(self) -> None:
        """Begin with the next request, if its head is here."""
        self._queued = False
        if self.closed or self._exchange is not None:
            return
        data, searched = self._in, self._searched
        end = data.find(b"\r\n\r\n", searched) + 4
        if end < 4:
            # Other line ends, a head that is too long: not ours to judge.
            odd = data.find(b"\n\n", searched) >= 0 or data.find(b"\n\r\n", searched) >= 0
            if odd or len(data) > self.server.longest_head:
                self.hand_on()
            else:
                self._searched = max(0, len(data) - 3)
                self.read_on()
            return
        head = read_head(data, end) if end <= self.server.longest_head else None
        if head is None:
            self.hand_on()
            return
        length = head.length
        if len(data) < end + length or length > self.server.max_body_size:
            self.hand_on()
            return
        self._searched = 0
        self._in = bytes(data[end + length :])
        exchange = self._exchange = Exchange(self, head)
        if self._leaving is not None and self._leaving.release is None:
            exchange.close_after = True
        self.server.observer.requests += 1
        deliver(self, exchange, head, bytes(data[end : end + length]) if length else b"")

    # ---- writing ----

    @property
    def unsent(self) -> int:
        """Bytes that the socket has not taken yet."""
        return 0 if self._outbox is None else len(self._outbox)

    def send(self, data: bytes) -> bool:
        """Write ``data``, now or as the socket takes it; whether all of it went at once."""
        if self.closed:
            return False
        if self._outbox is not None:
            self._outbox.add(data)
            return False
        try:
            taken = self.sock.send(data)
        except (BlockingIOError, InterruptedError):
            taken = 0
        except OSError as error:
            self.shut(error)
            return False
        if taken == len(data):
            return True
        rest = memoryview(data)[taken:]
        self._outbox = Outbox(
            self.sock, self.loop, rest, emptied=self._on_emptied, broken=self.shut
        )
        return False

    def when_sent(self, waiter: Waiter) -> None:
        """Tell ``waiter`` when everything written so far has gone, or never will."""
        if self._outbox is None:
            waiter(not self.closed)
        else:
            self._outbox.wait(waiter)

    def _on_emptied(self) -> None:
        assert self._outbox is not None
        then, self._outbox = self._outbox.then, None
        if then is not None:
            then()
        else:
            self.read_on()

    # ---- the end of a request ----

    def response_finished(self, exchange: Exchange) -> None:
        """The handler has written everything; the socket may not have taken it yet."""
        if self._outbox is None:
            self._end_exchange(exchange)
        else:
            self._outbox.then = partial(self._end_exchange, exchange)

    def _end_exchange(self, exchange: Exchange) -> None:
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
            self._queued = True
            self.loop.call_soon(self._next)
        if not self._reading:
            self.read_on()

    def _shut_unless_detached(self, exchange: Exchange) -> None:
        if not exchange.detached:
            exchange.done()
            self._exchange = None
            self.shut()

    def abandon(self, last_words: bytes = b"") -> None:
        """Give up on the request, and the connection with it, once the last words have gone."""
        self._exchange = None
        if last_words:
            self.send(last_words)
        if last_words and self._outbox is not None:
            self._outbox.then = self.shut
            self._pause()
        else:
            self.shut()

    # ---- the end of the connection ----

    def shut(self, error: OSError | None = None) -> None:
        """Close now."""
        if self.closed:
            return
        self.error = error or self.error
        waiting = self._let_loose()
        self.sock.close()
        for waiter in waiting:
            waiter(False)
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            self.loop.call_soon(exchange.client_gone)
        if self._view is not None:
            self._view.closed_now()
        self.server.on_close(self)

    def _let_loose(self) -> list[Waiter]:
        """Have no more to do with the socket, without closing it; who waits for what to go."""
        self.closed = True
        self._timer.cancel()
        if self._reading:
            self._reading = False
            self.loop.remove_reader(self.sock.fileno())
        outbox, self._outbox = self._outbox, None
        return [] if outbox is None else outbox.stop()

    def detach(self) -> IOStream:
        """The socket as Tornado's own stream, with what was read and what is still to be sent."""
        if self.closed:
            stream = seams.stream_of(self.server, socket.socket(), b"")
            stream.close()
            return stream
        rest = b"" if self._outbox is None else self._outbox.rest()
        waiting = self._let_loose()
        self._exchange = None
        stream = seams.stream_of(self.server, self.sock, bytes(self._in))
        if rest:
            sent = asyncio.ensure_future(stream.write(rest))
            for waiter in waiting:
                sent.add_done_callback(partial(_pass_on, waiter))
        self.server.on_close(self)
        return stream

    def hand_on(self) -> None:
        """Let Tornado's own code go on from here."""
        size = self.server.buffer_size
        if len(self._in) > size and _END_OF_HEAD.search(self._in, 0, size) is None:
            # Its stream would not have taken so much in.
            gen_log.error("Reached maximum read buffer size")
            self.shut()
            return
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
        elif self._outbox is not None:
            # Its last words are on their way, or what a handler wrote around HTTP.
            self._outbox.then = self._outbox.then or partial(self.let_go, release)
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
