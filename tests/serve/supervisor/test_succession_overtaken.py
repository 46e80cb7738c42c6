"""Generations that are overtaken by the end of the server, or by each other."""

from __future__ import annotations

import signal

import pytest

from tests.serve.scripted import VIEWS, FakeWorker, Script, World, config, get_ready
from tests.serve.supervisor.steps import edit, told
from tornkit.serve.wire.messages import Go, Ready

pytestmark = pytest.mark.usefixtures("no_leaks")

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
