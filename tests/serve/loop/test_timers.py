"""Timers by a clock that is a number."""

from __future__ import annotations

import pytest

from tornkit.serve.loop.timers import Timers


@pytest.fixture
def done() -> list[str]:
    return []


def test_none_there() -> None:
    timers = Timers()
    assert timers.wait(5.0) is None
    timers.run(5.0)


def test_in_order_of_their_times_and_of_their_making(done: list[str]) -> None:
    timers = Timers()
    timers.at(2.0, lambda: done.append("b"))
    timers.at(1.0, lambda: done.append("a"))
    timers.at(2.0, lambda: done.append("c"))
    timers.at(3.0, lambda: done.append("d"))
    timers.run(2.0)
    assert done == ["a", "b", "c"]
    assert timers.wait(2.0) == 1.0
    timers.run(3.0)
    assert done == ["a", "b", "c", "d"]
    assert timers.wait(3.0) is None


def test_each_once(done: list[str]) -> None:
    timers = Timers()
    timers.at(1.0, lambda: done.append("a"))
    timers.run(1.0)
    timers.run(9.0)
    assert done == ["a"]


def test_not_before_its_time(done: list[str]) -> None:
    timers = Timers()
    timers.at(1.0, lambda: done.append("a"))
    timers.run(0.999)
    assert done == []


def test_overdue_does_not_wait() -> None:
    timers = Timers()
    timers.at(1.0, lambda: None)
    assert timers.wait(5.0) == 0.0


def test_cancelled(done: list[str]) -> None:
    timers = Timers()
    timers.at(1.0, lambda: done.append("a")).cancel()
    kept = timers.at(2.0, lambda: done.append("b"))
    assert timers.wait(0.0) == 2.0
    timers.run(1.5)
    timers.run(2.0)
    assert done == ["b"]
    kept.cancel()  # late, and no harm


def test_cancelled_and_due_before_anybody_waits(done: list[str]) -> None:
    timers = Timers()
    timers.at(1.0, lambda: done.append("a")).cancel()
    timers.run(1.0)
    assert done == []


def test_a_timer_may_set_a_timer(done: list[str]) -> None:
    timers = Timers()

    def set_one_that_is_due() -> None:
        timers.at(1.0, lambda: done.append("b"))
        done.append("a")

    def set_a_later_one() -> None:
        timers.at(5.0, lambda: done.append("c"))

    timers.at(1.0, set_one_that_is_due)
    timers.at(1.0, set_a_later_one)
    timers.run(1.0)
    assert done == ["a", "b"]
    assert timers.wait(1.0) == 4.0


def test_a_timer_may_cancel_another(done: list[str]) -> None:
    timers = Timers()
    later = timers.at(2.0, lambda: done.append("later"))
    timers.at(1.0, later.cancel)
    timers.run(2.0)
    assert done == []
