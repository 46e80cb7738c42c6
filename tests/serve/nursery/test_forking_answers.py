"""Forks of a zygote whose answer is late, or never comes."""

from __future__ import annotations

import pytest

from tests.serve.nursery.forks import added_to, ask, close, forked, learn, spawn
from tests.serve.nursery.house import HOME, House, StandInProcess
from tests.serve.scripted import NO_PID
from tornkit.serve.nursery import forking as forking_module
from tornkit.serve.wire.messages import Exited, Fork, Unfit, Warmed
from tornkit.serve.wire.processes import ChildProcess

pytestmark = pytest.mark.usefixtures("no_leaks")


def test_the_loop_turns_while_a_zygote_does_not_answer(house: House) -> None:
    forking = house.forking()
    came = ask(forking)
    ticks: list[int] = []
    house.loop.soon(lambda: ticks.append(1))
    house.turn()
    assert (came, ticks) == ([], [1])
    house.new().says(forked(1))
    house.turn()
    assert close(came) == [NO_PID + 1001]


def test_answers_belong_to_the_requests_in_their_order(house: House) -> None:
    forking = house.forking()
    first, second = ask(forking), ask(forking, 2)
    house.new().says(forked(1), forked(2, 3))
    house.turn()
    assert close(first) == [NO_PID + 1001]
    assert close(second) == [NO_PID + 1002, NO_PID + 1003]


def test_one_that_does_not_answer_in_time_is_ended_and_another_is_asked(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forking_module, "_FORK_DEADLINE", 0.0)
    forking = house.forking()
    came = ask(forking)
    monkeypatch.setattr(forking_module, "_FORK_DEADLINE", 60.0)
    house.turn()
    stopped, another = house.started
    assert stopped.killed
    assert another.heard() == [Fork(HOME)]
    stopped.says(forked(1))  # on its way already: those have no channel any more
    another.says(forked(2))
    house.turn()
    assert close(came) == [NO_PID + 1002]


def test_one_that_dies_before_it_answers(house: House) -> None:
    forking = house.forking()
    came = ask(forking)
    zygote = house.new()
    zygote.theirs.close()
    forking.reaped(zygote.pid, -9)
    house.new().says(forked(2))
    house.turn()
    assert close(came) == [NO_PID + 1002]
    assert forking.pids() == [house.new().pid]


def test_one_that_was_retired_is_kept_until_it_has_answered(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1)
    candidate = learn(house, forking, "json")
    came = ask(forking)
    active = house.started[0]
    active.says(Exited(NO_PID + 1001, 0))
    candidate.says(Warmed(70))
    house.turn()
    assert not active.killed
    active.says(forked(2))
    house.turn()
    assert close(came) == [NO_PID + 1002]
    active.says(Exited(NO_PID + 1002, 0))
    house.turn()
    assert active.killed


def test_one_beside_others_holds_what_they_hold(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is forked ahead of time behind it starts nothing anew."""
    monkeypatch.setattr(forking_module, "_REFILL_AFTER", 0.0)
    forking = house.forking()
    spawn(house, forking, 1)
    house.new().heard()
    came: list[ChildProcess] = []
    forking.spawn(1, HOME, added_to(came), beside=True)
    house.new().says(forked(2))
    house.turn()
    assert house.new().heard() == [Fork(HOME, stale=True)] * 2
    house.new().says(forked(3))
    house.turn()
    came[0].channel.close()
    forking._ahead.dismiss()


def test_where_not_even_an_interpreter_can_be_started(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    forking = house.forking()
    came = ask(forking)

    def start(*args: object, **kwargs: object) -> StandInProcess:
        raise OSError("no more processes")

    monkeypatch.setattr(forking_module, "start_interpreter", start)
    house.new().says(Unfit("a thread"))
    house.turn()
    assert [str(error) for error in came] == ["no more processes"]


def test_a_parent_that_does_not_tell_of_an_end_is_ended_itself(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1)
    forking.unreported(NO_PID + 999)
    assert not house.new().killed
    forking.unreported(NO_PID + 1001)
    assert house.new().killed
