"""Forks of a zygote: what it says, how it dies, and those that are made ahead of time."""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections.abc import Mapping

import pytest

from tests.serve.nursery.house import HOME, PREPARE, Births, House, StandInProcess
from tests.serve.scripted import NO_PID
from tornkit.serve.loop.loop import EventSource
from tornkit.serve.nursery import forking as forking_module
from tornkit.serve.nursery.forking import Forking
from tornkit.serve.nursery.nursery import Nursery, OnBorn
from tornkit.serve.wire.channel import Channel
from tornkit.serve.wire.messages import Exited, Fork, Forked, Trying, Unfit, Warm, Warmed
from tornkit.serve.wire.processes import ChildProcess, channel_pair
from tornkit.serve.wire.warmth import ONE_THREAD, Warmth

pytestmark = pytest.mark.usefixtures("no_leaks")

REFILL, REST = 0.2, 600.0  # seconds behind a start


def forked(*numbers: int) -> Forked:
    return Forked(tuple(NO_PID + 1000 + number for number in numbers))


def spawn(house: House, forking: Forking, *numbers: int) -> list[int]:
    """Spawn from the zygote that is there or is started now."""
    answer = forked(*numbers)
    active = [process for process in house.started if not process.killed]
    if active:
        active[0].says(answer)
    else:
        house.will_fork.append(answer)
    return [pid - NO_PID - 1000 for pid in born(house, forking, len(numbers))]


def born(
    house: House, nursery: Nursery, count: int, environment: Mapping[str, str] = HOME
) -> list[int]:
    """Pids of workers that are spawned now, some of them by and by."""
    pids: list[int] = []

    def note(processes: list[ChildProcess] | OSError) -> None:
        assert not isinstance(processes, OSError)
        for process in processes:
            pids.append(process.pid)
            process.channel.close()

    nursery.spawn(count, environment, note)
    house.turn()
    return pids


def added_to(came: list[ChildProcess]) -> OnBorn:
    """Note the workers that are born; an error is none."""

    def note(processes: list[ChildProcess] | OSError) -> None:
        assert not isinstance(processes, OSError)
        came.extend(processes)

    return note


# ---- forks ----


def test_the_first_workers_are_forks_of_a_new_zygote(house: House) -> None:
    forking = house.forking()
    assert spawn(house, forking, 1, 2) == [1, 2]
    (zygote,) = house.started
    assert (zygote.role, zygote.environment) == ("zygote", {**HOME, **ONE_THREAD})
    assert zygote.heard() == [Fork(HOME)], "with the environment as it was"
    assert forking.pids() == [zygote.pid]


def test_a_worker_is_prepared_as_soon_as_it_is_forked(house: House) -> None:
    house.will_fork.append(forked(1))
    forking = house.forking()
    processes: list[ChildProcess] = []
    forking.spawn(1, HOME, added_to(processes))
    house.turn()
    (process,) = processes
    ((request, (descriptor,)),) = house.new().theirs.receive_ready()
    assert isinstance(request, Fork)
    worker = Channel(socket.socket(fileno=descriptor))
    assert worker.receive_ready() == [(PREPARE, [])]
    worker.close()
    process.channel.close()


def test_the_same_zygote_goes_on_forking(house: House) -> None:
    forking = house.forking()
    assert spawn(house, forking, 1) == [1]
    assert spawn(house, forking, 2) == [2]
    assert len(house.started) == 1


def test_another_environment_is_another_zygote(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1)
    house.will_fork.append(forked(2))
    assert born(house, forking, 1, {"HOME": "/root"}) == [NO_PID + 1002]
    assert house.new().environment["HOME"] == "/root"
    was_killed = house.started[0].killed
    assert not was_killed, "it is a parent"
    house.started[0].says(Exited(NO_PID + 1001, 0))
    house.turn()
    assert house.started[0].killed, "its last child has ended"
    assert house.exits == [(NO_PID + 1001, 0)]


