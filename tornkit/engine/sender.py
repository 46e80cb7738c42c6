"""Protocol of a connection, as far as bytes are sent on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol


class Sender(Protocol):
    """A connection that can be written to, and closed."""

    @property
    def context(self) -> object:
        """Tornado's context of a connection: its addresses and protocol."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that serves the connection."""

    @property
    def closed(self) -> bool:
        """Whether the connection was closed, or let go."""

    @property
    def unsent(self) -> int:
        """Bytes that the socket has not taken."""

    def when_sent(self, waiter: Callable[[bool], None]) -> None:
        """Call ``waiter`` once all bytes have gone (True), or never will (False)."""

    def shut(self) -> None:
        """Close the connection now."""
