"""The broker of a process, and a loop that is too busy to take what its threads publish."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.bus.backends import LocalBackend
from tests.bus.test_bus import subscribe
from tornkit.bus.links import local
from tornkit.bus_limits import BusLimits


@pytest.mark.parametrize(
    ("history", "expected"), [(1000, [*range(100)]), (10, ["gap", *range(85, 100)])]
)
def test_what_waits_for_a_loop_is_bounded(
    monkeypatch: pytest.MonkeyPatch, history: int, expected: list[Any]
) -> None:
    monkeypatch.setattr(local, "_MOST_HEARD", 5000)

    async def scene() -> None:
        backend = LocalBackend(BusLimits(history=history))
        bus = backend.bus()
        link: Any = bus.broker_link
        try:
            async with subscribe(bus, "a") as messages:
                for number in range(100):  # and the loop has no turn
                    link.post("a", b"j%d" % number)
                    assert link._heard_bytes <= 5000
                found: list[Any] = []
                while 99 not in found:
                    message = await anext(messages)
                    found.append(message.data if message.event == "message" else message.event)
                assert found == expected
                await bus.publish("a", "behind")
                assert (await anext(messages)).data == "behind"
        finally:
            backend.close()

    asyncio.run(asyncio.wait_for(scene(), 20))
