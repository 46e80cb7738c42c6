"""The bus on each backend: order, what was missed, gaps, who is there, and what is shared."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.bus.backends import Backend, HubBackend
from tests.bus.conftest import Play
from tests.bus.redis_server import RedisBackend
from tornkit.bus.bus import Bus
from tornkit.bus.errors import MessageTooLarge, SlowSubscriber, StoreFull, Unavailable
from tornkit.bus.message import Message
from tornkit.bus.names import Pattern
from tornkit.bus.subscription import Subscription


def subscribe(bus: Bus, *names: str, **options: Any) -> Subscription:
    given = {"since": None, "joins": False, "present": None, "info": None}
    texts = tuple(Pattern(each) if "*" in each else each for each in names)
    return Subscription(bus, texts, **{**given, "most": 1000, "on_slow": "drop_oldest", **options})


async def take(messages: Subscription, count: int) -> list[Any]:
    """The data of so many messages; of others their event."""
    found = [await anext(messages) for _ in range(count)]
    return [each.data if each.event == "message" else each.event for each in found]


async def until(condition: Callable[[], Any]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def test_a_message_reaches_every_bus_once(play: Play) -> None:
    async def test(backend: Backend) -> None:
        one, other = backend.bus(), backend.bus()
        async with (
            subscribe(one, "a") as first,
            subscribe(one, "a", "*") as second,
            subscribe(other, "a*") as third,
        ):
            positions = [await one.publish("a", 1), await other.publish("a", {"x": [2]})]
            await one.publish("b", 3)
            await one.publish("a", 4)
            for messages in (first, third):
                assert await take(messages, 3) == [1, {"x": [2]}, 4]
                assert not messages.ready()
            found = [await anext(second) for _ in range(4)]
            assert [(each.channel, each.data) for each in found][2] == ("b", 3)
            assert [each.position for each in found][:2] == positions

    play(test)


def test_order_is_that_of_each_publisher_and_the_same_for_all(play: Play) -> None:
    async def test(backend: Backend) -> None:
        buses = [backend.bus() for _ in range(3)]
        async with (
            subscribe(buses[0], "a", most=10_000) as one,
            subscribe(buses[1], "*", most=10_000) as other,
        ):

            async def publish(number: int) -> None:
                for count in range(200):
                    if count % 3:
                        buses[number].post("a", [number, count])
                    else:
                        await buses[number].publish("a", [number, count])

            await asyncio.gather(*map(publish, range(3)))
            found = await take(one, 600)
            assert await take(other, 600) == found
            for number in range(3):
                assert [count for who, count in found if who == number] == list(range(200))

    play(test)


def test_whoever_comes_back_gets_what_it_missed(play: Play) -> None:
    async def test(backend: Backend) -> None:
        bus = backend.bus()
        position = ""
        async with subscribe(bus, "a") as messages:
            await bus.publish("a", 1)
            await bus.publish("a", 2)
            assert await take(messages, 1) == [1]
            position = messages.position
        await bus.publish("a", 3)
        await bus.publish("b", "another's")
        async with subscribe(backend.bus(), "a", since=position) as messages:
            await bus.publish("a", 4)
            assert await take(messages, 3) == [2, 3, 4]
            await bus.publish("a", 5)
            assert await take(messages, 1) == [5]
        # A position is one of all channels.
        async with subscribe(bus, "a", "b", since=position) as messages:
            assert await take(messages, 5) == [2, 3, "another's", 4, 5]

    play(test)


def test_a_position_before_anything_came(play: Play) -> None:
    async def test(backend: Backend) -> None:
        bus = backend.bus()
        async with subscribe(bus, "a") as messages:
            position = messages.position
        await bus.publish("a", 1)
        async with subscribe(bus, "a", since=position) as messages:
            assert await take(messages, 1) == [1]

    play(test)


def test_what_is_not_kept_is_a_gap(play: Play) -> None:
    async def test(backend: Backend) -> None:
        bus = backend.bus()
        async with subscribe(bus, "a") as messages:
            begin = messages.position
        for number in range(5):
            await bus.publish("a", number)
        async with subscribe(bus, "a", since=begin) as messages:
            assert await take(messages, 4) == ["gap", 2, 3, 4]
        async with subscribe(bus, "a", since=begin) as messages:
            gap = await anext(messages)
            assert (gap.channel, gap.data) == ("a", None)
        # Whoever keeps the position of the gap is told of it once.
        async with subscribe(bus, "a", since=gap.position) as messages:
            assert await take(messages, 3) == [2, 3, 4]
        async with subscribe(bus, "a", since="of-another-time-7") as messages:
            assert await take(messages, 4) == ["gap", 2, 3, 4]

    play(test, history=3)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(5))
def test_nobody_misses_anything_in_silence(play: Play, seed: int) -> None:
    """Readers that come and go by chance, and keep what they have seen."""
    rng = random.Random(seed)

    async def test(backend: Backend) -> None:
        publisher = backend.bus()
        buses = [backend.bus() for _ in range(3)]
        seen: list[list[Any]] = [[] for _ in range(4)]
        begun: set[int] = set()

        async def read(number: int) -> None:
            position = None
            while not (seen[number] and seen[number][-1] == 299):
                async with subscribe(buses[number % 3], "room:*", since=position) as messages:
                    begun.add(number)
                    for _ in range(rng.randrange(1, 8)):
                        seen[number] += await take(messages, 1)
                        if seen[number][-1] == 299:
                            break
                    position = messages.position
                await asyncio.sleep(rng.choice([0, 0.001]))

        readers = [asyncio.ensure_future(read(number)) for number in range(4)]
        await until(lambda: len(begun) == len(readers))
        for number in range(300):
            await publisher.publish(f"room:{number % 3}", number)
            if rng.random() < 0.3:
                await asyncio.sleep(0)
        await asyncio.gather(*readers)
        for each in seen:
            assert each == list(range(each[0], 300))

    play(test)


class TestSlowSubscribers:
    def test_the_oldest_are_dropped_and_counted(self, play: Play) -> None:
        async def test(backend: Backend) -> None:
            bus = backend.bus()
            async with subscribe(bus, "a", most=3) as messages:
                for number in range(10):
                    position = await bus.publish("a", number)
                await until(lambda: messages.dropped == 7)
                gap = await anext(messages)
                assert (gap.event, gap.data, gap.channel) == ("gap", 7, "a")
                assert await take(messages, 3) == [7, 8, 9]
                assert messages.position == position
                await bus.publish("a", 10)
                assert await take(messages, 1) == [10]

        play(test)

    def test_or_it_ends_and_may_come_back(self, play: Play) -> None:
        async def test(backend: Backend) -> None:
            bus = backend.bus()
            async with subscribe(bus, "a", most=3, on_slow="disconnect") as messages:
                await bus.publish("a", "read")
                assert await take(messages, 1) == ["read"]
                for number in range(10):
                    await bus.publish("a", number)
                await until(lambda: messages.dropped)
                with pytest.raises(SlowSubscriber) as error:
                    await anext(messages)
                with pytest.raises(StopAsyncIteration):
                    await anext(messages)
            async with subscribe(bus, "a", since=error.value.position) as messages:
                assert await take(messages, 10) == list(range(10))

        play(test)

    def test_bytes_count_as_well(self, play: Play) -> None:
        async def test(backend: Backend) -> None:
            bus = backend.bus()
            async with (
                subscribe(bus, "a") as messages,
                subscribe(bus, "a", on_slow="disconnect") as strict,
            ):
                for number in range(10):
                    await bus.publish("a", [number, "x" * 3000])
                    await asyncio.sleep(0.001)
                await until(lambda: messages.dropped == strict.dropped == 8)
                gap = await anext(messages)
                assert (gap.event, gap.data) == ("gap", 8)
                assert [(await anext(messages)).data[0] for _ in range(2)] == [8, 9]
                with pytest.raises(SlowSubscriber, match="10,000 bytes"):
                    await anext(strict)
                # One that is larger by itself is heard all the same.
                await bus.publish("a", "x" * 20_000)
                assert await take(messages, 1) == ["x" * 20_000]
                assert messages.dropped == 8

        play(test, queue_bytes=10_000)

    @pytest.mark.parametrize("options", [{"most": 0}, {"on_slow": "wait"}])
    def test_options_that_make_no_sense(self, play: Play, options: Any) -> None:
        async def test(backend: Backend) -> None:
            with pytest.raises(ValueError, match=r"queue|on_slow"):
                subscribe(backend.bus(), "a", **options)

        play(test)

    def test_what_was_missed_does_not_count(self, play: Play) -> None:
        """Nobody could have read it in between."""

        async def test(backend: Backend) -> None:
            bus = backend.bus()
            async with subscribe(bus, "a") as messages:
                begin = messages.position
            for number in range(50):
                await bus.publish("a", number)
            for on_slow in ("drop_oldest", "disconnect"):
                async with subscribe(bus, "a", since=begin, most=5, on_slow=on_slow) as messages:
                    assert await take(messages, 50) == list(range(50))

        play(test)

    def test_nor_does_what_came_in_one_turn(self, play: Play) -> None:
        async def test(backend: Backend) -> None:
            bus, other = backend.bus(), backend.bus()
            found: list[Any] = []

            async def read() -> None:
                async with subscribe(bus, "a", most=100) as messages:
                    ready.set()
                    while len(found) < 3000:
                        found.extend(await take(messages, 1))

            ready = asyncio.Event()
            reading = asyncio.ensure_future(read())
            await ready.wait()
            for number in range(1000):
                bus.post("a", number)
            for number in range(1000, 2000):
                await bus.publish("a", number)
            await asyncio.gather(*(other.publish("a", number) for number in range(2000, 3000)))
            await reading
            assert found == list(range(3000))

        play(test)

    def test_a_gap_that_is_dropped_is_one_of_which_nobody_knows_the_size(self, play: Play) -> None:
        async def test(backend: Backend) -> None:
            bus = backend.bus()
            async with subscribe(bus, "a", since="of-another-time-1", most=2) as messages:
                for number in range(9):
                    await bus.publish("a", number)
                await until(lambda: messages.dropped == 8)
                gap = await anext(messages)
                assert (gap.event, gap.data) == ("gap", None)
                assert await take(messages, 2) == [7, 8]

        play(test)

    def test_two_that_read_one(self, play: Play) -> None:
        async def test(backend: Backend) -> None:
            bus = backend.bus()
            async with subscribe(bus, "a") as messages:
                reading = [asyncio.ensure_future(take(messages, 1)) for _ in range(2)]
                await asyncio.sleep(0)
                await bus.publish("a", 1)
                await bus.publish("a", 2)
                assert sorted(await asyncio.gather(*reading)) == [[1], [2]]

        play(test)


def test_one_that_is_idle_gets_on(play: Play) -> None:
    """Its position is not to become one that is told of a gap which is none."""

    async def test(backend: Backend) -> None:
        bus = backend.bus()
        async with subscribe(bus, "a") as messages:
            begin = messages.position
        position = await bus.publish("b", 1)
        async with subscribe(bus, "a", since=begin) as messages:
            assert messages.position == position

    play(test)


def test_post_and_publish_keep_their_order(play: Play) -> None:
    async def test(backend: Backend) -> None:
        bus = backend.bus()
        async with subscribe(bus, "a") as messages:
            bus.post("a", 1)
            await bus.publish("a", 2)
            bus.post("a", 3)
            assert await take(messages, 3) == [1, 2, 3]

    play(test)


@pytest.mark.parametrize(
    ("present", "info", "error"),
    [(["ann"], None, TypeError), ("ann", object(), TypeError), ("ann", b"x", TypeError),
     ("ann", float("nan"), ValueError), ("ann", "x" * 2000, MessageTooLarge)],
)  # fmt: skip
def test_presence_that_can_not_be(play: Play, present: Any, info: Any, error: type) -> None:
    async def test(backend: Backend) -> None:
        bus = backend.bus()
        with pytest.raises(error):
            subscribe(bus, "room", present=present, info=info)
        assert await bus.presence("room") == []

    play(test, max_message=1000)


def test_what_one_tells_of_itself_is_what_it_was_then(play: Play) -> None:
    async def test(backend: Backend) -> None:
        bus = backend.bus()
        info = {"n": 1}
        messages = subscribe(bus, "room", present="ann", info=info)
        info["n"] = object()  # type: ignore[assignment]
        async with messages:
            assert [each.info for each in await bus.presence("room")] == [{"n": 1}]

    play(test)


def test_a_full_store_is_told_of_by_its_name(play: Play) -> None:
    async def test(backend: Backend) -> None:
        link = backend.bus().broker_link
        if isinstance(backend, RedisBackend):
            assert await link.call_store("get", "a") is None
            backend.server.told("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(StoreFull):
            await link.call_store("set", "a", "j" + "1" * 500, None, False)
        assert await link.call_store("get", "a") is None

    play(test, store_bytes=400)


def test_a_limit_that_is_none(play: Play) -> None:
    async def test(backend: Backend) -> None:
        bus = backend.bus()
        await bus.publish("a", 1)
        for limit in ("50", None, 1.5):
            with pytest.raises(TypeError, match="a limit is an int"):
                await bus.history(["a"], limit)  # type: ignore[arg-type]

    play(test)


class TestPresence:
    def test_those_who_come_and_go(self, play: Play) -> None:
        async def test(backend: Backend) -> None:
            one, other = backend.bus(), backend.bus()
            async with subscribe(one, "room", joins=True) as seen, subscribe(one, "room") as not_so:
                async with subscribe(other, "room", present="ann", info={"n": 1}):
                    async with subscribe(one, "room", present="ann"):
                        joined = await anext(seen)
                        assert (joined.event, joined.data) == (
                            "join", {"id": "ann", "info": {"n": 1}},
                        )  # fmt: skip
                        (present,) = await one.presence("room")
                        assert (present.id, present.info) == ("ann", {"n": 1})
                    await one.publish("room", "still there")
                    assert await take(seen, 1) == ["still there"]
                left = await anext(seen)
                assert (left.event, left.data["id"]) == ("leave", "ann")
                assert await one.presence("room") == []
                assert await take(not_so, 1) == ["still there"]
                assert not not_so.ready()

        play(test)

    def test_a_bus_that_ends_takes_its_own_along(self, play: Play) -> None:
        async def test(backend: Backend) -> None:
            one, other = backend.bus(), backend.bus()
            async with subscribe(one, "room", joins=True) as seen:
                messages = subscribe(other, "room", present="ann")
                await messages.__aenter__()
                assert await take(seen, 1) == ["join"]
                other.close()
                assert await take(seen, 1) == ["leave"]

        play(test)

    def test_not_in_a_pattern(self, play: Play) -> None:
        async def test(backend: Backend) -> None:
            with pytest.raises(ValueError, match="not in a pattern"):
                subscribe(backend.bus(), "room:*", present="ann")

        play(test)


def test_history(play: Play) -> None:
    async def test(backend: Backend) -> None:
        bus = backend.bus()
        for number in range(5):
            await bus.publish("a", number)
        await bus.publish("b", b"bytes")
        found = await backend.bus().history(["a"], 2)
        assert [(each.data, each.channel, each.event) for each in found] == [
            (3, "a", "message"),
            (4, "a", "message"),
        ]
        assert [each.data for each in await bus.history([Pattern("*")], 9)] == [
            0,
            1,
            2,
            3,
            4,
            b"bytes",
        ]
        assert await bus.history(["nobody's"], 9) == []

    play(test)


def test_what_is_published_in_threads_arrives(play: Play) -> None:
    async def test(backend: Backend) -> None:
        bus = backend.bus()
        async with subscribe(bus, "a") as messages:

            def work(number: int) -> None:
                for count in range(20):
                    bus.post("a", [number, count])

            threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            found = await take(messages, 80)
            for thread in threads:
                thread.join()
            for number in range(4):
                assert [count for who, count in found if who == number] == list(range(20))

    play(test)


def test_the_store_is_one_for_all(play: Play) -> None:
    async def test(backend: Backend) -> None:
        one, other = backend.bus().broker_link, backend.bus().broker_link
        assert await one.call_store("set", "a", "j1", None, False)
        assert await other.call_store("get", "a") == "j1"
        sums = await asyncio.gather(
            *(each.call_store("increment", "n", 1, None) for each in [one, other] * 50)
        )
        assert sorted(sums) == list(range(1, 101))
        assert await one.call_store("delete", "a", None)
        assert await other.call_store("get", "a") is None

    play(test)


def test_a_large_message(play: Play) -> None:
    async def test(backend: Backend) -> None:
        one, other = backend.bus(), backend.bus()
        async with subscribe(other, "a") as messages:
            data = ["x" * 900_000, "é"]
            for _ in range(3):
                await one.publish("a", data)
            assert await take(messages, 3) == [data] * 3

    play(test)


# ---- the hub alone: what can be lost ----


def played_on_a_hub(test: Callable[[HubBackend], Any], **limits: Any) -> None:
    from tests.bus.backends import backend
    from tornkit.bus_limits import BusLimits

    async def main() -> None:
        async with backend("hub", BusLimits(**limits)) as made:
            assert isinstance(made, HubBackend)
            await asyncio.wait_for(test(made), 20)

    asyncio.run(main())


def test_a_hub_that_is_lost_is_a_gap_and_then_all_goes_on() -> None:
    async def test(backend: HubBackend) -> None:
        one, other = backend.bus(), backend.bus()
        async with (
            subscribe(one, "a", joins=True) as messages,
            subscribe(other, "a", present="ann"),
        ):
            before = await other.publish("a", 1)
            assert await take(messages, 2) == ["join", 1]
            backend.forget_all()
            gap = await anext(messages)
            assert (gap.event, gap.data) == ("gap", None)
            # Whoever was there says so again, sooner or later than this one listens.
            while not await one.presence("a"):
                await asyncio.sleep(0.001)
            after = await other.publish("a", 2)
            while (message := await anext(messages)).event == "join":
                pass
            assert message.data == 2
            assert after.partition("-")[0] != before.partition("-")[0]

    played_on_a_hub(test)


def test_what_is_said_meanwhile_waits_and_then_fails() -> None:
    async def test(backend: HubBackend) -> None:
        bus = backend.bus()
        await bus.publish("a", 1)
        backend.stop()
        await until(lambda: not bus.broker_link._is_up)  # type: ignore[attr-defined]
        with pytest.raises(
            Unavailable, match=r"the hub of the bus is not there, after 0\.2 seconds"
        ):
            await bus.publish("a", 2)
        with pytest.raises(Unavailable):
            await subscribe(bus, "a").__aenter__()
        later = asyncio.ensure_future(bus.publish("a", 3))
        await asyncio.sleep(0.05)
        backend._start()
        assert (await later).endswith("-1")

    played_on_a_hub(test, patience=0.2)


def test_one_that_was_waiting_for_an_answer_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async def test(backend: HubBackend) -> None:
        bus = backend.bus()
        await bus.publish("a", 1)
        backend.stop()
        bus.post("a", 2)  # the loop has not turned, and does not know yet
        with pytest.raises(Unavailable, match="ended meanwhile"):
            await bus.publish("a", 3)
        await until(lambda: "a message to a is maybe lost" in caplog.text)
        backend._start()

    played_on_a_hub(test, patience=0.3)


def test_a_link_that_ends_at_once_is_not_made_again_and_again() -> None:
    async def test(backend: HubBackend) -> None:
        bus = backend.bus()
        await bus.publish("a", 1)
        came = 0
        add = backend.hub.add

        def drop(descriptor: int) -> None:
            nonlocal came
            came += 1
            os.close(descriptor)

        backend.hub.add = drop  # type: ignore[method-assign]
        for member in tuple(backend.hub.members):
            backend.hub._drop(member)
        backend._loop.wake()
        await asyncio.sleep(0.5)
        assert 2 <= came <= 6
        backend.hub.add = add  # type: ignore[method-assign]
        while True:
            with contextlib.suppress(Unavailable):
                await bus.publish("a", 2)
                break

    played_on_a_hub(test)


def test_what_can_not_be_asked_leaves_nothing_behind() -> None:
    async def test(backend: HubBackend) -> None:
        link: Any = backend.bus().broker_link
        for _ in range(3):
            with pytest.raises(ValueError, match="JSON"):
                await link.call_store("set", "a", "j1", float("nan"), False)
        assert link._answers == {}

    played_on_a_hub(test)


def test_a_forked_child_holds_no_member() -> None:
    async def test(backend: HubBackend) -> None:
        bus, other = backend.bus(), backend.bus()
        messages = subscribe(bus, "room", present="ann")
        await messages.__aenter__()
        await bus.publish("a", 1)  # what was said before has gone
        link: Any = bus.broker_link
        copy = os.dup(link._sock.fileno())  # as a child's
        link.abandon()
        assert [each.id for each in await other.presence("room")] == ["ann"]
        os.close(copy)
        while await other.presence("room"):
            await asyncio.sleep(0.001)

    played_on_a_hub(test)


def test_a_member_that_does_not_read_is_dropped_and_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its loop is blocked, say; then it catches up."""
    from tornkit.serve.hub import hub as module

    monkeypatch.setattr(module, "_MOST_UNSENT", 100_000)

    async def test(backend: HubBackend) -> None:
        bus, other = backend.bus(), backend.bus()
        async with subscribe(bus, "a", most=10_000) as messages:
            await bus.publish("a", -1)
            sock = bus.broker_link._sock  # type: ignore[attr-defined]
            bus.loop.remove_reader(sock)  # it stands
            for number in range(100):
                await other.publish("a", [number, "x" * 20_000])
            bus.loop.add_reader(sock, bus.broker_link._read, sock)  # type: ignore[attr-defined]
            found = await take(messages, 101)
            assert [each[0] for each in found[1:]] == list(range(100))
            assert bus.broker_link._sock is not sock  # type: ignore[attr-defined]

    played_on_a_hub(test, history=1000)


def test_and_is_told_where_that_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    from tornkit.serve.hub import hub as module

    monkeypatch.setattr(module, "_MOST_UNSENT", 100_000)

    async def test(backend: HubBackend) -> None:
        bus, other = backend.bus(), backend.bus()
        async with subscribe(bus, "a", most=10_000) as messages:
            sock = bus.broker_link._sock  # type: ignore[attr-defined]
            bus.loop.remove_reader(sock)
            for number in range(100):
                await other.publish("a", [number, "x" * 20_000])
            bus.loop.add_reader(sock, bus.broker_link._read, sock)  # type: ignore[attr-defined]
            found: list[Message] = []
            while not (found and found[-1].event == "message" and found[-1].data[0] == 99):
                found.append(await anext(messages))
            events = [each.event for each in found]
            assert events.count("gap") == 1
            at = events.index("gap")
            numbers = [each.data[0] for each in found if each.event == "message"]
            assert numbers[:at] == list(range(at))
            assert numbers[at:] == list(range(90, 100))

    played_on_a_hub(test, history=10)
