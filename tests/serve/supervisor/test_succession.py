"""Generations that are overtaken by the end, by an error or by each other.

The usual course is shown in `test_supervisor`; see `tests.serve.scripted`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from tests.serve.scripted import (
    APP,
    CLAIM,
    FAILURE,
    VIEWS,
    FakeWorker,
    Script,
    World,
    config,
    get_ready,
)
from tornkit.errors import UsageError
from tornkit.serve.sources.sources import mark
from tornkit.serve.wire.messages import Claim, Closed, Drain, Go, Ready

pytestmark = pytest.mark.usefixtures("no_leaks")

STOP_FIRST = partial(config, reload_order="stop-first")


def edit(world: World, *paths: Path) -> Script:
    """See an edit after a quiet time."""
    world.passes(10)
    world.watcher.sees(*(paths or (APP,)))
    yield


def told(world: World) -> list[str]:
    """Return the sorts of the lines since the last call."""
    return [each[0] for each in world.reporter.since()]


# ---- the old one ends first ----


def test_stop_first_with_nothing_to_stop(world: World) -> None:
    """Edit while the first generation boots, and when it has failed: the next starts at once."""

    def script() -> Script:
        [first] = world.new_workers()
        yield from edit(world)
        world.passes(1)
        yield
        assert first.signals == [signal.SIGKILL]
        [second] = world.new_workers()
        second.says(FAILURE)
        second.dies(1)
        yield
        yield from edit(world)
        [third] = world.new_workers()
        yield from get_ready([third])
        assert third.heard() == [Go()]

    world.run(script, STOP_FIRST())


def test_stop_first_with_no_worker_left(world: World) -> None:
    """Edit while the only worker has died, and another is to follow after a while."""

    def script() -> Script:
        [worker] = yield from world.serve()
        for _ in range(2):
            worker.dies(1)
            yield
            for worker in world.new_workers():
                yield from get_ready([worker])
        world.reporter.since()
        world.passes(0.1)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        assert new.boot.generation == 2
        assert told(world) == ["reloading"]
        world.passes(10)
        yield
        assert world.new_workers() == [], "none of the old one's"

    world.run(script, STOP_FIRST())


def test_stop_first_ends_with_the_server(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        yield from edit(world)
        assert old.heard() == [Drain(10.0, False)]
        signal.raise_signal(signal.SIGTERM)
        yield
        old.says(Closed())
        old.dies(0)
        yield
        raise AssertionError("it should have ended")

    assert world.run(script, STOP_FIRST()) == 0
    assert len(world.workers) == 1


def test_stop_first_keeps_the_addresses_for_the_next(world: World) -> None:
    """Clients wait in the backlog; an address that the next does not claim is closed later."""
    dropped = Claim(port=0, address="127.0.0.1", occurrence=1)

    def script() -> Script:
        [old] = world.new_workers()
        old.says(CLAIM)
        old.says(dropped)
        yield from get_ready([old])
        kept = next(iter(world.listeners)).getsockname()
        yield from edit(world)
        old.says(Closed())
        old.dies(0)
        yield
        assert len(list(world.listeners)) == 2
        [new] = world.new_workers()
        new.says(CLAIM)
        yield from get_ready([new])
        assert len(list(world.listeners)) == 2
        world.passes(0.6)
        yield
        assert [sock.getsockname() for sock in world.listeners] == [kept]

    world.run(script, STOP_FIRST())


# ---- an environment that can't be ----


class Unreadable(Mapping[str, str]):
    """Environment of an --env-file that is broken."""

    def __getitem__(self, name: str) -> str:
        raise AssertionError(name)

    def __iter__(self) -> Iterator[str]:
        raise UsageError("--env-file .env, line 1: 'x' is no NAME=value")

    def __len__(self) -> int:
        return 0


def test_an_environment_that_is_broken_before_anything_serves(world: World) -> None:
    """A mistake on the command line: nothing has served, and no edit is awaited."""

    def script() -> Script:
        [worker] = world.new_workers()
        worker.says(FAILURE)
        worker.dies(1)
        yield
        world.reporter.since()
        world.environment = Unreadable()  # type: ignore[assignment]
        yield from edit(world)
        raise AssertionError("it should have ended")

    assert world.run(script, config()) == 1
    assert world.reporter.told == [("reloading", "app.py"), ("failed", "UsageError")]


def test_an_environment_that_an_edit_breaks(world: World) -> None:
    """Wait for the edit that mends it: nothing is tried again before."""

    def script() -> Script:
        [old] = yield from world.serve()
        world.environment = Unreadable()  # type: ignore[assignment]
        yield from edit(world)
        assert world.reporter.since() == [
            ("reloading", "app.py"),
            ("failed", "UsageError", "old serves", "waiting"),
        ]
        world.passes(100)
        yield
        assert world.new_workers() == []
        assert old.heard() == []
        world.environment = {"MENDED": "1"}
        yield from edit(world)
        [new] = world.new_workers()
        assert new.environment == {"MENDED": "1"}

    world.run(script, config())


# ---- the end comes first ----


def test_one_that_says_ready_as_the_server_ends(world: World) -> None:
    """Last words are heard, and a worker that says `Ready` with them never serves."""

    def script() -> Script:
        [worker] = world.new_workers()
        kill = worker.process.signal

        def say_ready_and_die(number: int) -> None:
            if worker.alive:
                worker.says(Ready())
            kill(number)

        worker.process.signal = say_ready_and_die
        signal.raise_signal(signal.SIGTERM)
        yield
        raise AssertionError("it should have ended")

    assert world.run(script, config()) == 0
    assert world.reporter.told == [("stopping", "SIGTERM")]
    assert len(world.workers) == 1


def test_workers_that_are_not_born_as_the_server_ends(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        world.nursery.is_slow = True
        yield from edit(world)
        [unborn] = world.new_workers()
        signal.raise_signal(signal.SIGTERM)
        yield
        world.reporter.since()
        unborn.process.channel.close()
        world.nursery.unborn[-1].func(OSError("no more processes"))  # type: ignore[attr-defined]
        yield
        assert world.reporter.since() == []
        old.dies(0)
        yield
        raise AssertionError("it should have ended")

    assert world.run(script, config()) == 0


def test_a_signal_or_stale_imports_start_none_at_the_end(world: World) -> None:
    def script() -> Script:
        [worker] = yield from world.serve()
        signal.raise_signal(signal.SIGTERM)
        yield
        signal.raise_signal(signal.SIGHUP)
        world.on_stale("/site/parcel.py")
        world.passes(10)
        yield
        assert world.new_workers() == []
        worker.dies(0)
        yield

    assert world.run(script, config()) == 0


# ---- one that was given up ----


def overtake(world: World) -> Script:
    """Let an edit start another generation while one boots."""
    yield from edit(world, VIEWS)
    world.passes(1)
    yield


def test_births_of_one_that_was_overtaken_are_not_missed(world: World) -> None:
    world.nursery.is_slow = True

    def script() -> Script:
        [unborn] = world.new_workers()
        yield from overtake(world)
        unborn.process.channel.close()
        world.reporter.since()
        world.nursery.unborn[0].func(OSError("no more processes"))  # type: ignore[attr-defined]
        yield
        assert world.reporter.since() == []
        [later] = world.new_workers()
        world.nursery.unborn[1]()
        yield from get_ready([later])
        assert later.heard() == [Go()]

    world.run(script, config())


def test_its_workers_count_for_nothing(world: World) -> None:
    """Digests of a worker that was killed for an edit are of code that never serves."""

    def script() -> Script:
        first, second = world.new_workers()
        first.says(Ready(digests={"routes": "1"}))
        yield
        sent = [hold_back_signals(worker) for worker in world.workers]
        yield from overtake(world)
        assert sent == [[signal.SIGKILL]] * 2
        third, fourth = world.new_workers()
        second.says(Ready(digests={"routes": "2"}))
        yield
        assert told(world) == ["reloading"]
        for worker in (first, second):
            worker.dies(-signal.SIGKILL)
        for worker in (third, fourth):
            worker.says(Ready(digests={"routes": "3"}))
        yield
        assert (third.heard(), fourth.heard()) == ([Go()], [Go()])
        assert told(world) == ["reloaded", "serving"]

    world.run(script, config(2))


def hold_back_signals(worker: FakeWorker) -> list[int]:
    """Have it live on, whatever signals it is sent; return those."""
    sent: list[int] = []
    worker.process.signal = sent.append
    return sent


# ---- a failure, and what goes on ----


def test_a_failure_behind_a_program_that_has_ended(world: World) -> None:
    """End the server: a signal had asked for another start, nothing serves, no edit is awaited."""

    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        signal.raise_signal(signal.SIGHUP)
        yield
        [new] = world.new_workers()
        old.dies(0)
        yield
        assert told(world) == ["reloading", "program ended"]
        new.says(FAILURE)
        new.dies(1)
        yield
        raise AssertionError("it should have ended")

    assert world.run(script, config(reload=False)) == 1
    assert told(world) == ["failed", "stopped"]


def test_a_failure_without_reload_leaves_the_old_one(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        signal.raise_signal(signal.SIGHUP)
        yield
        [new] = world.new_workers()
        new.says(FAILURE)
        new.dies(1)
        yield
        assert world.reporter.since() == [
            ("reloading", "SIGHUP"),
            ("failed", FAILURE.kind, "old serves"),
        ]
        assert old.heard() == []

    assert world.run(script, config(reload=False)) is None


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
