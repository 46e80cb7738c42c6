"""Care for workers: which are killed, which are recycled, and when none is looked at.

`Health`, which judges that one hangs or is worn out, is the test's here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

import pytest

from tests.serve.hand_loop import HandLoop
from tests.serve.scripted import NO_PID, FakeReporter
from tornkit.serve.workforce.caretaker import Caretaker
from tornkit.serve.workforce.children import WorkerHandle, WorkerState
from tornkit.serve.workforce.events import Worker
from tornkit.serve.workforce.generation import Generation, GenerationState
from tornkit.serve.workforce.health import HealthPolicy

WORN = "has had 10 requests"


class Ward:
    """A generation that serves; `Health` and `Workforce` for a caretaker."""

    def __init__(self, policy: HealthPolicy) -> None:
        self.policy = policy
        self.loop = HandLoop()
        self.reporter = FakeReporter()
        self.serving: Generation | None = Generation(1, (), 0.0, state=GenerationState.SERVING)
        self.workers: list[Worker] = []
        self.silent: set[Worker] = set()
        self.worn: set[Worker] = set()
        self.killed: list[Worker] = []
        self.can_start = True
        self.started: list[int] = []
        self.caretaker = Caretaker(
            loop=self.loop,
            workforce=cast("Any", self),
            health=cast("Any", self),
            reporter=self.reporter,
            serving=lambda: self.serving,
            start_in=self._start_in,
        )

    def add(self, slot: int, state: WorkerState = WorkerState.SERVING) -> Worker:
        pid = NO_PID + len(self.workers)
        worker: Worker = WorkerHandle(slot, 1, pid, cast("Any", None), 0.0, state=state)
        self.workers.append(worker)
        return worker

    def _start_in(self, slot: int) -> bool:
        self.started.append(slot)
        return self.can_start

    # ---- as the workforce ----

    def __iter__(self) -> Iterator[Worker]:
        return iter(self.workers)

    def of(self, generation: Generation) -> list[Worker]:
        return [worker for worker in self.workers if worker.generation == generation.number]

    def kill_with_stacks(self, worker: Worker) -> None:
        self.killed.append(worker)

    # ---- as the health ----

    def hanging(self, workers: Iterable[Worker]) -> list[tuple[int, float]]:
        return [(worker.pid, 31.0) for worker in workers if worker in self.silent]

    def worn_out(self, workers: Iterable[Worker]) -> tuple[Worker, str] | None:
        return next(((worker, WORN) for worker in workers if worker in self.worn), None)


@pytest.fixture
def ward(request: pytest.FixtureRequest) -> Iterator[Ward]:
    """Workers that are looked at once a second."""
    ward = Ward(getattr(request, "param", HealthPolicy(hang_timeout=30.0)))
    ward.caretaker.begin()
    yield ward
    ward.loop.close()


# ---- those that hang ----


def test_one_that_hangs_is_told_of_and_killed_once(ward: Ward) -> None:
    """Stacks take a moment to print: the worker is there in the next look."""
    ward.add(0)
    stuck = ward.add(1)
    ward.silent = {stuck}
    ward.loop.passes(0.9)
    assert ward.killed == []
    ward.loop.passes(0.2)
    assert ward.killed == [stuck]
    assert ward.reporter.since() == [("hangs", 1)]
    ward.loop.passes(1)
    ward.loop.passes(1)
    assert ward.killed == [stuck]
    assert ward.reporter.since() == []


def test_another_with_its_number_is_killed_as_well(ward: Ward) -> None:
    stuck = ward.add(0)
    ward.silent = {stuck}
    ward.loop.passes(1)
    assert not ward.caretaker.gone(stuck), "no other has been started for it"
    ward.workers.clear()
    heir = ward.add(0)
    assert heir.pid == stuck.pid
    ward.silent = {heir}
    ward.loop.passes(1)
    assert ward.killed == [stuck, heir]


@pytest.mark.parametrize("state", [each for each in WorkerState if each is not WorkerState.SERVING])
def test_one_that_does_not_serve_has_other_deadlines(ward: Ward, state: WorkerState) -> None:
    ward.silent = {ward.add(0, state)}
    ward.loop.passes(1)
    assert (ward.killed, ward.reporter.since()) == ([], [])


def test_one_hangs_though_another_generation_is_on_its_way(ward: Ward) -> None:
    ward.serving = None
    stuck = ward.add(0)
    ward.silent = {stuck}
    ward.loop.passes(1)
    assert ward.killed == [stuck]


def test_nothing_is_judged_in_a_look_that_comes_late(ward: Ward) -> None:
    """Workers were stopped with the whole machine, and beat again in a moment."""
    silent, worn = ward.add(0), ward.add(1)
    ward.silent, ward.worn = {silent}, {worn}
    ward.loop.passes(600)
    assert (ward.killed, ward.started) == ([], [])
    ward.loop.passes(1)
    assert (ward.killed, ward.started) == ([silent], [1])


@pytest.mark.parametrize("ward", [HealthPolicy(hang_timeout=0.0)], indirect=True)
def test_without_limits_it_never_looks(ward: Ward) -> None:
    ward.silent = ward.worn = {ward.add(0)}
    for _ in range(5):
        ward.loop.passes(1)
    assert (ward.killed, ward.started) == ([], [])


@pytest.mark.parametrize("ward", [HealthPolicy(hang_timeout=2.0)], indirect=True)
def test_a_shorter_limit_is_looked_at_more_often(ward: Ward) -> None:
    stuck = ward.add(0)
    ward.silent = {stuck}
    ward.loop.passes(0.4)
    assert ward.killed == []
    ward.loop.passes(0.2)
    assert ward.killed == [stuck]


# ---- those that are worn out ----


def test_one_that_is_worn_out_is_recycled(ward: Ward) -> None:
    ward.add(0)
    worn = ward.add(1)
    ward.worn = {worn}
    ward.loop.passes(1)
    assert ward.started == [1]
    assert ward.reporter.since() == [("recycles", 1, WORN)]
    assert ward.caretaker.recycles(worn)
    assert not ward.caretaker.recycles(ward.workers[0])


def test_one_at_a_time(ward: Ward) -> None:
    first, second = ward.add(0), ward.add(1)
    ward.worn = {first, second}
    ward.loop.passes(1)
    ward.loop.passes(1)
    assert ward.started == [0]
    assert ward.caretaker.gone(first), "another has been started for it"
    ward.workers.remove(first)
    assert not ward.caretaker.gone(first), "and that is said once"
    ward.loop.passes(1)
    assert ward.started == [0, 1]


def test_one_whose_successor_can_not_be_started_goes_on(ward: Ward) -> None:
    worn = ward.add(0)
    ward.worn = {worn}
    ward.can_start = False
    ward.loop.passes(1)
    assert ward.reporter.since() == []
    assert not ward.caretaker.recycles(worn)
    ward.can_start = True
    ward.loop.passes(1)
    assert ward.started == [0, 0]
    assert ward.reporter.since() == [("recycles", 0, WORN)]


def test_none_is_recycled_while_another_generation_is_on_its_way(ward: Ward) -> None:
    ward.worn = {ward.add(0)}
    ward.serving, serving = None, ward.serving
    ward.loop.passes(1)
    assert ward.started == []
    ward.serving = serving
    ward.loop.passes(1)
    assert ward.started == [0]


def test_the_successor_may_be_born_while_it_is_started(ward: Ward) -> None:
    """Know the recycled one by then: beside it, only its successor is wanted in the slot."""
    worn = ward.add(0)
    ward.worn = {worn}
    seen: list[bool] = []

    def start_in(slot: int) -> bool:
        seen.append(ward.caretaker.recycles(worn))
        return True

    ward.caretaker._start_in = start_in
    ward.loop.passes(1)
    assert seen == [True]


def test_a_successor_is_known_by_its_slot(ward: Ward) -> None:
    worn = ward.add(1)
    successor, other = ward.add(1, WorkerState.READY), ward.add(0, WorkerState.READY)
    assert ward.caretaker.recycled_for(successor) is None
    ward.worn = {worn}
    ward.loop.passes(1)
    assert ward.caretaker.recycled_for(successor) is worn
    assert ward.caretaker.recycled_for(other) is None, "it stands in for one that died"


def test_one_that_goes_already_is_not_told_to_go(ward: Ward) -> None:
    """Recycle a worker, and let a reload overtake that."""
    worn = ward.add(0)
    successor = ward.add(0, WorkerState.READY)
    ward.worn = {worn}
    ward.loop.passes(1)
    worn.move(WorkerState.DRAINING)
    assert ward.caretaker.recycled_for(successor) is None
    assert ward.caretaker.gone(worn)
