"""What a task waits for, by itself."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import weakref

import pytest

from tests.engine.websocket.playing import run, turns
from tornkit.engine.websocket.wakeup import Parking
from tornkit.engine.websocket.write_futures import settling_of

LOOPS = pytest.mark.parametrize(
    "loop", ["asyncio", pytest.param("uvloop", marks=pytest.mark.thorough)]
)
variable = contextvars.ContextVar("variable", default=0)


@LOOPS
def test_the_task_goes_on_before_wake_returns_and_in_its_own_context(loop: str) -> None:
    async def scene() -> None:
        running = asyncio.get_running_loop()
        parking = Parking(running)
        seen: list[object] = []

        async def waits() -> None:
            variable.set(7)
            for _ in range(3):
                await parking
                seen.append((variable.get(), asyncio.current_task()))
                variable.set(variable.get() + 1)

        task = asyncio.create_task(waits())
        await turns(2)
        for count in range(3):
            done = asyncio.Event()

            def wake(count: int = count, done: asyncio.Event = done) -> None:
                parking.wake()
                assert seen[count:] == [(7 + count, task)]
                done.set()

            running.call_soon(wake)
            await done.wait()
        await task
        assert not parking.taken
        assert variable.get() == 0

    run(scene, loop)


@LOOPS
def test_a_cancelled_task_is_told_once(loop: str) -> None:
    async def scene() -> None:
        parking = Parking(asyncio.get_running_loop())

        async def waits() -> str:
            try:
                await parking
            except asyncio.CancelledError as error:
                await parking  # and may wait again
                return str(error)
            return "not cancelled"

        task = asyncio.create_task(waits())
        await turns(2)
        states = [parking.taken]
        task.cancel("by us")
        states.append(parking.taken)
        await turns(3)
        states.append(parking.taken)
        assert states == [True, False, True]
        asyncio.get_running_loop().call_soon(parking.wake)
        assert await task == "by us"

    run(scene, loop)


@LOOPS
def test_an_exception_is_raised_where_it_waits(loop: str) -> None:
    async def scene() -> None:
        parking = Parking(asyncio.get_running_loop())

        async def waits() -> None:
            await parking

        task = asyncio.create_task(waits())
        await turns(2)
        parking.set_exception(OSError("gone"))
        assert parking.done()
        assert not task.done()
        with pytest.raises(OSError, match="gone"):
            await task

    run(scene, loop)


def test_cancelling_where_nobody_waits_is_refused() -> None:
    async def scene() -> None:
        parking = Parking(asyncio.get_running_loop())
        assert not parking.cancel()
        parking.wake()

    run(scene)


@LOOPS
def test_futures_of_writes_are_done_a_turn_later_also_where_one_was_cancelled(loop: str) -> None:
    async def scene() -> None:
        running = asyncio.get_running_loop()
        settling = settling_of(running)
        assert settling_of(running) is settling
        first, second, third = (settling.future(running) for _ in range(3))
        assert not first.done()
        second.cancel()
        await turns(1)
        assert first.result() is None
        assert third.done()
        again = settling.future(running)
        assert not again.done()
        await again

    run(scene, loop)


def test_a_loop_is_not_kept_alive() -> None:
    loop = asyncio.new_event_loop()
    settling_of(loop)
    loop.close()
    gone = weakref.ref(loop)
    del loop
    gc.collect()
    assert gone() is None
