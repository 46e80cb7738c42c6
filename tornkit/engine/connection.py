"""One client's connection: reads requests, hands them to the server's delegate, writes responses.

    waiting ─▶ a head is here ─▶ written plainly, its body of a known length? ──no──▶ Tornado's own
       ▲                              │ yes
       └── response finished ◀── handler ◀── delegate

Bytes come and go by `link`. What is here holds for requests that are written as nearly all are
(`grammar`). Anything else is *handed on*: Tornado's ``HTTP1ServerConnection`` takes the socket with
what was read, and goes on as if it had read it. So everything rare is as strict and as exact as
Tornado, because it is Tornado: chunked bodies, Expect, upgrades, HTTP/1.0, odd line ends, whatever
is malformed. A handler that detaches gets a real `IOStream` in the same way.

What it is doing is one of five `State`s; what is told behind its end is `aftermath`'s.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from tornado.iostream import IOStream
from tornado.log import gen_log

from tornkit import stream_seams
from tornkit.engine.aftermath import Aftermath, aftermath_of
from tornkit.engine.delivery import deliver
from tornkit.engine.exchange import Exchange
from tornkit.engine.fidelity import replaced
from tornkit.engine.host import Host
from tornkit.engine.link import READ, Link
from tornkit.engine.states import State
from tornkit.engine.stream_view import StreamView, tell_again
from tornkit.engine.transport.inbox import FoundHead
from tornkit.engine.transport.lingering import close_slowly
from tornkit.engine.transport.outbox import Waiter

# Seconds for an idle client to begin one more request, before its connection is closed for the end
# of the process. A proxy that asks all the time would else be reset in the middle of a question.
LAST_REQUEST = 0.05
# Turns of the loop in which a streaming handler is told that its client is gone (`delivery`).
_TURNS_TO_TELL = 3
# Takes over a connection between two requests, with its unread bytes.
Release = Callable[[socket.socket, bytes], None]


class Connection(Link):
    """One accepted socket. What Tornado calls the server connection."""

    __slots__ = (
        "_aftermath",
        "_exchange",
        "_leaving",
        "_queued",
        "_release",
        "_wanting",
        "address",
        "context",
        "finished_in",
        "server",
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
        super().__init__(sock, loop, server.poller_of(loop), unread, patience=server.header_timeout)
        self.server = server
        self.address = address
        self._queued = False  # whether the next look at what was read is under way
        self._exchange: Exchange | None = None  # until the socket has taken the response
        self._aftermath: Aftermath | None = None  # of the request that a close has met
        self._leaving = False  # and how: `let_go`
        self._release: Release | None = None
        self.view: StreamView | None = None  # once a handler has looked at the stream
        self._wanting: Callable[[], None] | None = None  # who waits for more of a body
        self.context = server.context_of(sock, address)
        # The turn of the loop in which the last request ended, or the connection behind it.
        self.finished_in: object = None
        self._resume()

    # ---- as Tornado's HTTP1ServerConnection ----

    @property
    def params(self) -> object:
        """The server's ``HTTP1ConnectionParameters``."""
        return self.server.conn_params

    @property
    def stream(self) -> StreamView:
        """View of the connection as a stream, made when it is first asked for."""
        if self.view is None:
            self.view = StreamView(self)
        return self.view

    async def close(self) -> None:
        """Close the connection now; its close callbacks have been called when this returns."""
        self.shut()
        for _ in range(_TURNS_TO_TELL):
            await asyncio.sleep(0)

    @property
    def state(self) -> State:
        """State of the connection, told from what it holds at the moment."""
        if self.closed:
            return State.CLOSED
        if self._exchange is not None:
            return State.ANSWERING
        if self._outbox is not None or self._closing_after_flush:
            return State.FLUSHING
        return State.QUEUED if self._queued else State.WAITING

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
        """Note that a request is complete: from now on its handler is told of a close."""
        if self.closed:
            # By its handler, in this very step: as with Tornado it is told nothing.
            exchange.done()
            if self._aftermath is None:
                self._aftermath = Aftermath(self, exchange, tells=False)
            self._aftermath.in_first_step()
        elif self.view is not None and (
            not exchange.write_finished or self._exchange is exchange  # it is still being sent
        ):
            self.view.set_close_callback(None)
            self.view.told_instead_of = None

    @property
    def idle(self) -> bool:
        """Whether no request is under way, and none has begun to arrive."""
        return self._exchange is None and not self._inbox

    def _received(self) -> bool:
        if self._wanting is not None:
            self._wanting()
        elif self._exchange is None and not self._queued:
            self.begin()
        elif len(self._inbox) >= READ:
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
        """Handle a half-close (FIN) by the client, or an error: close once the buffers are empty.

        The client may still read: what it asked before is answered. Like Tornado, report the end
        only when both buffers are empty: nothing is left to be read from memory, or to be written.
        A handler that has written nothing yet is told at once.
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
            if self.view is not None:
                self.view.forget_brief()
            if self._leaving and self._release is None:
                exchange.close_after = True
            server.observer.requests += 1
            if not self._reading:  # an end was seen behind it: this one's to know
                self.read_on()
            deliver(self, exchange, found)

    def want(self, tell: Callable[[], None] | None) -> None:
        """Call ``tell`` whenever more was read or the connection has ended; None: no longer."""
        self._wanting = tell
        if tell is not None:
            self._resume()
            # The socket may have been looked at for the last time: see `_on_readable`.
            self._look_soon()

    # ---- the end of a request ----

    def response_finished(self, exchange: Exchange) -> None:
        """Note that the handler has written its whole response; end the request once it is sent."""
        if exchange is not self._exchange:
            exchange.done()
            if self.closed and type(self.view) is StreamView:
                self.view.set_close_callback(None)  # as at the end of any request
            if self._aftermath is not None:
                self._aftermath.handler_done(exchange)
            return  # detached, or an answer to nobody
        if self._outbox is None:
            self._end_exchange(exchange)
        else:
            self._outbox.then = partial(self._end_exchange, exchange)

    def _end_exchange(self, exchange: Exchange) -> None:
        exchange.done()
        if self.view is not None:
            self.view.set_close_callback(None)  # it was this request's
        self._exchange = None
        if exchange.close_after:
            self.shut(lingers=not exchange.read_finished)
            return
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
            self._shut_after_flush()
            return
        if self.view is not None and not self.closed:
            self.view.set_close_callback(None)  # its delegate is told instead
        self.shut()

    # ---- the end of the connection ----

    def shut(self, error: OSError | None = None, *, lingers: bool = False) -> None:
        """Close now; if it ``lingers``, what the client is still sending is read first."""
        if self.closed:
            return
        self.error = error or self.error
        wanting, waiting = self._wanting, self.let_loose()
        if lingers:
            close_slowly(self.sock, self.loop)
        else:
            self.sock.close()
        for waiter in waiting:
            waiter(False)
        exchange, self._exchange = self._exchange, None
        self._aftermath = aftermath_of(self, exchange)
        if wanting is not None:
            wanting()
        if self.view is not None:
            self.view.closed_now()
            if exchange is None or not exchange.read_finished:
                # Tornado's reader, which waits for a head or a body, finds that out in the turn
                # that follows, and forgets what the stream was asked to tell until then.
                self.finished_in = self.turns.now()
        self.server.on_close(self)

    def close_for_handler(self, exchange: Exchange) -> None:
        """Close for a handler; if closed already, call a close callback set on the stream since.

        Not where it was detached: the stream is another's.
        """
        if self.closed and self.view is not None:
            tell_again(self.view)
        self.shut()
        if self._aftermath is not None:
            self._aftermath.handler_done(exchange)

    def let_loose(self) -> list[Waiter]:
        self._wanting = None
        return super().let_loose()

    def detach_from(self, exchange: Exchange, turn: object) -> IOStream:
        """Detach the socket as a stream for this exchange; give a closed one if it is not its own.

        ``turn`` is that of the loop in which the exchange finished. For the rest of it a handler
        may detach, as with Tornado, which looks for the next request in the turn that follows.
        """
        if self.closed and type(self.view) is StreamView:
            self.view.set_close_callback(None)
        if self._aftermath is not None:
            self._aftermath.detached(exchange)
        mine = self._exchange is exchange or self._exchange is None
        # Bytes that wait behind the response, from `StreamView.write`, don't make it unanswered.
        answered = exchange.write_finished and (
            self._exchange is not exchange or self._outbox is None
        )
        if not mine or (answered and not self.turns.is_now(turn)):
            if self._exchange is exchange:
                self.shut()  # before its body has come
            return stream_seams.closed_stream(self.server)
        # Tornado's own has been watched for its end since the handler began to work; but not in a
        # step in which a body is handed over that had come with its head.
        unwatched = getattr(exchange, "unwatched", False) and not (
            self.view is not None and self.view.has_callback
        )
        stream = self.detach()
        stream_seams.register(stream, watched=not unwatched)
        self.server.observer.detached(stream)
        return stream

    def detach(self, *, handed_on: bool = False) -> IOStream:
        """The socket as Tornado's own stream, with what was read and what is still to be sent."""
        if self.closed:
            return stream_seams.closed_stream(self.server, bytes(self._inbox), self.error)
        wanting = self._wanting
        self._exchange = None
        stream = self._as_stream(partial(stream_seams.stream_of, self.server))
        if self.view is not None:
            self.view.become(stream, handed_on=handed_on)
        if wanting is not None:
            wanting()  # more of a body, whose rest is in the stream
        self.server.on_close(self)
        return stream

    def hand_on(self) -> None:
        """Hand the socket, with what was read, to Tornado's own code, which goes on from here."""
        size = self.server.buffer_size
        if len(self._inbox) > size and not self._inbox.has_head_within(size):
            # Its stream would not have taken so much in.
            gen_log.error("Reached maximum read buffer size")
            self.shut()
            return
        stream = self.detach(handed_on=True)
        self.server.handle_stream(stream, self.address)

    # ---- leaving ----

    def let_go(self, release: Release | None) -> None:
        """Part with the connection as soon as no request is under way.

        ``release`` moves it to another process; where it is None, the connection closes, after a
        response that says so if there is one.
        """
        self._leaving, self._release = True, release
        state, exchange, outbox = self.state, self._exchange, self._outbox
        if state is State.CLOSED:
            return
        if state is State.ANSWERING and exchange is not None:
            exchange.close_after = exchange.close_after or release is None
        elif outbox is not None:
            outbox.then = outbox.then or partial(self.let_go, release)
        elif release is not None:
            release(self.sock, bytes(self._inbox))
            self._inbox.clear()
            self.shut()  # this process's descriptor: the other one lives on
        elif not self._inbox and not stream_seams.readable(self.sock):
            self.loop.call_later(LAST_REQUEST, self._close_if_silent)
        else:  # a request has begun to arrive, or an end: to close now would reset it
            self._resume()

    def _close_if_silent(self) -> None:
        if not self.closed and self.idle and not stream_seams.readable(self.sock):
            self.shut()
