"""How far a subscription has been read, while more comes: nobody who comes back misses any."""

from __future__ import annotations

import asyncio

import pytest

from tests.bus.test_bus import subscribe
from tests.bus.test_catching_up import turns
from tests.bus.test_subscription import SubscriptionStage, of, played, shown
from tornkit.bus.errors import SlowSubscriber


def test_what_comes_behind_the_end_lies_behind_the_position() -> None:
    """A long poll that its worker ends would else be told of a position behind what it missed."""

    async def main(stage: SubscriptionStage) -> None:
        messages = await stage.subscribed()
        await stage.come_and_wait(4)
        assert shown(messages) == of(4)
        reading = asyncio.ensure_future(anext(messages, None))
        await turns()
        messages.end()
        stage.come(5)
        assert await reading is None
        assert messages.position == "e-4"

    played(main)


def test_what_was_heard_before_the_end_is_read_behind_it() -> None:
    async def main(stage: SubscriptionStage) -> None:
        messages = await stage.subscribed()
        stage.come(4, 5)
        messages.end()
        stage.come(6)
        assert messages.position == "e-3"
        assert [each.offset async for each in messages] == [4, 5]
        assert messages.position == "e-5"

    played(main)


def test_it_is_left_where_it_was_read_to() -> None:
    async def main(stage: SubscriptionStage) -> None:
        messages = await stage.subscribed()
        await stage.come_and_wait(4)
        assert shown(messages) == of(4)
        await messages.__aexit__(None, None, None)
        stage.come(5)
        assert messages.position == "e-4"

    played(main)


def test_what_came_while_it_was_told_where_it_is_lies_behind_the_position() -> None:
    async def main(stage: SubscriptionStage) -> None:
        messages = subscribe(stage.bus, "a")
        entering = asyncio.ensure_future(messages.__aenter__())
        await turns()
        stage.link.answer(3)
        stage.come(4, 5)
        await entering
        assert messages.position == "e-3"
        assert shown(messages) == of(4, 5)
        assert messages.position == "e-5"

    played(main)


def test_one_that_was_too_slow_goes_on_from_what_it_has_read() -> None:
    async def main(stage: SubscriptionStage) -> None:
        messages = await stage.subscribed(most=2, on_slow="disconnect")
        await stage.come_and_wait(4, 5, 6, 7, 8)
        with pytest.raises(SlowSubscriber) as ended:
            await anext(messages)
        assert ended.value.position == messages.position == "e-3"

    played(main)
