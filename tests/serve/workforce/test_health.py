"""Which workers hang and which have served long enough, as judged from their heartbeats."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest

from tornkit.serve.config import RecyclePolicy
from tornkit.serve.wire.heartbeat import Heartbeat, Pulse
from tornkit.serve.workforce.children import WorkerHandle, WorkerState
from tornkit.serve.workforce.health import Health, HealthPolicy

pytestmark = pytest.mark.usefixtures("no_leaks")


class Ward:
    """Workers that beat when the test says so."""

    def __init__(self, policy: HealthPolicy) -> None:
        self.health = Health(policy)
        self.workers: list[WorkerHandle[Any]] = []
        self._theirs: list[Heartbeat] = []

    def add(self, *, pid: int | None = None, lived: float = 0.0) -> WorkerHandle[Any]:
        number = (1 << 30) + len(self.workers) if pid is None else pid
        worker = WorkerHandle(0, 1, number, cast("Any", None), started_at=0.0)
        for state in (WorkerState.READY, WorkerState.SERVING):
            worker.move(state)
        worker.serving_since = time.monotonic() - lived
        self._theirs.append(Heartbeat(os.dup(self.health.admit(number))))
        self.workers.append(worker)
        return worker

    def beat(self, worker: WorkerHandle[Any], *, ago: float = 0.0, requests: int = 0) -> None:
        pulse = Pulse(beat=time.monotonic() - ago, requests=requests)
        self._theirs[self.workers.index(worker)].write(pulse)

    def close(self) -> None:
        for worker in self.workers:
            self.health.forget(worker.pid)
        for heartbeat in self._theirs:
            heartbeat.close()


@pytest.fixture
def wards() -> Iterator[list[Ward]]:
    wards: list[Ward] = []
    yield wards
    for ward in wards:
        ward.close()


def ward_of(wards: list[Ward], policy: HealthPolicy) -> Ward:
    wards.append(Ward(policy))
    return wards[-1]


def test_who_has_not_beaten_for_too_long_hangs(wards: list[Ward]) -> None:
    ward = ward_of(wards, HealthPolicy(hang_timeout=5.0))
    lively, stuck, newborn = ward.add(), ward.add(), ward.add()
    ward.beat(lively, ago=4.0)
    ward.beat(stuck, ago=6.0)
    ((pid, seconds),) = ward.health.hanging(ward.workers)
    assert pid == stuck.pid
    assert 6.0 <= seconds < 7.0
    assert ward.health.pulse(newborn.pid) == Pulse()


def test_without_a_limit_nobody_hangs(wards: list[Ward]) -> None:
    ward = ward_of(wards, HealthPolicy(hang_timeout=0.0))
    ward.beat(ward.add(), ago=1e6)
    assert ward.health.hanging(ward.workers) == []


def recycling(**limits: Any) -> HealthPolicy:
    return HealthPolicy(recycle=RecyclePolicy(jitter=0.0, **limits))


def test_the_first_that_is_beyond_a_limit(wards: list[Ward]) -> None:
    ward = ward_of(wards, recycling(max_requests=10))
    fresh, worn, also_worn = ward.add(), ward.add(), ward.add()
    ward.beat(fresh, requests=9)
    assert ward.health.worn_out(ward.workers) is None
    ward.beat(worn, requests=10)
    ward.beat(also_worn, requests=99)
    assert ward.health.worn_out(ward.workers) == (worn, "has had 10 requests")


def test_by_age_and_only_while_it_serves(wards: list[Ward]) -> None:
    ward = ward_of(wards, recycling(max_age=60.0))
    ward.add(lived=50.0)
    old = ward.add(lived=61.0)
    assert ward.health.worn_out(ward.workers) == (old, "is 61 s old")
    old.move(WorkerState.DRAINING)
    assert ward.health.worn_out(ward.workers) is None


def test_by_memory(wards: list[Ward]) -> None:
    ward = ward_of(wards, recycling(max_rss=1 << 20))
    ward.add()
    assert ward.health.worn_out(ward.workers) is None, "of nobody nothing is known"
    this = ward.add(pid=os.getpid())
    found = ward.health.worn_out(ward.workers)
    assert found is not None
    assert found[0] is this
    assert found[1].startswith("has grown to ")


def test_no_limits(wards: list[Ward]) -> None:
    ward = ward_of(wards, HealthPolicy())
    ward.add(lived=1e9)
    assert ward.health.worn_out(ward.workers) is None


@pytest.mark.parametrize(
    ("policy", "interval"),
    [
        (HealthPolicy(hang_timeout=30.0), 1.0),
        (HealthPolicy(hang_timeout=1.0), 0.25),
        (HealthPolicy(hang_timeout=0.0), None),
        (HealthPolicy(hang_timeout=0.0, recycle=RecyclePolicy(max_age=9)), 1.0),
    ],
)
def test_how_often_to_look(policy: HealthPolicy, interval: float | None) -> None:
    assert policy.interval == interval
