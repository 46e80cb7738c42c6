"""Brings a request that has arrived whole to its delegate.

What ``HTTP1Connection._read_message`` does, where there is nothing to wait for but the delegate
itself. The same calls in the same order: ``headers_received``, ``data_received`` for each piece of
the body, then ``finish`` or, where the response was complete before the body was read,
``on_connection_close``; and whatever one of them raises ends the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from tornado.httputil import HTTPInputError, HTTPMessageDelegate
from tornado.log import app_log, gen_log

if TYPE_CHECKING:
    from tornkit.engine.connection import Connection
    from tornkit.engine.exchange import Exchange
    from tornkit.engine.grammar import Head

_REFUSAL = b"HTTP/1.1 400 Bad Request\r\n\r\n"


def deliver(connection: Connection, exchange: Exchange, head: Head, body: bytes) -> None:
    """Hand the request over; in a task where the delegate takes its time."""
    server = connection.server
    try:
        delegate = server.start_request(connection, exchange)
    except Exception:  # noqa: BLE001 - a subclass may raise anything
        app_log.error("Uncaught exception", exc_info=True)
        connection.abandon()
        return
    try:
        waiting = delegate.headers_received(head.start_line, head.headers)
        more = (waiting, 0) if waiting is not None else _hand_body(exchange, delegate, body, 0)
    except Exception as error:  # noqa: BLE001 - so may a delegate
        _failed(connection, delegate, error)
    else:
        if more is not None:
            server.keep(_deliver_slowly(connection, exchange, delegate, body, *more))


async def _deliver_slowly(
    connection: Connection,
    exchange: Exchange,
    delegate: HTTPMessageDelegate,
    body: bytes,
    waiting: Awaitable[None],
    at: int,
) -> None:
    """The rest of it with a delegate that takes its time: a handler that streams the body."""
    more: tuple[Awaitable[None], int] | None = (waiting, at)
    try:
        while more is not None:
            waiting, at = more
            await waiting
            more = _hand_body(exchange, delegate, body, at)
    except asyncio.CancelledError:  # what it waited for was given up
        _tell_closed(delegate)
        connection.abandon()
        raise
    except Exception as error:  # noqa: BLE001
        _failed(connection, delegate, error)
    else:
        connection.read_on()


def _hand_body(
    exchange: Exchange, delegate: HTTPMessageDelegate, body: bytes, at: int
) -> tuple[Awaitable[None], int] | None:
    """The body from ``at``, and its end; or what there is to wait for, and where to go on."""
    if exchange.detached:
        return None
    if at == 0 and len(body) > exchange.max_body_size:  # prepare() may have set another limit
        raise HTTPInputError("Content-Length too long")
    size = exchange.params.chunk_size
    while at < len(body) and not exchange.write_finished:
        piece = body[at : at + size]
        at += len(piece)
        waiting = delegate.data_received(piece)
        if waiting is not None:
            return waiting, at
    exchange.read_finished = True
    if exchange.write_finished:
        # It answered before the request was read, and is told that there is nothing more to come.
        _tell_closed(delegate)
    else:
        delegate.finish()
    return None


def _failed(connection: Connection, delegate: HTTPMessageDelegate, error: Exception) -> None:
    """As Tornado: 400 for what the delegate calls malformed, the log for anything else."""
    if isinstance(error, HTTPInputError):
        gen_log.info("Malformed HTTP message from %s: %s", connection.context, error)
        connection.abandon(_REFUSAL)
        _tell_closed(delegate)
    else:
        app_log.error("Uncaught exception", exc_info=error)
        _tell_closed(delegate)
        connection.abandon()


def _tell_closed(delegate: HTTPMessageDelegate) -> None:
    try:
        delegate.on_connection_close()
    except Exception:  # noqa: BLE001
        app_log.error("Uncaught exception", exc_info=True)
