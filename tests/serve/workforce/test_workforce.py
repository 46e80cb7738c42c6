"""Workers as they are started, talked to and ended, and what is told of them.

Their addresses and connections are in `test_workforce_sockets`; what a whole supervisor makes of
that is shown in `tests/serve/supervisor`.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.serve.scripted import APP, FAILURE, NO_PID, FakeWorker, Script, World, config, get_ready
from tests.serve.workforce.team import Journal, Team, team
from tornkit.serve.wire.messages import (
    Closed,
    Differs,
    Drain,
    Go,
    Learned,
    Lesson,
    Loaded,
    Ready,
    Refresh,
    ReopenLogs,
)
from tornkit.serve.workforce import workforce as workforce_module
from tornkit.serve.workforce.children import WorkerState
from tornkit.serve.workforce.generation import Generation
from tornkit.serve.workforce.health import Health
from tornkit.serve.workforce.workforce import STACKS_SIGNAL

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def crew() -> Iterator[Team]:
    with team() as crew:
        yield crew


@pytest.fixture
def journal(crew: Team) -> Journal:
    journal = Journal()
    crew.workforce.connect(journal)
    return journal


@pytest.fixture
def generation() -> Generation:
    return Generation(1, (), 0.0)


# ---- births ----


def test_births_in_parts_fill_the_slots_in_their_order(
    crew: Team, journal: Journal, generation: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tell of an error after two parts for the slots that are left."""
    for _ in range(2):
        crew.world.workers.append(FakeWorker(crew.world, {}))
    first, second = crew.world.workers

    def spawn(count: int, environment: object, on_born: Any, *, beside: bool) -> None:
        assert (count, beside) == (4, False)
        on_born([first.process])
        on_born([second.process])
        on_born(OSError("no more processes"))

    monkeypatch.setattr(crew.nursery, "spawn", spawn)
    crew.workforce.start((4, 7, 8, 9), generation)
    assert (first.boot.slot, second.boot.slot) == (4, 7)
    assert journal.since() == [], "never from within another call"
    crew.loop.passes()
    assert journal.since() == [("missing", 8, 9, "no more processes")]


def test_one_that_is_not_wanted_any_more_ends_unknown(
    crew: Team, journal: Journal, generation: Generation
) -> None:
    journal.wants = False
    [process] = crew.start(generation, [0])
    assert process.signals == [signal.SIGKILL]
    assert process.process.channel.fileno() == -1
    assert len(crew.workforce) == 0
    crew.loop.passes()
    assert journal.since() == [], "as a stranger that process 1 has inherited"


def test_only_one_that_joins_others_is_given_their_files(
    crew: Team, journal: Journal, generation: Generation
) -> None:
    [first] = crew.start(generation, [0])
    assert first.boot.generation == 1
    assert first.snapshot is None
    first.dies(1)
    crew.loop.passes()
    crew.serve(generation)
    [other] = crew.start(generation, [1])
    assert other.boot.slot == 1
    assert other.snapshot == {}


def failures(world: World) -> list[Any]:
    return [told for told in world.reporter.since() if told[0] == "failed"]


def test_one_that_can_not_be_admitted_leaves_nothing_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    admit = Health.admit
    refused: list[int] = []

    def admitting(self: Health, pid: int) -> int:
        if len(refused) < 1:
            refused.append(pid)
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return admit(self, pid)

    def script() -> Script:
        yield from world.serve()
        with monkeypatch.context() as context:
            context.setattr(Health, "admit", admitting)
            world.passes(10)
            world.watcher.sees(APP)
            yield
            assert failures(world) == [("failed", "CannotStart", "old serves", "waiting")]
            assert not any(worker.alive for worker in world.new_workers())
            world.passes(1.1)
            yield
        yield from get_ready(world.new_workers())
        assert failures(world) == []

    world.run(script, config(2))


# ---- the order of a life ----


def test_its_states(crew: Team, journal: Journal, generation: Generation) -> None:
    [process] = crew.start(generation, [0])
    assert crew.states() == {0: WorkerState.BOOTING}
    process.says(Ready())
    crew.loop.passes()
    assert crew.states() == {0: WorkerState.READY}
    worker = crew.worker(process)
    crew.workforce.open(worker)
    assert process.heard() == [], "it has not been promised"
    crew.workforce.promise(worker)
    assert [worker.serving_since] == [None]
    crew.workforce.open(worker)
    assert process.heard() == [Go()]
    assert worker.serving_since == crew.loop.now()
    assert crew.workforce.retire(worker, successor=False)
    crew.workforce.open(worker)
    assert process.heard() == [Drain(10.0, successor=False)]
    assert crew.states() == {0: WorkerState.DRAINING}
    process.dies(0)
    crew.loop.passes()
    assert journal.since() == [
        ("ready", 0),
        ("unreachable", 0),
        ("closed", 0),
        ("gone", 0, "draining", 0),
    ]


