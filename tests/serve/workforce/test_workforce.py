"""Workers as they are started, talked to and ended, and what is told of them.

What a whole supervisor makes of that is shown in `tests/serve/supervisor`.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.serve.scripted import CLAIM, FAILURE, NO_PID, FakeWorker
from tests.serve.workforce.team import Team, team
from tornkit.serve.wire.messages import (
    Adopt,
    Closed,
    Differs,
    Drain,
    Go,
    Grant,
    Handover,
    Learned,
    Lesson,
    Loaded,
    Ready,
    Refresh,
    ReopenLogs,
)
from tornkit.serve.workforce import workforce as workforce_module
from tornkit.serve.workforce.children import WorkerState
from tornkit.serve.workforce.events import Worker
from tornkit.serve.workforce.generation import Generation
from tornkit.serve.workforce.workforce import STACKS_SIGNAL

pytestmark = pytest.mark.usefixtures("no_leaks")


class Journal:
    """Events, by slot and in their order."""

    def __init__(self) -> None:
        self._entries: list[tuple[Any, ...]] = []
        self.wants = True

    def since(self) -> list[tuple[Any, ...]]:
        """Return the events since the last call."""
        entries, self._entries = self._entries, []
        return entries

    def worker_ready(self, worker: Worker, ready: Ready) -> None:
        self._entries.append(("ready", worker.slot))

    def worker_closed(self, worker: Worker) -> None:
        self._entries.append(("closed", worker.slot))

    def worker_unreachable(self, worker: Worker) -> None:
        self._entries.append(("unreachable", worker.slot))

    def worker_claimed(self, worker: Worker) -> None:
        self._entries.append(("claimed", worker.slot))

    def worker_loaded(self, worker: Worker, loaded: Loaded) -> None:
        self._entries.append(("loaded", worker.slot, *loaded.names))

    def is_wanted(self, generation: Generation, slot: int) -> bool:
        return self.wants

    def workers_missing(self, generation: Generation, slots: Sequence[int], why: OSError) -> None:
        self._entries.append(("missing", *slots, str(why)))

    def workers_stale(self, what: str) -> None:
        self._entries.append(("stale", what))

    def worker_gone(self, worker: Worker, before: WorkerState, status: int) -> None:
        self._entries.append(("gone", worker.slot, before.value, status))


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


# ---- addresses ----


def test_a_claim(crew: Team, journal: Journal, generation: Generation) -> None:
    [process] = crew.start(generation, [0])
    process.says(CLAIM)
    crew.loop.passes()
    assert process.heard() == [Grant()]
    assert journal.since() == [("claimed", 0)]


@pytest.mark.parametrize(
    ("error", "grant"),
    [
        (
            OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
            Grant(
                errno.EMFILE,
                f"can't listen: {os.strerror(errno.EMFILE)}; raise the limit (ulimit -n)",
            ),
        ),
        (OSError("no name"), Grant(0, "can't listen: no name")),
    ],
    ids=["descriptors", "no number"],
)
def test_a_claim_for_which_the_system_lacks_something(
    crew: Team,
    journal: Journal,
    generation: Generation,
    monkeypatch: pytest.MonkeyPatch,
    error: OSError,
    grant: Grant,
) -> None:
    def claim(*_: object) -> list[socket.socket]:
        raise error

    [process] = crew.start(generation, [0])
    monkeypatch.setattr(crew.listeners, "claim", claim)
    process.says(CLAIM)
    crew.loop.passes()
    assert process.heard() == [grant]
    assert journal.since() == []


# ---- connections on the move ----


def hand_over(process: FakeWorker) -> socket.socket:
    """Have a worker let go of a connection; return its client."""
    client, connection = socket.socketpair()
    with connection:
        process.says(Handover(b"GET "), connection.fileno())
    return client


def test_a_connection_whose_descriptor_did_not_arrive(
    crew: Team, journal: Journal, generation: Generation
) -> None:
    first, second = crew.serve(generation, 2)
    first.says(Handover(b"GET "))
    crew.loop.passes()
    [(lacks, text)] = crew.reporter.since()
    assert lacks == "lacks"
    assert text.startswith("a connection between two workers is lost; raise the limit")
    assert second.heard() == []


def test_connections_go_to_each_that_serves_in_its_turn(
    crew: Team, journal: Journal, generation: Generation
) -> None:
    processes = crew.serve(generation, 2)
    for turn in range(3):
        client, connection = socket.socketpair()
        client.close()
        crew.workforce.pass_on(connection, turn)
        assert connection.fileno() == -1
    assert [process.heard() for process in processes] == [[Adopt(b"")] * 2, [Adopt(b"")]]


def test_one_that_does_not_read_gets_none(
    crew: Team, journal: Journal, generation: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pass over a worker that is stopped or stuck, unless all are."""
    first, second = crew.serve(generation, 2)
    stuck = {first.process.channel}
    channel_type = type(first.process.channel)
    monkeypatch.setattr(channel_type, "wants_write", property(lambda self: self in stuck))
    for turn in range(2):
        client, connection = socket.socketpair()
        client.close()
        crew.workforce.pass_on(connection, turn)
    assert (first.heard(), second.heard()) == ([], [Adopt(b"")] * 2)
    stuck.add(second.process.channel)
    client, connection = socket.socketpair()
    client.close()
    crew.workforce.pass_on(connection, 0)
    assert first.heard() == [Adopt(b"")]


def test_where_none_serves_a_connection_is_closed(
    crew: Team, journal: Journal, generation: Generation
) -> None:
    [process] = crew.start(generation, [0])
    client, connection = socket.socketpair()
    with client:
        crew.workforce.pass_on(connection, 0)
        client.setblocking(False)
        assert client.recv(1) == b""
    assert not crew.workforce.serves
    assert process.heard() == []


def test_a_connection_is_handed_to_another_slot_where_its_own_has_none(
    crew: Team, journal: Journal, generation: Generation
) -> None:
    first, second = crew.serve(generation, 2)
    with hand_over(second) as client:
        crew.loop.passes()
        assert first.heard() == [Adopt(b"GET ")]
        os.write(first.descriptors[0], b"answer")
        assert client.recv(9) == b"answer"


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
