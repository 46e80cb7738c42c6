"""Calls that share one: who gets the same result, and what one that is cancelled takes with it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.bus.nats_by_hand import turns
from tornkit.bus.errors import Unavailable
from tornkit.bus.links.nats.shared_call import SharedCall


class MadeByHand:
    """Results of calls, each of which is ready when the test says so."""

    def __init__(self) -> None:
        self.made: list[asyncio.Future[str]] = []
        self.shared: SharedCall[str] = SharedCall(asyncio.get_running_loop(), self._make)

    async def _make(self) -> str:
        self.made.append(asyncio.get_running_loop().create_future())
        return await self.made[-1]

    def ask(self) -> asyncio.Task[str]:
        return asyncio.create_task(self.shared())


def played(test: Callable[[MadeByHand], Awaitable[None]]) -> list[dict[str, Any]]:
    """Run a test, and return what its loop complains of."""
    complaints: list[dict[str, Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about))
        await test(MadeByHand())
        gc.collect()

    asyncio.run(main())
    return complaints


def test_all_who_ask_in_one_turn_get_the_same() -> None:
    async def test(hand: MadeByHand) -> None:
        asked = [hand.ask() for _ in range(3)]
        await turns()
        (made,) = hand.made
        made.set_result("one")
        assert await asyncio.gather(*asked) == ["one"] * 3

    assert played(test) == []


def test_it_begins_when_all_have_asked() -> None:
    async def test(hand: MadeByHand) -> None:
        begun: list[int] = []

        async def ask() -> str:
            asking = hand.shared()
            begun.append(len(hand.made))
            return await asking

        asked = [asyncio.create_task(ask()) for _ in range(3)]
        await turns()
        assert begun == [0, 0, 0]
        hand.made[0].set_result("one")
        await asyncio.gather(*asked)

    played(test)


def test_who_asks_later_gets_another_although_the_first_has_not_ended() -> None:
    async def test(hand: MadeByHand) -> None:
        first = hand.ask()
        await turns()
        second = hand.ask()
        await turns()
        assert len(hand.made) == 2
        hand.made[1].set_result("two")
        assert await second == "two"
        assert not first.done()
        hand.made[0].set_result("one")
        assert await first == "one"

    played(test)


def test_the_end_of_one_does_not_part_those_who_share_the_next() -> None:
    async def test(hand: MadeByHand) -> None:
        first, later = hand.ask(), list[asyncio.Task[str]]()
        await turns()
        hand.made[0].set_result("one")  # it ends between the two who ask then
        asyncio.get_running_loop().call_soon(lambda: later.append(hand.ask()))
        later.append(hand.ask())
        await turns()
        assert len(hand.made) == 2
        hand.made[1].set_result("two")
        assert await asyncio.gather(first, *later) == ["one", "two", "two"]

    played(test)


def test_an_error_is_told_to_each_and_does_not_stay() -> None:
    async def test(hand: MadeByHand) -> None:
        asked = [hand.ask() for _ in range(2)]
        await turns()
        hand.made[0].set_exception(Unavailable("away"))
        for each in asked:
            with pytest.raises(Unavailable, match="away"):
                await each
        again = hand.ask()
        await turns()
        hand.made[1].set_result("two")
        assert await again == "two"

    assert played(test) == []


def test_one_who_is_cancelled_leaves_it_to_the_others() -> None:
    async def test(hand: MadeByHand) -> None:
        first, second = hand.ask(), hand.ask()
        await turns()
        first.cancel()
        await turns()
        hand.made[0].set_result("one")
        assert await second == "one"
        assert first.cancelled()

    played(test)


def test_an_error_that_nobody_waits_for_any_more_is_not_left_lying() -> None:
    async def test(hand: MadeByHand) -> None:
        asked = hand.ask()
        await turns()
        asked.cancel()
        await turns()
        hand.made.pop().set_exception(Unavailable("away"))
        await turns()

    complaints = [each["message"] for each in played(test)]
    assert not [each for each in complaints if "never retrieved" in each]


class TestCancelling:
    def test_ends_all_that_are_under_way(self) -> None:
        async def test(hand: MadeByHand) -> None:
            first = hand.ask()
            await turns()
            second = hand.ask()
            await turns()
            hand.shared.cancel()
            assert [type(each) for each in await asyncio.gather(
                first, second, return_exceptions=True
            )] == [asyncio.CancelledError] * 2  # fmt: skip
            assert [each.cancelled() for each in hand.made] == [True, True]

        assert played(test) == []

    def test_before_it_began_leaves_the_next_one_alone(self) -> None:
        async def test(hand: MadeByHand) -> None:
            first = hand.ask()
            await asyncio.sleep(0)  # it has asked
            hand.shared.cancel()
            await turns()
            assert first.cancelled()
            assert hand.made == []
            second = hand.ask()
            await turns()
            hand.made[0].set_result("two")
            assert await second == "two"

        played(test)

    def test_of_what_has_ended_is_nothing(self) -> None:
        async def test(hand: MadeByHand) -> None:
            asked = hand.ask()
            await turns()
            hand.made[0].set_result("one")
            await turns()
            hand.shared.cancel()
            assert await asked == "one"
            assert not hand.shared._tasks

        played(test)
