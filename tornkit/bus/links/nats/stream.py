"""The stream of all messages of a bus, as JetStream keeps it: its epoch, and what it has.

Its name is the prefix and the epoch, so that every answer and every message tells the epoch that it
is of. A stream that is lost is made anew with another epoch.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from datetime import UTC, datetime, timedelta
from functools import partial
from json import dumps
from typing import Any, NamedTuple

from tornkit.bus.errors import BusError, Unavailable
from tornkit.bus.links.nats import wire
from tornkit.bus.links.nats.connection import NatsConnection
from tornkit.bus.links.nats.subjects import NatsSubjects
from tornkit.bus.links.nats.wire import JetStreamRefusal
from tornkit.bus_limits import BusLimits

# Older ones than those of `history_age` are kept for so much longer, and not handed out: they tell
# whether anything is missing of a channel.
_LONGER = 10
_LEAST_AGE = 0.1  # seconds, of the server
_log = logging.getLogger("tornkit")
_OVERLAP, _EXISTS, _NOT_FOUND = 10065, 10058, 10059
_CLAIM = 5.0  # seconds that a link has to make the stream, before another does
_TRIES, _PAUSE = 200, 0.05
_FEWEST = "tornkit-fewest"


class LastHeard(NamedTuple):
    """The last message that a link has heard; ``time`` is the server's."""

    epoch: str
    sequence: int
    time: float


class StreamState(NamedTuple):
    """State of a stream: its first sequence, and how many messages of a channel it may have.

    ``fewest`` is the smallest number that this limit has ever been.
    """

    epoch: str
    first: int
    most: int
    fewest: int


class MessageStream:
    """The stream of the messages; which one that is, is looked up for each connection."""

    def __init__(
        self, connection: NatsConnection, subjects: NatsSubjects, limits: BusLimits
    ) -> None:
        self._connection = connection
        self._subjects = subjects
        self._limits = limits
        self.epoch = ""

    @property
    def name(self) -> str:
        """Name of the stream."""
        return f"{self._subjects.prefix}-{self.epoch}"

    def epoch_of(self, name: str) -> str:
        """The epoch of a stream of this name."""
        return name.rpartition("-")[2]

    async def find(self, heard: LastHeard) -> None:
        """Find the stream, or make it, while the connection is set up.

        ``heard`` is the last message that was heard on the connection before.

        :raises BusError: that can't be done.
        """
        for _ in range(_TRIES):
            listed = await self._ask("STREAM.LIST", {"subject": self._subjects.published("a")})
            # Two there are where a link was stopped for long between its claim and what it made.
            first, *others = sorted(listed.get("streams") or [{}], key=_age)
            try:
                for other in others:
                    await self._ask(f"STREAM.DELETE.{other['config']['name']}")
                if first:
                    await self._use(first, heard)
                    return
                if await self._claim():
                    self.epoch = secrets.token_hex(6)
                    await self._ask(f"STREAM.CREATE.{self.name}", self._config())
                else:
                    await asyncio.sleep(_PAUSE)
            except JetStreamRefusal as error:  # another link was quicker, to make it or to end it
                if error.code not in (_OVERLAP, _EXISTS, _NOT_FOUND):
                    raise
        raise Unavailable("the stream of the bus comes and goes")

    async def _claim(self) -> bool:
        """Try to become the one link that makes the stream; return whether that was done.

        The server looks at subjects and makes a stream in two steps, so that two links could make
        two of them, each of which would keep all messages.
        """
        subjects = self._subjects
        name, subject = subjects.presence_stream, subjects.maker
        info = await self._ask(f"STREAM.INFO.{name}")
        reply = await self._connection.ask_now(f"$JS.API.DIRECT.GET.{name}.{subject}")
        seen = 0
        if reply.status == wire.OK:
            claim = wire.stored_of(reply.head, reply.data)
            if claim.time > wire.time_of(info["ts"]) - _CLAIM:
                return False
            seen = claim.sequence
        headers = {"Nats-Expected-Last-Subject-Sequence": str(seen)}
        try:
            wire.content_of(await self._connection.ask_now(subject, b"", headers))
        except JetStreamRefusal as error:
            if error.code != wire.WRONG_LAST:
                raise
            return False
        return True

    async def _use(self, info: dict[str, Any], heard: LastHeard) -> None:
        """Use an existing stream, and set the limits of this bus.

        :raises JetStreamRefusal: it has lost messages and was deleted; look for a stream again.
        """
        config = info["config"]
        name = config["name"]
        prefix, _, epoch = name.rpartition("-")
        mine = self._config()
        if prefix != self._subjects.prefix or not config.get("republish"):
            raise BusError(f"the stream {name!r} of this NATS has the bus's subjects, and is none")
        if epoch == heard.epoch and (
            info["state"]["last_seq"] < heard.sequence or await self._has_others(name, heard)
        ):
            # Its machine has crashed, and it has lost what was not on the disk. It would give
            # the same positions to other messages; nobody would hear of what they have missed.
            _log.warning("NATS has lost messages that it had kept: the bus begins anew")
            await self._ask(f"STREAM.DELETE.{name}")
            raise JetStreamRefusal(_NOT_FOUND, "the stream has lost messages")
        self.epoch = epoch
        own = {key: mine[key] for key in ("max_msgs_per_subject", "max_bytes", "max_age")}
        if not self._limits.is_guest and any(
            config.get(key) != value for key, value in own.items()
        ):
            fewest = min(_fewest_of(config), own["max_msgs_per_subject"])
            metadata = {**(config.get("metadata") or {}), _FEWEST: str(fewest)}
            changed = {**config, **own, "metadata": metadata}
            # The server takes no window that is longer than the age.
            changed["duplicate_window"] = mine["duplicate_window"]
            await self._ask(f"STREAM.UPDATE.{name}", changed)

    async def _has_others(self, name: str, heard: LastHeard) -> bool:
        """Whether the stream has a later message at a sequence that was heard already."""
        later = datetime.fromtimestamp(heard.time, UTC) + timedelta(microseconds=2)
        request = {"start_time": later.isoformat(), "next_by_subj": ">"}
        reply = await self._connection.ask_now(
            f"$JS.API.DIRECT.GET.{name}", dumps(request).encode()
        )
        if reply.status != wire.OK:
            return False
        found = wire.stored_of(reply.head, reply.data)
        return found.sequence <= heard.sequence and found.time > heard.time

    async def _ask(self, subject: str, content: Any = None) -> dict[str, Any]:
        return await self._connection.ask_jetstream(subject, content, is_urgent=True)

    def _config(self) -> dict[str, Any]:
        limits, subjects = self._limits, self._subjects
        source, destination = subjects.republished
        most = limits.history + 1  # the last of them tells whether others are gone
        age = max(limits.history_age * _LONGER, _LEAST_AGE)
        return {
            "name": self.name,
            "description": "messages of a tornkit.bus",
            "subjects": [
                subjects.all_messages,
                subjects.all_events,
                subjects.all_checkpoints,
            ],
            "retention": "limits",
            "storage": "file",
            "discard": "old",
            "max_msgs_per_subject": most,
            "max_age": int(age * 1e9),
            "max_bytes": limits.history_bytes,
            "duplicate_window": int(_LEAST_AGE * 1e9),
            "num_replicas": 1,
            "allow_direct": True,
            "allow_msg_ttl": True,
            "republish": {"src": source, "dest": destination},
            "metadata": {_FEWEST: str(most)},
        }

    async def state(self) -> StreamState:
        """Ask the server for the state of the stream.

        :raises Unavailable: the stream has gone.
        """
        epoch = self.epoch
        try:
            info = await self._connection.ask_jetstream(f"STREAM.INFO.{self.name}")
        except JetStreamRefusal as error:
            raise Unavailable(str(error)) from None
        config, state = info["config"], info["state"]
        most = config.get("max_msgs_per_subject", -1)
        return StreamState(epoch, state["first_seq"], most, min(_fewest_of(config), most))


