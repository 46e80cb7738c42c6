"""Moment and manner in which a program is left. Whole programs: `test_program`."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

import tornkit
from tornkit.appload import leaving as module
from tornkit.appload.leaving import Leaving, Left

pytestmark = pytest.mark.timeout(20)

QUIET, LONGEST, FOREIGN = 1.0, 10.0, 100.0


class Clock:
    """The seconds of the thread that watches, in the place of `time`; a test lets them pass."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._looks = 0
        self.sleep = time.sleep

    def monotonic(self) -> float:
        self._looks += 1
        return self._now

    def passes(self, seconds: float) -> None:
        """Let some pass, once all has been seen that is so now."""
        before, deadline = self._looks, time.monotonic() + 5
        while self._looks < before + 3:
            assert time.monotonic() < deadline, "it does not watch any more"
            time.sleep(0.001)
        self.jumps(seconds)

    def jumps(self, seconds: float) -> None:
        """Let some pass, whether or not anybody watches."""
        self._now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The clock; whatever a test starts has ended behind it."""
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    for name, value in (
        ("_LOOK", 0.001),
        ("_QUIET", QUIET),
        ("_LONGEST", LONGEST),
        ("_FOREIGN", FOREIGN),
        ("_AGAIN", 0.02),
    ):
        monkeypatch.setattr(module, name, value)
    before = signal.getsignal(signal.SIGURG)
    threads = set(threading.enumerate())
    yield clock
    assert signal.getsignal(signal.SIGURG) == before
    for thread in set(threading.enumerate()) - threads:
        thread.join(10)
        assert not thread.is_alive()


def left(program: Callable[[Leaving], object], *, patient: bool = False) -> Leaving:
    """The `Leaving` that has left a program."""
    leaving = Leaving(patient=patient)
    with pytest.raises(Left) as ended, leaving:
        program(leaving)
    assert ended.value.code == 0
    assert "tornkit" in leaving.modules
    return leaving


def beside(*works: Callable[[], object]) -> None:
    """Do these in a thread, one after the other."""
    threading.Thread(target=lambda: [work() for work in works], daemon=True).start()


def pass_until_left(clock: Clock, leaving: Leaving) -> None:
    """Let time pass again and again: a main thread may come to rest behind the first moment."""
    while not leaving._time_to_go.wait(0.02):
        clock.jumps(QUIET)


def serve_in_thread(leaving: Leaving, ends: list[str] | None = None) -> threading.Thread:
    """A thread with a loop that listens, and has turned. ``ends`` is how it ended."""
    turned = threading.Event()
    ends = [] if ends is None else ends

    async def serve() -> None:
        leaving.listens(asyncio.get_running_loop(), http=True)
        asyncio.get_running_loop().call_soon(turned.set)
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("cleaned up")

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - of SystemExit alone a thread says nothing
            ends.append(type(error).__name__)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert turned.wait(10)
    return thread


class TestWhen:
    @pytest.mark.parametrize(
        ("http", "patient", "moment"),
        [
            (True, False, QUIET),
            # HTTP may be to come.
            (False, False, LONGEST),
            # An import may listen, and return.
            (True, True, LONGEST),
        ],
    )
    def test_a_moment_after_the_last_server(
        self, clock: Clock, http: bool, patient: bool, moment: float
    ) -> None:
        noted: list[str] = []

        async def serve(leaving: Leaving) -> None:
            for name in ("first", "second"):  # which came behind something that was awaited
                leaving.listens(asyncio.get_running_loop(), http=http)
                await asyncio.to_thread(clock.passes, moment * 0.9)
                await asyncio.to_thread(clock.passes, 0)
                noted.append(name)
            await asyncio.to_thread(clock.passes, moment * 0.2)
            await asyncio.Event().wait()

        left(lambda leaving: asyncio.run(serve(leaving)), patient=patient)
        assert noted == ["first", "second"]

    def test_one_server_of_http_is_enough(self, clock: Clock) -> None:
        async def serve(leaving: Leaving) -> None:
            for http in (True, False):
                leaving.listens(asyncio.get_running_loop(), http=http)
            await asyncio.to_thread(clock.passes, QUIET)
            await asyncio.Event().wait()

        left(lambda leaving: asyncio.run(serve(leaving)))

    def test_a_main_thread_moves_in_its_loop_and_rests_nevertheless(
        self, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        places = itertools.count()
        monkeypatch.setattr(module, "_place_of", lambda thread: next(places))

        async def serve(leaving: Leaving) -> None:
            leaving.listens(asyncio.get_running_loop(), http=True)
            await asyncio.to_thread(clock.passes, QUIET)
            await asyncio.wait_for(asyncio.Event().wait(), 10)

        left(lambda leaving: asyncio.run(serve(leaving)))

    def test_one_thread_watches(self, clock: Clock) -> None:
        before = threading.active_count()
        with Leaving() as leaving:
            for _ in range(3):
                leaving.listens(None, http=True)
                clock.passes(0)
            assert threading.active_count() == before + 1

    def test_a_loop_that_has_not_turned_is_waited_for(self, clock: Clock) -> None:
        """The program may be on its way to run it, however long that takes."""
        noted: list[str] = []

        def program(leaving: Leaving) -> None:
            loop = asyncio.new_event_loop()
            try:
                leaving.listens(loop, http=True)
                clock.passes(FOREIGN * 2)
                clock.passes(0)
                noted.append("on its way")
                loop.run_forever()
            finally:
                loop.close()

        left(program)
        assert noted == ["on its way"]

    def test_a_second_loop_that_has_not_turned_is_waited_for_a_while(self, clock: Clock) -> None:
        noted: list[str] = []

        def program(leaving: Leaving) -> None:
            serve_in_thread(leaving)
            loop = asyncio.new_event_loop()
            try:
                leaving.listens(loop, http=True)
                beside(
                    lambda: clock.passes(LONGEST * 0.9),
                    lambda: clock.passes(0),
                    lambda: noted.append("not yet"),
                    lambda: clock.passes(LONGEST * 0.2),
                )
                time.sleep(60)
            finally:
                loop.close()

        left(program)
        assert noted == ["not yet"]

    def test_a_main_thread_that_moves_is_waited_for_a_while(
        self, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another thread serves already, but the main one may make a server, too."""
        noted: list[str] = []
        places = itertools.count()
        monkeypatch.setattr(module, "_place_of", lambda thread: next(places))

        def program(leaving: Leaving) -> None:
            serve_in_thread(leaving)
            beside(
                lambda: clock.passes(LONGEST * 0.9),
                lambda: clock.passes(0),
                lambda: noted.append("not yet"),
                lambda: clock.passes(LONGEST * 0.2),
            )
            time.sleep(60)

        left(program)
        assert noted == ["not yet"]

    def test_a_main_thread_that_rests(self, clock: Clock) -> None:
        noted: list[str] = []

        def program(leaving: Leaving) -> None:
            serve_in_thread(leaving)
            beside(
                lambda: clock.passes(QUIET * 0.9),
                lambda: clock.passes(0),
                lambda: noted.append("not yet"),
                lambda: clock.passes(QUIET * 0.2),
            )
            time.sleep(60)

        left(program)
        assert noted == ["not yet"]

    def test_a_server_without_tornado(self, clock: Clock) -> None:
        """Such a program has to rest for longer: more may come."""
        noted: list[str] = []

        def program(leaving: Leaving) -> None:
            leaving.listens(None, http=False)
            beside(
                lambda: clock.passes(FOREIGN * 0.9),
                lambda: clock.passes(0),
                lambda: noted.append("not yet"),
                lambda: clock.passes(FOREIGN * 0.2),
            )
            time.sleep(60)

        left(program)
        assert noted == ["not yet"]

    @pytest.mark.parametrize("moves", [True, False])
    def test_an_import_that_returns(
        self, clock: Clock, monkeypatch: pytest.MonkeyPatch, moves: bool
    ) -> None:
        """An import is not left as long as it moves: what it makes is the application."""
        ends: list[str] = []
        places = itertools.count()
        if moves:
            monkeypatch.setattr(module, "_place_of", lambda thread: next(places))
        with Leaving(patient=True) as leaving:
            thread = serve_in_thread(leaving, ends)
            clock.passes(FOREIGN if moves else LONGEST * 0.9)
            clock.passes(0)
        assert leaving._thread is not None
        leaving._thread.join(10)
        assert (ends, leaving.modules) == ([], {})
        assert thread.is_alive(), "what serves beside it goes on"
        _stop(leaving)


