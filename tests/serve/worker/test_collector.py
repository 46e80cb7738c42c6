"""When a worker's garbage is collected: policy with a made-up collector, and with Python's own."""

from __future__ import annotations

import atexit
import gc
import heapq
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from tornkit.serve.worker.collector import Collector, Due, Mark, attend

MEGABYTE = 1 << 20
USUAL = gc.get_threshold()
MANY = 30_000


class FakeMark(Mark):
    is_frozen = False


class FakeGc:
    """As the module `gc`; ``young``, ``old`` and ``frozen`` are how many objects there are."""

    def __init__(self, old: int = MANY, frozen: int = 0) -> None:
        self.young, self.old, self.frozen = 0, old, frozen
        self.threshold: tuple[int, int, int] = USUAL
        self.count = (0, 0, 0)
        self.enabled, self.debug = True, 0
        self.callbacks: list[Callable[[str, dict[str, int]], None]] = []
        self.calls: list[str] = []
        self.marks: list[FakeMark] = []

    def get_threshold(self) -> tuple[int, int, int]:
        return self.threshold

    def get_count(self) -> tuple[int, int, int]:
        return self.count

    def get_debug(self) -> int:
        return self.debug

    def isenabled(self) -> bool:
        return self.enabled

    def new_mark(self) -> FakeMark:
        self.marks.append(FakeMark())
        return self.marks[-1]

    def get_objects(self) -> list[None]:
        return self.every_object()

    def every_object(self, generation: int | None = None) -> list[None]:
        sizes = {0: 0, 1: self.young, 2: self.old, None: self.young + self.old}
        return [None] * sizes[generation]

    def get_referrers(self, *objects: object) -> list[object]:
        return []

    def collect(self) -> None:
        self.calls.append("collect")
        self.collection(2)

    def freeze(self) -> None:
        self.calls.append("freeze")
        for mark in self.marks:
            mark.is_frozen = True
        self.frozen, self.young, self.old = self.frozen + self.young + self.old, 0, 0

    def unfreeze(self) -> None:
        self.calls.append("unfreeze")
        for mark in self.marks:
            mark.is_frozen = False
        self.frozen, self.old = 0, self.old + self.frozen

    def collection(self, generation: int, collected: int = 0) -> None:
        """Python collects by itself, as far as others can see."""
        info = {"generation": generation, "collected": collected, "uncollectable": 0}
        for callback in self.callbacks:
            callback("start", info)
        if generation:
            self.old, self.young = self.old + self.young - collected, 0
            third = self.count[2]
            self.count = (0, 0, 0) if generation == 2 else (0, 0, third + 1)
        for callback in self.callbacks:
            callback("stop", info)

    def middle_collections(self, number: int, *, survivors: int, collected: int = 0) -> None:
        for _ in range(number):
            self.young += survivors + collected
            self.collection(1, collected)


class Process:
    """A collector that has begun, with its module and its memory."""

    def __init__(self, **objects: int) -> None:
        self.gc = FakeGc(**objects)
        self.peak = 40 * MEGABYTE
        self.collector = Collector(
            self.gc, self.gc.every_object, self.gc.new_mark, lambda: self.peak
        )
        self.collector.begin()

    def due(self) -> Due:
        return self.collector.due()

    def do_what_is_due(self) -> Due:
        due = self.due()
        self.collector.do(due)
        return due


@pytest.fixture(autouse=True)
def _no_exit_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atexit, "register", lambda function: None)


@pytest.fixture
def process() -> Process:
    return Process()


@pytest.fixture
def frozen(process: Process) -> Process:
    process.do_what_is_due()
    process.gc.calls.clear()
    return process