def _age(info: dict[str, Any]) -> tuple[str, str]:
    """Key that sorts streams by their age."""
    return info.get("created", ""), info["config"]["name"] if info else ""


def _fewest_of(config: dict[str, Any]) -> int:
    """The smallest limit of messages of a channel that a stream has had; 0 if unknown."""
    most = int(config.get("max_msgs_per_subject", -1))
    try:
        return min(int((config.get("metadata") or {})[_FEWEST]), most)
    except (KeyError, ValueError):  # not of a link's making: any may be gone
        return 0


async def make_stream(
    connection: NatsConnection,
    name: str,
    subjects: list[str],
    most_bytes: int,
    *,
    is_urgent: bool = False,
) -> None:
    """Make a stream that keeps the last message of each subject; set its limit if it exists.

    A stream that is full refuses messages, and forgets none.
    """
    config = {
        "name": name,
        "description": "values of a tornkit.bus",
        "subjects": subjects,
        "retention": "limits",
        "storage": "file",
        "discard": "new",
        "max_msgs_per_subject": 1,
        "max_bytes": most_bytes,
        "num_replicas": 1,
        "allow_direct": True,
        "allow_msg_ttl": True,
    }
    ask = partial(connection.ask_jetstream, is_urgent=is_urgent)
    try:
        await ask(f"STREAM.CREATE.{name}", config)
    except JetStreamRefusal as error:  # it is there, with other limits
        if error.code != _EXISTS:
            raise
        info = await ask(f"STREAM.INFO.{name}")
        await ask(f"STREAM.UPDATE.{name}", {**info["config"], "max_bytes": most_bytes})