def test_a_fork_that_the_system_refuses_is_no_fault_of_the_zygote(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1)
    (zygote,) = house.started
    told: list[object] = []
    zygote.says(Unfit("Resource temporarily unavailable", errno=errno.EAGAIN))
    forking.spawn(1, HOME, told.append)
    house.turn()
    (error,) = told
    assert isinstance(error, OSError)
    assert error.errno == errno.EAGAIN
    assert house.started == [zygote], "it is as warm as before"
    assert not zygote.killed
    assert spawn(house, forking, 2) == [2]


@pytest.mark.parametrize("answer", [Unfit("a thread"), Unfit("/module.py", stale=True)])
def test_one_that_can_not_fork_is_replaced_at_once(house: House, answer: Unfit) -> None:
    forking = house.forking()
    spawn(house, forking, 1)
    house.started[0].says(answer)
    house.will_fork.append(forked(2))
    assert born(house, forking, 1) == [NO_PID + 1002]
    assert forking.pids() == [NO_PID, NO_PID + 1]


def test_where_no_zygote_can_workers_are_interpreters(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1)
    house.started[0].theirs.close()
    house.will_fork.append(Unfit("out of memory"))
    (pid,) = born(house, forking, 1)
    assert [each.role for each in house.started] == ["zygote", "zygote", "worker"]
    assert pid == house.new().pid
    forking.reaped(pid, -9)
    house.turn()
    assert house.exits == [(pid, -9)]


# ---- what is warm ----


def learn(house: House, forking: Forking, *modules: str) -> StandInProcess:
    """The candidate that follows from what a worker has imported."""
    forking.learn(modules, HOME)
    return house.new()


def test_a_clean_candidate_takes_over(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1)
    candidate = learn(house, forking, "json", "decimal")
    assert candidate.heard() == [Warm(("json", "decimal"))]
    candidate.says(Trying("json"), Trying("decimal"), Warmed(214))
    house.turn()
    assert house.told == [forking.warmth] == [Warmth(214, {})]
    assert not house.started[0].killed
    candidate.says(forked(2))
    assert born(house, forking, 1) == [NO_PID + 1002]
    assert len(house.started) == 2


def test_nothing_new_is_nothing_to_warm(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1)
    candidate = learn(house, forking, "json")
    assert learn(house, forking, "json") is candidate
    assert learn(house, forking, "json", "wave") is not candidate
    assert candidate.killed, "overtaken"
    assert house.new().heard() == [Warm(("json", "wave"))]


def test_an_application_of_tornado_alone_is_warm_from_the_start(house: House) -> None:
    house.will_fork.append(Forked((NO_PID + 1001, NO_PID + 1002), modules=280))
    forking = house.forking()
    assert born(house, forking, 2) == [NO_PID + 1001, NO_PID + 1002]
    forking.learn((), HOME)
    assert house.told == [], "never from within another call"
    forking.learn((), HOME)
    house.turn()
    assert house.told == [forking.warmth] == [Warmth(280, {})]
    assert [each.role for each in house.started] == ["zygote"]
    candidate = learn(house, forking, "json")
    candidate.says(Warmed(285))
    house.turn()
    assert house.told[1:] == [Warmth(285, {})]


def test_what_the_other_worker_has_imported_is_waited_for(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1, 2)
    learn(house, forking, "json").says(Warmed(281))
    forking.learn((), HOME)
    house.turn()
    assert house.told == [Warmth(281, {})]


def test_a_spoiled_candidate_is_thrown_away_and_the_next_goes_without(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1)
    spoiled = learn(house, forking, "json", "grpc", "client")
    spoiled.says(Warmed(99, (("grpc", "starts a thread"), ("client", "imports grpc"))))
    house.turn()
    assert spoiled.killed
    assert house.told == []
    clean = house.new()
    assert clean.heard() == [Warm(("json",))]
    clean.says(Warmed(90))
    house.turn()
    assert house.told == [forking.warmth]
    assert forking.warmth.modules == 90
    assert forking.warmth.culprits() == {"grpc": "starts a thread"}
    assert house.warm_cache.modules() == ("json",)


