"""Futures of writes: all of a turn are done in the next one, by a single callback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.websocket.playing import run, turns
from tornkit.engine.websocket.write_futures import settling_of

LOOPS = pytest.mark.parametrize(
    "loop", ["asyncio", pytest.param("uvloop", marks=pytest.mark.thorough)]
)


class Counting:
    """A loop that counts the callbacks that it is asked for."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.asked = 0

    def call_soon(self, callback: Callable[[], None], **kwargs: Any) -> None:
        self.asked += 1
        self.loop.call_soon(callback, **kwargs)

    def get_debug(self) -> bool:
        return False


@LOOPS
def test_a_loop_is_asked_once_a_turn_however_many_wait(loop: str) -> None:
    async def scene() -> None:
        counting: Any = Counting()
        settling = settling_of(asyncio.get_running_loop())
        for expected in (1, 2):
            futures = [settling.future(counting) for _ in range(10)]
            assert counting.asked == expected
            await turns(1)
            assert [future.done() for future in futures] == [True] * 10
            assert [future.result() for future in futures] == [None] * 10

    run(scene, loop)


@LOOPS
def test_they_are_told_in_the_order_of_the_writes(loop: str) -> None:
    async def scene() -> None:
        running = asyncio.get_running_loop()
        seen: list[int] = []
        for number in range(5):
            future = settling_of(running).future(running)
            future.add_done_callback(lambda _, number=number: seen.append(number))  # type: ignore[misc]
        await turns(2)
        assert seen == [0, 1, 2, 3, 4]

    run(scene, loop)


@LOOPS
def test_one_that_only_writes_and_awaits_leaves_each_turn_to_others(loop: str) -> None:
    async def scene() -> None:
        running = asyncio.get_running_loop()
        seen: list[str] = []

        async def writes() -> None:
            for _ in range(3):
                await settling_of(running).future(running)
                seen.append("written")

        async def others() -> None:
            while True:
                await asyncio.sleep(0)
                seen.append("other")

        other = asyncio.create_task(others())
        await writes()
        other.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await other
        for place in (n for n, what in enumerate(seen) if what == "written"):
            assert seen[place - 1] == "other"

    run(scene, loop)


@LOOPS
def test_a_future_whose_waiter_was_cancelled_is_no_error(loop: str) -> None:
    async def scene() -> None:
        running = asyncio.get_running_loop()
        told: list[dict[str, Any]] = []
        running.set_exception_handler(lambda _, context: told.append(context))
        first, second = (settling_of(running).future(running) for _ in range(2))
        first.cancel()
        second.set_exception(ConnectionError())  # by whoever holds it
        third = settling_of(running).future(running)
        await third
        assert told == []
        assert first.cancelled()
        assert isinstance(second.exception(), ConnectionError)

    run(scene, loop)


def test_each_loop_has_its_own() -> None:
    async def of_this_one() -> object:
        running = asyncio.get_running_loop()
        found = settling_of(running)
        assert settling_of(running) is found
        await found.future(running)
        return found

    with asyncio.Runner() as one, asyncio.Runner() as other:
        assert one.run(of_this_one()) is not other.run(of_this_one())
