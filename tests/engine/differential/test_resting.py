"""A loop is run until nothing is left to do, and no longer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import pytest

from tests.engine.differential import resting
from tests.engine.differential.resting import NeverAtRest, Resting, RestingLoop, Turning


@contextlib.contextmanager
def closing(made: RestingLoop) -> Iterator[RestingLoop]:
    try:
        yield made
    finally:
        made.loop.close()


@pytest.mark.parametrize("kind", [Resting, Turning])
def test_chains_of_callbacks_run_to_their_end(kind: type[RestingLoop]) -> None:
    done = []

    async def chain() -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        done.append(True)

    with closing(kind()) as made:
        task = made.loop.create_task(chain())
        made.settle()

        assert task.done()
        assert done == [True]


@pytest.mark.parametrize("kind", [Resting, Turning])
def test_what_is_sent_is_read_and_answered_before_the_rest(kind: type[RestingLoop]) -> None:
    mine, theirs = socket.socketpair()
    with closing(kind()) as made, mine, theirs:
        theirs.setblocking(False)
        mine.setblocking(False)

        def echo() -> None:
            data = theirs.recv(100)
            made.loop.call_soon(lambda: made.loop.call_soon(theirs.send, data))

        made.loop.add_reader(theirs, echo)
        for word in (b"one", b"two"):
            mine.send(word)
            made.settle()
            assert mine.recv(100) == word
        made.loop.remove_reader(theirs)


def test_a_short_timer_is_waited_for_and_a_long_one_is_not() -> None:
    with closing(Resting()) as made:
        called: list[str] = []
        made.loop.call_later(resting.SOON / 5, called.append, "soon")
        made.loop.call_later(3600, called.append, "late")
        made.settle()

        assert called == ["soon"]


def test_a_loop_that_is_never_done_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resting, "LIMIT", 1_000)
    with closing(Resting()) as made:

        def again() -> None:
            made.loop.call_soon(again)

        again()
        with pytest.raises(NeverAtRest):
            made.settle()


def test_work_is_completed_also_where_it_waits() -> None:
    async def work() -> None:
        await asyncio.sleep(resting.SOON * 2)

    with closing(Resting()) as made:
        made.complete(work())
        made.settle()
