"""Cut over from one generation to the next: in which order, and how long for each step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from tests.serve.hand_loop import HandLoop
from tests.serve.scripted import NO_PID
from tornkit.serve.supervisor.cut_over import CutOver
from tornkit.serve.workforce.children import WorkerHandle, WorkerState
from tornkit.serve.workforce.events import Worker
from tornkit.serve.workforce.generation import Generation, GenerationState
from tornkit.serve.workforce.generations import Generations

PATIENCE = 0.5  # seconds, both for closing and for claiming


class Stage:
    """Generations whose workers do nothing by themselves, and a journal of what they are told."""

    def __init__(self) -> None:
        self.loop = HandLoop()
        self.generations = Generations()
        self.workers: dict[int, list[Worker]] = {}
        self.holding: set[Worker] = set()  # told to let go, and have not said so
        self.unclaimed: set[int] = set()  # generations that lack an address of an earlier one
        self._journal: list[tuple[Any, ...]] = []
        self.cut_over = CutOver(
            self.loop,
            self.generations,
            workforce=cast("Any", self),
            upkeep=cast("Any", self),
            listeners=cast("Any", self),
            serves=lambda generation: self._note("serves", generation.number),
            opened=lambda generation: self._note("opened", generation.number),
            settle=lambda generation: self._note("settle", generation.number),
        )

    def _note(self, *entry: Any) -> None:
        self._journal.append(entry)

    def journal(self) -> list[tuple[Any, ...]]:
        """Return the entries since the last call; workers by generation and slot."""
        journal, self._journal = self._journal, []
        return journal

    def boots(self, workers: int = 1) -> Generation:
        """Begin another generation, all of whose workers are ready."""
        number = self.generations.new_number()
        generation = Generation(number, (), self.loop.now())
        self.generations.begin(generation)
        self.workers[number] = [
            WorkerHandle(slot, number, NO_PID, cast("Any", None), 0.0, state=WorkerState.READY)
            for slot in range(workers)
        ]
        return generation

    def serves(self, workers: int = 1) -> Generation:
        """Begin another generation, and let it take over."""
        generation = self.boots(workers)
        self.cut_over.when_claimed(generation)
        self.holding.clear()
        self.cut_over.let_go()
        self.loop.passes(10)
        self.journal()
        return generation

    def lets_go_of_all(self, generation: Generation) -> None:
        """Have all its workers say that they have let go."""
        self.holding -= set(self.workers[generation.number])
        self.cut_over.let_go()

    # ---- as the workforce ----

    def of(self, generation: Generation, *states: WorkerState) -> list[Worker]:
        workers = self.workers[generation.number]
        return [worker for worker in workers if not states or worker.state in states]

    def promise(self, worker: Worker) -> None:
        worker.move(WorkerState.SERVING)
        self._note("promise", worker.generation, worker.slot)

    def retire(self, worker: Worker, *, successor: bool) -> None:
        assert successor
        worker.move(WorkerState.DRAINING)
        self.holding.add(worker)
        self._note("retire", worker.generation, worker.slot)

    def lets_go(self, generation: Generation) -> bool:
        return any(worker in self.holding for worker in self.workers[generation.number])

    # ---- as the upkeep ----

    def open(self, worker: Worker) -> None:
        self._note("open", worker.generation, worker.slot)

    # ---- as the listeners ----

    def has_unclaimed(self, generation: int) -> bool:
        return generation in self.unclaimed

    def release_before(self, generation: int) -> None:
        self._note("release before", generation)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.loop.close()


# ---- the order ----


def test_the_first_one_accepts_at_once(stage: Stage) -> None:
    first = stage.boots(2)
    stage.unclaimed = {1}  # inherited, and not for this program
    stage.cut_over.when_claimed(first)
    assert stage.journal() == [
        ("serves", 1),
        ("promise", 1, 0),
        ("promise", 1, 1),
        ("open", 1, 0),
        ("open", 1, 1),
        ("opened", 1),
    ]
    assert stage.generations.current is first
    assert first.opened


def test_the_old_ones_let_go_before_the_new_ones_accept(stage: Stage) -> None:
    first = stage.serves(2)
    second = stage.boots(2)
    stage.cut_over.when_claimed(second)
    assert stage.journal() == [
        ("serves", 2),
        ("promise", 2, 0),
        ("promise", 2, 1),
        ("retire", 1, 0),
        ("retire", 1, 1),
        ("settle", 1),
    ]
    assert not second.opened
    stage.holding.discard(stage.workers[1][0])
    stage.cut_over.let_go()
    assert stage.journal() == [], "the other has not let go"
    stage.lets_go_of_all(first)
    assert stage.journal() == [("open", 2, 0), ("open", 2, 1), ("opened", 2)]


def test_where_no_old_worker_is_left_the_new_ones_accept_at_once(stage: Stage) -> None:
    stage.serves()
    stage.workers[1].clear()
    stage.cut_over.when_claimed(stage.boots())
    assert stage.journal() == [
        ("serves", 2),
        ("promise", 2, 0),
        ("open", 2, 0),
        ("opened", 2),
        ("settle", 1),
    ]


def test_it_is_opened_once(stage: Stage) -> None:
    first = stage.serves()
    stage.cut_over.when_claimed(stage.boots())
    stage.lets_go_of_all(first)
    assert ("opened", 2) in stage.journal()
    stage.cut_over.let_go()
    stage.loop.passes(PATIENCE)
    stage.loop.passes(PATIENCE)
    assert stage.journal() == [("release before", 2)]


def test_a_worker_that_is_stuck_does_not_hold_up_the_others(stage: Stage) -> None:
    stage.serves()
    stage.cut_over.when_claimed(stage.boots())
    stage.journal()
    stage.loop.passes(PATIENCE - 0.01)
    assert stage.journal() == []
    stage.loop.passes(0.02)
    assert stage.journal() == [("open", 2, 0), ("opened", 2)]


def test_all_earlier_ones_have_to_let_go(stage: Stage) -> None:
    """Reload twice in less than the patience, with a first old worker that is stuck."""
    first = stage.serves()
    second = stage.boots()
    stage.cut_over.when_claimed(second)
    third = stage.boots()
    stage.cut_over.when_claimed(third)
    stage.journal()
    stage.lets_go_of_all(second)
    assert stage.journal() == []
    stage.lets_go_of_all(first)
    assert stage.journal() == [("open", 3, 0), ("opened", 3)]


def test_one_that_has_given_way_meanwhile_is_never_opened(stage: Stage) -> None:
    stage.serves()
    second = stage.boots()
    stage.cut_over.when_claimed(second)
    stage.loop.passes(PATIENCE / 2)
    stage.cut_over.when_claimed(stage.boots())
    stage.journal()
    stage.loop.passes(PATIENCE / 2)
    assert stage.journal() == [], "the second one's patience has ended"
    assert not second.opened
    stage.loop.passes(PATIENCE / 2)
    assert stage.journal() == [("open", 3, 0), ("opened", 3)]


def test_a_worker_that_is_gone_by_then_is_not_told_to_accept(stage: Stage) -> None:
    first = stage.serves(2)
    stage.cut_over.when_claimed(stage.boots(2))
    stage.workers[2][0].move(WorkerState.GONE)
    stage.journal()
    stage.lets_go_of_all(first)
    assert stage.journal() == [("open", 2, 1), ("opened", 2)]


def test_without_a_generation_that_serves_none_is_opened(stage: Stage) -> None:
    """Let old workers let go while none follows yet, as with ``--reload-order stop-first``."""
    first = stage.serves()
    stage.generations.current = None
    first.move(GenerationState.DRAINING)
    stage.boots()
    stage.cut_over.let_go()
    assert stage.journal() == []


# ---- addresses ----


def test_time_to_claim_what_the_old_one_serves(stage: Stage) -> None:
    stage.serves()
    second = stage.boots()
    stage.unclaimed = {2}
    stage.cut_over.when_claimed(second)
    stage.loop.passes(PATIENCE - 0.01)
    assert stage.journal() == []
    assert stage.generations.current is not second
    stage.loop.passes(0.02)
    assert ("serves", 2) in stage.journal(), "it does not want that address any more"


def test_the_last_claim_ends_the_wait(stage: Stage) -> None:
    stage.serves()
    second = stage.boots()
    stage.unclaimed = {2}
    stage.cut_over.when_claimed(second)
    stage.cut_over.claimed(second)
    assert stage.journal() == [], "it has claimed one of two"
    stage.unclaimed.clear()
    stage.cut_over.claimed(second)
    assert ("serves", 2) in stage.journal()
    stage.cut_over.claimed(second)
    stage.loop.passes(PATIENCE)
    assert ("serves", 2) not in stage.journal()


def test_a_claim_of_one_that_is_not_whole_is_not_enough(stage: Stage) -> None:
    stage.serves()
    second = stage.boots()
    second.awaited = {0}
    stage.cut_over.claimed(second)
    assert stage.journal() == []
    second.ready(0)
    stage.cut_over.claimed(second)
    assert ("serves", 2) in stage.journal()


@pytest.mark.parametrize("end", ["it fails", "the server ends"])
def test_nothing_is_cut_over_to_what_is_no_more(stage: Stage, end: str) -> None:
    stage.serves()
    second = stage.boots()
    stage.unclaimed = {2}
    stage.cut_over.when_claimed(second)
    if end == "it fails":
        second.move(GenerationState.FAILED)
    else:
        stage.generations.over = True
    stage.unclaimed.clear()
    stage.cut_over.claimed(second)
    stage.loop.passes(PATIENCE)
    assert stage.journal() == []


def test_addresses_that_it_has_not_claimed_are_closed_behind_it(stage: Stage) -> None:
    """Addresses were kept for it where the old one ended first."""
    stage.cut_over.when_claimed(stage.boots())
    stage.journal()
    stage.loop.passes(PATIENCE - 0.01)
    assert stage.journal() == []
    stage.loop.passes(0.02)
    assert stage.journal() == [("release before", 1)]


def test_addresses_are_kept_where_none_serves(stage: Stage) -> None:
    stage.cut_over.release_unclaimed()
    first = stage.serves()
    stage.cut_over.release_unclaimed()
    assert stage.journal() == [("release before", first.number)]
    stage.generations.over = True
    stage.cut_over.release_unclaimed()
    stage.generations.over, stage.generations.current = False, None
    stage.cut_over.release_unclaimed()
    assert stage.journal() == []
