"""Generations that start when the old one has ended: `--reload-order stop-first`."""

from __future__ import annotations

import signal
from functools import partial

import pytest

from tests.serve.scripted import APP, CLAIM, FAILURE, VIEWS, Script, World, config, get_ready
from tests.serve.supervisor.steps import edit, told
from tornkit.serve.wire.messages import Claim, Closed, Drain, Go, Ready

pytestmark = pytest.mark.usefixtures("no_leaks")

STOP_FIRST = partial(config, reload_order="stop-first")


def test_stop_first(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        assert old.heard() == [Drain(10.0, False)]
        assert world.new_workers() == [], "not before the old one has ended"
        old.says(Closed())
        yield
        assert world.new_workers() == []
        old.dies(0)
        yield
        [new] = world.new_workers()
        new.says(Ready())
        yield
        assert new.heard() == [Go()]
        assert [told[0] for told in world.reporter.since()] == ["reloading", "reloaded"]

    world.run(script, config(1, reload_order="stop-first"))


def test_what_is_saved_while_the_old_one_ends_is_for_the_next(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        world.passes(1)
        world.watcher.sees(VIEWS)
        yield
        world.passes(1)
        yield
        assert world.new_workers() == [], "the old one still holds what can't be held twice"
        old.says(Closed())
        old.dies(0)
        yield
        [new] = world.new_workers()
        assert new.boot.generation == 2
        world.passes(1)
        yield
        assert world.new_workers() == [], "one generation for both saves"
        new.says(Ready())
        yield
        assert new.heard() == [Go()]
        world.passes(10)
        world.watcher.sees(APP)
        yield
        assert new.heard() == [Drain(10.0, False)], "and the next save counts again"

    world.run(script, config(1, reload_order="stop-first"))


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
