"""Brings a request to its delegate: its head, its body as it comes, its end.

What ``HTTP1Connection._read_message`` does. The same calls in the same order:
``headers_received``, ``data_received`` for each piece of the body, then ``finish`` or, where the
response was complete before the body was read or the client has gone, ``on_connection_close``; and
whatever one of them raises ends the connection.

There is a task only where the delegate itself takes its time: a body is handed over by whoever
read it, in that very turn of the loop.
"""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from tornado.httputil import HTTPInputError, HTTPMessageDelegate
from tornado.log import app_log, gen_log

from tornkit.engine.fidelity import variants
from tornkit.engine.request import find
from tornkit.engine.routers import Compiled, direct
from tornkit.engine.routers.direct import DirectMatch
from tornkit.engine.sender import Sender

if TYPE_CHECKING:
    from tornado.httputil import HTTPConnection
    from tornado.routing import Router

    from tornkit.engine.exchange import Exchange
    from tornkit.engine.grammar import Head
    from tornkit.engine.stream_view import StreamView

_REFUSAL = b"HTTP/1.1 400 Bad Request\r\n\r\n"
_NOBODY = HTTPMessageDelegate()
_RAISED = (Exception, asyncio.CancelledError)  # what a delegate's own code may end in


class Destinations(Protocol):
    """A server, as far as it says where requests go."""

    @property
    def compiled(self) -> Compiled:
        """Compiled stand-in for the server's router."""

    def direct_router(self) -> Router | None:
        """The router that requests go to; None where something was put in between."""

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection, /
    ) -> HTTPMessageDelegate:
        """Tornado's ``HTTPServerConnectionDelegate.start_request``."""

    def keep(self, coroutine: Coroutine[Any, Any, None], /) -> None:
        """Start a task and keep a reference until it ends."""


class RequestSource(Sender, Protocol):
    """A connection, as far as a request is read from it."""

    @property
    def view(self) -> StreamView | None:
        """View of the stream for handlers; None until a handler has looked at the stream."""

    @property
    def server(self) -> Destinations:
        """The server that accepted the connection."""

    def has(self, size: int) -> bool:
        """Whether so many bytes were read and not used."""

    def take(self, size: int) -> bytes:
        """Take up to ``size`` bytes of those that were read and not used."""

    def want(self, tell: Callable[[], None] | None) -> None:
        """Call ``tell`` when more bytes have come, or never will; None: no longer."""

    def read_on(self) -> None:
        """Read from the socket again, where that was paused."""

    def request_read(self, exchange: Exchange) -> None:
        """Note that all of a request has been read."""

    def abandon(self, last_words: bytes = b"") -> None:
        """Give up on the request, and the connection with it, once the last words have gone."""


def deliver(connection: RequestSource, exchange: Exchange, head: Head) -> None:
    """Hand a request to its delegate; in a task where the delegate takes its time."""
    server = connection.server
    start_line, headers, length, _ = head
    delegate: HTTPMessageDelegate = _NOBODY
    if (router := server.direct_router()) is None:
        try:
            delegate = server.start_request(connection, exchange)
        except Exception:  # noqa: BLE001 - a subclass may raise anything
            app_log.error("Uncaught exception", exc_info=True)
            connection.abandon()
            return
    try:
        if router is not None:
            found = find(router, connection, exchange, start_line, headers, server.compiled)
            if not isinstance(found, DirectMatch):
                delegate = found
            else:
                if connection.view is not None and not length:
                    connection.view.set_close_callback(None)  # its handler is told, as of now
                if length or direct.start is None or not direct.start(found, exchange):
                    delegate = found.delegate()
                else:
                    return
        waiting = delegate.headers_received(start_line, headers)
        if waiting is not None or length:
            _Body(connection, exchange, delegate, length).begin(waiting)
        elif not exchange.detached:
            _finish(connection, exchange, delegate)
    except _RAISED as error:  # so may a delegate
        _failed(connection, exchange, delegate, error)


def _finish(connection: RequestSource, exchange: Exchange, delegate: HTTPMessageDelegate) -> None:
    exchange.read_finished = True
    if exchange.write_finished:
        # It answered before the request was read, and is told that there is nothing more to come;
        # as with Tornado, when its answer has gone.
        if connection.unsent:
            connection.when_sent(partial(_tell_closed_soon, connection.loop, delegate))
        else:
            _tell_closed(delegate)
    else:
        delegate.finish()
        connection.request_read(exchange)


class _TooLong(HTTPInputError):
    """Error for a body that is too long: the client's fault with every Tornado.

    No delegate has raised it.
    """