@pytest.mark.parametrize("is_ready", [False, True])
def test_one_that_does_not_serve_yet_has_nothing_to_finish(
    crew: Team, journal: Journal, generation: Generation, is_ready: bool
) -> None:
    [process] = crew.start(generation, [0])
    if is_ready:
        process.says(Ready())
        crew.loop.passes()
    assert not crew.workforce.retire(crew.worker(process), successor=True)
    assert process.signals == [signal.SIGKILL]
    crew.loop.passes()
    before = "ready" if is_ready else "booting"
    assert journal.since()[-1] == ("gone", 0, before, -signal.SIGKILL)


def test_it_is_told_to_finish_once(crew: Team, journal: Journal, generation: Generation) -> None:
    [process] = crew.serve(generation)
    worker = crew.worker(process)
    assert crew.workforce.retire(worker, successor=True)
    assert not crew.workforce.retire(worker, successor=False)
    assert process.heard() == [Drain(10.0, successor=True)]


def test_it_lets_go_once(crew: Team, journal: Journal, generation: Generation) -> None:
    """Count its word, or its end where it has not said so, but not both."""
    first, second = crew.serve(generation, 2)
    journal.since()
    first.says(Closed())
    crew.loop.passes()
    assert journal.since() == [], "it was not told to"
    for process in (first, second):
        crew.workforce.retire(crew.worker(process), successor=True)
    assert crew.workforce.lets_go(generation)
    first.says(Closed())
    first.says(Closed())
    crew.loop.passes()
    assert journal.since() == [("closed", 0)]
    assert crew.workforce.lets_go(generation), "the other"
    first.dies(0)
    second.dies(0)
    crew.loop.passes()
    assert [told for told in journal.since() if told[0] != "unreachable"] == [
        ("gone", 0, "draining", 0),
        ("closed", 1),
        ("gone", 1, "draining", 0),
    ]
    assert not crew.workforce.lets_go(generation)


def test_the_last_words_of_one_that_has_ended(
    crew: Team, journal: Journal, generation: Generation
) -> None:
    [process] = crew.start(generation, [0])
    worker = crew.worker(process)
    process.says(FAILURE)
    process.alive = False
    crew.world.on_exit(process.pid, 3)
    assert worker.failure == FAILURE
    assert journal.since() == [("gone", 0, "booting", 3)]
    assert process.process.channel.fileno() == -1


def test_the_end_of_a_stranger_is_no_event(crew: Team, journal: Journal) -> None:
    """Ignore an orphan, as process 1 inherits them."""
    crew.world.on_exit(NO_PID + 77, 0)
    assert journal.since() == []


# ---- what it says ----


def test_what_it_has_found_out_ends_it(
    crew: Team, journal: Journal, generation: Generation
) -> None:
    lesson = Lesson(serves="imported")
    [process] = crew.start(generation, [0])
    worker = crew.worker(process)
    process.says(Learned(lesson))
    crew.loop.passes()
    assert worker.lesson == lesson
    assert process.signals == [signal.SIGKILL]


@pytest.mark.parametrize("message", [Ready(), Go(), Drain(1.0, successor=False)], ids=repr)
def test_one_that_speaks_out_of_turn_is_not_what_it_was(
    crew: Team, journal: Journal, generation: Generation, message: Any
) -> None:
    """Kill a worker that has forked without an exec, say, so that both are told everything."""
    [process] = crew.serve(generation)
    worker = crew.worker(process)
    process.says(message)
    crew.loop.passes()
    assert worker.failure is not None
    assert (worker.failure.kind, worker.failure.message) == (
        "Confused",
        f"said {type(message).__name__} untimely",
    )
    assert process.signals == [signal.SIGKILL]


