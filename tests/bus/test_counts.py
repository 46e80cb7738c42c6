"""Counts of subscriptions: what is told, when, and what of it the hub shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.bus.backends import HubBackend, backend
from tornkit.bus import counts as module
from tornkit.bus.bus import Bus
from tornkit.bus.counts import SubscriptionCounts
from tornkit.bus.links.hub import HubLink
from tornkit.bus.subscription import OnSlow, Subscription
from tornkit.bus_limits import BusLimits


class Timers:
    """The part of a loop that is needed; the test says when a second is over."""

    def __init__(self) -> None:
        self.due: list[Callable[[], None]] = []

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        assert seconds == 1.0
        self.due.append(action)

    def pass_second(self) -> None:
        due, self.due = self.due, []
        for each in due:
            each()


class Stage:
    def __init__(self) -> None:
        self.timers = Timers()
        self.told: list[dict[str, list[int]]] = []
        self.is_up = True
        self.now = {"a": 2, "b": 0}
        loop: Any = self.timers
        self.counts = SubscriptionCounts(loop, lambda name: self.now.get(name, 0), self.tell)

    def tell(self, changes: dict[str, list[int]]) -> bool:
        self.told.append(changes)
        return self.is_up


def test_changes_are_told_once_a_second_and_only_then() -> None:
    stage = Stage()
    stage.counts.changed(["a"])
    stage.counts.dropped("c")
    stage.counts.dropped("c")
    stage.counts.ended(["a", "b"])
    assert (stage.told, len(stage.timers.due)) == ([], 1)
    stage.timers.pass_second()
    assert stage.told == [{"a": [2, 0, 1], "c": [0, 2, 0], "b": [0, 0, 1]}]
    assert stage.timers.due == [], "nothing runs where nothing changes"
    stage.counts.dropped("c")
    stage.timers.pass_second()
    assert stage.told[1:] == [{"c": [0, 1, 0]}]


def test_what_was_not_taken_is_told_again() -> None:
    stage = Stage()
    stage.is_up = False
    stage.counts.dropped("a")
    stage.timers.pass_second()
    stage.is_up = True
    stage.counts.dropped("a")
    assert len(stage.timers.due) == 1
    stage.timers.pass_second()
    assert stage.told[-1] == {"a": [2, 2, 0]}
    assert stage.timers.due == []


async def shown(bus: Bus, name: str, wanted: dict[str, int]) -> None:
    """Wait until the hub shows these numbers of a channel."""
    assert isinstance(bus.broker_link, HubLink)
    while True:
        (found,) = await bus.broker_link.ask("channels", [name])
        if {key: found[key] for key in wanted} == wanted:
            return
        await asyncio.sleep(0.01)


def subscribed(bus: Bus, on_slow: OnSlow = "drop_oldest") -> Subscription:
    return Subscription(
        bus, ("a",), since=None, joins=False, present=None, info=None, most=1, on_slow=on_slow
    )


def played(test: Callable[[HubBackend], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.01)

    async def main() -> None:
        async with backend("hub", BusLimits()) as made:
            assert isinstance(made, HubBackend)
            await asyncio.wait_for(test(made), 20)

    asyncio.run(main())


def test_the_hub_shows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(made: HubBackend) -> None:
        bus, other = made.bus(), made.bus()
        async with subscribed(bus), subscribed(bus, "disconnect"), subscribed(other):
            await shown(other, "a", {"processes": 1, "subscribers": 3, "dropped": 0, "ended": 0})
            # Each publishing is a turn of its own, after which only one message is kept.
            for number in range(30):
                await other.publish("a", number)
                await asyncio.sleep(0.001)
            await shown(other, "a", {"dropped": 58, "ended": 1, "published": 30})
        await shown(other, "a", {"processes": 0, "subscribers": 0, "dropped": 58})

    played(test, monkeypatch)


def test_another_hub_is_told_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(made: HubBackend) -> None:
        bus, other = made.bus(), made.bus()
        async with subscribed(bus), subscribed(bus):
            await shown(other, "a", {"subscribers": 2})
            await asyncio.to_thread(made.forget_all)
            while not bus.broker_link.tell({}):
                await asyncio.sleep(0.01)
            await shown(bus, "a", {"subscribers": 2})

    played(test, monkeypatch)