class TestFreezing:
    def test_what_was_loaded_is_collected_and_frozen_once(self, process: Process) -> None:
        assert process.do_what_is_due() is Due.FREEZE
        assert process.gc.calls == ["collect", "freeze"]
        assert process.due() is Due.NOTHING

    def test_it_is_done_before_the_first_request_where_nobody_waits_for_that(
        self, process: Process
    ) -> None:
        process.collector.loaded(is_awaited=True)
        assert process.gc.calls == []
        process.collector.loaded(is_awaited=False)
        assert process.gc.calls == ["collect", "freeze"]
        assert process.due() is Due.NOTHING

    def test_little_is_left_as_it_is_and_looked_at_anew_when_it_has_become_much(self) -> None:
        process = Process(old=300, frozen=30_000)  # forked from a zygote
        process.do_what_is_due()
        assert process.gc.calls == []
        process.gc.collection(2)
        assert process.due() is Due.NOTHING
        process.gc.old = MANY
        process.gc.collection(2)
        assert process.do_what_is_due() is Due.FREEZE
        assert process.gc.frozen == 60_000

    def test_no_threshold_is_changed(self, frozen: Process) -> None:
        assert frozen.gc.threshold == USUAL
        assert frozen.gc.enabled


class TestThawing:
    @pytest.mark.parametrize(("grown", "due"), [(9, Due.NOTHING), (17, Due.THAW)])
    def test_what_was_frozen_is_looked_at_again_when_the_process_has_grown(
        self, frozen: Process, grown: int, due: Due
    ) -> None:
        frozen.peak += grown * MEGABYTE
        assert frozen.do_what_is_due() is due
        expected = ["unfreeze", "collect", "freeze"] if due is Due.THAW else []
        assert frozen.gc.calls == expected
        assert frozen.due() is Due.NOTHING

    def test_a_large_process_has_to_grow_by_a_quarter(self, frozen: Process) -> None:
        frozen.peak = 1000 * MEGABYTE
        frozen.do_what_is_due()
        frozen.peak += 249 * MEGABYTE
        assert frozen.due() is Due.NOTHING
        frozen.peak += 2 * MEGABYTE
        assert frozen.due() is Due.THAW


