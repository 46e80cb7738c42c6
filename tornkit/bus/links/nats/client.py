"""A client of nats-py whose messages come in the order of the connection.

Of nats-py each subscription has a queue and a task of its own, so that messages of two channels
may come in another order than that in which the server has sent them. Here one function gets all of
them, as they are parsed: what is heard of all channels together has one order, and nothing is
dropped for a queue that is full.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Any

from nats import errors as nats_errors
from nats.aio.client import Client

from tornkit.bus.links.nats.address import NatsAddress

_CONNECT = 2.0  # seconds that a server may take
_PING = 5.0  # seconds; without an answer to the third of them it has gone
_OLDEST = (2, 11)  # the first with a time to live of each message
_log = logging.getLogger("tornkit")
# All that connecting may raise; `TimeoutError` is an OSError.
CONNECTION_ERRORS = (OSError, nats_errors.Error)


class OrderedClient(Client):  # type: ignore[misc]
    """Client of nats-py that calls ``take`` for each message, in order, and never reconnects."""

    def __init__(
        self, address: NatsAddress, take: Callable[[bytes, bytes | None, bytes], None]
    ) -> None:
        super().__init__()
        self._address = address
        self._take = take
        self._by_subject: dict[str, Any] = {}
        self.gone = asyncio.Event()
        self.why = ""
        """Why it is over, or has not begun."""

    async def begin(self) -> None:
        """Connect to one of the servers.

        :raises CONNECTION_ERRORS: there is none.
        """
        address = self._address
        try:
            await self.connect(
                list(address.servers),
                error_cb=self._failed,
                closed_cb=self._closed,
                name=f"tornkit {address.prefix}",
                allow_reconnect=False,
                connect_timeout=_CONNECT,
                reconnect_time_wait=0,
                max_reconnect_attempts=1,
                ping_interval=_PING,
                user=address.user,
                password=address.password,
                token=address.token,
            )
        except CONNECTION_ERRORS as error:
            # Of "no servers" the reason was told before.
            if not isinstance(error, nats_errors.NoServersError) or not self.why:
                self.why = str(error) or type(error).__name__
            raise
        version = self.connected_server_version
        if (version.major, version.minor) < _OLDEST:
            self.why = f"the server is NATS {version.major}.{version.minor}; 2.11 is needed"
            raise nats_errors.Error(self.why)

    async def _failed(self, error: Exception) -> None:
        self.why = str(error) or type(error).__name__

    async def _closed(self) -> None:
        self.gone.set()

    # ---- nats-py calls these ----

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:
        if self._address.is_tls and initial_connection and not info.get("tls_required"):
            # Before anything secret is sent: nats-py would go on in the clear.
            raise nats_errors.Error("the server has no TLS, and the URL says tls://")
        await super()._process_info(info, initial_connection)

    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes | None
    ) -> None:
        try:
            self._take(subject, headers, data)
        except Exception:  # noqa: BLE001 - nats-py would read no more, and tell nobody
            _log.error("a message of NATS can't be passed on", exc_info=True)

    # ---- what a link says ----

    async def hear(self, subject: str) -> None:
        """Subscribe to a subject, once."""
        if subject not in self._by_subject:
            self._by_subject[subject] = await self.subscribe(subject)

    async def hear_no_more(self, subject: str) -> None:
        """End the subscription to a subject."""
        subscription = self._by_subject.pop(subject, None)
        if subscription is not None:
            await subscription.unsubscribe()

    def cut(self) -> None:
        """Close the connection at once, in a loop that is about to end."""
        if self._transport is not None:
            self._transport.close()

    def abandon(self) -> None:
        """Close this process's copy of the socket after a fork; the parent goes on with it."""
        writer = getattr(self._transport, "_io_writer", None)
        sock = None if writer is None else writer.get_extra_info("socket")
        if sock is not None and sock.fileno() >= 0:
            # The number stays taken: whatever closes it later closes nothing else.
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, sock.fileno())
            os.close(null)
