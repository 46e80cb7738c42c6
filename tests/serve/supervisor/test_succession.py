"""Generations, one after another, as edits start them. See `tests.serve.scripted`.

Those that fail, are overtaken, or wait for the end of the old one are in files beside this one.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.serve.scripted import APP, CLAIM, VIEWS, Script, World, config
from tests.serve.supervisor.steps import told
from tornkit.serve.sources.sources import mark
from tornkit.serve.supervisor.debounce import DebouncePolicy
from tornkit.serve.wire.messages import Closed, Drain, Failed, Go, Grant, Loaded, Ready
from tornkit.serve.workforce.workforce import STACKS_SIGNAL

pytestmark = pytest.mark.usefixtures("no_leaks")

# ---- the first generation ----


def test_all_ready_then_go_and_the_banner(world: World) -> None:
    world.environment = {"NAME": "value"}

    def script() -> Script:
        first, second, third = world.new_workers()
        assert [worker.boot.slot for worker in world.workers] == [0, 1, 2]
        assert {worker.boot.generation for worker in world.workers} == {1}
        assert first.environment == {"NAME": "value"}
        assert world.watcher.running
        first.says(CLAIM)
        second.says(CLAIM)
        yield
        assert first.heard() == second.heard() == [Grant()]
        assert len(first.descriptors) == len(second.descriptors) == 1
        first.says(Ready(modules=("json", "html")))
        third.says(Ready())
        yield
        assert first.heard() == third.heard() == []
        assert world.reporter.told == []
        second.says(Ready())
        yield
        assert [worker.heard() for worker in world.workers] == [[Go()]] * 3
        assert world.reporter.since() == [("serving",)]
        assert ("json", "html") in world.nursery.learned

    world.run(script, config(3))
    [sock] = [world.reporter.banner]
    assert sock is not None
    assert sock.label == "app:app"
    assert len(sock.urls) == 1
    assert sock.urls[0].startswith("http://127.0.0.1:")
    assert (sock.everywhere, sock.workers, sock.pid) == (False, 3, os.getpid())


# ---- an edit ----


def test_an_edit(world: World) -> None:
    """The old lets go before the new accepts, and not before the new is whole."""

    def script() -> Script:
        old = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        new = world.new_workers()
        assert [(worker.boot.slot, worker.boot.generation) for worker in new] == [(0, 2), (1, 2)]
        assert world.reporter.since() == [("reloading", "app.py")]
        new[1].says(Ready())
        yield
        assert [worker.heard() for worker in old] == [[], []]
        world.passes(0.05)
        new[0].says(Ready())
        yield
        assert [worker.heard() for worker in old] == [[Drain(10.0, successor=True)]] * 2
        assert [worker.heard() for worker in new] == [[], []]
        old[0].says(Closed())
        yield
        assert [worker.heard() for worker in new] == [[], []]
        old[1].says(Closed())
        yield
        assert [worker.heard() for worker in new] == [[Go()]] * 2
        assert world.reporter.since() == [("reloaded", 2, 0.05)]
        world.passes(1)
        for worker in old:
            worker.dies(0)
        yield
        assert [worker.heard() for worker in new] == [[], []]
        assert world.reporter.told == []
        assert world.new_workers() == []

    world.run(script, config(2))


def test_an_old_worker_that_never_lets_go(world: World) -> None:
    """Stuck in a handler: the new one accepts in half a second; at last it is killed."""

    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        new.says(Ready())
        yield
        world.passes(0.49)
        yield
        assert new.heard() == []
        world.passes(0.02)
        yield
        assert new.heard() == [Go()]
        world.reporter.since()
        old.says(Closed())  # late
        yield
        assert new.heard() == []
        world.passes(12.8)
        yield
        assert old.alive
        world.passes(0.2)
        yield
        assert old.signals == [STACKS_SIGNAL]
        assert world.reporter.since() == [("overdue", 0)]
        world.passes(1)
        yield
        assert old.signals == [STACKS_SIGNAL, signal.SIGKILL]

    world.run(script, config(drain_timeout=10.0))


def test_an_old_worker_that_ends_in_time_is_not_overdue(world: World) -> None:
    def script() -> Script:
        yield from world.serve()
        yield from world.serve(APP)
        world.passes(100)
        yield
        assert world.reporter.told == []

    world.run(script, config())


def test_an_old_worker_that_dies_has_let_go(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        new.says(Ready())
        yield
        assert new.heard() == []
        old.dies(-signal.SIGSEGV)
        yield
        assert new.heard() == [Go()]
        assert world.new_workers() == []  # it was on its way out: nobody takes its place

    world.run(script, config())


def test_an_edit_during_a_boot_overtakes_it(world: World) -> None:
    pause = DebouncePolicy().pause

    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [overtaken] = world.new_workers()
        world.passes(1)
        world.watcher.sees(VIEWS, APP)
        yield
        assert world.new_workers() == []
        assert overtaken.alive
        world.passes(pause)
        yield
        [new] = world.new_workers()
        assert new.boot.generation == 3
        assert overtaken.signals == [signal.SIGKILL]
        # Being overtaken is no failure.
        assert world.reporter.since() == [
            ("reloading", "app.py"),
            ("reloading", "views.py", "app.py"),
        ]
        assert old.heard() == []
        new.says(Ready())
        yield
        assert old.heard() == [Drain(10.0, True)]
        old.says(Closed())
        yield
        assert new.heard() == [Go()]

    world.run(script, config())


def test_an_edit_seen_while_one_boots_may_be_overtaken_by_its_readiness(world: World) -> None:
    """It serves what it has, and the edit starts the next one all the same."""

    def script() -> Script:
        [first] = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [second] = world.new_workers()
        world.passes(1)
        world.watcher.sees(APP)
        yield
        second.says(Ready())
        yield
        first.heard()
        first.says(Closed())
        yield
        assert second.heard() == [Go()]
        world.passes(DebouncePolicy().pause)
        yield
        [third] = world.new_workers()
        third.says(Ready())
        yield
        assert second.heard() == [Drain(10.0, True)]

    world.run(script, config())


def test_three_generations_at_once(world: World) -> None:
    """The first still finishes something while the second gives way to the third."""

    def script() -> Script:
        [first] = yield from world.serve()
        workers = [first]
        for number in (2, 3):
            world.passes(1)
            world.watcher.sees(APP)
            yield
            [new] = world.new_workers()
            new.says(Ready())
            yield
            assert workers[-1].heard() == [Drain(10.0, True)]
            workers[-1].says(Closed())
            yield
            assert new.heard() == [Go()]
            assert new.boot.generation == number
            workers.append(new)
        assert [worker.alive for worker in workers] == [True] * 3
        workers[1].dies(0)
        workers[0].dies(0)
        yield
        assert workers[2].alive
        assert world.new_workers() == []

    world.run(script, config())


def test_a_burst_of_edits_starts_a_handful(world: World) -> None:
    def script() -> Script:
        yield from world.serve()
        world.passes(10)
        for _ in range(100):
            world.watcher.sees(APP)
            yield
            world.passes(0.02)
        world.passes(1)
        yield
        new = world.new_workers()
        assert 2 <= len(new) <= 6
        assert [worker.alive for worker in new] == [False] * (len(new) - 1) + [True]

    world.run(script, config())


def test_a_new_generation_has_the_environment_of_now(world: World) -> None:
    def script() -> Script:
        world.environment = {"NAME": "new"}
        yield from world.serve()
        [worker] = yield from world.serve(APP)
        assert worker.environment == {"NAME": "new"}

    world.run(script, config())


def test_stale_imports_start_another(world: World) -> None:
    """A package was installed anew while workers were forked with what it was."""

    def script() -> Script:
        yield from world.serve()
        world.passes(10)
        world.on_stale("/site/parcel.py")
        yield
        assert world.reporter.since() == [("reloading", "/site/parcel.py")]
        assert len(world.new_workers()) == 1

    world.run(script, config(reload=False))


# ---- what a generation has loaded ----


def test_what_the_workers_run_is_watched(world: World) -> None:
    outside, folder = Path("/elsewhere/lib.py"), Path("/elsewhere/templates")

    def script() -> Script:
        [worker] = world.new_workers()
        before = world.watcher.rules
        worker.says(Ready(files=(str(outside),), folders=(str(folder),)))
        yield
        assert world.watcher.rules.loaded_files == before.loaded_files | {outside}
        assert world.watcher.rules.refresh_folders == before.refresh_folders | {folder}
        assert world.watcher.rules.folders == before.folders
        world.passes(10)
        world.watcher.sees(outside)
        yield
        assert world.reporter.since()[-1] == ("reloading", "/elsewhere/lib.py")

    world.run(script, config())


def test_a_file_that_a_first_start_failed_of_is_watched(world: World) -> None:
    """One outside the project, which no worker has ever said to run."""

    def script() -> Script:
        [worker] = world.new_workers()
        worker.says(Failed("AppRaised", "importing app failed", files=("/elsewhere/lib.py",)))
        worker.dies(1)
        yield
        world.passes(10)
        world.watcher.sees(Path("/elsewhere/other.py"))
        yield
        assert world.new_workers() == []
        world.watcher.sees(Path("/elsewhere/lib.py"))
        yield
        assert len(world.new_workers()) == 1

    assert world.run(script, config()) is None


def test_a_file_that_a_handler_imports_is_watched(world: World) -> None:
    def script() -> Script:
        [worker] = yield from world.serve()
        worker.says(Loaded({"/elsewhere/late.py": "1.0:1"}, {"late": "/elsewhere/late.py"}))
        yield
        world.passes(10)
        world.watcher.sees(Path("/elsewhere/late.py"))
        yield
        assert world.reporter.since() == [("reloading", "/elsewhere/late.py")]

    assert world.run(script, config()) is None


def test_more_files_than_are_read_at_once_are_all_kept(world: World, tmp_path: Path) -> None:
    """Files beyond the first few are read in the next turns, before an edit can come."""
    paths = [tmp_path / f"module_{number}.py" for number in range(50)]
    for path in paths:
        path.write_text("OLD = 1\n")
        os.utime(path, (1000, 1000))
    states = {str(path): mark(1000.0, 8) for path in paths}

    def script() -> Script:
        first, second = world.new_workers()
        for worker in (first, second):
            worker.says(Ready(sources=states))
        yield
        for path in paths:
            path.write_text("NEW = 1\n")
        world.passes(100)
        first.dies(1)
        yield
        [new] = world.new_workers()
        assert new.boot.generation == 1
        assert new.snapshot == {name: (state, b"OLD = 1\n") for name, state in states.items()}
        assert told(world) == ["serving", "died"]

    world.run(script, config(2))
