"""Presence on a real NATS server: links that die, or seem to, or lose their connection."""

from __future__ import annotations

import asyncio

import pytest

from tests.bus.nats_play import cut, die, needs_nats, parts, played
from tests.bus.nats_server import NatsBackend
from tests.bus.test_bus import subscribe, take, until
from tornkit.bus.broker.presence import Present
from tornkit.bus.links.nats import keeper as keeper_module
from tornkit.bus.links.nats import link as link_module

pytestmark = needs_nats


class TestPresence:
    @pytest.fixture(autouse=True)
    def _is_quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keeper_module, "_DEAD", 0.8)
        monkeypatch.setattr(link_module, "_BEAT", 0.1)

    def test_of_a_link_that_dies_ends(self) -> None:
        async def test(backend: NatsBackend) -> None:
            one, other, third = backend.bus(), backend.bus(), backend.bus()
            async with subscribe(one, "room", joins=True) as seen:
                await subscribe(other, "room", present="ann").__aenter__()
                await subscribe(other, "room", present="bob").__aenter__()
                await subscribe(third, "room", present="bob").__aenter__()
                found = [await anext(seen) for _ in range(2)]
                assert sorted((each.event, each.data["id"]) for each in found) == [
                    ("join", "ann"), ("join", "bob"),
                ]  # fmt: skip
                while len(await third.presence("room")) < 2:
                    await asyncio.sleep(0.01)
                die(other)
                left = await anext(seen)
                assert (left.event, left.data["id"]) == ("leave", "ann")
                assert ids(await one.presence("room")) == ["bob"]
                die(third)
                assert (await anext(seen)).data["id"] == "bob"
                assert await one.presence("room") == []

        played(test)

    def test_of_one_that_was_taken_for_dead_comes_back(self) -> None:
        async def test(backend: NatsBackend) -> None:
            one, other = backend.bus(), backend.bus()
            async with subscribe(one, "room", joins=True) as seen:
                async with subscribe(other, "room", present="ann", info=7):
                    assert await take(seen, 1) == ["join"]
                    link = parts(other)
                    link._beating.cancel()  # its loop stands, say
                    assert await take(seen, 1) == ["leave"]
                    link._beating = other.loop.create_task(link._beat())
                    joined = await anext(seen)
                    assert (joined.event, joined.data) == ("join", {"id": "ann", "info": 7})
                    assert ids(await other.presence("room")) == ["ann"]
                assert await take(seen, 1) == ["leave"]

        played(test)

    def test_outlasts_connections(self) -> None:
        async def test(backend: NatsBackend) -> None:
            one, other = backend.bus(), backend.bus()
            async with subscribe(other, "room", present="ann"):
                assert ids(await other.presence("room")) == ["ann"]
                left = subscribe(other, "room", present="bob")
                await left.__aenter__()
                assert ids(await other.presence("room")) == ["ann", "bob"]
                cut(other)
                await until(lambda: not parts(other)._connection.is_up)
                await left.__aexit__(None, None, None)
                while ids(await one.presence("room")) != ["ann"]:
                    await asyncio.sleep(0.01)

        played(test)


def ids(present: list[Present]) -> list[str]:
    return sorted(each.id for each in present)
