"""One client's connection: reads requests, hands them to the server's delegate, writes responses.

    waiting ─▶ a head is here ─▶ written plainly, its body of a known length? ──no──▶ Tornado's own
       ▲                              │ yes
       └── response finished ◀── handler ◀── delegate

The socket is read when the loop says so and written at once; no stream, no task and no timer
stand between. That holds for requests that are written as nearly all are (`grammar`). Anything
else is *handed on*: Tornado's ``HTTP1ServerConnection`` takes the socket with what was read, and
goes on as if it had read it. So everything rare is as strict and as exact as Tornado, because it
is Tornado: chunked bodies, Expect, upgrades, HTTP/1.0, odd line ends, whatever is malformed. A
handler that detaches gets a real `IOStream` in the same way.
"""

from __future__ import annotations

import asyncio
import socket
from asyncio import TimerHandle
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Any

from tornado.iostream import IOStream
from tornado.log import gen_log

from tornkit import stream_seams
from tornkit.engine.delivery import deliver
from tornkit.engine.exchange import Exchange
from tornkit.engine.fidelity import replaced
from tornkit.engine.host import Host
from tornkit.engine.stream_view import StreamView
from tornkit.engine.transport.inbox import FoundHead, Inbox
from tornkit.engine.transport.lingering import close_slowly
from tornkit.engine.transport.outbox import Outbox, Waiter

_READ = 65536  # bytes of one recv, and of what is kept unread while a handler works
# Seconds for a client that has connected to begin its first request, before it is closed
# for the end of the process: with `--reload-order stop-first` the next one serves on.
FIRST_BYTES = 0.05
# Turns of the loop in which a streaming handler is told that its client is gone (`delivery`).
_TURNS_TO_TELL = 3
_READS = 8  # in one turn of the loop, where a body comes as fast as it is read
# Takes over a connection between two requests, with its unread bytes.
Release = Callable[[socket.socket, bytes], None]


def _pass_on(waiter: Waiter, sent: asyncio.Future[None]) -> None:
    waiter(not sent.cancelled() and sent.exception() is None)


