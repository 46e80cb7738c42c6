"""The books of a loop. Loops in threads are tried with real processes."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tornkit.serve.worker import serving_loops
from tornkit.serve.worker.serving_loops import ServingLoop, ServingLoops


def test_it_beats_on_though_it_could_not_tell_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_loops, "INTERVAL", 0.001)

    async def test() -> None:
        loop = asyncio.get_running_loop()
        troubles: list[object] = []
        loop.set_exception_handler(lambda loop, said: troubles.append(said["exception"]))
        told = asyncio.Event()
        failed = RuntimeError("dictionary changed size during iteration")
        outcomes = [None, failed]

        def tell() -> None:
            if not outcomes:
                told.set()
            elif (outcome := outcomes.pop(0)) is not None:
                raise outcome

        ServingLoop(loop).begin_to_beat(tell)
        await asyncio.wait_for(told.wait(), 5)
        assert troubles == [failed]

    asyncio.run(test())


def test_a_call_in_the_main_thread_finds_its_loop() -> None:
    loops = ServingLoops()
    threads: list[threading.Thread] = []

    async def main() -> None:
        called = asyncio.Event()
        loops.current()

        def function() -> None:
            threads.append(threading.current_thread())
            called.set()

        loops.call_in_main_thread(function)
        assert threads == [threading.main_thread()], "at once where it is this one"
        called.clear()
        await asyncio.to_thread(loops.call_in_main_thread, function)
        await asyncio.wait_for(called.wait(), 10)
        assert threads == [threading.main_thread()] * 2

    asyncio.run(main())
    elsewhere = threading.Thread(
        target=loops.call_in_main_thread,
        args=(lambda: threads.append(threading.current_thread()),),
    )
    elsewhere.start()
    elsewhere.join()
    assert threads[2:] == [elsewhere], "the main thread has no loop any more"