def test_a_candidate_that_dies_blames_what_it_tried(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1)
    candidate = learn(house, forking, "json", "bomb")
    candidate.says(Trying("json"), Trying("bomb"))
    candidate.theirs.close()
    forking.reaped(candidate.pid, -signal.SIGSEGV)
    house.new().says(Warmed(80))
    house.turn()
    assert forking.warmth == Warmth(80, {"bomb": "ends the process"})


def test_it_gives_up_after_some_spoiled_candidates(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1)
    names = [f"module_{number}" for number in range(20)]
    learn(house, forking, *names)
    for name in names:
        house.new().says(Warmed(1, ((name, "starts a thread"),)))
        house.turn()
        if house.told:
            break
    assert 3 <= len(forking.warmth.unsafe) <= 10
    assert forking.warmth.modules == 0
    assert not house.started[0].killed, "the first one serves on"


def test_what_a_worker_finds_different_is_warm_no_more(house: House) -> None:
    forking = house.forking()
    spawn(house, forking, 1)
    forking.learn(("parcel", "other"), HOME)
    assert house.new().heard() == [Warm(("parcel", "other"))]
    forking.exclude({"parcel": "depends on the variable COLOUR"})
    assert house.new().heard() == [Warm(("other",))]
    candidate = house.new()
    forking.exclude({"parcel": "depends on the variable COLOUR"})  # of the other worker
    assert house.new() is candidate
    candidate.says(Warmed(7))
    house.turn()
    assert house.told == [Warmth(7, {"parcel": "depends on the variable COLOUR"})]
    assert house.warm_cache.modules() == ("other",)


# ---- deaths ----


def test_a_dead_zygote_is_rebuilt_and_its_living_workers_go_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    forking = house.forking()
    spawn(house, forking, 1, 2)
    candidate = learn(house, forking, "json")
    candidate.says(Warmed(70))
    house.turn()
    candidate.says(forked(3, 4))
    assert born(house, forking, 2) == [NO_PID + 1003, NO_PID + 1004]
    monkeypatch.setattr(forking_module, "is_alive", lambda pid: pid == NO_PID + 1003)
    candidate.theirs.close()
    before = len(house.started)
    forking.reaped(candidate.pid, -9)
    house.turn()
    bare, warm = house.started[before:]
    assert bare.heard() == []
    assert warm.heard() == [Warm(("json",))]
    assert house.exits == [(NO_PID + 1004, -9)], "nobody else will tell of that one"
    forking.reaped(NO_PID + 1003, 0)
    house.turn()
    assert house.exits[1:] == [(NO_PID + 1003, 0)]


@pytest.mark.parametrize("answer", [None, Unfit("a thread"), Unfit("/module.py", stale=True)])
def test_one_that_fails_behind_a_reload_is_rebuilt_then(
    house: House, monkeypatch: pytest.MonkeyPatch, answer: Unfit | None
) -> None:
    """None: it was killed, and the supervisor meets it before it has heard of that."""
    monkeypatch.setattr(forking_module, "_REFILL_AFTER", 0.0)
    forking = house.forking()
    spawn(house, forking, 1)
    spawn(house, forking, 2)
    (zygote,) = house.started
    if answer is None:
        zygote.theirs.close()
    else:
        assert zygote.heard() == [Fork(HOME)] * 3, "the last one by itself, ahead of time"
        zygote.says(answer)
    house.turn()
    monkeypatch.setattr(forking_module, "_REFILL_AFTER", 60.0)
    (_, another) = house.started
    assert not another.killed
    assert house.stale == (["/module.py"] if answer and answer.stale else [])
    if answer is None:
        forking.reaped(zygote.pid, -9)
        house.turn()
        assert forking.pids() == [another.pid]
    another.says(forked(3))
    assert born(house, forking, 1) == [NO_PID + 1003]


