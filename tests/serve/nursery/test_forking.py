"""Forks of a zygote: how they are asked for, how it dies, and who is asked then.

What is warm, an answer that is late, and forks ahead of time are in files beside this one.
"""

from __future__ import annotations

import errno
import os
import socket

import pytest

from tests.serve.nursery.forks import added_to, born, forked, learn, numbers, spawn, want
from tests.serve.nursery.house import HOME, PREPARE, House
from tests.serve.scripted import NO_PID
from tornkit.serve.loop.loop import EventSource
from tornkit.serve.nursery import forking as forking_module
from tornkit.serve.nursery.forking import Forking
from tornkit.serve.wire.channel import Channel
from tornkit.serve.wire.messages import Exited, Fork, Unfit, Warm, Warmed
from tornkit.serve.wire.processes import ChildProcess, channel_pair
from tornkit.serve.wire.warmth import ONE_THREAD

pytestmark = pytest.mark.usefixtures("no_leaks")

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
    assert born(house, forking, 1, {"HOME": "/home/ann"}) == [NO_PID + 1002]
    assert house.new().environment["HOME"] == "/home/ann"
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
