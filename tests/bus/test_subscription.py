"""Subscriptions: what waits to be read, what is dropped of it, and how far it has been read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.bus.test_bus import subscribe
from tests.bus.test_catching_up import HandLink, turns
from tornkit.bus import subscription as module
from tornkit.bus.broker.history import Kept
from tornkit.bus.bus import Bus
from tornkit.bus.errors import BadName, MessageTooLarge, SlowSubscriber
from tornkit.bus.message import Message
from tornkit.bus.position import MessagePosition
from tornkit.bus.subscription import Subscription, checked_presence
from tornkit.bus_limits import BusLimits

SIZE = Message("a", MessagePosition("e", 1), 0.0, b"jnull", "message").size


class PeopledLink(HandLink):
    """A link that notes who comes and goes as well."""

    def __init__(self) -> None:
        super().__init__()
        self.people: list[tuple[str, ...]] = []

    def enter(self, channel: str, id_: str, info: Any) -> None:
        self.people.append(("enter", channel, id_, str(info)))

    def leave(self, channel: str, id_: str) -> None:
        self.people.append(("leave", channel, id_))


class SubscriptionStage:
    """A bus of the running loop, whose messages and answers the test gives."""

    def __init__(self, limits: BusLimits) -> None:
        self.link = PeopledLink()
        link: Any = self.link
        self.bus = Bus(asyncio.get_running_loop(), lambda bus: link, limits)
        self.told: dict[str, list[int]] = {}

    async def entered(self, messages: Subscription, *missed: int, gap: bool = False) -> None:
        """Enter it: offset 3 is where the bus is, or the last of ``missed``."""
        task = asyncio.ensure_future(messages.__aenter__())
        await turns()
        self.link.answer(missed[-1] if missed else 3, *missed, gap=gap)
        assert await task is messages

    async def subscribed(self, **options: Any) -> Subscription:
        messages = subscribe(self.bus, "a", **options)
        await self.entered(messages)
        return messages

    def come(self, *offsets: int, payload: bytes = b"jnull") -> None:
        """Messages of one turn of the loop."""
        for offset in offsets:
            self.bus.deliver("e", Kept("a", offset, 1.5, payload), "message")

    async def come_and_wait(self, *offsets: int, payload: bytes = b"jnull") -> None:
        """Messages that nobody reads when there was time to."""
        self.come(*offsets, payload=payload)
        await passed()

    def counted(self, name: str = "a") -> list[int]:
        """Messages that were dropped, and subscriptions that were ended, as the bus counts."""
        return self.bus.counts._changed[name]


async def passed() -> None:
    """Give all readers their turns."""
    for _ in range(module._TURNS + 2):
        await asyncio.sleep(0)


def played(test: Callable[[SubscriptionStage], Awaitable[None]], **limits: Any) -> None:
    async def main() -> None:
        await test(SubscriptionStage(BusLimits(**limits)))

    asyncio.run(main())


def shown(messages: Subscription) -> list[tuple[str, int]]:
    """All that waits: its events and offsets."""
    return [(each.event, each.offset) for each in messages.ready()]


def of(*offsets: int) -> list[tuple[str, int]]:
    return [("message", each) for each in offsets]


class TestItsArguments:
    @pytest.mark.parametrize(
        ("names", "options", "error", "text"),
        [
            ((), {}, BadName, "at least one channel"),
            (("a", ""), {}, BadName, "1 to 255 bytes"),
            (("a",), {"most": 0}, ValueError, "room for at least one message"),
            (("a",), {"most": -1}, ValueError, "room for at least one message"),
            (("a",), {"on_slow": "wait"}, ValueError, "or \"disconnect\", not 'wait'"),
            (("a", "b*"), {"present": "ann"}, BadName, "not in a pattern"),
            (("a",), {"present": 7}, TypeError, "not int"),
            (("a",), {"present": "ann", "info": b"x"}, TypeError, "not bytes"),
            (("a",), {"present": "ann", "info": "x" * 99}, MessageTooLarge, "the limit is 50"),
        ],
    )  # fmt: skip
    def test_what_can_not_be(
        self, names: tuple[str, ...], options: Any, error: type[Exception], text: str
    ) -> None:
        async def test(stage: SubscriptionStage) -> None:
            with pytest.raises(error, match=text):
                subscribe(stage.bus, *names, **options)

        played(test, max_message=50)

    def test_a_channel_that_is_named_twice_is_one(self) -> None:
        async def test(stage: SubscriptionStage) -> None:
            await stage.entered(subscribe(stage.bus, "b", "a", "b"))
            assert stage.link.watched == ["b", "a"]

        played(test)

    def test_who_is_present_is_checked_and_copied(self) -> None:
        info = {"n": [1]}
        copy = checked_presence(("a", "b"), "ann", info, 100)
        assert copy == info
        assert copy["n"] is not info["n"]
        with pytest.raises(BadName):
            checked_presence(("a", "b*"), "ann", info, 100)


class TestItsBlock:
    def test_who_is_present_is_so_in_each_channel_until_its_end(self) -> None:
        async def test(stage: SubscriptionStage) -> None:
            messages = subscribe(stage.bus, "a", "b", present="ann", info=7)
            await stage.entered(messages)
            assert stage.link.people == [("enter", "a", "ann", "7"), ("enter", "b", "ann", "7")]
            stage.link.people.clear()
            await messages.__aexit__(None, None, None)
            assert stage.link.people == [("leave", "a", "ann"), ("leave", "b", "ann")]
            assert stage.link.watched == []

        played(test)

    def test_nobody_is_where_it_was_not_entered(self) -> None:
        async def test(stage: SubscriptionStage) -> None:
            task = asyncio.ensure_future(subscribe(stage.bus, "a", present="ann").__aenter__())
            await turns()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (stage.link.people, stage.link.watched) == ([], [])

        played(test)

    @pytest.mark.parametrize("ends_by_itself", [True, False])
    def test_its_end_is_that_of_whoever_waits(self, ends_by_itself: bool) -> None:
        async def test(stage: SubscriptionStage) -> None:
            messages = await stage.subscribed()
            waiting = [asyncio.ensure_future(anext(messages)) for _ in range(2)]
            await turns()
            waiting.pop(0).cancel()
            await turns()
            if ends_by_itself:
                messages.end()
            else:
                await messages.__aexit__(None, None, None)
            await turns()
            assert isinstance(waiting[0].exception(), StopAsyncIteration)

        played(test)

    def test_what_has_come_before_the_end_is_read_and_nothing_behind_it(self) -> None:
        async def test(stage: SubscriptionStage) -> None:
            messages = await stage.subscribed()
            stage.come(4, 5)
            messages.end()
            stage.come(6)
            assert [each.offset async for each in messages] == [4, 5]

        played(test)


class TestReaders:
    def test_one_that_waits_gets_what_comes(self) -> None:
        async def test(stage: SubscriptionStage) -> None:
            messages = await stage.subscribed()
            waiting = [asyncio.ensure_future(anext(messages)) for _ in range(3)]
            await turns()
            stage.come(4, 5)
            await turns()
            assert [each.result().offset for each in waiting[:2]] == [4, 5]
            assert not waiting[2].done()
            stage.come(6)
            assert (await waiting[2]).offset == 6

        played(test)

    def test_all_that_is_there_at_once(self) -> None:
        async def test(stage: SubscriptionStage) -> None:
            messages = await stage.subscribed(most=2)
            assert messages.ready() == []
            await stage.come_and_wait(4, 5, 6)
            assert shown(messages) == [("gap", 4), *of(5, 6)]
            assert (messages.ready(), messages._bytes) == ([], 0)

        played(test)


class TestPosition:
    def test_there_is_none_before_it_is_entered(self) -> None:
        async def test(stage: SubscriptionStage) -> None:
            with pytest.raises(RuntimeError, match="once it is entered"):
                subscribe(stage.bus, "a").position  # noqa: B018
            behind = subscribe(stage.bus, "a", since="e-2")
            assert (behind.position, behind.begins_now) == ("e-2", False)

        played(test)

    def test_it_is_that_of_the_bus_where_nothing_waits(self) -> None:
        async def test(stage: SubscriptionStage) -> None:
            messages = await stage.subscribed()
            assert (messages.position, messages.begins_now) == ("e-3", True)
            behind = subscribe(stage.bus, "a", since="e-1")
            await stage.entered(behind)
            assert behind.position == "e-3"

        played(test)

    def test_else_that_of_what_was_read_last(self) -> None:
        async def test(stage: SubscriptionStage) -> None:
            messages = subscribe(stage.bus, "a", since="e-1")
            await stage.entered(messages, 2, 3, 4)
            assert messages.position == "e-1"
            for offset in (2, 3, 4):
                assert (await anext(messages)).position == messages.position == f"e-{offset}"
            stage.come(5, 6)
            assert messages.position == "e-4"
            messages.ready()
            stage.come(7)
            assert messages.position == "e-6"

        played(test)

    def test_a_gap_is_read_up_to_what_was_dropped_last(self) -> None:
        async def test(stage: SubscriptionStage) -> None:
            messages = await stage.subscribed(most=1)
            await stage.come_and_wait(4, 5, 6)
            assert messages.position == "e-3"
            gap = await anext(messages)
            assert (gap.position, messages.position) == ("e-5", "e-5")

        played(test)


class TestWhatIsDropped:
    def test_as_many_as_there_is_room_for_wait(self) -> None:
        async def test(stage: SubscriptionStage) -> None:
            messages = await stage.subscribed(most=3)
            await stage.come_and_wait(4, 5, 6)
            assert messages.dropped == 0
            await stage.come_and_wait(7)
            assert messages.dropped == 1
            assert shown(messages) == [("gap", 4), *of(5, 6, 7)]

        played(test)

    def test_as_many_bytes_as_well_but_the_newest_stays(self) -> None:
        async def test(stage: SubscriptionStage) -> None:
            messages = await stage.subscribed()
            await stage.come_and_wait(4, 5)
            assert messages.dropped == 0
            await stage.come_and_wait(6)
            assert shown(messages) == [("gap", 4), *of(5, 6)]
            await stage.come_and_wait(7, payload=bytes(3 * SIZE))
            await stage.come_and_wait(8, payload=bytes(3 * SIZE))
            assert shown(messages) == [("gap", 7), *of(8)]

        played(test, queue_bytes=2 * SIZE)

    @pytest.mark.parametrize("limits", [{}, {"queue_bytes": SIZE}])
    def test_what_came_in_one_turn_counts_when_readers_have_had_theirs(self, limits: Any) -> None:
        async def test(stage: SubscriptionStage) -> None:
            messages = await stage.subscribed(most=10 if limits else 1)
            stage.come(4, 5, 6)
            for _ in range(module._TURNS):
                await asyncio.sleep(0)
                assert messages.dropped == 0
            stage.come(7)
            await asyncio.sleep(0)
            assert messages.dropped == 2, "the later one is of a later turn"
            await passed()
            assert messages.dropped == 3
            assert (messages._fresh, messages._fresh_bytes) == (0, 0)

        played(test, **limits)

    @pytest.mark.parametrize(("reads", "dropped"), [(4, 1), (5, 5)])
    @pytest.mark.parametrize("limits", [{}, {"queue_bytes": SIZE}])
    def test_what_was_missed_does_not_count_until_all_is_read(
        self, limits: Any, reads: int, dropped: int
    ) -> None:
        async def test(stage: SubscriptionStage) -> None:
            messages = subscribe(stage.bus, "a", since="e-0", most=10 if limits else 1)
            await stage.entered(messages, 1, 2, 3, 4, 5)
            await passed()
            assert messages.dropped == 0
            for _ in range(reads):
                await anext(messages)
            await stage.come_and_wait(*range(6, 12))
            assert messages.dropped == dropped

        played(test, **limits)

    def test_a_gap_tells_how_many_and_when(self) -> None:
        async def test(stage: SubscriptionStage) -> None:
            messages = await stage.subscribed(most=2)
            await stage.come_and_wait(4, 5, 6, 7, 8)
            gap = await anext(messages)
            assert (gap.event, gap.data, gap.channel, gap.time) == ("gap", 3, "a", 1.5)
            assert shown(messages) == of(7, 8), "and once"

        played(test)

    def test_each_gap_counts_anew(self) -> None:
        async def test(stage: SubscriptionStage) -> None:
            messages = await stage.subscribed(most=1)
            await stage.come_and_wait(4, 5, 6)
            assert [each.data for each in messages.ready()] == [2, None]
            await stage.come_and_wait(7, 8)
            assert [each.data for each in messages.ready()] == [1, None]
            assert messages.dropped == 3

        played(test)

    def test_where_a_gap_is_dropped_nobody_knows_how_many(self) -> None:
        async def test(stage: SubscriptionStage) -> None:
            messages = subscribe(stage.bus, "a", since="f-1", most=1)
            await stage.entered(messages, gap=True)
            await stage.come_and_wait(4, 5, 6)
            gap, *_ = messages.ready()
            assert (gap.event, gap.data) == ("gap", None)
            await stage.come_and_wait(7, 8)
            assert messages.ready()[0].data == 1, "of the next one it is known"

        played(test)

    def test_it_is_logged_once_and_counted_each_time(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def test(stage: SubscriptionStage) -> None:
            messages = subscribe(stage.bus, "a", "b", most=1)
            await stage.entered(messages)
            await stage.come_and_wait(4, 5, 6)
            messages.ready()
            await stage.come_and_wait(7, 8)
            assert stage.counted() == [3, 0]
            assert caplog.messages == [
                "a subscription to a, b is read too slowly: messages are dropped"
            ]

        played(test)


class TestThoseThatEndInstead:
    @pytest.mark.parametrize("at_once", [True, False])
    def test_whoever_reads_is_told_where_to_go_on(self, at_once: bool) -> None:
        async def test(stage: SubscriptionStage) -> None:
            messages = await stage.subscribed(most=2, on_slow="disconnect")
            stage.come(4)
            await anext(messages)
            await stage.come_and_wait(5, 6, 7)
            with pytest.raises(SlowSubscriber) as error:
                messages.ready() if at_once else await anext(messages)
            assert error.value.position == "e-4"
            assert str(error.value) == (
                "a subscription to a was not read for 2 messages or 16,777,216 bytes"
            )
            assert stage.link.watched == [], "it hears no more"
            stage.come(8)
            assert messages.ready() == []
            with pytest.raises(StopAsyncIteration):
                await anext(messages)

        played(test)

    def test_it_counts_as_one_that_was_ended_and_nothing_as_dropped(self) -> None:
        async def test(stage: SubscriptionStage) -> None:
            messages = subscribe(stage.bus, "a", "b", most=1, on_slow="disconnect")
            await stage.entered(messages)
            await stage.come_and_wait(4, 5, 6, 7)
            assert (stage.counted("a"), stage.counted("b")) == ([0, 1], [0, 1])

        played(test)
