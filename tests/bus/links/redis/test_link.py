"""A Redis that is killed, forgets, is slow or is another: nothing is lost in silence."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.bus.redis_server import MISSING, RedisServer
from tests.bus.test_bus import subscribe, take, until
from tornkit.bus.bus import Bus
from tornkit.bus.errors import BusError, Unavailable
from tornkit.bus_limits import BusLimits

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)


class RedisStage:
    """A Redis, and buses of the running loop that use it."""

    def __init__(self, server: RedisServer, limits: BusLimits) -> None:
        self.server = server
        self.limits = limits
        self.buses: list[Bus] = []

    def bus(self, url: str | None = None) -> Bus:
        from tornkit.bus.links.redis.link import RedisLink

        loop = asyncio.get_running_loop()
        url = url or self.server.url
        bus = Bus(loop, lambda bus: RedisLink(loop, bus, url, self.limits), self.limits)
        self.buses.append(bus)
        return bus


def played(
    test: Callable[[RedisStage], Any],
    *,
    appends: bool = False,
    patience: float = 5.0,
    **limits: Any,
) -> None:
    """Run ``test`` with a Redis of its own."""

    async def main() -> None:
        stage = RedisStage(server, BusLimits(patience=patience, **limits))
        try:
            async with asyncio.timeout(30):
                await test(stage)
        finally:
            for bus in stage.buses:
                bus.close()
            await asyncio.sleep(0.01)

    server = RedisServer(appends=appends)
    try:
        asyncio.run(main())
    finally:
        server.close()


@pytest.mark.parametrize("appends", [False, True])
def test_a_redis_that_is_lost_is_a_gap_and_then_all_goes_on(appends: bool) -> None:
    """Also where it comes back with what it has kept: some of the newest may be missing."""

    async def test(stage: RedisStage) -> None:
        one, other = stage.bus(), stage.bus()
        async with (
            subscribe(one, "a", joins=True) as messages,
            subscribe(other, "a", present="ann"),
        ):
            before = await other.publish("a", 1)
            assert await take(messages, 2) == ["join", 1]
            stage.server.kill()
            stage.server.start()
            gap = await anext(messages)
            assert (gap.event, gap.data) == ("gap", None)
            while not await one.presence("a"):
                await asyncio.sleep(0.001)
            after = await other.publish("a", 2)
            while (message := await anext(messages)).data != 2:
                assert message.event == "join" or (appends and message.data == 1)
            assert after.partition("-")[0] != before.partition("-")[0]

    played(test, appends=appends)


def test_what_is_said_meanwhile_waits_and_then_fails() -> None:
    async def test(stage: RedisStage) -> None:
        bus = stage.bus()
        await bus.publish("a", 1)
        stage.server.kill()
        await until(lambda: not bus.broker_link._is_up)  # type: ignore[attr-defined]
        with pytest.raises(Unavailable, match=r"has not answered for 0\.3 seconds: .+"):
            await bus.publish("a", 2)
        with pytest.raises(Unavailable, match=r"is not there, after 0\.3 seconds"):
            await subscribe(bus, "a").__aenter__()
        later = asyncio.ensure_future(bus.publish("a", 3))
        await asyncio.sleep(0)
        stage.server.start()
        while True:  # the pause before it is tried again may be longer than the patience
            with contextlib.suppress(Unavailable):
                position = await later
                break
            later = asyncio.ensure_future(bus.publish("a", 3))
        assert position.endswith("-1")

    played(test, patience=0.3)


def test_what_was_posted_and_is_lost_is_said(caplog: pytest.LogCaptureFixture) -> None:
    async def test(stage: RedisStage) -> None:
        bus = stage.bus()
        await bus.publish("a", 1)
        stage.server.kill()
        bus.post("a", 2)  # the loop has not turned, and does not know yet
        with pytest.raises(Unavailable):
            await bus.publish("a", 3)
        await until(lambda: "a message to a is maybe lost" in caplog.text)

    played(test, patience=0.3)


def test_keys_that_were_deleted_are_a_gap() -> None:
    async def test(stage: RedisStage) -> None:
        one, other = stage.bus(), stage.bus()
        async with subscribe(one, "a") as messages:
            await other.publish("a", 1)
            assert await take(messages, 1) == [1]
            stage.server.told("FLUSHALL")
            await other.publish("a", 2)
            assert await take(messages, 2) == ["gap", 2]
            # Some of them: what channels there are.
            stage.server.told("DEL", "{test}:0:last")
            async with subscribe(other, "a", since=messages.position) as others:
                assert await take(others, 1) == ["gap"]

    played(test)


def test_scripts_that_were_deleted_are_no_loss() -> None:
    async def test(stage: RedisStage) -> None:
        one, other = stage.bus(), stage.bus()
        async with subscribe(one, "a", most=1000) as messages:
            publishing = []
            for number in range(300):
                if number % 100 == 50:
                    stage.server.told("SCRIPT", "FLUSH")
                publishing.append(asyncio.ensure_future(other.publish("a", number)))
                if number % 7 == 0:
                    await asyncio.sleep(0)
            await asyncio.gather(*publishing)
            assert await take(messages, 300) == list(range(300))

    played(test, history=1000)


@pytest.mark.parametrize("seed", range(2))
def test_connections_that_are_cut_are_no_loss(seed: int) -> None:
    async def test(stage: RedisStage) -> None:
        story = random.Random(seed)
        one, other, publisher = stage.bus(), stage.bus(), stage.bus()
        said: list[int] = []

        async def cut() -> None:
            while len(said) < 400:
                which = story.choice(["normal", "pubsub", "pubsub"])
                await asyncio.to_thread(stage.server.told, "CLIENT", "KILL", "TYPE", which)
                await asyncio.sleep(story.random() / 10)

        async with (
            subscribe(one, "a", most=1000) as messages,
            subscribe(other, "*", most=1000) as others,
        ):
            cutting = asyncio.ensure_future(cut())
            number = 0
            while len(said) < 400:
                number += 1
                with contextlib.suppress(Unavailable):  # then it was maybe said
                    await publisher.publish("a", number)
                    said.append(number)
            await cutting
            await publisher.publish("a", -1)
            for each in (messages, others):
                found = []
                while (message := await anext(each)).data != -1:
                    assert message.event == "message"
                    found.append(message.data)
                assert found == sorted(set(found))
                assert set(said) <= set(found)

    played(test, history=1000)


def test_one_that_does_not_read_is_dropped_and_catches_up() -> None:
    async def test(stage: RedisStage) -> None:
        limit = "pubsub 200000 200000 1"
        stage.server.told("CONFIG", "SET", "client-output-buffer-limit", limit)
        bus = stage.bus()
        failed: list[BaseException] = []

        async def publish() -> None:
            other = stage.bus()
            for number in range(200):
                await other.publish("a", [number, "x" * 50_000])
            other.close()
            await asyncio.sleep(0)

        def in_another_thread() -> None:
            try:
                asyncio.run(publish())
            except BaseException as error:  # noqa: BLE001 - the test's thread raises it
                failed.append(error)

        async with subscribe(bus, "a", most=1000) as messages:
            thread = threading.Thread(target=in_another_thread)
            thread.start()
            thread.join()  # the loop stands
            assert not failed
            found = await take(messages, 200)
            assert [each[0] for each in found] == list(range(200))

    played(test, history=1000)


def test_a_link_that_died_takes_its_own_along(monkeypatch: pytest.MonkeyPatch) -> None:
    from tornkit.bus.links.redis import link as module

    monkeypatch.setattr(module, "_BEAT", 0.1)
    monkeypatch.setattr(module, "_BELIEVED", 500)

    async def test(stage: RedisStage) -> None:
        one, other = stage.bus(), stage.bus()
        dead: Any = other.broker_link
        async with subscribe(one, "room", joins=True, present="bob") as seen:
            await subscribe(other, "room", present="ann").__aenter__()
            await subscribe(other, "room", present="bob").__aenter__()
            assert await take(seen, 2) == ["join", "join"]
            dead._is_up = False  # it has no last word
            other.close()
            left = await anext(seen)
            assert (left.event, left.data["id"]) == ("leave", "ann")
            assert [each.id for each in await one.presence("room")] == ["bob"]

    played(test)


def test_a_link_that_was_asleep_is_there_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from tornkit.bus.links.redis import link as module
    from tornkit.bus.links.redis.scripts import scripts

    monkeypatch.setattr(module, "_BEAT", 0.05)

    async def test(stage: RedisStage) -> None:
        one, other = stage.bus(), stage.bus()
        async with subscribe(one, "room", joins=True) as seen:
            await subscribe(other, "room", present="ann").__aenter__()
            assert await take(seen, 1) == ["join"]
            asleep: Any = other.broker_link
            stage.server.told("ZADD", "{test}:0:members", "0", asleep._member.decode())
            # Another one's beat, before this loop turns.
            beat = ("EVALSHA", scripts()["beat"].sha, "1", "{test}:0:state", "another", "500", "")
            assert stage.server.told(*beat) == "0"
            assert await take(seen, 2) == ["leave", "join"]
            assert [each.id for each in await one.presence("room")] == ["ann"]

    played(test)


def test_several_buses_on_one_redis() -> None:
    async def test(stage: RedisStage) -> None:
        path = stage.server.socket
        urls = [f"unix://{path}?{rest}" for rest in ("", "prefix=b", "db=1", "prefix=b&db=1")]
        buses = list(map(stage.bus, urls))
        async with contextlib.AsyncExitStack() as stack:
            heard = [await stack.enter_async_context(subscribe(bus, "*")) for bus in buses]
            for number, bus in enumerate(buses):
                await bus.publish("a", number)
                await bus.broker_link.call_store("set", "k", f"j{number}", None, False)
            for number, (bus, messages) in enumerate(zip(buses, heard, strict=True)):
                assert await take(messages, 1) == [number]
                assert await bus.broker_link.call_store("get", "k") == f"j{number}"

    played(test)


def test_names_of_any_characters() -> None:
    async def test(stage: RedisStage) -> None:
        one, other = stage.bus(), stage.bus()
        names = ["[a]", "a?", "\\a", "{a}", "äöü☃", "a b", "^", "ab", "a", "%s"]
        async with (
            subscribe(one, *names) as every,
            subscribe(one, "[a]*") as bracket,
            subscribe(one, "a?*") as mark,
            subscribe(one, "\\*") as slash,
        ):
            for name in names:
                await other.publish(name, name)
            assert await take(every, len(names)) == names
            assert await take(bracket, 1) == ["[a]"]
            assert await take(mark, 1) == ["a?"]
            assert await take(slash, 1) == ["\\a"]
            assert not any(each.ready() for each in (every, bracket, mark, slash))
        async with subscribe(one, "room", present="\ud800 \x00 ☃", info=[]) as _:
            assert [each.id for each in await other.presence("room")] == ["\ud800 \x00 ☃"]

    played(test)


def test_channels_that_are_forgotten() -> None:
    """Redis does not keep the names of all channels that have ever been."""

    async def test(stage: RedisStage) -> None:
        bus = stage.bus()
        async with subscribe(bus, "a") as messages:
            begin = messages.position
        await bus.publish("a", 1)
        for first in range(0, 10_240, 256):
            await asyncio.gather(*(bus.publish(f"c{first + each}", 0) for each in range(256)))
        await asyncio.sleep(0.2)
        for _ in range(10):
            await asyncio.gather(*(bus.publish("z", 0) for _ in range(256)))
        assert int(stage.server.told("ZCARD", "{test}:0:last")) <= 10_001
        async with subscribe(bus, "a", since=begin) as messages:
            assert await take(messages, 1) == ["gap"]

    played(test, history_age=0.1)


def test_a_password_that_is_wrong_is_said_and_not_shown() -> None:
    async def test(stage: RedisStage) -> None:
        stage.server.told("CONFIG", "SET", "requirepass", "right")
        bus = stage.bus(f"unix://:{'wrong-secret'}@{stage.server.socket}")
        with pytest.raises(Unavailable, match=r"(?i)invalid.*password") as error:
            await bus.publish("a", 1)
        assert "secret" not in str(error.value)
        right = stage.bus(f"unix://:right@{stage.server.socket}")
        assert await right.publish("a", 1)

    played(test, patience=0.5)


def test_a_sum_that_is_too_large_and_a_value_that_is_no_number() -> None:
    async def test(stage: RedisStage) -> None:
        link = stage.bus().broker_link
        await link.call_store("set", "a", "j9223372036854775807", None, False)
        for value in ("j9223372036854775807", "j1.5", 'j"x"', "b1"):
            await link.call_store("set", "a", value, None, False)
            with pytest.raises(BusError, match="no whole number, or too large"):
                await link.call_store("increment", "a", 1, None)
            assert await link.call_store("get", "a") == value

    played(test)
