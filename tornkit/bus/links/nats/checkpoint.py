"""Checkpoints: a link's own messages in the stream, by which it knows how far it has heard.

What was subscribed to before a checkpoint is heard behind it. Once it is heard, all messages that
the stream had before it have been heard: they come the same way. The stream keeps it for a second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from tornkit.bus.errors import Unavailable
from tornkit.bus.links.nats import wire
from tornkit.bus.links.nats.connection import NatsConnection
from tornkit.bus.links.nats.shared_call import SharedCall
from tornkit.bus.links.nats.watches import WatchedName, Watches
from tornkit.bus.links.nats.wire import NatsReply, StoredMessage

BRIEFLY = {"Nats-TTL": "1s"}


class Checkpoint(NamedTuple):
    """A place in the stream; ``time`` is the server's, in seconds since 1970."""

    epoch: str
    sequence: int
    time: float


class Checkpoints:
    """The checkpoints of one link: publishes them, and notes them when they come back."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connection: NatsConnection,
        subject: str,
        watches: Watches,
        epoch_of: Callable[[str], str],
    ) -> None:
        self._connection = connection
        self._subject = subject
        self._watches = watches
        self._epoch_of = epoch_of
        self._count = 0
        # By count: the number of the request, and what is to be heard behind it.
        self._waiting: dict[int, tuple[int, list[WatchedName]]] = {}
        self._ahead = 0.0  # seconds, of the server's clock
        self.now = SharedCall(loop, self._make)
        """Make one; all that was watched before is heard behind it."""
        self.cancel = self.now.cancel

    @property
    def server_time(self) -> float:
        """The server's time in seconds since 1970, about."""
        return time.time() + self._ahead

    async def _make(self) -> Checkpoint:
        self._count = count = self._count + 1
        watches = self._watches.unconfirmed()
        number, answer = self._connection.ask(
            self._subject, b"%d" % count, BRIEFLY, is_last=_is_heard
        )
        self._waiting[count] = number, watches
        try:
            reply = await answer
        finally:
            del self._waiting[count]
        if not reply.head or reply.status != wire.OK:
            self._connection.drop("its stream has gone")
            wire.content_of(reply)
            raise Unavailable("NATS has not kept a checkpoint")
        stored = wire.stored_of(reply.head, reply.data)
        return Checkpoint(self._epoch_of(stored.stream), stored.sequence, stored.time)

    def heard(self, message: StoredMessage) -> None:
        """Handle a checkpoint of this link that has come back from the stream."""
        self._ahead = message.time - time.time()
        number, watches = self._waiting.get(int(message.data), (None, []))
        if number is not None:
            # At once: the connection may be lost before whoever waits has its turn.
            epoch = self._epoch_of(message.stream)
            self._watches.confirm(watches, epoch, message.sequence - 1)
            self._connection.answered(number, NatsReply(wire.OK, message.head, message.data))


def _is_heard(reply: NatsReply) -> bool:
    """Whether a reply is the checkpoint itself, or an error, not an acknowledgement."""
    return bool(reply.head) or b'"error"' in reply.data