class TestCollecting:
    """Of a program that holds 100,000 objects more than when it was loaded."""

    @pytest.fixture
    def grown(self, frozen: Process) -> Process:
        frozen.gc.old = 100_000
        frozen.gc.collection(2)
        return frozen

    def test_an_eighth_more_is_collected_before_python_does_at_a_quarter(
        self, grown: Process
    ) -> None:
        grown.gc.middle_collections(11, survivors=1100)
        assert grown.due() is Due.NOTHING  # 12,100 are not an eighth
        grown.gc.middle_collections(1, survivors=1100)
        assert grown.do_what_is_due() is Due.COLLECT
        assert grown.gc.calls == ["collect"]
        assert grown.due() is Due.NOTHING

    def test_not_before_pythons_other_condition_is_met(self, grown: Process) -> None:
        grown.gc.middle_collections(10, survivors=5000)
        assert grown.due() is Due.NOTHING
        grown.gc.middle_collections(1, survivors=5000)
        assert grown.due() is Due.COLLECT

    def test_what_is_collected_has_not_survived(self, grown: Process) -> None:
        grown.gc.middle_collections(20, survivors=0, collected=5000)
        assert grown.due() is Due.NOTHING

    def test_a_full_collection_of_pythons_own_counts_too(self, grown: Process) -> None:
        grown.gc.middle_collections(12, survivors=5000)
        grown.gc.collection(2)
        grown.gc.middle_collections(12, survivors=100)
        assert grown.due() is Due.NOTHING

    def test_what_is_frozen_is_not_counted(self, frozen: Process) -> None:
        frozen.gc.middle_collections(12, survivors=500)
        assert frozen.due() is Due.NOTHING

    def test_few_objects_are_left_to_python(self, frozen: Process) -> None:
        frozen.gc.old = 1000
        frozen.gc.collection(2)
        frozen.gc.middle_collections(12, survivors=500)
        assert frozen.due() is Due.NOTHING

    def test_nothing_where_python_collects_bit_by_bit(
        self, grown: Process, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        grown.gc.threshold = (USUAL[0], USUAL[1], 0)
        monkeypatch.setattr("tornkit.serve.worker.collector._USUAL", (grown.gc.threshold, 0))
        grown.gc.middle_collections(12, survivors=5000)
        assert grown.due() is Due.NOTHING


class TestAProgramThatTakesCare:
    @pytest.mark.parametrize(
        "setting",
        [
            {"enabled": False},
            {"debug": gc.DEBUG_SAVEALL},
            {"threshold": (50_000, 20, 100)},
            {"threshold": (0, 0, 0)},
        ],
    )
    def test_keeps_what_it_has_chosen(self, process: Process, setting: dict[str, Any]) -> None:
        vars(process.gc).update(setting)
        assert process.do_what_is_due() is Due.NOTHING
        assert process.gc.calls == []

    def test_and_if_it_goes_back_to_what_was_so_do_we(self, process: Process) -> None:
        process.gc.enabled = False
        assert process.due() is Due.NOTHING
        process.gc.enabled = True
        assert process.due() is Due.FREEZE

    @pytest.mark.parametrize("inherited", [0, 30_000])
    def test_freezes_by_itself(self, inherited: int) -> None:
        process = Process(frozen=inherited)
        process.gc.freeze()
        process.gc.calls.clear()
        process.do_what_is_due()
        assert process.gc.calls == []
        assert process.due() is Due.NOTHING

    @pytest.mark.parametrize("call", [FakeGc.freeze, FakeGc.unfreeze])
    def test_or_after_us(self, frozen: Process, call: Callable[[FakeGc], None]) -> None:
        frozen.gc.young = 100
        call(frozen.gc)
        frozen.gc.calls.clear()
        frozen.peak *= 2
        frozen.do_what_is_due()
        assert frozen.gc.calls == []
        assert frozen.due() is Due.NOTHING

    def test_objects_that_die_where_they_are_frozen_are_not_its_doing(
        self, frozen: Process
    ) -> None:
        frozen.gc.frozen -= 1000
        frozen.peak *= 2
        assert frozen.do_what_is_due() is Due.THAW
        assert frozen.gc.calls == ["unfreeze", "collect", "freeze"]

    @pytest.mark.parametrize("name", ["get_objects", "get_referrers"])
    def test_looks_at_all_objects_and_sees_them(self, frozen: Process, name: str) -> None:
        getattr(frozen.gc, name)()
        assert frozen.gc.frozen == 0
        frozen.peak *= 2
        assert frozen.due() is Due.NOTHING  # from then on all is as without us
        assert frozen.gc.callbacks == []

    def test_our_own_look_is_none(self, frozen: Process) -> None:
        frozen.gc.old = MANY
        frozen.gc.collection(2)
        frozen.gc.collection(1)
        assert frozen.gc.frozen == MANY


class FakeLoop:
    """Calls what is due, by a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0
        self._order = count()
        self._calls: list[tuple[float, int, Callable[[], object]]] = []

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any) -> None:
        entry = (self.now + delay, next(self._order), lambda: callback(*args))
        heapq.heappush(self._calls, entry)

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self._calls and self._calls[0][0] <= end:
            self.now, _, call = heapq.heappop(self._calls)
            call()
        self.now = end


class World:
    """A loop with its requests, in which a collector is attended."""

    def __init__(self) -> None:
        self.process = Process()
        self.loop = FakeLoop()
        self.requests = 0
        self.in_flight = 0
        self.rate = 0.0  # requests a second
        self.busy = 0.0  # the share of its time that the loop is awake
        attend(self.process.collector, self.loop, self, lambda: self.loop.now * self.busy)  # type: ignore[arg-type]

    def run(self, seconds: float) -> None:
        end = self.loop.now + seconds
        while self.loop.now < end:
            self.requests = int(self.loop.now * self.rate)
            self.loop.run(0.001)


@pytest.fixture
def world() -> World:
    return World()


class TestIdleMoments:
    def test_an_idle_process_freezes_soon(self, world: World) -> None:
        world.run(0.2)
        assert world.process.gc.calls == ["collect", "freeze"]

    @pytest.mark.parametrize("load", [{"in_flight": 1}, {"rate": 5000.0}, {"busy": 0.5}], ids=str)
    def test_one_that_is_never_idle_freezes_what_there_is(
        self, world: World, load: dict[str, Any]
    ) -> None:
        vars(world).update(load)
        world.run(1.5)
        assert world.process.gc.calls == []
        world.run(1.0)
        assert world.process.gc.calls == ["freeze"], "which takes no time"

    def test_an_idle_moment_ends_the_wait(self, world: World) -> None:
        world.in_flight = 1
        world.run(0.5)
        world.in_flight = 0
        world.run(0.5)
        assert world.process.gc.calls == ["collect", "freeze"]

    def test_a_large_heap_is_never_collected_while_requests_wait(self, world: World) -> None:
        world.run(0.2)
        python = world.process.gc
        python.old = 100_000
        python.collection(2)
        python.calls.clear()
        world.in_flight = 1
        python.middle_collections(20, survivors=1000)
        world.run(20)
        assert python.calls == []  # at a quarter Python does it
        world.in_flight = 0
        world.run(1)
        assert python.calls == ["collect"]

    def test_memory_that_grows_is_looked_at_without_an_idle_moment(self, world: World) -> None:
        world.run(0.2)
        world.process.gc.calls.clear()
        world.in_flight = 1
        for times in range(1, 4):
            world.process.peak *= 2
            world.run(1.5)
            assert len(world.process.gc.calls) == 3 * (times - 1)
            world.run(1.5)
            assert world.process.gc.calls == ["unfreeze", "collect", "freeze"] * times


REAL = """\
import gc, os, sys
from tornkit.serve.worker.collector import Collector, Due

class Node:
    def __init__(self):
        self.itself = self

class Log(Node):
    def __del__(self):
        os.write(1, b"finalized\\n")

collector = Collector()
kept = [[number] for number in range(20_000)]
log = Log()
collector.begin()
assert collector.due() is Due.FREEZE
collector.do(Due.FREEZE)
assert gc.get_freeze_count() > 20_000 and collector.due() is Due.NOTHING
{then}
"""


def run_in_python(then: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", REAL.replace("{then}", then)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(
    "then",
    [
        "gc.get_objects(); gc.collect()",
        "gc.get_referrers(1); gc.collect()",
        "collector.do(Due.THAW)",
    ],
)
def test_frozen_garbage_is_found_when_it_is_looked_for(then: str) -> None:
    shown = run_in_python(f"del log; gc.collect(); print('kept', flush=True); {then}; print('end')")
    assert shown.split() == ["kept", "finalized", "end"]


def test_the_last_collection_of_the_process_finds_what_was_frozen() -> None:
    assert run_in_python("print('end', flush=True)").split() == ["end", "finalized"]


def test_the_programs_own_freezing_and_thawing_are_seen() -> None:
    then = (
        "for call in (gc.freeze, gc.unfreeze):\n"
        "    other = Collector(); other.do(Due.FREEZE)\n"
        "    count = gc.get_freeze_count(); other.do(Due.THAW); print(other.due().name)\n"
        "    call(); other.do(Due.THAW); other.do(Due.FREEZE)\n"
        "    print(gc.get_freeze_count() >= count if call is gc.freeze else gc.get_freeze_count())"
    )
    shown = run_in_python("collector.end(); " + "kept.append(1)\n" + then)
    assert shown.split() == ["NOTHING", "True", "NOTHING", "0", "finalized"]


def test_python_calls_it_as_expected() -> None:
    """A heap that grows by an eighth is due, counted from Python's own middle collections."""
    then = (
        "more = [[number] for number in range(40_000)]; gc.collect(); grown = []\n"
        "while collector.due() is Due.NOTHING and len(grown) < 20_000:\n"
        "    grown.append([])\n"
        "    if not len(grown) % 500: gc.collect(1)\n"
        "print(collector.due(), 5000 <= len(grown) <= 7000)"
    )
    shown = run_in_python(then)
    threshold = gc.get_threshold()[2]
    assert shown.startswith("Due.COLLECT True" if threshold else "Due.NOTHING False")
