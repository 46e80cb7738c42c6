"""Link of an event loop to a bus on NATS."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import math
import secrets
from functools import partial
from json import dumps
from typing import Any

from tornkit.bus.broker.broker import CaughtUp
from tornkit.bus.broker.history import Kept
from tornkit.bus.broker.presence import Present
from tornkit.bus.errors import BusError, Unavailable
from tornkit.bus.links.link import MessageReceiver
from tornkit.bus.links.nats import wire
from tornkit.bus.links.nats.address import address_of
from tornkit.bus.links.nats.checkpoint import BRIEFLY, Checkpoints
from tornkit.bus.links.nats.connection import NatsConnection
from tornkit.bus.links.nats.presence import NatsPresence
from tornkit.bus.links.nats.reading import MessageReader
from tornkit.bus.links.nats.store import NatsStore
from tornkit.bus.links.nats.stream import LastHeard, MessageStream
from tornkit.bus.links.nats.subjects import NatsSubjects
from tornkit.bus.links.nats.watches import Watches
from tornkit.bus.links.posting import tell_of_loss
from tornkit.bus.message import Event
from tornkit.bus.names import is_pattern
from tornkit.bus.position import MessagePosition
from tornkit.bus_limits import BusLimits

_BEAT = 1.5  # seconds between two looks whether all is as it was
_GOODBYE = 2.0  # seconds, at most, to say that those have gone for whom this loop spoke
_ANCHORS = 64  # subjects; more than there are at a time
_EVENTS: dict[str, Event] = {"m": "message", "e": "join"}
_log = logging.getLogger("tornkit")


class NatsLink:
    """Link of one loop to NATS, a `tornkit.bus.links.link.BrokerLink` with its own connection.

    :raises BusError: nats-py is not installed.
    :raises ValueError: the URL is not one of a NATS bus.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        receiver: MessageReceiver,
        url: str,
        limits: BusLimits,
    ) -> None:
        address = address_of(url)
        if importlib.util.find_spec("nats") is None:
            raise BusError("a bus on NATS needs nats-py: pip install 'tornkit[nats]'")
        self._loop = loop
        self._receiver = receiver
        self._id = secrets.token_hex(8)
        self._age = limits.history_age
        self._anchored = 0.0
        self._was_up = False
        self._is_closed = False
        self._beating: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._subjects = subjects = NatsSubjects(address.prefix)
        self._connection = connection = NatsConnection(
            loop, address, limits.patience, self, f"_INBOX.{self._id}"
        )
        self._stream = MessageStream(connection, subjects, limits)
        self._watches = Watches()
        self._checkpoints = Checkpoints(
            loop,
            connection,
            subjects.checkpoint(self._id),
            self._watches,
            self._stream.epoch_of,
        )
        self._reader = MessageReader(
            loop,
            connection,
            subjects,
            self._stream,
            self._checkpoints,
            self._watches,
            limits.history_age,
        )
        self._store = NatsStore(connection, subjects, self._checkpoints, limits.store_bytes)
        self._presence = NatsPresence(
            loop, connection, subjects, self._checkpoints, self._tell, limits.store_bytes
        )

    # ---- as the owner of a connection ----

    async def set_up(self) -> None:
        connection, subjects = self._connection, self._subjects
        watches = self._watches
        await self._presence.set_up()
        await self._stream.find(LastHeard(watches.epoch, watches.newest, watches.newest_time))
        watches.begin(self._stream.epoch)
        await connection.hear_now(subjects.live_checkpoints(self._id))

    def ready(self) -> None:
        # Not while it is set up, which takes its time: no name that comes or goes may be missed.
        for name in self._watches.names():
            for subject in self._live(name):
                self._connection.hear(subject)
        self._anchor()
        self._presence.connected()
        if self._was_up:
            self._receiver.restored()
        self._was_up = True
        self._beating = self._loop.create_task(self._beat())

    def lost(self) -> None:
        if self._beating is not None:
            self._beating.cancel()
        self._watches.lost()
        self._presence.lost()
        self._store.lost()

    async def _beat(self) -> None:
        """Check, again and again, that the server answers and that its stream is the same."""
        while True:
            await asyncio.sleep(_BEAT)
            try:
                point = await self._checkpoints.now()
                if point.epoch != self._watches.epoch:
                    self._connection.drop("its stream was made anew")
                    return
                if self._loop.time() > self._anchored + self._age / 10:
                    self._anchor()
                await self._presence.beat()
            except Unavailable as error:
                self._connection.drop(str(error))
                return
            except BusError as error:
                _log.warning("the presence of the bus: %s", error)

    def _anchor(self) -> None:
        """Publish a message that the stream keeps for as long as positions are good for.

        Else the stream of a bus where nothing happens would begin with the last checkpoint, and
        nobody could know that nothing was there before.
        """
        self._anchored = self._loop.time()
        count = int(self._checkpoints.server_time / max(1.0, self._age / 10)) % _ANCHORS
        headers = {"Nats-TTL": f"{math.ceil(2 * self._age) + 1}s"}
        subject = self._subjects.checkpoint(f"anchor-{count}")
        _, answer = self._connection.ask(subject, b"", headers)
        answer.add_done_callback(_ignored)

    def take(self, subject: str, head: bytes, data: bytes) -> None:
        if self._is_closed:
            return
        kind, name = self._subjects.read_live(subject)
        message = wire.stored_of(head, data)
        epoch = self._stream.epoch_of(message.stream)
        watches = self._watches
        if epoch != watches.epoch:
            # Made anew, by another link: all that was heard is of another order.
            watches.lost()
            watches.begin(epoch)
            self._stream.epoch = epoch
            self._receiver.restored()
        if message.sequence <= watches.newest:
            return  # it fits several subscriptions
        watches.newest, watches.newest_time = message.sequence, message.time
        if kind == "b":
            self._checkpoints.heard(message)
            return
        if kind not in _EVENTS or not watches.is_heard(name):
            return
        event = _EVENTS[kind]
        if kind == "m" and watches.hear(name, message.sequence, message.before):
            _log.warning("a message of the bus did not arrive: it is looked for")
            self._receiver.restored()
        if kind == "e" and wire.header_of(head, b"Tornkit-Event") == "leave":
            event = "leave"
        self._receiver.deliver(epoch, Kept(name, message.sequence, message.time, data), event)

    # ---- as a link ----

    async def publish(self, channel: str, payload: bytes) -> MessagePosition:
        _, answer = self._connection.ask(self._subjects.published(channel), payload)
        return self._position(await answer)

    def _position(self, reply: wire.NatsReply) -> MessagePosition:
        if reply.status == wire.NOBODY:
            self._connection.drop("its stream has gone")
            raise Unavailable("NATS has no stream of the bus any more")
        content = wire.content_of(reply)
        return MessagePosition(self._stream.epoch_of(content["stream"]), content["seq"])

    def post(self, channel: str, payload: bytes) -> None:
        self._connection.check_room()
        _, answer = self._connection.ask(self._subjects.published(channel), payload)
        answer.add_done_callback(partial(self._posted, channel))

    def _posted(self, channel: str, answer: asyncio.Future[wire.NatsReply]) -> None:
        """Log a message that nobody waited for, if it is maybe lost."""
        if answer.cancelled():
            return
        try:
            self._position(answer.result())
        except BusError as error:
            tell_of_loss(channel, error)

    def _tell(self, channel: str, payload: bytes, event: Event) -> None:
        """Publish a join or leave event of a channel."""
        headers = {**BRIEFLY, "Tornkit-Event": event}
        subject = self._subjects.published(channel, event)
        _, answer = self._connection.ask(subject, payload, headers)
        answer.add_done_callback(partial(self._posted, channel))

    def _live(self, name: str) -> tuple[str, ...]:
        return self._subjects.live_of_all if is_pattern(name) else self._subjects.live(name)

    def watch(self, name: str) -> None:
        self._watches.add(name)
        for subject in self._live(name):
            self._connection.hear(subject)

    def unwatch(self, name: str) -> None:
        self._watches.remove(name)
        if not is_pattern(name) or not self._watches.has_patterns:
            for subject in self._live(name):
                self._connection.hear(subject, is_wanted=False)

    async def catch_up(self, names: tuple[str, ...], since: MessagePosition | None) -> CaughtUp:
        return await self._reader.missed(names, since)

    async def kept(self, names: tuple[str, ...], most: int) -> tuple[str, list[Kept]]:
        return await self._reader.kept(names, most)

    def enter(self, channel: str, id_: str, info: Any) -> None:
        self._presence.enter(channel, id_, info)

    def leave(self, channel: str, id_: str) -> None:
        self._presence.leave(channel, id_)

    async def present(self, channel: str) -> list[Present]:
        return await self._presence.of(channel)

    def tell(self, changes: dict[str, list[int]]) -> bool:
        return True  # nobody asks for them

    async def call_store(self, method: str, *arguments: Any) -> Any:
        dumps(arguments, allow_nan=False)
        return await self._store.call(method, arguments)

    def abandon(self) -> None:
        self._connection.abandon()

    def close(self) -> None:
        self._is_closed = True
        if self._loop.is_closed():
            return
        self._ending = self._loop.create_task(self._end())

    async def _end(self) -> None:
        """End the presence of all for whom this loop spoke, and close the connection."""
        if self._beating is not None:
            self._beating.cancel()
        try:
            await asyncio.wait_for(self._presence.end(), _GOODBYE)
        except (BusError, TimeoutError):  # then others notice that it has died
            pass
        finally:
            self._checkpoints.cancel()
            self._reader.cancel()
            self._presence.cancel()
            self._connection.close()


def _ignored(answer: asyncio.Future[wire.NatsReply]) -> None:
    """Ignore whether an anchor message has arrived: the next one does."""
    if not answer.cancelled():
        answer.exception()
