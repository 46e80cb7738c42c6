"""Tokens of a loop's turns: one for all that happens in a turn, for one callback."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import weakref

import pytest

from tests.engine.serving import EITHER_LOOP
from tornkit.engine.transport.turns import Turns

pytestmark = EITHER_LOOP

variable = contextvars.ContextVar("variable", default="unset")


async def next_turn() -> None:
    await asyncio.sleep(0)


async def test_a_turn_has_one_token_and_the_next_one_another() -> None:
    turns = Turns(asyncio.get_running_loop())
    first = turns.now()
    assert turns.now() is first
    assert turns.is_now(first)
    await next_turn()
    assert not turns.is_now(first)
    second = turns.now()
    assert second is not first
    assert turns.is_now(second)
    assert not turns.is_now(first)


async def test_nothing_is_now_in_a_turn_for_which_no_token_was_asked() -> None:
    turns = Turns(asyncio.get_running_loop())
    assert not turns.is_now(None)
    assert not turns.is_now(object())
    turns.now()
    assert not turns.is_now(None)
    assert not turns.is_now(object())


async def test_all_callbacks_of_a_turn_have_its_token() -> None:
    loop = asyncio.get_running_loop()
    turns = Turns(loop)
    seen: list[object] = []
    for _ in range(3):
        loop.call_soon(lambda: seen.append(turns.now()))
    await next_turn()
    assert len(seen) == 3
    assert len(set(seen)) == 1
    await next_turn()
    assert not turns.is_now(seen[0])


async def test_what_runs_behind_the_callback_is_in_the_turn_that_follows() -> None:
    loop = asyncio.get_running_loop()
    turns = Turns(loop)
    token = turns.now()
    seen: list[bool] = []
    loop.call_soon(lambda: seen.append(turns.is_now(token)))
    await next_turn()
    assert seen == [False]


async def test_a_loop_is_asked_once_a_turn_and_only_if_somebody_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Loop:
        asked = 0

        def call_soon(self, callback: object, *, context: contextvars.Context) -> None:
            self.asked += 1
            loop.call_soon(callback, context=context)  # type: ignore[arg-type]

    loop, counting = asyncio.get_running_loop(), Loop()
    turns = Turns(counting)  # type: ignore[arg-type]
    turns.is_now(object())
    assert counting.asked == 0
    for expected in (1, 2):
        for _ in range(5):
            turns.now()
        assert counting.asked == expected
        await next_turn()


async def test_the_variables_of_whoever_asks_are_not_kept() -> None:
    class Kept:
        pass

    def ask() -> None:
        kept = Kept()
        gone.append(weakref.ref(kept))
        variable.set(kept)  # type: ignore[arg-type]
        turns.now()

    gone: list[weakref.ref[Kept]] = []
    turns = Turns(asyncio.get_running_loop())
    contextvars.Context().run(ask)
    gc.collect()
    assert gone[0]() is None


async def test_loops_are_counted_apart() -> None:
    one, other = (Turns(asyncio.get_running_loop()) for _ in range(2))
    token = one.now()
    assert not other.is_now(token)
    assert other.now() is not token
