"""What Redis keeps, as it is read."""

from __future__ import annotations

import pytest

from tests.bus.links.redis.test_link import RedisStage, played
from tests.bus.redis_server import MISSING
from tests.bus.test_bus import subscribe, take
from tornkit.bus.names import Pattern

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)


def test_large_answers_come_in_parts() -> None:
    """Redis, and whoever waits behind them, goes on meanwhile; so does a slow connection."""

    async def test(stage: RedisStage) -> None:
        bus = stage.bus()
        async with subscribe(bus, "a") as messages:
            begin = messages.position
        said = []
        for number in range(120):
            channel = "abc"[number % 3]
            await bus.publish(channel, [number, "x" * 50_000])
            said.append((channel, number))
        for names in (("a", "b", "c"), ("*",), ("c", "a*")):
            wanted = [each for each in said if each[0] in names or "*" in names or each[0] == "a"]
            async with subscribe(bus, *names, since=begin) as messages:
                found = [await anext(messages) for _ in wanted]
                assert [(each.channel, each.data[0]) for each in found] == wanted
                assert not messages.ready()
            texts = [Pattern(each) if "*" in each else each for each in names]
            newest = await bus.history(texts, 45)
            assert [(each.channel, each.data[0]) for each in newest] == wanted[-45:]
        asked = int(stage.server.told("INFO", "commandstats").partition("evalsha:calls=")[2][:3])
        assert asked > 120 + 6 * 3

    played(test)


def test_a_message_that_a_clock_has_made_old_is_a_gap() -> None:
    async def test(stage: RedisStage) -> None:
        bus = stage.bus()
        async with subscribe(bus, "a") as messages:
            begin = messages.position
        for number in range(4):
            await bus.publish("a", number)
        # Behind the second, the clock of Redis was set back by an hour, an hour ago.
        told = stage.server.told("XRANGE", "{test}:0:h:a", "3-0", "3-0").split()
        stage.server.told("DEL", "{test}:0:h:a")
        for offset, time in (("1", told[2]), ("2", told[2]), ("3", "1"), ("4", told[2])):
            entry = ("t", time, "b", str(int(offset) - 1), "p", f"j{offset}")
            stage.server.told("XADD", "{test}:0:h:a", f"{offset}-0", *entry)
        async with subscribe(bus, "a", since=begin) as messages:
            assert await take(messages, 2) == ["gap", 4]

    played(test)
