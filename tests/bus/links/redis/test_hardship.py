"""What a link meets that nobody has meant: keys deleted in part, a Redis that hangs at the end."""

from __future__ import annotations

import asyncio
import signal
import socket
from unittest.mock import Mock

import pytest

from tests.bus.links.redis.test_link import RedisStage, played
from tests.bus.redis_server import MISSING, RedisServer
from tests.bus.test_bus import subscribe, take, until
from tornkit.bus.bus import Bus
from tornkit.bus.errors import Unavailable
from tornkit.bus_limits import BusLimits

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)


def test_keys_that_were_deleted_in_part_hinder_nobody() -> None:
    async def test(stage: RedisStage) -> None:
        one, other = stage.bus(), stage.bus()
        async with subscribe(one, "a") as messages:
            for keys in (["{test}:0:state"], ["{test}:0:state", "{test}:0:last"]):
                for number in range(5):
                    await other.publish("a", number)
                assert await take(messages, 5) == list(range(5))
                stage.server.told("DEL", *keys)
                for number in (10, 11):
                    await other.publish("a", number)
                gap, *_ = found = [await anext(messages)]
                while found[-1].data != 11:
                    found.append(await anext(messages))
                assert gap.event == "gap"
                assert [each.data for each in found if each.data in (10, 11)] == [10, 11]
                async with subscribe(other, "a", since=found[-1].position) as others:
                    await one.publish("a", 12)
                    assert await take(others, 1) == [12]
                assert await take(messages, 1) == [12]

    played(test)


def test_a_guest_keeps_messages_as_others_do() -> None:
    """One that publishes from a terminal does not know how much a server has to keep."""

    async def test(stage: RedisStage) -> None:
        bus = stage.bus()
        async with subscribe(bus, "a") as messages:
            begin = messages.position
        for number in range(20):
            await bus.publish("a", number)
        stage.limits = BusLimits(is_guest=True, history=5, history_age=0.0)
        guest = stage.bus()
        await guest.publish("a", 20)
        for each in (bus, guest):
            async with subscribe(each, "a", since=begin) as messages:
                assert await take(messages, 21) == list(range(21))

    played(test, history=50)


@pytest.mark.thorough
def test_a_server_that_says_nothing_is_told_of() -> None:
    silent = socket.create_server(("127.0.0.1", 0))

    async def test(stage: RedisStage) -> None:
        port = silent.getsockname()[1]
        for url, text in (
            (f"redis://127.0.0.1:{port}", "hangs"),
            (f"rediss://127.0.0.1:{port}", "TLS"),
        ):
            with pytest.raises(Unavailable, match=f"does not speak as Redis does, or .*{text}"):
                await stage.bus(url).publish("a", 1)

    with silent:
        played(test)


def test_what_others_publish_there_is_no_message(caplog: pytest.LogCaptureFixture) -> None:
    async def test(stage: RedisStage) -> None:
        bus = stage.bus()
        async with subscribe(bus, "a", "*") as messages:
            for text in ("", "hello", "a b c d", "0a 1 2 message", "é 1 2 other\n"):
                stage.server.told("PUBLISH", "{test}:0:m:a", text)
            await bus.publish("a", 1)
            assert await take(messages, 1) == [1]
        assert "for a is no message of a bus" in caplog.text

    played(test)


def test_an_error_that_nobody_thought_of_is_said_and_not_the_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from tornkit.bus.links.redis.wire import RedisWire

    connect = RedisWire.connect
    monkeypatch.setattr(RedisWire, "connect", Mock(side_effect=KeyError("odd")))

    async def test(stage: RedisStage) -> None:
        bus = stage.bus()
        position = asyncio.ensure_future(bus.publish("a", 1))
        await until(lambda: "KeyError: 'odd'" in caplog.text)
        monkeypatch.setattr(RedisWire, "connect", connect)
        assert await position

    played(test)


def test_a_loop_that_ends_has_said_what_was_posted(caplog: pytest.LogCaptureFixture) -> None:
    server = RedisServer()

    async def main(url: str, patience: float = 5.0) -> None:
        from tornkit.bus.links.redis.link import RedisLink

        loop, limits = asyncio.get_running_loop(), BusLimits(patience=patience)
        bus = Bus(loop, lambda bus: RedisLink(loop, bus, url, limits), limits)
        if url == server.url:
            await subscribe(bus, "a", present="ann").__aenter__()
            await bus.publish("a", 1)
        bus.post("a", 2)
        await asyncio.sleep(0)

    try:
        asyncio.run(main(server.url))
        assert server.told("XLEN", "{test}:0:h:a") == "2"
        assert server.told("EXISTS", "{test}:0:p:a") == "0"
        assert not caplog.text
        asyncio.run(main("unix:///nowhere.sock"))
        assert "a message to a is maybe lost: the loop has ended" in caplog.text
    finally:
        server.close()


def test_a_redis_that_hangs_does_not_hold_the_end_of_a_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tornkit.bus.links.redis import link as module

    monkeypatch.setattr(module, "_FAREWELL", 0.1)

    async def test(stage: RedisStage) -> None:
        bus = stage.bus()
        await subscribe(bus, "a", present="ann").__aenter__()
        stage.server.process.send_signal(signal.SIGSTOP)
        for _ in range(20):
            bus.post("a", "x" * 500_000)
        await asyncio.sleep(0)
        stage.buses.clear()  # `asyncio.run` ends it

    played(test)