# ---- a zygote that does not answer ----


def ask(forking: Forking, count: int = 1) -> list[ChildProcess | OSError]:
    """Spawn workers that are to come later; what there is of them by now."""
    came: list[ChildProcess | OSError] = []

    def note(processes: list[ChildProcess] | OSError) -> None:
        came.extend([processes] if isinstance(processes, OSError) else processes)

    forking.spawn(count, HOME, note)
    return came


def close(came: list[ChildProcess | OSError]) -> list[int]:
    """The pids of workers that came, which are needed no more."""
    pids = []
    for process in came:
        assert not isinstance(process, OSError)
        process.channel.close()
        pids.append(process.pid)
    return pids


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


def want(forking: Forking, count: int = 1, *, beside: bool = False) -> Births:
    births = Births()
    forking.spawn(count, HOME, births, beside=beside)
    return births


def numbers(births: Births) -> list[int]:
    """Close the channels of those that were born; return their numbers."""
    return [pid - NO_PID - 1000 for pid in births.pids()]


def serve_twice(house: House, forking: Forking) -> StandInProcess:
    """Start a worker and then another, as an edit does; return the zygote of both."""
    house.will_fork.append(forked(1))
    first = want(forking)
    house.turn()
    assert numbers(first) == [1]
    zygote = house.new()
    zygote.says(forked(2))
    second = want(forking)
    house.turn()
    assert numbers(second) == [2]
    zygote.heard()
    return zygote


# ---- ahead of time ----


def test_those_that_were_forked_ahead_are_there_at_once(house: House) -> None:
    forking = house.forking(spares=2)
    zygote = serve_twice(house, forking)
    house.loop.passes(REFILL - 0.01)
    assert zygote.heard() == []
    house.loop.passes(0.02)
    [(request, descriptors)] = zygote.theirs.receive_ready()
    assert request == Fork(HOME)
    zygote.says(forked(3, 4))
    house.turn()
    assert forking.pids() == [zygote.pid, NO_PID + 1003, NO_PID + 1004]
    births = want(forking)
    assert numbers(births) == [3], "the oldest first, from within the call"
    worker, other = (Channel(socket.socket(fileno=each)) for each in descriptors)
    assert worker.receive_ready() == [(PREPARE, [])], "they have prepared themselves"
    worker.close()
    other.close()
    assert zygote.heard() == []
    forking._ahead.dismiss()


def test_one_that_was_used_is_made_up_for(house: House) -> None:
    forking = house.forking(spares=2)
    zygote = serve_twice(house, forking)
    house.loop.passes(REFILL)
    zygote.says(forked(3, 4))
    house.turn()
    zygote.heard()
    births = want(forking)
    house.loop.passes(REFILL)
    [(_, descriptors)] = zygote.theirs.receive_ready()
    for descriptor in descriptors:
        os.close(descriptor)
    assert len(descriptors) == 1
    zygote.says(forked(5))
    house.turn()
    assert numbers(births) == [3]
    assert forking.pids() == [zygote.pid, NO_PID + 1004, NO_PID + 1005]
    forking._ahead.dismiss()


def test_those_that_are_missing_are_asked_for(house: House) -> None:
    forking = house.forking(spares=1)
    zygote = serve_twice(house, forking)
    house.loop.passes(REFILL)
    zygote.says(forked(3))
    house.turn()
    births = want(forking, 3)
    assert len(births.processes) == 1
    zygote.says(forked(4, 5))
    house.turn()
    assert numbers(births) == [3, 4, 5]


def test_behind_the_first_start_none_is_forked_ahead(house: House) -> None:
    """Wait for a second start: edits may never come."""
    house.will_fork.append(forked(1))
    forking = house.forking(spares=2)
    births = want(forking)
    house.turn()
    house.new().heard()
    house.loop.passes(REFILL)
    assert numbers(births) == [1]
    assert house.new().heard() == []