def test_what_it_has_imported_and_what_it_can_not_use(
    crew: Team,
    journal: Journal,
    generation: Generation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    excluded: list[object] = []
    monkeypatch.setattr(crew.nursery, "exclude", excluded.append)
    [process] = crew.serve(generation)
    journal.since()
    process.says(Loaded({"/src/late.py": "1"}, {"late": "/src/late.py"}))
    process.says(Differs({"parcel": "depends on the variable COLOUR"}))
    crew.loop.passes()
    assert journal.since() == [("loaded", 0, "late")]
    assert excluded == [{"parcel": "depends on the variable COLOUR"}]


# ---- a channel that ends ----


@pytest.mark.parametrize(
    "sent", [b"", b"\xff" * 100, b"\0\0\0\2\0{}"], ids=["closed", "no frame", "no message"]
)
def test_a_worker_that_can_not_be_reached_is_given_time_to_end(
    crew: Team, journal: Journal, generation: Generation, sent: bytes
) -> None:
    first, second = crew.serve(generation, 2)
    journal.since()
    with socket.socket(fileno=os.dup(first.channel.fileno())) as sock:
        sock.send(sent)
    if not sent:
        first.channel.close()
    crew.loop.passes()
    assert journal.since() == [("unreachable", 0)]
    assert crew.worker(first).unreachable
    assert [crew.workforce.serves] == [True], "the other does"
    second.channel.close()
    crew.loop.passes()
    assert not crew.workforce.serves
    crew.loop.passes(2.9)
    assert first.signals == []
    crew.loop.passes(0.2)
    assert first.signals == [signal.SIGKILL]
    assert journal.since()[-2:] == [
        ("gone", 0, "serving", -signal.SIGKILL),
        ("gone", 1, "serving", -signal.SIGKILL),
    ]


def test_an_end_that_its_parent_does_not_tell_of(
    crew: Team, journal: Journal, generation: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tell the nursery of the dead one alone: the other's parent has nothing to report."""
    first, second = crew.serve(generation, 2)
    monkeypatch.setattr(workforce_module, "has_ended", lambda pid: pid == second.pid)
    first.channel.close()
    second.channel.close()
    crew.loop.passes()
    crew.loop.passes(0.4)
    assert crew.nursery.missed == []
    crew.loop.passes(0.2)
    assert crew.nursery.missed == [second.pid]


# ---- one that does not end ----


def test_one_that_does_not_end_in_time(
    crew: Team, journal: Journal, generation: Generation
) -> None:
    """Wait for the drain timeout and three seconds more, print its stacks, then kill it."""
    [process] = crew.serve(generation)
    crew.workforce.retire(crew.worker(process), successor=True)
    crew.loop.passes(12.9)
    assert (process.signals, crew.reporter.since()) == ([], [])
    crew.loop.passes(0.2)
    assert (process.signals, crew.reporter.since()) == ([STACKS_SIGNAL], [("overdue", 0)])
    crew.loop.passes(0.4)
    assert process.signals == [STACKS_SIGNAL, signal.SIGKILL]


def test_the_kill_behind_its_stacks_is_for_no_other(
    crew: Team, journal: Journal, generation: Generation
) -> None:
    """Spare another process that has its number by then."""
    [process] = crew.serve(generation)
    crew.workforce.kill_with_stacks(crew.worker(process))
    process.dies(1)
    crew.loop.passes()
    process.alive = True
    crew.loop.passes(1)
    assert process.signals == [STACKS_SIGNAL]


# ---- stacks ----


def test_stacks_are_printed_one_after_another(world: World) -> None:
    def script() -> Script:
        first, second = yield from world.serve()
        signal.raise_signal(signal.SIGUSR2)
        yield
        assert (first.signals, second.signals) == ([STACKS_SIGNAL], [])
        world.passes(0.1)
        yield
        assert (first.signals, second.signals) == ([STACKS_SIGNAL], [STACKS_SIGNAL])

    world.run(script, config(2))


def test_a_worker_that_is_gone_is_asked_for_nothing(world: World) -> None:
    def script() -> Script:
        _, second = yield from world.serve()
        signal.raise_signal(signal.SIGUSR2)
        yield
        second.dies(1)
        yield
        second.alive = True  # its number is another process's
        world.passes(0.1)
        yield
        assert second.signals == []

    world.run(script, config(2))


# ---- all of them ----


def test_those_that_serve_are_told_of_files(
    crew: Team, journal: Journal, generation: Generation
) -> None:
    """Leave out one that boots, which reads files as they are, and one that drains."""
    serving, draining = crew.serve(generation, 2)
    crew.workforce.retire(crew.worker(draining), successor=True)
    draining.heard()
    [booting] = crew.start(generation, [2])
    crew.workforce.refresh()
    crew.workforce.reopen_logs()
    assert serving.heard() == [Refresh(), ReopenLogs()]
    assert (draining.heard(), booting.heard()) == ([], [])


def test_those_of_one_generation(crew: Team, journal: Journal, generation: Generation) -> None:
    other = Generation(2, (), 0.0)
    crew.serve(generation, 2)
    crew.start(other, [0])
    assert [worker.generation for worker in crew.workforce] == [1, 1, 2]
    assert len(crew.workforce) == 3
    assert [worker.slot for worker in crew.workforce.of(generation)] == [0, 1]
    assert crew.workforce.of(other, WorkerState.READY, WorkerState.SERVING) == []
    [booting] = crew.workforce.of(other, WorkerState.READY, WorkerState.BOOTING)
    assert booting.generation == 2


def test_imports_that_are_outdated_are_told_of(crew: Team, journal: Journal) -> None:
    crew.world.on_stale("/site/parcel.py")
    assert journal.since() == [("stale", "/site/parcel.py")]
