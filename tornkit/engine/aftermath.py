"""Consequences for a request that was under way when its connection closed.

With Tornado a reader waits beside each request for its end. It finds out some turns of the loop
later, and each time it goes on it clears the stream's close callback, whoever has set it meanwhile
(``HTTP1Connection._clear_callbacks``)::

    closed ─▶ the request is told ─▶ the reader goes on ─▶ it looks for the next request

Where a handler has set a close callback of its own on the stream, that is told in place of the
request, and the reader waits until the handler finishes, closes or detaches. A request whose body
is still being read is told by `delivery`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from tornkit.engine.stream_view import StreamView

if TYPE_CHECKING:
    from tornkit.engine.exchange import Exchange


class ClosedConnection(Protocol):
    """A connection that has closed, as its last request sees it."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that served the connection."""

    @property
    def view(self) -> StreamView | None:
        """View of the stream for handlers; None until a handler has looked at the stream."""


class Aftermath:
    """Consequences of a close for the request that was under way.

    ``tells``: the request is told that its client is gone; else its stream's callback was.
    """

    __slots__ = ("_connection", "_detached", "_exchange", "_told", "_waits")

    def __init__(self, connection: ClosedConnection, exchange: Exchange, *, tells: bool) -> None:
        self._connection = connection
        self._exchange = exchange
        self._detached = False  # the reader has nothing more to do
        self._told = not tells
        self._waits = not tells  # the reader, until the handler is done
        if tells:
            connection.loop.call_soon(self._tell)

    def _tell(self) -> None:
        if not self._told:
            self._told = True
            self._exchange.client_gone()
            self._forget(2)

    def in_first_step(self) -> None:
        """Note that the handler closed the connection in its first step; clear close callbacks."""
        self._told, self._waits = True, False
        self._forget(1)

    def handler_done(self, exchange: Exchange) -> None:
        """Note that a handler has finished, or closed the connection once more."""
        if self._waits and exchange is self._exchange:
            self._waits = False
            self._connection.loop.call_soon(self._forget, 1)

    def detached(self, exchange: Exchange) -> None:
        """Note that a handler has detached the closed stream: its reader leaves it alone."""
        if exchange is self._exchange:
            self._detached = True

    def _forget(self, more: int) -> None:
        """Forget the stream's close callback, now and in so many turns that follow."""
        if self._detached:
            return
        view = self._connection.view
        if type(view) is StreamView:
            view.set_close_callback(None)
        if more:
            self._connection.loop.call_soon(self._forget, more - 1)


def aftermath_of(connection: ClosedConnection, exchange: Exchange | None) -> Aftermath | None:
    """Make the aftermath for the request that was being answered at a close; None without one."""
    if (
        exchange is None
        or not exchange.read_finished
        or exchange.write_finished  # whatever of it still waits to be sent
    ):
        return None
    view = connection.view
    return Aftermath(
        connection, exchange, tells=view is None or view.told_instead_of is not exchange
    )