def test_two_starts_at_once_are_one_request(house: House) -> None:
    forking = house.forking(spares=2)
    zygote = serve_twice(house, forking)
    third = want(forking)
    zygote.says(forked(3))
    house.turn()
    house.loop.passes(REFILL)
    assert zygote.heard() == [Fork(HOME)] * 2, "the third worker; two ahead of time"
    zygote.says(forked(4, 5))
    house.turn()
    assert numbers(third) == [3]
    assert len(forking.pids()) == 3
    forking._ahead.dismiss()


def test_without_an_edit_for_long_their_memory_is_given_back(house: House) -> None:
    forking = house.forking(spares=1)
    zygote = serve_twice(house, forking)
    house.loop.passes(REFILL)
    zygote.says(forked(3))
    house.turn()
    house.loop.passes(REST / 2)
    births = want(forking)
    house.loop.passes(REFILL)
    zygote.says(forked(4))
    house.turn()
    house.loop.passes(REST / 2)
    assert len(forking.pids()) == 2, "since the last start it is not so long"
    house.loop.passes(REST / 2)
    assert forking.pids() == [zygote.pid]
    assert numbers(births) == [3]


def test_ahead_of_time_a_refusal_is_not_told(house: House) -> None:
    """Leave the telling to the next worker that is wanted."""
    forking = house.forking(spares=1)
    zygote = serve_twice(house, forking)
    house.loop.passes(REFILL)
    zygote.says(Unfit("Resource temporarily unavailable", errno=errno.EAGAIN))
    house.turn()
    assert forking.pids() == [zygote.pid]
    zygote.says(Unfit("Resource temporarily unavailable", errno=errno.EAGAIN))
    births = want(forking)
    house.turn()
    assert [error.errno for error in births.errors] == [errno.EAGAIN]


def test_those_of_a_zygote_that_was_replaced_are_not_used(house: House) -> None:
    """Dismiss them: they hold less than the zygote that forks now."""
    forking = house.forking(spares=1)
    active = serve_twice(house, forking)
    forking.learn(("json",), HOME)
    candidate = house.new()
    house.loop.passes(REFILL)
    candidate.says(Warmed(200))
    house.turn()
    active.says(forked(3))
    house.turn()
    assert forking.pids() == [active.pid, candidate.pid]
    candidate.says(forked(4))
    births = want(forking)
    house.turn()
    assert numbers(births) == [4]


def test_one_that_was_forked_ahead_and_has_ended_is_given_to_none(house: House) -> None:
    forking = house.forking(spares=2)
    zygote = serve_twice(house, forking)
    house.loop.passes(REFILL)
    zygote.says(forked(3, 4), Exited(NO_PID + 1003, -9))
    house.turn()
    births = want(forking)
    assert numbers(births) == [4]


# ---- a first start with what was warm the last time ----


@pytest.fixture
def warm_house(house: House) -> House:
    """A house whose last server had two modules warm."""
    house.warm_cache.remember(["json", "grpc"])
    return house


def test_the_first_zygote_is_warm_before_it_forks(warm_house: House) -> None:
    forking = warm_house.forking()
    births = want(forking)
    zygote = warm_house.new()
    assert zygote.heard() == [Warm(("json", "grpc")), Fork(HOME)]
    zygote.says(Warmed(190), forked(1))
    warm_house.turn()
    assert numbers(births) == [1]
    assert warm_house.told == [forking.warmth] == [Warmth(190, {})]
    forking.learn(("grpc", "json"), HOME)
    warm_house.turn()
    assert warm_house.started == [zygote], "no news"