class _Body:
    """Delivery of one request's body to its delegate, which may take its time over any of it."""

    __slots__ = (
        "_connection",
        "_delegate",
        "_exchange",
        "_handing",
        "_left",
        "_over",
        "_size",
        "_started",
        "_timer",
        "_told",
    )

    def __init__(
        self,
        connection: RequestSource,
        exchange: Exchange,
        delegate: HTTPMessageDelegate,
        length: int,
    ) -> None:
        self._connection = connection
        self._exchange = exchange
        self._delegate = delegate
        self._left = length  # bytes that were not handed over
        self._size: int = exchange.params.chunk_size
        self._started = False
        self._handing = False  # one piece, or the end, at this moment
        self._over = False  # or nobody's business any more
        self._told = False  # the delegate, that the rest will never come
        self._timer: TimerHandle | None = None

    def begin(self, waiting: Awaitable[None] | None) -> None:
        """Hand over the bytes that are here, once ``waiting`` is done."""
        if self._left and self._connection.has(self._left):
            self._exchange.unwatched = True
        if waiting is None:
            waiting = self._hand_over_now()
        if waiting is not None:
            self._wait(waiting)
        elif not self._over:
            self._connection.want(self._go_on)

    def _go_on(self) -> None:
        """Hand over the bytes that have come, or tell the delegate that none will."""
        if self._handing:
            return  # the delegate has closed the connection: seen when it returns
        if self._exchange.detached:
            self._connection.loop.call_soon(self._hand_over_now)
            return
        waiting = self._hand_over_now()
        if waiting is not None:
            self._connection.want(None)
            self._wait(waiting)

    def _hand_over_now(self) -> Awaitable[None] | None:
        self._handing = True
        try:
            return self._hand_over()
        except _RAISED as error:
            self._fail(error)
            return None
        finally:
            self._handing = False

    def _wait(self, waiting: Awaitable[None]) -> None:
        is_woken = isinstance(waiting, asyncio.Future) and not waiting.done()
        self._connection.server.keep(self._go_on_slowly(waiting, is_woken=is_woken))

    async def _go_on_slowly(self, waiting: Awaitable[None] | None, *, is_woken: bool) -> None:
        """Hand over the rest to a delegate that takes its time: a handler that streams the body.

        In one task, as Tornado: what such a delegate sets in its context is there at the next.
        """
        try:
            if is_woken and isinstance(waiting, asyncio.Future) and waiting.done():
                # It was done before this task began. Tornado, which waited for it then, goes on
                # behind what the delegate has scheduled meanwhile.
                await asyncio.sleep(0)
            while not self._over:
                await (self._more() if waiting is None else waiting)
                waiting = self._hand_over()
        except asyncio.CancelledError:  # what it waited for was given up
            self._give_up()
            self._connection.abandon()
            raise
        except Exception as error:  # noqa: BLE001 - a delegate may raise anything
            self._fail(error)
        else:
            self._connection.read_on()

    def _more(self) -> asyncio.Future[None]:
        come: asyncio.Future[None] = self._connection.loop.create_future()
        self._connection.want(partial(self._settle, come))
        return come

    def _settle(self, come: asyncio.Future[None]) -> None:
        self._connection.want(None)  # it is read on as far as there is room
        if not come.done():
            come.set_result(None)

    def _hand_over(self) -> Awaitable[None] | None:
        """Hand over bytes that are here, and the end; return the delegate's awaitable, if any.

        :raises HTTPInputError: the body is longer than the delegate, in headers_received, has said.
        """
        connection, exchange, delegate = self._connection, self._exchange, self._delegate
        if self._over:
            return None
        if not self._started:
            if exchange.detached:
                self._end()  # and it is told nothing
                return None
            self._start()
        while self._left:
            if exchange.detached:  # what is left of the body is in the stream
                self._give_up()
                return None
            piece = connection.take(min(self._size, self._left))
            if not piece:
                if connection.closed:
                    self._give_up(waited=self._timer is not None)
                return None
            self._left -= len(piece)
            # What comes behind a response is read, too: its client may have to send it all
            # before it can read.
            waiting = None if exchange.write_finished else delegate.data_received(piece)
            if waiting is not None:
                return waiting
        self._end()
        _finish(connection, exchange, delegate)
        exchange.unwatched = False
        return None

    def _start(self) -> None:
        self._started = True
        if self._left > self._exchange.max_body_size:
            raise _TooLong("Content-Length too long")
        timeout = self._exchange.body_timeout
        if timeout is not None and self._left:
            self._timer = self._connection.loop.call_later(timeout, self._out_of_time)

    def _out_of_time(self) -> None:
        if not self._exchange.detached:
            gen_log.info("Timeout reading body from %s", self._connection.context)
            self._end()
            self._connection.shut()
            self._give_up()

    def _give_up(self, *, waited: bool = False) -> None:
        """Tell the delegate that the rest will never come. ``waited``: for it with a limit of time.

        Then Tornado tells two turns later, behind the stream's own callback (`gen.with_timeout`).
        """
        self._end()
        if self._told:
            return
        self._told = True
        if waited:
            loop = self._connection.loop
            loop.call_soon(loop.call_soon, _tell_closed, self._delegate)
        else:
            _tell_closed(self._delegate)

    def _fail(self, error: BaseException) -> None:
        self._end()
        if self._told:  # and it fails on that
            app_log.error("Uncaught exception", exc_info=error)
        else:
            _failed(self._connection, self._exchange, self._delegate, error)

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self._connection.want(None)
            if self._timer is not None:
                self._timer.cancel()


def _failed(
    connection: RequestSource,
    exchange: Exchange,
    delegate: HTTPMessageDelegate,
    error: BaseException,
) -> None:
    """End a request whose delegate raised: by 400 if it was malformed, else with a logged error."""
    exchange.done()  # it is told below, and in no other way
    if exchange.read_finished and not variants.FAILED_FINISH_TOLD:
        delegate = _NOBODY
    if isinstance(error, HTTPInputError) and (
        variants.INPUT_ERRORS_ANSWERED or type(error) is _TooLong
    ):
        gen_log.info("Malformed HTTP message from %s: %s", connection.context, error)
        # An answer that came before its request was read is the last: it closes when it has gone.
        if exchange.read_finished or not exchange.write_finished:
            connection.abandon(_REFUSAL)
        _tell_closed(delegate)
    else:
        app_log.error("Uncaught exception", exc_info=error)
        _tell_closed(delegate)
        connection.abandon()


def _tell_closed_soon(
    loop: asyncio.AbstractEventLoop, delegate: HTTPMessageDelegate, sent: bool
) -> None:
    loop.call_soon(_tell_closed, delegate)


def _tell_closed(delegate: HTTPMessageDelegate) -> None:
    try:
        delegate.on_connection_close()
    except Exception:  # noqa: BLE001 - as may this
        app_log.error("Uncaught exception", exc_info=True)