def _stop(leaving: Leaving) -> None:
    """End the loops that a patient one has let go on."""
    for loop in leaving._loops:
        loop.call_soon_threadsafe(_raise_exit)


def _raise_exit() -> None:
    raise SystemExit(0)


class TestHow:
    def test_in_its_loop_it_cleans_up(self, clock: Clock) -> None:
        """`asyncio.run` cancels what runs, as on a Ctrl-C, and what stands behind it is not run."""
        done: list[str] = []

        async def serve(leaving: Leaving) -> None:
            leaving.listens(asyncio.get_running_loop(), http=True)
            try:
                await asyncio.to_thread(clock.passes, QUIET)
                await asyncio.Event().wait()
            finally:
                done.append("cleaned up")

        def program(leaving: Leaving) -> None:
            asyncio.run(serve(leaving))
            done.append("went on")

        left(program)
        assert done == ["cleaned up"]

    @pytest.mark.parametrize(
        "wait", [lambda: time.sleep(60), lambda: threading.Event().wait(60), signal.pause]
    )
    def test_a_main_thread_is_interrupted_wherever_it_waits(
        self, clock: Clock, wait: Callable[[], object]
    ) -> None:
        """Loops in other threads end without a word."""
        ends: list[str] = []
        threads: list[threading.Thread] = []

        def program(leaving: Leaving) -> None:
            threads.append(serve_in_thread(leaving, ends))
            beside(lambda: pass_until_left(clock, leaving))
            wait()

        left(program)
        threads[0].join(10)
        assert ends == ["cleaned up", "SystemExit"]

    def test_a_main_thread_that_waits_again_is_interrupted_again(self, clock: Clock) -> None:
        """Its clean-up may wait, too."""
        waited: list[str] = []

        def program(leaving: Leaving) -> None:
            serve_in_thread(leaving)
            try:
                beside(lambda: pass_until_left(clock, leaving))
                time.sleep(60)
            finally:
                waited.append("cleans up")
                time.sleep(60)

        left(program)
        assert waited == ["cleans up"]

    def test_a_program_that_has_ended_is_not_interrupted(self) -> None:
        """The signal may be on its way then, and so may the end of a loop."""
        loop = asyncio.new_event_loop()
        with Leaving() as leaving:
            leaving.listens(loop, http=True)
            late = signal.getsignal(signal.SIGURG)
        assert callable(late)
        late(signal.SIGURG, None)
        for each in leaving._loops.values():
            each.leave()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    def test_a_loop_that_is_closed_by_then(self, clock: Clock) -> None:
        def program(leaving: Leaving) -> None:
            loop = asyncio.new_event_loop()
            serve_in_thread(leaving)
            leaving.listens(loop, http=True)
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()
            beside(lambda: clock.passes(QUIET))
            time.sleep(60)

        left(program)

    def test_modules_that_were_there(self, clock: Clock) -> None:
        """A module whose import is broken off is taken out again, and needed nevertheless."""

        def program(leaving: Leaving) -> None:
            leaving.listens(None, http=True)
            sys.modules["half_imported"] = ModuleType("half_imported")
            try:
                beside(lambda: clock.passes(FOREIGN))
                time.sleep(60)
            finally:
                del sys.modules["half_imported"]

        assert "half_imported" in left(program).modules


