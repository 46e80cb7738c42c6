from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest
import trio

from tornkit.testing import loop_thread
from tornkit.testing.loop_thread import LoopStuck, LoopThread


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


class TestRun:
    def test_functions_and_coroutines_run_in_the_loop(self, loop: LoopThread) -> None:
        assert loop.run(asyncio.get_running_loop) is loop.loop
        assert loop.run(threading.current_thread) is not threading.current_thread()
        assert loop.run(double, 2) == 4
        assert loop.run(double, number=3) == 6

    def test_an_error_comes_back(self, loop: LoopThread) -> None:
        with pytest.raises(ZeroDivisionError):
            loop.run(lambda: 1 / 0)
        assert loop.run(double, 2) == 4

    def test_patience_is_for_the_loop_and_not_for_the_coroutine(self, loop: LoopThread) -> None:
        async def late() -> None:
            raise TimeoutError("mine")

        with pytest.raises(TimeoutError, match="mine"):
            loop.wait(late(), 10)

    def test_the_loop_may_be_of_another_library(self) -> None:
        uvloop = pytest.importorskip("uvloop")
        loop = LoopThread(uvloop.new_event_loop)
        assert isinstance(loop.run(asyncio.get_running_loop), uvloop.Loop)
        assert loop.run_aside(lambda own: own.run_until_complete(double(5))) == 10
        loop.close()

    def test_its_own_thread_would_wait_for_itself(self, loop: LoopThread) -> None:
        with pytest.raises(RuntimeError, match="await it instead"):
            loop.run(lambda: loop.run(double, 1))


class TestJoin:
    def test_a_coroutine_of_another_loop_gets_the_result(self, loop: LoopThread) -> None:
        async def ask() -> int:
            return await loop.join(double(4))

        assert asyncio.run(ask()) == 8

    def test_a_coroutine_of_trio_gets_the_result(self, loop: LoopThread) -> None:
        async def ask() -> int:
            return await loop.join(double(4))

        assert trio.run(ask) == 8

    def test_is_cancelled_with_a_task_of_asyncio(self, loop: LoopThread) -> None:
        ended = threading.Event()

        async def ask() -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await loop.join(never(ended))

        asyncio.run(ask())
        assert ended.wait(5)

    def test_is_cancelled_with_a_task_of_trio(self, loop: LoopThread) -> None:
        ended = threading.Event()

        async def ask() -> None:
            with trio.move_on_after(0.05) as scope:
                await loop.join(never(ended))
            assert scope.cancelled_caught

        trio.run(ask)
        assert ended.wait(5)


async def never(ended: threading.Event) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.set()


class TestRunAside:
    def test_a_loop_may_be_run(self, loop: LoopThread) -> None:
        assert loop.run_aside(lambda own: own.run_until_complete(double(5))) == 10
        assert loop.run(double, 1) == 2

    def test_the_loop_is_the_current_one(self, loop: LoopThread) -> None:
        assert loop.run_aside(lambda own: asyncio.get_event_loop() is own)

    def test_an_error_comes_back(self, loop: LoopThread) -> None:
        with pytest.raises(ZeroDivisionError):
            loop.run_aside(lambda own: 1 / 0)
        assert loop.run(double, 2) == 4


class TestClose:
    def test_tasks_generators_and_threads_of_the_executor_end(self) -> None:
        loop = LoopThread()
        ended: list[str] = []

        async def task() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                ended.append("task")

        async def numbers() -> AsyncIterator[int]:
            try:
                yield 1
            finally:
                ended.append("generator")

        async def begin() -> int:
            loop_tasks.append(asyncio.create_task(task()))
            generators.append(numbers())
            await asyncio.sleep(0)
            await asyncio.get_running_loop().run_in_executor(None, lambda: None)
            return await anext(generators[0])

        loop_tasks: list[asyncio.Task[None]] = []
        generators: list[AsyncIterator[int]] = []
        assert loop.run(begin) == 1
        loop.close()
        assert ended == ["task", "generator"]
        assert loop.loop.is_closed()

    def test_to_close_again_does_nothing(self) -> None:
        loop = LoopThread()
        loop.close()
        loop.close()

    def test_a_task_that_fails_at_its_end_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        loop = LoopThread()

        async def task() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                raise KeyError("at the end")

        async def begin() -> asyncio.Task[None]:
            made = asyncio.create_task(task())
            await asyncio.sleep(0)
            return made

        made = loop.run(begin)
        loop.close()
        assert "a task failed as it was cancelled" in caplog.text
        assert "at the end" in caplog.text
        assert made.done()

    def test_a_blocked_loop_is_told_of_with_its_place(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(loop_thread, "PATIENCE", 0.05)
        let_go = threading.Event()

        def blocking_call_of_the_users() -> None:
            let_go.wait(30)

        loop = LoopThread()
        loop.loop.call_soon_threadsafe(blocking_call_of_the_users)
        with pytest.raises(LoopStuck, match="blocking_call_of_the_users"):
            loop.wait(double(1), 0.05)
        with pytest.raises(LoopStuck, match="blocking_call_of_the_users"):
            loop.close()
        let_go.set()
        deadline = time.monotonic() + 10
        while not loop.loop.is_closed() and time.monotonic() < deadline:
            time.sleep(0.01)
        loop.close()
