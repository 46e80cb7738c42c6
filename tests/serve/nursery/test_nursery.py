"""Where workers come from, with zygotes that are the test's: it speaks for them.

What a zygote will say is said beforehand, and heard once the loop turns.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tornkit.serve.loop.loop import Loop
from tornkit.serve.nursery import forking as forking_module
from tornkit.serve.nursery.forking import Forking
from tornkit.serve.nursery.fresh import Fresh
from tornkit.serve.nursery.nursery import Nursery, OnBorn
from tornkit.serve.nursery.standby import Standby
from tornkit.serve.nursery.warm_cache import WarmCache
from tornkit.serve.wire.channel import Channel
from tornkit.serve.wire.messages import (
    Exited,
    Fork,
    Forked,
    FromZygote,
    Message,
    Prepare,
    Trying,
    Unfit,
    Warm,
    Warmed,
)
from tornkit.serve.wire.processes import ChildProcess
from tornkit.serve.wire.warmth import ONE_THREAD, Warmth

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(20)]

# No process can have such a number: no signal of a test reaches anybody.
NO_PID = 1 << 30
HOME = {"HOME": "/"}
PREPARE = Prepare({"for": "the test"})


class FakeProcess:
    """What the supervisor starts, and the test's end of its channel."""

    def __init__(self, pid: int, role: str, environment: Mapping[str, str], stdin: bool) -> None:
        ours, theirs = socket.socketpair()
        for sock in (ours, theirs):
            sock.setblocking(False)
        self.channel = Channel(ours)
        self.theirs = Channel(theirs)
        self.pid, self.role, self.environment, self.keeps_stdin = pid, role, environment, stdin
        self.signals: list[int] = []

    def signal(self, number: int) -> None:
        self.signals.append(number)

    @property
    def killed(self) -> bool:
        return signal.SIGKILL in self.signals

    def says(self, *messages: FromZygote) -> None:
        for message in messages:
            self.theirs.send(message)

    def heard(self) -> list[Message]:
        messages = []
        for message, descriptors in self.theirs.receive_ready():
            messages.append(message)
            for descriptor in descriptors:
                os.close(descriptor)
        return messages


class House:
    """A loop, the processes that were started, and who was told what."""

    def __init__(self, recalled: Path) -> None:
        self.loop = Loop()
        self.warm_cache = WarmCache("project", recalled)
        self.started: list[FakeProcess] = []
        self.will_fork: list[FromZygote] = []  # what the next zygote says as soon as it is there
        self.exits: list[tuple[int, int]] = []
        self.stale: list[str] = []
        self.told: list[Warmth] = []

    def start(
        self, role: str, environment: Mapping[str, str], *, keep_stdin: bool = False
    ) -> FakeProcess:
        process = FakeProcess(NO_PID + len(self.started), role, environment, keep_stdin)
        self.started.append(process)
        if role == "zygote" and self.will_fork:
            process.says(self.will_fork.pop(0))
        return process

    def forking(self, spares: int = 1) -> Forking:
        forking = Forking(self.loop, self.told.append, PREPARE, spares, self.warm_cache)
        forking.connect(lambda pid, status: self.exits.append((pid, status)), self.stale.append)
        return forking

    def turn(self) -> None:
        """Let everything happen that is to happen now."""
        for _ in range(4):
            self.loop.wake()
            self.loop.turn(lambda number: None)

    def new(self) -> FakeProcess:
        return self.started[-1]

    def close(self) -> None:
        for process in self.started:
            process.theirs.close()
            process.channel.close()
        self.loop.close()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    house = House(tmp_path)
    for module in ("forking", "fresh", "standby"):
        monkeypatch.setattr(f"tornkit.serve.nursery.{module}.start_interpreter", house.start)
    yield house
    house.close()


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


# ---- fresh interpreters ----


def test_each_worker_is_an_interpreter(house: House) -> None:
    fresh = Fresh(house.loop, PREPARE, keep_stdin=True)
    fresh.connect(lambda pid, status: house.exits.append((pid, status)), house.stale.append)
    came: list[ChildProcess] = []
    fresh.spawn(2, HOME, added_to(came))
    assert [each.pid for each in came] == [NO_PID, NO_PID + 1]
    assert [(each.role, each.environment) for each in house.started] == [("worker", HOME)] * 2
    assert house.started[0].keeps_stdin
    assert [process.heard() for process in house.started] == [[PREPARE]] * 2
    fresh.learn(("json",), HOME)
    fresh.reaped(NO_PID, 3)
    assert house.exits == [], "never from within another call"
    house.turn()
    assert house.exits == [(NO_PID, 3)]
    assert (fresh.pids(), fresh.warmth) == ([], Warmth(0, {}))


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


def learn(house: House, forking: Forking, *modules: str) -> FakeProcess:
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

    def start(*args: object, **kwargs: object) -> FakeProcess:
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


# ---- spare interpreters ----


@pytest.fixture
def standby(house: House) -> Standby:
    standby = Standby(house.loop, house.told.append, PREPARE, 2)
    standby.connect(lambda pid, status: house.exits.append((pid, status)), house.stale.append)
    return standby


def roles(house: House) -> list[str]:
    return [process.role for process in house.started]


def test_spares_import_what_a_good_worker_has_and_are_used(house: House, standby: Standby) -> None:
    born(house, standby, 2)
    assert roles(house) == ["worker"] * 2
    standby.learn(("json", "wave"), HOME)
    house.turn()
    assert roles(house)[2:] == ["standby"] * 2
    assert [spare.heard() for spare in house.started[2:]] == [[Warm(("json", "wave"))]] * 2
    assert standby.pids() == [NO_PID + 2, NO_PID + 3]
    assert house.told == [standby.warmth] == [Warmth(2, {})]
    assert born(house, standby, 2) == [NO_PID + 2, NO_PID + 3]
    assert [spare.heard() for spare in house.started[2:4]] == [[PREPARE]] * 2
    assert standby.pids() == []
    assert born(house, standby, 1) == [NO_PID + 4], "none is left"


def test_spares_of_another_environment_are_dismissed(house: House, standby: Standby) -> None:
    born(house, standby, 1)
    standby.learn(("json",), HOME)
    house.turn()
    born(house, standby, 1, {"HOME": "/root"})
    assert [process.killed for process in house.started] == [False, True, True, False]
    assert house.new().environment == {"HOME": "/root"}


def test_spares_that_know_too_little_are_dismissed(house: House, standby: Standby) -> None:
    born(house, standby, 1)
    standby.learn(("json",), HOME)
    house.turn()
    standby.learn(("json", "wave"), HOME)
    house.turn()
    assert [process.killed for process in house.started] == [False, True, True, False, False]
    assert house.new().heard() == [Warm(("json", "wave"))]


def test_a_spare_that_dies_is_no_worker_that_died(house: House, standby: Standby) -> None:
    born(house, standby, 1)
    standby.learn(("json",), HOME)
    house.turn()
    standby.reaped(NO_PID + 1, 1)
    standby.reaped(NO_PID, 3)
    house.turn()
    assert house.exits == [(NO_PID, 3)]
    assert standby.pids() == [NO_PID + 2]


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
