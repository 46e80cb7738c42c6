"""Messages that Redis publishes: the channels that a link hears of, each confirmed by Redis."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from typing import Any

from tornkit.bus.links.redis.wire import RedisWire
from tornkit.bus.names import is_pattern

_PING = 5.0  # seconds of silence, before Redis is asked, and again until it counts as gone
_AT_ONCE = 1000  # channels in a command
_GLOB = re.compile(rb"([\\?\[\]^])")


class RedisHearing:
    """Subscriptions of one link. ``heard`` takes a channel and what was published there."""

    def __init__(self, base: str, heard: Callable[[str, bytes], None]) -> None:
        self._prefix = f"{base}m:".encode()
        self._heard = heard
        self._names: dict[str, None] = {}
        self._wire: RedisWire | None = None
        self._sent = self._confirmed = 0
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._is_quiet = True

    def watch(self, name: str) -> None:
        """Subscribe to a channel or pattern."""
        self._names[name] = None
        self._say("SUBSCRIBE", [name])

    def unwatch(self, name: str) -> None:
        """Unsubscribe from a channel or pattern."""
        self._names.pop(name, None)
        self._say("UNSUBSCRIBE", [name])

    def _say(self, command: str, names: list[str]) -> None:
        if self._wire is None:
            return
        if command == "SUBSCRIBE":
            self._sent += len(names)
        plain = [self._prefix + each.encode() for each in names if not is_pattern(each)]
        patterns = [
            self._prefix + _GLOB.sub(rb"\\\1", each.encode()) for each in names if is_pattern(each)
        ]
        if plain:
            self._wire.send(command, *plain)
        if patterns:
            self._wire.send(f"P{command}", *patterns)

    def confirmed(self) -> asyncio.Future[None]:
        """Future that is done when Redis, even if away now, has confirmed all subscriptions."""
        answer = asyncio.get_running_loop().create_future()
        if self._wire is not None and self._confirmed >= self._sent:
            answer.set_result(None)
        else:
            self._waiters.append((self._sent, answer))
        return answer

    # ---- a connection ----

    def open(self, wire: RedisWire) -> None:
        """Subscribe, by a new connection, to all that is watched."""
        self._wire = wire
        self._sent = self._confirmed = 0
        names = list(self._names)
        for first in range(0, len(names), _AT_ONCE):
            self._say("SUBSCRIBE", names[first : first + _AT_ONCE])
        self._waiters = deque((self._sent, answer) for _, answer in self._waiters)
        self._wake()

    def lost(self) -> None:
        """Note that there is no connection."""
        self._wire = None

    def _wake(self) -> None:
        while self._waiters and self._waiters[0][0] <= self._confirmed:
            _, answer = self._waiters.popleft()
            if not answer.done():
                answer.set_result(None)

    async def read(self) -> None:
        """Read what is published until the connection ends."""
        wire = self._wire
        assert wire is not None
        while True:
            told = await wire.read()
            self._is_quiet = False
            if isinstance(told, list):
                self._take(told)

    def _take(self, told: list[Any]) -> None:
        match told:
            case [b"message", channel, data] | [b"pmessage", _, channel, data]:
                self._heard(channel[len(self._prefix) :].decode(errors="replace"), data)
            case [b"subscribe" | b"psubscribe", _, _]:
                self._confirmed += 1
                self._wake()

    async def ping(self) -> None:
        """Send a PING when Redis is silent, until it does not answer.

        :raises ConnectionError: always, then.
        """
        wire = self._wire
        assert wire is not None
        silences = 0
        while silences < 2:
            self._is_quiet = True
            await asyncio.sleep(_PING)
            silences = silences + 1 if self._is_quiet else 0
            if self._is_quiet:
                wire.send("PING")
        raise ConnectionError("Redis does not answer")

    def close(self) -> None:
        """Cancel all that waits for a confirmation."""
        for _, answer in self._waiters:
            if not answer.get_loop().is_closed():
                answer.cancel()
        self._waiters.clear()