class Connection:
    """One accepted socket. What Tornado calls the server connection."""

    __slots__ = (
        "__weakref__",
        "_closing_after_flush",
        "_exchange",
        "_inbox",
        "_leaving",
        "_looking",
        "_outbox",
        "_poller",
        "_queued",
        "_reading",
        "_release",
        "_since",
        "_timer",
        "_variables",
        "_wanting",
        "address",
        "closed",
        "context",
        "error",
        "finished_in",
        "loop",
        "server",
        "sock",
        "turns",
        "view",
    )

    def __init__(
        self,
        server: Host,
        sock: socket.socket,
        address: Any,
        loop: asyncio.AbstractEventLoop,
        unread: bytes = b"",
    ) -> None:
        self.server = server
        self.sock = sock
        self.address = address
        self.loop = loop
        self.closed = False
        self.error: BaseException | None = None  # for which it was closed
        self._inbox = Inbox()
        self._inbox.add(unread)
        self._queued = False  # whether the next look at them is under way
        self._outbox: Outbox | None = None  # there is one while something waits in it
        self._exchange: Exchange | None = None  # until the socket has taken the response
        self._closing_after_flush = False  # no more requests are read
        self._leaving = False  # and how: `let_go`
        self._release: Release | None = None
        self.view: StreamView | None = None  # once a handler has looked at the stream
        self._wanting: Callable[[], None] | None = None  # who waits for more of a body
        self.context = server.context_of(sock, address)
        self._since = loop.time()  # when it began to wait for a head
        self._timer: TimerHandle = loop.call_later(server.header_timeout, self._look_at_time)
        # In which requests begin. What a handler sets in its own is not the next one's to see,
        # though it is often the end of one request that has us look for another.
        self._variables = copy_context()
        self._poller = server.poller_of(loop)
        self.turns = self._poller.turns
        # The turn of the loop in which the last request ended, or the connection behind it.
        self.finished_in: object = None
        self._reading = False
        self._looking = False  # in the next turn of the loop
        self._resume()

    # ---- as Tornado's HTTP1ServerConnection ----

    @property
    def params(self) -> object:
        """The server's ``HTTP1ConnectionParameters``."""
        return self.server.conn_params

    @property
    def stream(self) -> StreamView:
        """The connection as a stream that can be looked at."""
        if self.view is None:
            self.view = StreamView(self)
        return self.view

    async def close(self) -> None:
        """Close now; whoever asked to be told has been when this returns."""
        self.shut()
        for _ in range(_TURNS_TO_TELL):
            await asyncio.sleep(0)

    # ---- reading ----

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self._exchange is not None

    @property
    def awaits_body(self) -> bool:
        """Whether a request's body is being read."""
        return self._wanting is not None

    @property
    def exchange(self) -> Exchange | None:
        """The request that is being answered, None between two."""
        return self._exchange

    def request_read(self, exchange: Exchange) -> None:
        """A request is complete: its connection is watched for its handler from now on."""
        if self.closed:
            exchange.done()  # by its handler, in this very step: as with Tornado it is told nothing
        elif self.view is not None and (
            not exchange.write_finished or self._exchange is exchange  # it is still being sent
        ):
            self.view.set_close_callback(None)
            self.view.told_instead_of = None

    @property
    def unread(self) -> bytes:
        """What was read and no request has used."""
        return bytes(self._inbox)

    def _on_readable(self) -> None:
        if not self._receive():
            return
        for _ in range(_READS - 1):
            # A part of a request may be followed by a reset, which has to be seen now, where it
            # is told once.
            if not self._receive():
                return
        self._look_soon()

    def _look_soon(self) -> None:
        # Once, however many ask for it: one that sends as fast as it is read would otherwise have
        # a look more in each turn of the loop.
        if not self._looking:
            self._looking = True
            self.loop.call_soon(self._look_again)

    def _look_again(self) -> None:
        self._looking = False
        if self._reading and (self._exchange is not None or self._inbox):
            self._on_readable()

    def _receive(self) -> bool:
        """Read once, and whether that gave a part of a request and no more."""
        try:
            data = self.sock.recv(_READ)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            self._on_end(error)
            return False
        if not data:
            self._on_end()
            return False
        self._inbox.add(data)
        if self._wanting is not None:
            self._wanting()
        elif self._exchange is None and not self._queued:
            self.begin()
        elif len(self._inbox) >= _READ:
            self._pause()
        if self._exchange is None:
            return not self._queued and not self.closed and bool(self._inbox)
        if self._wanting is not None:
            return True
        if self._poller.tells_once:
            # When the handler has had a turn: nearly all have answered then, and need no look.
            self._look_soon()
        return False

    def _on_end(self, error: OSError | None = None) -> None:
        """The client sends no more. It may still read: what it asked before is answered.

        Like Tornado, report the end only when both buffers are empty: nothing is left to be read
        from memory, or to be written. A handler that has written nothing yet is told at once.
        """
        self.error = error or self.error  # it is told once
        exchange = self._exchange
        if (
            self._outbox is not None
            or (exchange is not None and not exchange.read_finished and self._wanting is None)
            or (self._inbox and (exchange is not None or self._queued))
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
            self._poller.remove(self.sock.fileno())

    def read_on(self) -> None:
        """Read again, if there is room."""
        if len(self._inbox) < _READ:
            self._resume()

    def _resume(self) -> None:
        if not self._reading and not self.closed and not self._closing_after_flush:
            self._reading = True
            try:
                self._poller.add(self.sock.fileno(), self._variables, self._on_readable)
            except OSError as error:  # neither an epoll nor the loop has room for it
                self._reading = False
                gen_log.warning("A connection can't be watched and is closed: %s", error)
                self.loop.call_soon(self.shut, error)

    def begin(self) -> None:
        """Begin with the next request, if it is here."""
        self._queued = False
        if self.closed or self._exchange is not None or self._closing_after_flush:
            return
        if not replaced.unchanged(self.loop):
            replaced.look(self.loop)
        if replaced.aside:
            self.hand_on()
            return
        server = self.server
        found = self._inbox.next_head(server.longest_head, server.max_body_size)
        if found is FoundHead.NOTHING:
            self._resume()
        elif found is FoundHead.RARE:
            self.hand_on()
        else:
            exchange = self._exchange = Exchange(self, found)
            if self._leaving and self._release is None:
                exchange.close_after = True
            server.observer.requests += 1
            if not self._reading:  # an end was seen behind it: this one's to know
                self.read_on()
            deliver(self, exchange, found)

    def has(self, size: int) -> bool:
        """Whether so many bytes were read and not used."""
        return len(self._inbox) >= size

    def take(self, size: int) -> bytes:
        """At most ``size`` bytes of what was read."""
        return self._inbox.take(size)

    def want(self, tell: Callable[[], None] | None) -> None:
        """Have ``tell`` called whenever more was read, or the connection has ended; or no more."""
        self._wanting = tell
        if tell is not None:
            self._resume()
            # The socket may have been looked at for the last time: see `_on_readable`.
            self._look_soon()

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
        try:
            self._outbox = Outbox(
                self.sock, self.loop, rest, emptied=self._on_emptied, broken=self.shut
            )
        except OSError as error:  # the loop has no room for it: nobody would send the rest
            self.shut(error)
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
        if exchange is not self._exchange:
            exchange.done()
            if self.closed and type(self.view) is StreamView:
                self.view.set_close_callback(None)  # as at the end of any request
            return  # detached, or an answer to nobody
        if self._outbox is None:
            self._end_exchange(exchange)
        else:
            self._outbox.then = partial(self._end_exchange, exchange)

    def _end_exchange(self, exchange: Exchange) -> None:
        exchange.done()
        if self.view is not None:
            self.view.set_close_callback(None)  # it was this request's
        if exchange.close_after:
            self._exchange = None
            self.shut(lingers=not exchange.read_finished)
            return
        self._exchange = None
        if self._leaving:
            self.let_go(self._release)
            return
        self._since = self.loop.time()
        if self._inbox.data:
            self._queued = True
            self._variables.run(self.loop.call_soon, self.begin)
        if not self._reading:
            self.read_on()

    def abandon(self, last_words: bytes = b"") -> None:
        """Give up on the request, and the connection with it, once the last words have gone."""
        self._exchange = None
        if last_words:
            self.send(last_words)
        elif self.view is not None and not self.closed:
            self.view.set_close_callback(None)  # its delegate is told instead
        if last_words and self._outbox is not None:
            self._outbox.then = self.shut
            self._closing_after_flush = True
            self._pause()
        else:
            self.shut()

    # ---- the end of the connection ----

    def shut(self, error: OSError | None = None, *, lingers: bool = False) -> None:
        """Close now; if it ``lingers``, what the client is still sending is read first."""
        if self.closed:
            return
        self.error = error or self.error
        wanting, waiting = self._wanting, self._let_loose()
        if lingers:
            close_slowly(self.sock, self.loop)
        else:
            self.sock.close()
        for waiter in waiting:
            waiter(False)
        exchange, self._exchange = self._exchange, None
        view = self.view
        if (
            exchange is not None
            and exchange.read_finished
            and not exchange.write_finished  # whatever of it still waits to be sent
            and (view is None or view.told_instead_of is not exchange)
        ):
            self.loop.call_soon(exchange.client_gone)
        if wanting is not None:
            wanting()
        if view is not None:
            view.closed_now()
            if exchange is None:
                # Tornado's reader, which waits for a head, finds that out in the turn that
                # follows, and forgets what the stream was asked to tell until then.
                self.finished_in = self.turns.now()
        self.server.on_close(self)

    def close_for_handler(self) -> None:
        """Close now; where it was closed before, tell whoever asked the stream since, as Tornado.

        Not where it was detached: the stream is another's.
        """
        if self.closed and type(self.view) is StreamView:
            self.view.closed_now()
        self.shut()

    def _let_loose(self) -> list[Waiter]:
        """Have no more to do with the socket, without closing it; who waits for what to go."""
        self.closed = True
        self._wanting = None
        self._timer.cancel()
        if self._reading:
            self._reading = False
            self._poller.remove(self.sock.fileno())
        outbox, self._outbox = self._outbox, None
        return [] if outbox is None else outbox.stop()

    def detach_from(self, exchange: Exchange, turn: object) -> IOStream:
        """The socket as a stream, while it is this exchange's; a closed one if it is not.

        ``turn`` is that of the loop in which the exchange finished. For the rest of it a handler
        may detach, as with Tornado, which looks for the next request in the turn that follows.
        """
        mine = self._exchange is exchange or self._exchange is None
        # Bytes that wait behind the response, from `StreamView.write`, don't make it unanswered.
        answered = exchange.write_finished and (
            self._exchange is not exchange or self._outbox is None
        )
        if not mine or (answered and not self.turns.is_now(turn)):
            if self._exchange is exchange:
                self.shut()  # before its body has come
            return self._closed_stream()
        # Tornado's own has been watched for its end since the handler began to work; but not in a
        # step in which a body is handed over that had come with its head.
        unwatched = getattr(exchange, "unwatched", False) and not (
            self.view is not None and self.view.has_callback
        )
        stream = self.detach()
        stream_seams.register(stream)
        if not unwatched:
            stream.set_close_callback(lambda: None)
            stream.set_close_callback(None)
        self.server.observer.detached(stream)
        return stream

    def _closed_stream(self) -> IOStream:
        stream = stream_seams.stream_of(self.server, socket.socket(), b"")
        stream.close()
        return stream

    def detach(self) -> IOStream:
        """The socket as Tornado's own stream, with what was read and what is still to be sent."""
        if self.closed:
            return self._closed_stream()
        rest = b"" if self._outbox is None else self._outbox.rest()
        if self._wanting is not None:
            self.loop.call_soon(self._wanting)  # of a body, whose rest is in the stream
        waiting = self._let_loose()
        self._exchange = None
        stream = stream_seams.stream_of(self.server, self.sock, bytes(self._inbox))
        if rest:
            sent = asyncio.ensure_future(stream.write(rest))
            for waiter in waiting:
                sent.add_done_callback(partial(_pass_on, waiter))
        if self.view is not None:
            self.view.become(stream)
        self.server.on_close(self)
        return stream

    def hand_on(self) -> None:
        """Let Tornado's own code go on from here."""
        size = self.server.buffer_size
        if len(self._inbox) > size and not self._inbox.has_head_within(size):
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
        self._leaving, self._release = True, release
        if self.closed:
            return
        if self._exchange is not None:
            if release is None:
                self._exchange.close_after = True
        elif self._outbox is not None:
            # Its last words are on their way, or what a handler wrote around HTTP.
            self._outbox.then = self._outbox.then or partial(self.let_go, release)
        elif release is not None:
            release(self.sock, bytes(self._inbox))
            self._inbox.clear()
            self.shut()  # this process's descriptor: the other one lives on
        elif not self._inbox and not stream_seams.readable(self.sock):
            if self._inbox.is_fresh:
                # Its client has just connected, and is about to ask.
                self.loop.call_later(FIRST_BYTES, self._close_if_silent)
            else:
                self.shut()
        else:  # a request has begun to arrive, or an end: to close now would reset it
            self._resume()

    def _close_if_silent(self) -> None:
        idle = not self.closed and self._exchange is None and not self._inbox
        if idle and not stream_seams.readable(self.sock):
            self.shut()

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