def test_a_first_zygote_that_is_spoiled_is_done_without(warm_house: House) -> None:
    """Ask one that holds Tornado alone for its workers, and warm another behind it."""
    forking = warm_house.forking()
    births = want(forking)
    spoiled = warm_house.new()
    warm_house.will_fork.append(forked(1))
    spoiled.says(Warmed(190, (("grpc", "starts a thread"),)))
    warm_house.turn()
    assert numbers(births) == [1]
    assert spoiled.killed
    _, bare, candidate = warm_house.started
    assert bare.heard() == [Fork(HOME)]
    assert candidate.heard() == [Warm(("json",))]
    candidate.says(Warmed(80))
    warm_house.turn()
    assert warm_house.told == [Warmth(80, {"grpc": "starts a thread"})]
    assert warm_house.warm_cache.modules() == ("json",)


def test_only_the_first_zygote_is_started_so(warm_house: House) -> None:
    """Zygotes that follow are warmed with the modules that were learned since."""
    forking = warm_house.forking()
    births = want(forking)
    warm_house.new().says(Warmed(190), forked(1))
    warm_house.turn()
    warm_house.warm_cache.remember(["wave"])
    warm_house.will_fork.append(forked(2))
    forking.spawn(1, {"HOME": "/root"}, births)
    warm_house.turn()
    assert numbers(births) == [1, 2]
    _, bare, candidate = warm_house.started
    assert bare.heard() == [Fork({"HOME": "/root"})]
    assert candidate.heard() == [Warm(("json", "grpc"))]


# ---- refusals ----


def test_a_request_that_no_channel_can_be_had_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leave none of its channels open, and have none of its workers born."""
    forking = house.forking()
    left = [1]

    def one_pair() -> tuple[Channel, socket.socket]:
        if not left:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        left.pop()
        return channel_pair()

    with monkeypatch.context() as context:
        context.setattr("tornkit.serve.nursery.forking.channel_pair", one_pair)
        births = want(forking, 2)
    assert [error.errno for error in births.errors] == [errno.EMFILE]
    assert house.new().heard() == []
    house.new().says(forked(1))
    later = want(forking)
    house.turn()
    assert numbers(later) == [1]


def test_a_zygote_that_can_not_be_listened_to_is_none(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    forking = house.forking()

    def listen(source: EventSource, on_readable: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as context:
        context.setattr(house.loop, "listen", listen)
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            want(forking)
    assert (house.new().killed, house.new().closed) == (True, True)
    assert forking.pids() == []
    house.will_fork.append(forked(1))
    births = want(forking)
    house.turn()
    assert numbers(births) == [1], "the next one is asked for anew"


def test_all_requests_of_a_dead_zygote_are_asked_of_one(house: House) -> None:
    forking = house.forking()
    first, second = want(forking), want(forking, 2)
    dead = house.new()
    dead.theirs.close()
    house.turn()
    assert len(house.started) == 2
    assert house.new().heard() == [Fork(HOME)] * 2
    house.new().says(forked(1), forked(2, 3))
    house.turn()
    assert (numbers(first), numbers(second)) == ([1], [2, 3])


@pytest.mark.parametrize("sent", [b"\xff" * 100, b"\0\0\0\2\0{}"], ids=["no frame", "no message"])
def test_one_that_speaks_nonsense_is_as_good_as_dead(house: House, sent: bytes) -> None:
    forking = house.forking()
    births = want(forking)
    confused = house.new()
    with socket.socket(fileno=os.dup(confused.theirs.fileno())) as sock:
        sock.send(sent)
    house.will_fork.append(forked(1))
    house.turn()
    assert confused.killed
    assert numbers(births) == [1]


@pytest.mark.parametrize("keep_stdin", [True, False])
def test_standard_input_is_for_a_debugger_alone(house: House, keep_stdin: bool) -> None:
    forking = Forking(
        house.loop, house.told.append, PREPARE, 1, house.warm_cache, keep_stdin=keep_stdin
    )
    house.will_fork.append(forked(1))
    births = want(forking)
    house.turn()
    assert numbers(births) == [1]
    assert house.new().keeps_stdin is keep_stdin
