"""Each backend of the bus, and several buses on it as several workers have them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Protocol

from tests.bus import nats_server, redis_server
from tests.bus.nats_server import NatsBackend
from tests.bus.redis_server import RedisBackend
from tornkit.bus.bus import Bus
from tornkit.bus.links.hub import HubLink
from tornkit.bus.links.joining import by_lobby
from tornkit.bus.links.local import LocalBroker, LocalLink
from tornkit.bus_limits import BusLimits
from tornkit.serve.hub.hub import Hub
from tornkit.serve.loop.loop import Loop


class Backend(Protocol):
    """A broker that several buses of the running loop use."""

    limits: BusLimits

    def bus(self) -> Bus:
        """A bus of its own, as a worker has one."""

    def forget_all(self) -> None:
        """Lose the broker and all that it knows, and have another one."""

    def close(self) -> None:
        """Give back what it has."""


class LocalBackend:
    """A broker in this process, which can't be lost."""

    def __init__(self, limits: BusLimits) -> None:
        self.limits = limits
        self._shared = LocalBroker(limits)
        self._buses: list[Bus] = []

    def bus(self) -> Bus:
        loop = asyncio.get_running_loop()
        bus = Bus(loop, lambda bus: LocalLink(loop, bus, self._shared), self.limits)
        self._buses.append(bus)
        return bus

    def forget_all(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        for bus in self._buses:
            bus.close()


class HubBackend:
    """A hub in a thread, in the place of its process."""

    def __init__(self, limits: BusLimits) -> None:
        self.limits = limits
        self.lobby, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._buses: list[Bus] = []
        self._start()

    def _start(self) -> None:
        self._loop = loop = Loop()
        lobby = self._theirs.dup()
        self.hub = hub = Hub(loop, lobby, self.limits)
        self._is_over = False

        def run() -> None:
            while not self._is_over:
                loop.turn(lambda number: None)
                hub.flush()
            for member in tuple(hub.members):
                member.sock.close()
            loop.close()
            lobby.close()

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def stop(self) -> None:
        """Lose the hub."""
        self._is_over = True
        self._loop.wake()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def forget_all(self) -> None:
        self.stop()
        self._start()

    def bus(self) -> Bus:
        loop = asyncio.get_running_loop()
        connect = partial(by_lobby, self.lobby)
        bus = Bus(loop, lambda bus: HubLink(loop, bus, connect, self.limits), self.limits)
        self._buses.append(bus)
        return bus

    def close(self) -> None:
        for bus in self._buses:
            bus.close()
        self.stop()
        self.lobby.close()
        self._theirs.close()


BACKENDS: dict[str, Callable[[BusLimits], Backend]] = {
    "local": LocalBackend,
    "hub": HubBackend,
    "redis": RedisBackend,
    "nats": NatsBackend,
}
MISSING = {"redis": redis_server.MISSING, "nats": nats_server.missing()}
"""Why there is no such backend here, where there is none."""


@contextlib.asynccontextmanager
async def backend(name: str, limits: BusLimits) -> AsyncIterator[Backend]:
    """One of `BACKENDS`, until the end of the block."""
    made = BACKENDS[name](limits)
    try:
        yield made
    finally:
        made.close()
        await asyncio.sleep(0)
