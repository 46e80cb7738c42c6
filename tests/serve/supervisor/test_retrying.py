"""A generation that the system refused is asked for again; one that its files spoil is not."""

from __future__ import annotations

import errno
import os
from typing import Any

import pytest

from tests.serve.scripted import APP, FAILURE, Script, World, config, get_ready

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def world() -> World:
    return World()


def refuse(count: int, environment: object, on_born: object, *, beside: bool = False) -> None:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def failures(world: World) -> list[Any]:
    return [told for told in world.reporter.since() if told[0] == "failed"]


def test_a_reload_that_was_refused_comes_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        with monkeypatch.context() as context:
            context.setattr(world.nursery, "spawn", refuse)
            world.passes(10)
            world.watcher.sees(APP)
            yield
            assert failures(world) == [("failed", "CannotStart", "old serves", "waiting")]
            for delay in (1.0, 2.0, 4.0):
                world.passes(delay - 0.1)
                yield
                assert failures(world) == []
                world.passes(0.1)
                yield
                assert len(failures(world)) == 1
        assert old.alive
        world.reporter.since()
        world.passes(8.0)
        yield
        [new] = world.new_workers()
        yield from get_ready([new])
        assert ("reloading", str(APP.name)) in world.reporter.since()

    world.run(script, config())


def test_an_edit_comes_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def script() -> Script:
        yield from world.serve()
        with monkeypatch.context() as context:
            context.setattr(world.nursery, "spawn", refuse)
            world.passes(10)
            world.watcher.sees(APP)
            yield
        world.passes(0.5)
        world.watcher.sees(APP)
        yield
        yield from get_ready(world.new_workers())
        world.passes(60)
        yield
        assert world.new_workers() == []

    world.run(script, config())


def test_what_is_in_the_files_waits_for_an_edit(world: World) -> None:
    def script() -> Script:
        yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        new.says(FAILURE)
        new.dies(1)
        yield
        world.passes(60)
        yield
        assert world.new_workers() == []

    world.run(script, config())
