"""What users call, in a process by itself: where it may be called from, long polls, the store."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tornkit import bus, lobby
from tornkit.bus.home import home
from tornkit.bus.links.hub import HubLink
from tornkit.bus_limits import BusLimits


@pytest.fixture(autouse=True)
def _own_broker() -> Iterator[None]:
    """Nothing is left to the next test."""
    home.forget()
    yield
    home.forget()


def run(coroutine: Any) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 20))


def test_publish_and_subscribe() -> None:
    async def main() -> None:
        async with bus.subscribe("a") as messages:
            position = await bus.publish("a", {"x": 1})
            async for message in messages:
                assert (message.channel, message.data, message.event) == ("a", {"x": 1}, "message")
                assert message.position == messages.position == position
                break
        assert [each.data for each in await bus.history("a")] == [{"x": 1}]
        assert await bus.history("a", limit=0) == []

    run(main())


def test_without_a_loop_it_says_where_it_belongs() -> None:
    for use in (lambda: bus.subscribe("a"), lambda: bus.post("a", 1)):
        with pytest.raises(bus.NoLoop, match="not while a module is imported"):
            use()
    coroutine = bus.publish("a", 1)
    with pytest.raises(bus.NoLoop):
        coroutine.send(None)


def test_a_message_that_is_none_is_refused_where_it_is_published() -> None:
    async def main() -> None:
        await bus.publish("a", 1)
        for call in (bus.publish, lambda *each: asyncio.to_thread(bus.post, *each)):
            with pytest.raises(bus.BadName):
                await call("a*", 1)
            with pytest.raises(TypeError):
                await call("a", object())
            with pytest.raises(bus.MessageTooLarge, match="1,048,577 bytes; the limit"):
                await call("a", bytes(1024 * 1024 + 1))
        for names in ((), ("",), ("a", None)):
            with pytest.raises(bus.BadName):
                bus.subscribe(*names)
        with pytest.raises(TypeError, match="a position is a str"):
            await bus.subscribe("a", since=1).__aenter__()  # type: ignore[arg-type]
        assert [each.data for each in await bus.history(bus.pattern("*"))] == [1]

    run(main())


def test_post_from_anywhere() -> None:
    async def main() -> None:
        async with bus.subscribe("a") as messages:
            bus.post("a", "loop")
            await asyncio.to_thread(bus.post, "a", "thread")
            before = signal.signal(signal.SIGUSR1, lambda *_: bus.post("a", "signal"))
            try:
                os.kill(os.getpid(), signal.SIGUSR1)
                found = [(await anext(messages)).data for _ in range(3)]
            finally:
                signal.signal(signal.SIGUSR1, before)
            assert sorted(found) == ["loop", "signal", "thread"]

    run(main())


def test_several_loops_of_one_process_hear_each_other() -> None:
    heard: list[Any] = []
    ready = threading.Event()

    async def listen() -> None:
        async with bus.subscribe("a") as messages:
            ready.set()
            heard.extend([(await anext(messages)).data, (await anext(messages)).data])

    thread = threading.Thread(target=lambda: run(listen()))
    thread.start()
    assert ready.wait(10)

    async def publish() -> None:
        await bus.publish("a", 1)
        bus.post("a", 2)
        await asyncio.sleep(0)

    run(publish())
    thread.join(10)
    assert heard == [1, 2]


def test_loops_that_are_closed_are_forgotten() -> None:
    for number in range(5):
        run(bus.publish("a", number))
    assert len(home._buses) == 1
    assert len(run(bus.history("a"))) == 5


def test_a_closed_loop_with_a_hub_is_no_trouble_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with one, other:
        monkeypatch.setattr(lobby, "given", lobby.Lobby(one, BusLimits(patience=0.01)))
        for _ in range(3):

            async def main() -> None:
                waiting = asyncio.ensure_future(bus.publish("a", 1))
                await asyncio.sleep(0)
                waiting.cancel()

            run(main())
        monkeypatch.undo()
        for each in tuple(home._buses.values()):
            each.close()


def test_a_forked_child_has_a_broker_of_its_own() -> None:
    run(bus.publish("a", 1))
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(write, str(len(run(bus.history("a")))).encode())
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(pid, 0)
    assert os.read(read, 10) == b"0"
    os.close(read)


class TestLongPolls:
    def test_what_was_missed_comes_at_once(self) -> None:
        async def main() -> None:
            begin = await bus.wait("a", since=None, timeout=0)
            assert list(begin) == []
            await bus.publish("a", 1)
            await bus.publish("a", 2)
            batch = await bus.wait("a", since=begin.position)
            assert [each.data for each in batch] == [1, 2]
            assert batch.position == batch[-1].position
            assert not batch.has_gap

        run(main())

    def test_else_it_waits(self) -> None:
        async def main() -> None:
            waiting = asyncio.ensure_future(bus.wait("a", "b", since=None))
            await asyncio.sleep(0.01)
            position = await bus.publish("b", 1)
            batch = await waiting
            assert [each.data for each in batch] == [1]
            assert batch.position == position

        run(main())

    def test_also_for_those_who_come(self) -> None:
        async def main() -> None:
            position = await bus.publish("a", 1)
            deaf = asyncio.ensure_future(bus.wait("a", since=position))
            waiting = asyncio.ensure_future(bus.wait("a", since=position, joins=True))
            await asyncio.sleep(0)
            async with bus.subscribe("a", present="ann"):
                assert [(each.event, each.data["id"]) for each in await waiting] == [
                    ("join", "ann")
                ]
                await bus.publish("a", 2)
                assert [each.data for each in await deaf] == [2]

        run(main())

    def test_not_in_a_worker_that_is_to_end(self) -> None:
        async def main() -> None:
            position = await bus.publish("a", 1)
            waiting = asyncio.ensure_future(bus.wait("a", since=position))
            await asyncio.sleep(0)
            lobby.leave()
            batch = await waiting
            assert (list(batch), batch.position) == ([], position)
            assert list(await bus.wait("a", since=position)) == []
            await bus.publish("a", 2)
            assert [each.data for each in await bus.wait("a", since=position)] == [2]

        run(main())

    def test_for_so_long(self) -> None:
        async def main() -> None:
            position = await bus.publish("a", 1)
            batch = await bus.wait("a", since=position, timeout=0.01)
            assert (list(batch), batch.position) == ([], position)

        run(main())

    def test_a_gap_is_told_of(self) -> None:
        async def main() -> None:
            batch = await bus.wait("a", since="other-1")
            assert [each.event for each in batch] == ["gap"]
            assert batch.has_gap
            assert list(await bus.wait("a", since=batch.position, timeout=0)) == []

        run(main())


class TestStore:
    def test_values(self) -> None:
        async def main() -> None:
            assert await bus.store.get("a") is None
            assert await bus.store.get("a", 7) == 7
            for value in (None, {"x": [1, "é\u2028"]}, b"\xff\x00", "\ud800", 0):
                assert await bus.store.set("a", value)
                assert await bus.store.get("a", 7) == value
            assert not await bus.store.set("a", 2, only_new=True)
            assert await bus.store.delete("a")
            assert not await bus.store.delete("a")
            assert await bus.store.set("a", 2, only_new=True)

        run(main())

    def test_they_end(self) -> None:
        async def main() -> None:
            await bus.store.set("a", 1, seconds=0.02)
            assert await bus.store.get("a") == 1
            while await bus.store.get("a") is not None:
                await asyncio.sleep(0.005)

        run(main())

    def test_numbers(self) -> None:
        async def main() -> None:
            assert await bus.store.increment("a") == 1
            assert await bus.store.increment("a", -3) == -2
            assert await bus.store.get("a") == -2
            with pytest.raises(TypeError):
                await bus.store.increment("a", 1.5)  # type: ignore[arg-type]
            await bus.store.set("b", "x")
            with pytest.raises(bus.BusError, match="no whole number"):
                await bus.store.increment("b")

        run(main())

    def test_a_lease_is_one_s_alone(self) -> None:
        async def main() -> None:
            async with bus.store.lease("job", 0.06) as mine:
                assert mine
                for _ in range(10):
                    await asyncio.sleep(0.02)
                    async with bus.store.lease("job", 0.06) as too:
                        assert not too, "it is renewed"
            async with bus.store.lease("job", 0.06) as mine:
                assert mine
                await bus.store.set("job", "another's by now")
            assert await bus.store.get("job") == "another's by now"

        run(main())

    def test_a_lease_that_is_lost_ends_its_block(self) -> None:
        async def main() -> None:
            async def hold() -> None:
                async with bus.store.lease("job", 0.03):
                    await bus.store.set("job", "another's")
                    await asyncio.sleep(20)

            with pytest.raises(bus.LeaseLost, match="'job'"):
                await hold()
            assert await bus.store.get("job") == "another's"
            await asyncio.sleep(0.01)  # and the task goes on

        run(main())

    def test_a_lease_outlives_the_store(self) -> None:
        async def main() -> None:
            async with bus.store.lease("job", 0.03) as mine:
                assert mine
                await bus.store.delete("job")  # as with a hub that has died
                await asyncio.sleep(0.05)
                async with bus.store.lease("job", 0.03) as too:
                    assert not too

        run(main())

    def test_a_block_that_is_cancelled_is_cancelled(self) -> None:
        async def main() -> None:
            async def hold() -> None:
                async with bus.store.lease("job", 30):
                    await asyncio.sleep(20)

            task = asyncio.ensure_future(hold())
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await bus.store.get("job") is None

        run(main())

    @pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 10**400, "60", True])
    def test_times_that_can_not_be(self, seconds: Any) -> None:
        calls: tuple[Callable[[], Any], ...] = (
            lambda: bus.store.set("a", 1, seconds=seconds),
            lambda: bus.store.increment("a", seconds=seconds),
            lambda: bus.store.lease("a", seconds).__aenter__(),
        )
        for call in calls:
            with pytest.raises((TypeError, ValueError)):
                run(call())

    @pytest.mark.parametrize("key", ["", "a*", None, "a\n"])
    def test_keys_that_can_not_be(self, key: Any) -> None:
        with pytest.raises(bus.BadName):
            run(bus.store.get(key))


def test_the_import_needs_no_tornado() -> None:
    program = "import sys, tornkit.bus; sys.exit('tornado' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_hub_may_be_known_later_than_the_import(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules are imported ahead, in a process of which workers are forks."""
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with one, other:
        monkeypatch.setattr(lobby, "given", lobby.Lobby(one, BusLimits(max_message=10)))

        async def main() -> None:
            made = home.bus()
            assert isinstance(made.broker_link, HubLink)
            assert made.limits.max_message == home.limits.max_message == 10
            made.close()

        run(main())
