"""Workers in the place of those that died. How long each waits is shown in `test_backoff`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any, cast

import pytest

from tests.serve.hand_loop import HandLoop
from tests.serve.scripted import FAILURE, NO_PID, FakeReporter
from tornkit.serve.workforce.backoff import BackoffPolicy
from tornkit.serve.workforce.children import WorkerHandle
from tornkit.serve.workforce.respawn import Respawning

POLICY = BackoffPolicy()
GENERATION = 7


class Slots:
    """Slots of the generation that serves; starting a worker in one is only noted."""

    def __init__(self) -> None:
        self.loop = HandLoop()
        self.reporter = FakeReporter()
        self.is_wanted = True
        self.asked: set[tuple[int, int]] = set()
        self.refusals = 0  # starts that the system will refuse
        self._tried: list[int] = []
        self.respawning = Respawning(
            self.loop, self.reporter, wanted=self._wanted, start_in=self._start_in
        )

    def _wanted(self, number: int, slot: int) -> bool:
        self.asked.add((number, slot))
        return self.is_wanted

    def _start_in(self, slot: int) -> bool:
        self._tried.append(slot)
        self.refusals -= 1
        return self.refusals < 0

    def dies(self, slot: int = 0, *, lived: float | None = 0.0, status: int = 1) -> float:
        """Let a worker die that has served so long, None for not at all; return the delay."""
        worker: WorkerHandle[Any] = WorkerHandle(slot, GENERATION, NO_PID, cast("Any", None), 0.0)
        if lived is not None:
            worker.serving_since = self.loop.now() - lived
        self.respawning.died(worker, status)
        [(_, _, _, delay)] = self.reporter.since()
        return cast("float", delay)

    def tried(self) -> list[int]:
        """Return the slots in which a worker was to be started since the last call."""
        tried, self._tried = self._tried, []
        return tried


@pytest.fixture
def slots() -> Iterator[Slots]:
    slots = Slots()
    yield slots
    slots.loop.close()


def test_a_worker_that_has_served_well_is_replaced_at_once(slots: Slots) -> None:
    assert slots.dies(2, lived=POLICY.healthy_after) == 0.0
    assert slots.tried() == [], "never from within another call"
    slots.loop.passes()
    assert slots.tried() == [2]
    assert slots.asked == {(GENERATION, 2)}
    slots.loop.passes(100)
    assert slots.tried() == []


@pytest.mark.parametrize("lived", [0.0, POLICY.healthy_after - 0.1, None])
def test_one_that_dies_young_again_and_again_is_waited_with(
    slots: Slots, lived: float | None
) -> None:
    """A worker with None has never served."""
    slots.dies(lived=lived)
    slots.loop.passes()
    assert slots.tried() == [0]
    assert slots.dies(lived=lived) == POLICY.first
    slots.loop.passes(POLICY.first - 0.01)
    assert slots.tried() == []
    slots.loop.passes(0.02)
    assert slots.tried() == [0]


def test_each_slot_has_a_delay_of_its_own(slots: Slots) -> None:
    slots.dies(0)
    assert slots.dies(0) == POLICY.first
    assert slots.dies(1) == 0.0
    assert slots.dies(0) == 2 * POLICY.first


def test_the_last_word_of_a_worker_goes_before_its_status(slots: Slots) -> None:
    worker: WorkerHandle[Any] = WorkerHandle(3, GENERATION, NO_PID, cast("Any", None), 0.0)
    slots.respawning.died(worker, -signal.SIGKILL)
    worker.failure = FAILURE
    slots.respawning.died(worker, 1)
    assert [told[:3] for told in slots.reporter.since()] == [
        ("died", 3, "was killed by SIGKILL"),
        ("died", 3, FAILURE.message),
    ]


def test_a_slot_that_is_not_wanted_by_then_stays_empty(slots: Slots) -> None:
    slots.dies()
    slots.dies()
    slots.is_wanted = False
    slots.loop.passes(100)
    slots.is_wanted = True
    slots.loop.passes(100)
    assert slots.tried() == []


def test_a_start_that_the_system_refuses_is_tried_again(slots: Slots) -> None:
    slots.refusals = 2
    slots.dies(1)
    slots.loop.passes()
    assert slots.tried() == [1]
    slots.loop.passes(1.9)
    assert slots.tried() == []
    slots.loop.passes(0.2)
    assert slots.tried() == [1]
    slots.loop.passes(2.1)
    assert slots.tried() == [1], "with success"
    slots.loop.passes(100)
    assert slots.tried() == []


def test_a_start_that_was_refused_is_given_up_once_it_is_not_wanted(slots: Slots) -> None:
    slots.refusals = 2
    slots.respawning.later(GENERATION, 0)
    slots.loop.passes(1.9)
    assert slots.tried() == []
    slots.loop.passes(0.2)
    assert slots.tried() == [0]
    slots.is_wanted = False
    slots.loop.passes(100)
    slots.loop.passes(100)
    assert slots.tried() == []
