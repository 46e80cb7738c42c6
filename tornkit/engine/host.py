"""Protocol of a server, as far as its connections need it."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Protocol

from tornado.iostream import IOStream

from tornkit.engine.delivery import Destinations
from tornkit.engine.exchange import Limits
from tornkit.engine.transport.poller import Poller


class Books(Protocol):
    """Bookkeeping of a server's connections."""

    requests: int  # received

    def detached(self, stream: IOStream) -> None:
        """Note that a handler has taken the socket over."""


class Host(Destinations, Limits, Protocol):
    """Protocol of a server, as far as its connections need it; all sizes in bytes."""

    @property
    def observer(self) -> Books:
        """Books in which requests, and the ends of connections, are noted."""

    @property
    def header_timeout(self) -> float:
        """Seconds that a client may take for a head."""

    @property
    def buffer_size(self) -> int:
        """Bytes that a stream of Tornado's would keep unread."""

    @property
    def longest_head(self) -> int:
        """Bytes that a request's head may have."""

    @property
    def read_chunk_size(self) -> int | None:
        """Bytes that a stream of Tornado's reads at once; None for its default."""

    def context_of(self, sock: socket.socket, address: Any, /) -> object:
        """Tornado's context of a connection: its addresses and protocol."""

    def poller_of(self, loop: asyncio.AbstractEventLoop, /) -> Poller:
        """Poller that watches the sockets of this loop."""

    def on_close(self, server_conn: object, /) -> None:
        """Note that a connection was closed, or let go; Tornado's method."""

    def handle_stream(self, stream: IOStream, address: Any, /) -> object:
        """Serve a connection that is a stream; Tornado's method."""