class TestThreads:
    def test_those_that_keep_a_program_are_waited_for(self) -> None:
        stop = threading.Event()
        thread = threading.Thread(target=stop.wait)
        thread.start()
        threading.Timer(0.02, stop.set).start()
        with Leaving() as leaving:
            leaving.wait_for_threads()
        assert stop.is_set()

    def test_there_are_none(self) -> None:
        stop = threading.Event()
        thread = threading.Thread(target=stop.wait, daemon=True)
        thread.start()
        with Leaving() as leaving:
            leaving.wait_for_threads()
        stop.set()

    def test_not_once_the_program_is_left(self, clock: Clock) -> None:
        stop = threading.Event()
        keeping = threading.Thread(target=stop.wait)

        def program(leaving: Leaving) -> None:
            serve_in_thread(leaving)
            keeping.start()  # a thread that is left while it starts cannot be joined
            beside(lambda: clock.passes(LONGEST))
            leaving.wait_for_threads()
            leaving.wait_for_threads()
            time.sleep(60)  # the end is on its way

        left(program)
        stop.set()


EXITS = {
    "no thread": ("", ("buffered returned\n", 0)),
    "one that keeps nothing": ("start(60, daemon=True)", ("buffered returned\n", 0)),
    "one that ends soon": ("start(0.01)", ("buffered returned\n", 0)),
    "one that does not": ("start(60)", ("buffered ", 3)),
    "two that do not": ("start(60); start(60)", ("buffered ", 3)),
    "streams that are closed": ("start(60); sys.stdout.close()", ("buffered ", 3)),
}


@pytest.fixture(scope="module")
def exits() -> dict[str, tuple[str, int]]:
    """Output and status of some programs, which run at once."""
    script = """
        import sys, threading, time
        from tornkit.appload.leaving import exit_without_threads
        def start(seconds, daemon=False):
            threading.Thread(target=time.sleep, args=(seconds,), daemon=daemon).start()
        print("buffered", end=" ")
        {code}
        exit_without_threads(3, patience={patience})
        print("returned")
    """
    environment = {
        **os.environ,
        "PYTHONUNBUFFERED": "",
        "PYTHONPATH": str(Path(tornkit.__file__).parents[1]),
    }
    running = {}
    for title, (code, (_, status)) in EXITS.items():
        text = textwrap.dedent(script.format(code=code, patience=0.05 if status else 30))
        running[title] = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", text],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
    ends = {}
    for title, process in running.items():
        said, _ = process.communicate(timeout=15)
        ends[title] = said, process.returncode
    return ends


@pytest.mark.parametrize("title", EXITS)
def test_exit_though_threads_would_go_on(title: str, exits: dict[str, tuple[str, int]]) -> None:
    assert exits[title] == EXITS[title][1]
