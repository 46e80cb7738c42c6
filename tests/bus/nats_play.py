"""A test's course on a real NATS server, and what can happen to a link."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.bus.nats_server import NatsBackend, NatsServer, missing
from tornkit.bus.bus import Bus
from tornkit.bus.errors import Unavailable
from tornkit.bus_limits import BusLimits

needs_nats = pytest.mark.skipif(bool(missing()), reason=missing() or "NATS is here")


def played(
    test: Callable[[NatsBackend], Awaitable[Any]], server: NatsServer | None = None, **limits: Any
) -> None:
    async def main() -> None:
        backend = NatsBackend(BusLimits(**limits), server)
        try:
            await asyncio.wait_for(test(backend), 30)
        finally:
            backend.close()
            await asyncio.sleep(0)

    asyncio.run(main())


def parts(bus: Bus) -> Any:
    link: Any = bus.broker_link
    return link


def cut(bus: Bus) -> None:
    """Lose a link's connection, which the server does not."""
    parts(bus)._connection._client.cut()


def die(bus: Bus) -> None:
    """End a link as one ends whose process is killed."""
    link = parts(bus)
    link._beating.cancel()
    link._connection.close()
    link._presence.cancel()


async def published(bus: Bus, channel: str, data: Any) -> str:
    """Publish, as often as it takes."""
    while True:
        with contextlib.suppress(Unavailable):
            return await bus.publish(channel, data)


def epoch(position: str) -> str:
    return position.partition("-")[0]
