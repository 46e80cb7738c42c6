"""When a loop is said to have stood, for how long, and when nothing is said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tornado.template

from tests.serve.hand_loop import HandLoop
from tests.serve.scripted import NO_PID, FakeReporter
from tornkit import linux
from tornkit.serve.blocking.causes import Cause
from tornkit.serve.blocking.watch import BlockingWatch
from tornkit.serve.wire.heartbeat import STACKS_SIGNAL, Heartbeat, Pulse, interval_for
from tornkit.serve.workforce.children import WorkerHandle, WorkerState
from tornkit.serve.workforce.health import Health, HealthPolicy

pytestmark = pytest.mark.usefixtures("no_leaks")

THRESHOLD = 0.1
INTERVAL = interval_for(THRESHOLD)
THREAD = 4711  # its number in the system


class Process:
    """A worker's process: it writes where it is when it is asked, unless it can't."""

    def __init__(self, heartbeat: Heartbeat) -> None:
        self._heartbeat = heartbeat
        self.where: list[str] = []  # file:line:function, innermost first
        self.can_write = True
        self.asked = 0

    def signal(self, number: int) -> None:
        assert number == STACKS_SIGNAL
        self.asked += 1
        frames = (each.split(":") for each in self.where)
        lines = (f'  File "{file}", line {line} in {name}\n' for file, line, name in frames)
        text = f"Stack (most recent call first):\n{''.join(lines)}"
        if self.can_write:
            os.write(self._heartbeat.descriptor, text.encode())


class House:
    """Workers that beat when the test says so, and the watch over them."""

    def __init__(self) -> None:
        self.loop = HandLoop()
        self.reporter = FakeReporter()
        self.workers: list[WorkerHandle[Any]] = []
        self.health = Health(HealthPolicy())
        self._theirs: dict[int, Heartbeat] = {}
        self.watch = BlockingWatch(
            THRESHOLD,
            loop=self.loop,
            workforce=self.workers,
            health=self.health,
            reporter=self.reporter,
        )
        self.watch.begin()

    def add(self, slot: int = 0, pid: int | None = None) -> WorkerHandle[Any]:
        number = NO_PID + len(self.workers) if pid is None else pid
        self._theirs[number] = Heartbeat(os.dup(self.health.admit(number)))
        process = Process(self._theirs[number])
        worker: WorkerHandle[Any] = WorkerHandle(slot, 1, number, process, started_at=0.0)
        worker.state = WorkerState.SERVING
        self.workers.append(worker)
        self.beat(worker)
        return worker

    def beat(self, worker: WorkerHandle[Any]) -> None:
        self._theirs[worker.pid].write(Pulse(beat=self.loop.now(), thread=THREAD))

    def passes(self, seconds: float, *, beating: bool = False) -> None:
        for _ in range(round(seconds / INTERVAL)):
            if beating:
                for worker in self.workers:
                    self.beat(worker)
            self.loop.passes(INTERVAL)

    def close(self) -> None:
        for pid, heartbeat in self._theirs.items():
            self.health.forget(pid)
            heartbeat.close()
        self.loop.close()


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    yield house
    house.close()


def test_one_line_once_it_turns_again(house: House) -> None:
    worker = house.add()
    house.passes(1.0, beating=True)
    assert worker.process.asked == 0
    worker.process.where = ["/x/app.py:31:get"]
    house.passes(2.0)
    assert house.reporter.since() == [], "not while it stands: nobody knows for how long"
    house.beat(worker)
    house.passes(0.2, beating=True)
    ((what, slot, seconds, where),) = house.reporter.since()
    assert (what, slot, where) == ("blocked", None, "get /x/app.py:31")
    assert seconds == pytest.approx(2.0, abs=0.1)
    house.passes(1.0, beating=True)
    assert house.reporter.since() == []


def test_why_it_stood_where_that_is_known(house: House) -> None:
    worker = house.add()
    template = f"{tornado.template.__file__}:516:_create_template"
    worker.process.where = [template, "/x/app.py:31:get"]
    house.passes(2.0)
    house.beat(worker)
    house.passes(0.2, beating=True)
    ((_, _, _, where),) = house.reporter.since()
    assert where == f"get /x/app.py:31{Cause.TEMPLATE}"


def test_one_that_turns_while_it_is_looked_at_is_not_asked(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = house.add()
    forget_stacks = Heartbeat.forget_stacks

    def slowly(heartbeat: Heartbeat) -> None:
        forget_stacks(heartbeat)
        house.beat(worker)

    monkeypatch.setattr(Heartbeat, "forget_stacks", slowly)
    worker.process.where = ["/x/app.py:31:the_next"]
    house.passes(THRESHOLD + 2 * INTERVAL)
    house.passes(0.2, beating=True)
    assert worker.process.asked == 0
    assert house.reporter.since() == []


def test_its_stack_is_taken_a_few_times_and_the_longest_counts(house: House) -> None:
    worker = house.add()
    worker.process.where = ["/x/app.py:1:short"]
    house.passes(1.4)
    assert 3 <= worker.process.asked <= 4
    worker.process.where = ["/x/app.py:2:long"]
    house.passes(4.6)
    assert worker.process.asked <= 10, "once a second at most"
    house.beat(worker)
    house.passes(0.1, beating=True)
    assert house.reporter.since()[0][3] == "long /x/app.py:2"


def test_one_whose_program_has_the_signal_is_not_asked(house: House) -> None:
    worker = house.add()
    house._theirs[worker.pid].write(Pulse(beat=house.loop.now(), thread=0))
    house.passes(1.0)
    assert worker.process.asked == 0


def test_a_pause_that_is_shorter_is_none(house: House) -> None:
    worker = house.add()
    worker.process.where = ["/x/app.py:31:get"]
    for _ in range(5):
        house.passes(0.1)
        house.beat(worker)
    assert (worker.process.asked, house.reporter.since()) == (0, [])


def test_each_of_several_is_told_by_its_number(house: House) -> None:
    first, second = house.add(0), house.add(1)
    for worker in (first, second):
        worker.process.where = [f"/x/app.py:{worker.slot}:get"]
    house.passes(1.0)
    house.passes(0.2, beating=True)
    told = sorted(house.reporter.since())
    assert [(slot, where) for _, slot, _, where in told] == [
        (0, "get /x/app.py:0"),
        (1, "get /x/app.py:1"),
    ]


def test_a_loop_that_waits_for_its_turn_is_not_told_of(house: House) -> None:
    """The machine is busy."""
    worker = house.add()
    worker.process.where = [
        "/lib/selectors.py:468:select",
        "/lib/asyncio/base_events.py:1:_run_once",
    ]
    house.passes(1.0)
    house.passes(0.2, beating=True)
    assert worker.process.asked
    assert house.reporter.since() == []


def test_one_that_can_not_write_is_not_told_of(house: House) -> None:
    worker = house.add()
    worker.process.can_write = False
    house.passes(1.0)
    house.passes(0.2, beating=True)
    assert house.reporter.since() == []


def test_a_machine_that_was_suspended(house: House) -> None:
    worker = house.add()
    house.loop.passes(3600)
    house.passes(0.2, beating=True)
    assert (worker.process.asked, house.reporter.since()) == (0, [])


@pytest.mark.parametrize("state", [each for each in WorkerState if each is not WorkerState.SERVING])
def test_one_that_does_not_serve_may_take_its_time(house: House, state: WorkerState) -> None:
    worker = house.add()
    worker.state = state
    house.passes(1.0)
    assert worker.process.asked == 0


def test_one_that_has_not_begun_to_beat(house: House) -> None:
    worker = house.add()
    house._theirs[worker.pid].write(Pulse())
    house.passes(1.0)
    assert worker.process.asked == 0


def test_one_that_is_told_to_end_meanwhile_is_told_of(house: House) -> None:
    worker = house.add()
    worker.process.where = ["/x/app.py:31:get"]
    house.passes(0.5)
    worker.state = WorkerState.DRAINING
    house.passes(0.5)
    house.beat(worker)
    house.passes(0.1)
    assert [told[0] for told in house.reporter.since()] == ["blocked"]


def test_one_that_ends_meanwhile_is_forgotten_and_so_is_its_number(house: House) -> None:
    worker = house.add()
    worker.process.where = ["/x/app.py:31:get"]
    house.passes(0.5)
    house.workers.clear()
    house.passes(0.5)
    house.workers.append(worker)
    house.beat(worker)
    house.passes(0.2, beating=True)
    assert house.reporter.since() == []


def test_a_worker_without_a_record(house: House) -> None:
    """The system had no memory to give."""
    worker = house.add()
    house.workers.append(WorkerHandle(1, 1, worker.pid + 9, worker.process, started_at=0.0))
    house.passes(0.25)
    assert worker.process.asked == 1


@pytest.mark.skipif(not linux.USED, reason="who is stopped is read from /proc")
def test_one_that_a_debugger_has_stopped_is_not_asked(house: House) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        worker = house.add(pid=child.pid)
        child.send_signal(signal.SIGSTOP)
        os.waitpid(child.pid, os.WUNTRACED)
        assert ") T " in Path(f"/proc/{child.pid}/stat").read_text()
        house.passes(1.0)
        assert worker.process.asked == 0
        child.kill()
