"""A broker in Redis, for workers of one machine or of many.

Positions are offsets that Redis counts, in an epoch that ends where it may have lost some: at a
restart, at the turn to a replica, where its keys were deleted. What a link hears comes by Redis's
publish and subscribe, what it has missed from streams (`scripts/common.lua`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import secrets
from functools import partial
from json import loads
from typing import Any

from redis.exceptions import MovedError, OutOfMemoryError, ResponseError

from tornkit.bus.broker.broker import CaughtUp
from tornkit.bus.broker.history import Kept
from tornkit.bus.broker.presence import Present
from tornkit.bus.errors import BusError, StoreFull, Unavailable
from tornkit.bus.links.link import MessageReceiver
from tornkit.bus.links.posting import MOST_UNSENT, tell_if_lost
from tornkit.bus.links.redis.address import RedisAddress
from tornkit.bus.links.redis.calls import RedisCalls
from tornkit.bus.links.redis.hearing import RedisHearing
from tornkit.bus.links.redis.reading import RedisReader
from tornkit.bus.links.redis.scripts import begin_text, scripts
from tornkit.bus.links.redis.wire import LOST, RedisWire, both
from tornkit.bus.message import Event, payload_of
from tornkit.bus.position import MessagePosition
from tornkit.bus_limits import BusLimits

_AGAIN, _LATEST = 0.05, 2.0  # seconds, before a Redis that is away is tried again; doubled
_BEAT = 3.0  # seconds, after which a link says that it is there
_FAREWELL = 1.0  # seconds, for the last word
_BELIEVED = 10_000  # milliseconds, for which it is believed
_ANY_SIZE = 1 << 62
_RUN = re.compile(rb"^run_id:(\w+)", re.MULTILINE)
_HEAD = re.compile(rb"([0-9a-f]+) ([0-9]+) ([0-9]+) (message|join|leave)")  # common.lua's `tell`
_EVENTS: dict[bytes, Event] = {b"message": "message", b"join": "join", b"leave": "leave"}
_log = logging.getLogger("tornkit")


class RedisLink:
    """Link of one loop to Redis, a `tornkit.bus.links.link.BrokerLink` with two connections."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        receiver: MessageReceiver,
        url: str,
        limits: BusLimits,
    ) -> None:
        self._loop = loop
        self._receiver = receiver
        self._limits = limits
        self._address = RedisAddress(url)
        state_key = f"{self._address.base}state"
        self._state_key = state_key.encode()
        self._calls = RedisCalls(loop, state_key, limits.patience)
        self._hearing = RedisHearing(self._address.base, self._heard)
        # Of a guest: what others have set, which Redis knows.
        self._history = b"" if limits.is_guest else b"%d" % limits.history
        self._age = b"" if limits.is_guest else b"%d" % int(limits.history_age * 1000)
        self._reader = RedisReader(self._call, self._age)
        self._member = b""
        self._gone = b""  # the member that this link was before
        # Those for whom this loop speaks: what each tells of itself, as often as it is there.
        self._there: dict[tuple[str, str], list[Any]] = {}
        self._epoch = ""
        self._newest = 0  # offset, of what was heard in this epoch
        self._was_up = False
        self._is_up = False
        self._wires: list[RedisWire] = []
        living = loop.create_task(self._live())
        living.add_done_callback(self._has_ended)
        self._tasks = [living, loop.create_task(self._beat())]

    # ---- connections ----

    async def _live(self) -> None:
        """Connect to Redis, and again whenever the connections end, until cancelled."""
        pause = _AGAIN
        while True:
            began = self._loop.time()
            reason = "the connection has ended"
            try:
                await self._connected()
            except MovedError as error:
                self._address.moved(str(error))
                reason = "the bus is on another node of the cluster"
            except LOST as error:
                if isinstance(error.__cause__, MovedError):
                    self._address.moved(str(error.__cause__))
                reason = str(error) or type(error).__name__
            except asyncio.CancelledError:
                await self._say_farewell()
                raise
            except Exception as error:  # noqa: BLE001 - of redis-py, say: the bus is to come back
                reason = f"{type(error).__name__}: {error}"
                _log.error("the connection to Redis has failed", exc_info=True)
            finally:
                self._is_up = False
                self._calls.lost(reason)
                self._hearing.lost()
                wires, self._wires = self._wires, []
                for wire in wires:
                    await wire.close()
            if self._loop.time() - began > _LATEST:
                pause = _AGAIN
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LATEST)

    async def _connected(self) -> None:
        """Open two connections to one server process, and use them until one of them ends."""
        options = await self._address.options()
        calls = await RedisWire.connect(dict(options))
        self._wires.append(calls)
        hearing = await RedisWire.connect(dict(options))
        self._wires.append(hearing)
        run = await _run_of(calls)
        if run != await _run_of(hearing):
            raise ConnectionError("two connections have met two servers")
        # Before anything is heard: whoever has missed something is to hear that first.
        self._begun(await self._begin(calls, run))
        self._hearing.open(hearing)
        await both(self._hear(hearing), self._ask(calls, run))

    async def _hear(self, wire: RedisWire) -> None:
        await both(wire.write(), self._hearing.read(), self._hearing.ping())

    async def _ask(self, wire: RedisWire, run: bytes) -> None:
        while True:
            self._calls.open(wire)
            await both(self._calls.read(), self._calls.hang(), wire.write())
            # The keys were deleted, or the scripts.
            self._begun(await self._begin(wire, run))

    async def _begin(self, wire: RedisWire, run: bytes) -> str:
        """Prepare Redis with the limits and all scripts, and return the epoch."""
        fresh = secrets.token_hex(6)
        limits = self._limits
        kept = limits.history, int(limits.history_age * 1000), int(limits.is_guest)
        epoch = await wire.ask("EVAL", begin_text(), 1, self._state_key, run, fresh, *kept)
        for script in scripts().values():
            await wire.ask("SCRIPT", "LOAD", script.text)
        return str(epoch.decode())

    def _begun(self, epoch: str) -> None:
        self._gone, self._member = self._member, secrets.token_hex(8).encode()
        self._is_up = True
        self._say_who_is_there()
        self._begin_epoch(epoch)
        if self._was_up:
            self._receiver.restored()
        self._was_up = True

    async def _say_farewell(self) -> None:
        """Finish the calls on their way, and end the presence of this link's participants."""
        if self._is_up:
            # A Redis that hangs is not to hold the loop's end.
            with contextlib.suppress(*LOST):
                async with asyncio.timeout(_FAREWELL):
                    await self._wires[0].flush()
                    await self._calls.finish()
                    if self._there:
                        beat = "EVALSHA", scripts()["beat"].sha, 1, self._state_key
                        await self._wires[0].ask(*beat, b"", _BELIEVED, self._member)

    def _has_ended(self, task: asyncio.Task[None]) -> None:
        self._calls.end("the loop has ended, without a connection to Redis")

    def _begin_epoch(self, epoch: str) -> None:
        if epoch != self._epoch:
            self._epoch = epoch
            self._newest = 0

    async def _beat(self) -> None:
        """Tell Redis again and again that this link is alive."""
        while True:
            await asyncio.sleep(_BEAT)
            member, gone = self._member, self._gone
            try:
                is_known = await self._calls.call("beat", member, _BELIEVED, gone)
            except (BusError, ResponseError):
                continue
            if gone == self._gone:
                self._gone = b""
            if not is_known and member == self._member and self._there:
                # It was silent for too long, asleep or stopped, and was taken for dead.
                self._say_who_is_there()

    def abandon(self) -> None:
        """Let go of the connections in a process that was forked; the loop is its parent's."""
        for wire in self._wires:
            wire.abandon()

    def close(self) -> None:
        if not self._loop.is_closed():
            for task in self._tasks:
                task.cancel()
        self._calls.close()
        self._hearing.close()

    # ---- hearing ----

    def _heard(self, channel: str, data: bytes) -> None:
        head, _, payload = data.partition(b"\n")
        told = _HEAD.fullmatch(head)
        if told is None:  # others can publish there, too
            _log.error("what is published in Redis for %s is no message of a bus", channel)
            return
        epoch, offset = told[1].decode(), int(told[2])
        if epoch != self._epoch:
            self._begin_epoch(epoch)
            self._receiver.restored()
        if offset <= self._newest:
            return  # it fits several names
        self._newest = offset
        kept = Kept(channel, offset, int(told[3]) / 1e6, payload)
        self._receiver.deliver(epoch, kept, _EVENTS[told[4]])

    def watch(self, name: str) -> None:
        self._hearing.watch(name)

    def unwatch(self, name: str) -> None:
        self._hearing.unwatch(name)

    # ---- asking ----

    async def _call(self, script: str, *arguments: Any) -> Any:
        try:
            return await self._calls.call(script, *arguments)
        except OutOfMemoryError:
            kind = StoreFull if script == "store" else BusError
            raise kind("Redis has no memory left (its maxmemory)") from None
        except ResponseError as error:
            raise BusError(f"Redis refuses it: {error}") from None

    async def publish(self, channel: str, payload: bytes) -> MessagePosition:
        epoch, offset = await self._call("publish", *self._published(channel, payload))
        return MessagePosition(epoch.decode(), offset)

    def post(self, channel: str, payload: bytes) -> None:
        if self._calls.unanswered > MOST_UNSENT:
            raise Unavailable("Redis does not take what is posted; await publish()")
        answer = self._calls.call("publish", *self._published(channel, payload))
        answer.add_done_callback(partial(tell_if_lost, channel))

    def _published(self, channel: str, payload: bytes) -> tuple[Any, ...]:
        return channel.encode(), payload, self._history, self._age

    async def catch_up(self, names: tuple[str, ...], since: MessagePosition | None) -> CaughtUp:
        try:
            async with asyncio.timeout(self._limits.patience):
                await self._hearing.confirmed()
        except TimeoutError:
            text = f"Redis is not there, after {self._limits.patience:g} seconds"
            why = f": {self._calls.reason}" if self._calls.reason else ""
            raise Unavailable(text + why) from None
        if since is None:
            return CaughtUp(await self._reader.position(), [], gap=False)
        return await self._reader.missed(names, since)

    async def kept(self, names: tuple[str, ...], most: int) -> tuple[str, list[Kept]]:
        return await self._reader.newest(names, most)

    # ---- who is there ----

    def _say_who_is_there(self) -> None:
        for (channel, id_), infos in self._there.items():
            for info in infos:
                self._say_that_is_there(channel, id_, info)

    def enter(self, channel: str, id_: str, info: Any) -> None:
        self._there.setdefault((channel, id_), []).append(info)
        if self._is_up:
            self._say_that_is_there(channel, id_, info)

    def _say_that_is_there(self, channel: str, id_: str, info: Any) -> None:
        told = payload_of({"id": id_, "info": info}, _ANY_SIZE)
        self._say("enter", self._member, channel.encode(), _id(id_), told, _BELIEVED)

    def leave(self, channel: str, id_: str) -> None:
        infos = self._there.get((channel, id_))
        if infos is not None:
            infos.pop()
            if not infos:
                del self._there[channel, id_]
        if self._is_up:
            self._say("leave", self._member, channel.encode(), _id(id_))

    def _say(self, script: str, *arguments: Any) -> None:
        """Call a script without waiting; what is lost is said again by the next connection."""
        self._calls.call(script, *arguments).add_done_callback(_ignore)

    async def present(self, channel: str) -> list[Present]:
        found = []
        for each in await self._call("present", channel.encode()):
            time, order, payload = each.split(b" ", 2)
            told = loads(payload[1:])
            found.append((int(order), Present(told["id"], told["info"], int(time) / 1e6)))
        return [present for _, present in sorted(found, key=lambda each: each[0])]

    def tell(self, changes: dict[str, list[int]]) -> bool:
        return True  # in Redis nobody asks for them

    # ---- the store ----

    async def call_store(self, method: str, *arguments: Any) -> Any:
        key, *others = arguments
        told: list[Any] = [method, key.encode()]
        match method, others:
            case "get", []:
                value = await self._call("store", *told)
                return None if value is None else value.decode("latin1")
            case "set", [value, seconds, only_new]:
                told += [value.encode("latin1"), _milliseconds(seconds), int(only_new)]
            case "delete", [only]:
                told += [b"" if only is None else only.encode("latin1"), int(only is not None)]
            case "renew", [only, seconds]:
                told += [only.encode("latin1"), _milliseconds(seconds)]
            case "increment", [by, seconds]:
                told += [by, _milliseconds(seconds)]
            case _:
                raise BusError(f"the store has no {method!r}")
        if method != "increment":
            return int(await self._call("store", *told))
        try:
            return int(await self._calls.call("store", *told))
        except OutOfMemoryError:
            raise StoreFull("Redis has no memory left (its maxmemory)") from None
        except ResponseError:
            raise BusError(f"the value of {key!r} is no whole number, or too large") from None


async def _run_of(wire: RedisWire) -> bytes:
    """Run id of the server process at the other end; empty where it says none."""
    found = _RUN.search(await wire.ask("INFO", "server"))
    return b"" if found is None else found[1]


def _id(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else str(int(seconds * 1000))


def _ignore(answer: asyncio.Future[Any]) -> None:
    if not answer.cancelled():
        answer.exception()
