"""Keys with values that all workers share, in a stream with the last value of each.

Each change is made only if nobody has made another one meanwhile, and else begun anew; those of one
link and one key wait for each other. A value says for how many seconds it is there, by the server's
clock; the server forgets it soon after.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from json import loads
from typing import Any, NamedTuple

from tornkit.bus.errors import BusError, Unavailable
from tornkit.bus.links.nats import wire
from tornkit.bus.links.nats.checkpoint import Checkpoints
from tornkit.bus.links.nats.connection import NatsConnection
from tornkit.bus.links.nats.records import NatsRecords
from tornkit.bus.links.nats.subjects import NatsSubjects

_TRIES = 200  # of a change that others come before
_FOREVER = 1e9  # seconds; longer is without an end for the server
_SECONDS = "Tornkit-Seconds"


class _Stored(NamedTuple):
    value: bytes | None
    left: float | None  # seconds until it is over
    sequence: int


class _Change(NamedTuple):
    """New value of a key, its ``seconds``, and the result to return; None deletes the key."""

    value: bytes | None
    seconds: float | None
    result: Any


class NatsStore:
    """Store of values by key on NATS, in a stream of records; all workers share it."""

    def __init__(
        self,
        connection: NatsConnection,
        subjects: NatsSubjects,
        checkpoints: Checkpoints,
        most_bytes: int,
    ) -> None:
        self._subjects = subjects
        self._checkpoints = checkpoints
        self._records = NatsRecords(
            connection, subjects.store_stream, [subjects.all_values], most_bytes
        )
        self._changing: dict[str, list[asyncio.Future[None]]] = {}

    def lost(self) -> None:
        """Take notice that the connection is lost: the stream is to be looked for again."""
        self._records.lost()

    async def call(self, method: str, arguments: tuple[Any, ...]) -> Any:
        """Call a method of the store by name, with the arguments of `tornkit.bus.broker.calls`.

        :raises BusError: the store refuses it.
        """
        match method, arguments:
            case "get", [str(key)]:
                value = (await self._read(key)).value
                return None if value is None else value.decode("latin1")
            case "set", [str(key), str(text), seconds, bool(only_new)]:
                return await self._set(key, text.encode("latin1"), seconds, only_new=only_new)
            case "delete", [str(key), only]:
                return await self._delete(key, None if only is None else only.encode("latin1"))
            case "increment", [str(key), int(by), seconds]:
                return await self._increment(key, by, seconds)
            case "renew", [str(key), str(only), int(seconds) | float(seconds)]:
                return await self._renew(key, only.encode("latin1"), seconds)
            case _:
                raise BusError(f"the store has no {method!r} of {len(arguments)} arguments")

    async def _set(self, key: str, value: bytes, seconds: float | None, *, only_new: bool) -> bool:
        if not only_new:
            await self._records.write(self._subjects.value(key), value, _headers(seconds), None)
            return True

        def change(stored: _Stored) -> _Change | None:
            return _Change(value, seconds, True) if stored.value is None else None

        return bool(await self._change(key, change))

    async def _delete(self, key: str, only: bytes | None) -> bool:
        def change(stored: _Stored) -> _Change | None:
            if stored.value is None or (only is not None and stored.value != only):
                return None
            return _Change(None, None, True)

        return bool(await self._change(key, change))

    async def _renew(self, key: str, only: bytes, seconds: float) -> bool:
        def change(stored: _Stored) -> _Change | None:
            return _Change(only, seconds, True) if stored.value == only else None

        return bool(await self._change(key, change))

    async def _increment(self, key: str, by: int, seconds: float | None) -> int:
        def change(stored: _Stored) -> _Change:
            value: Any = 0
            left = seconds
            if stored.value is not None:
                value = loads(stored.value[1:]) if stored.value[:1] == b"j" else None
                left = stored.left
            if type(value) is not int:
                raise BusError(f"the value of {key!r} is no whole number")
            return _Change(b"j%d" % (value + by), left, value + by)

        return int(await self._change(key, change))

    async def _change(self, key: str, change: Callable[[_Stored], _Change | None]) -> Any:
        """Change a key's value as ``change`` decides; return its result, None for no change."""
        waiting = self._changing.setdefault(key, [])
        turn = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        try:
            if waiting[0] is not turn:
                await turn
            return await self._change_alone(key, change)
        finally:
            waiting.remove(turn)
            if not waiting:
                del self._changing[key]
            elif not waiting[0].done():
                waiting[0].set_result(None)

    async def _change_alone(self, key: str, change: Callable[[_Stored], _Change | None]) -> Any:
        subject = self._subjects.value(key)
        for _ in range(_TRIES):
            stored = await self._read(key)
            made = change(stored)
            if made is None:
                return None
            if made.value is None:
                is_done = await self._records.delete(subject, stored.sequence)
            else:
                written = await self._records.write(
                    subject, made.value, _headers(made.seconds), stored.sequence
                )
                is_done = written is not None
            if is_done:
                return made.result
        raise Unavailable(f"others change {key!r} all the time")

    async def _read(self, key: str) -> _Stored:
        record = await self._records.read(self._subjects.value(key))
        message = record.message
        if message is None:
            return _Stored(None, None, record.sequence)
        lasting = wire.header_of(message.head, _SECONDS.encode())
        if lasting is None:
            return _Stored(message.data, None, record.sequence)
        left = message.time + float(lasting) - self._checkpoints.server_time
        return _Stored(message.data if left > 0 else None, left, record.sequence)


def _headers(seconds: float | None) -> dict[str, str]:
    if seconds is None:
        return {}
    headers = {_SECONDS: repr(float(seconds))}
    if seconds < _FOREVER:
        headers["Nats-TTL"] = f"{math.ceil(seconds) + 1}s"
    return headers
