"""The books of a loop. Loops in threads are tried with real processes."""

from __future__ import annotations

import asyncio

import pytest

from tornkit.serve.worker import serving_loops
from tornkit.serve.worker.serving_loops import ServingLoop


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
