"""Supervisor by itself: signals, files and the end. See `tests.serve.scripted`."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.serve.scripted import APP, PAGE, Script, World, config
from tornkit.serve.wire.messages import Drain, Ready, Refresh

pytestmark = pytest.mark.usefixtures("no_leaks")


def test_sighup_starts_a_generation(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        signal.raise_signal(signal.SIGHUP)
        yield
        [new] = world.new_workers()
        assert world.reporter.since() == [("reloading", "SIGHUP")]
        new.says(Ready())
        yield
        assert old.heard() == [Drain(10.0, True)]

    world.run(script, config(reload=False))


def test_a_template_refreshes_and_restarts_nothing(world: World) -> None:
    def script() -> Script:
        serving = yield from world.serve()
        world.watcher.sees(PAGE)
        yield
        assert [worker.heard() for worker in serving] == [[Refresh()]] * 2
        assert world.new_workers() == []
        world.passes(10)
        world.watcher.sees(PAGE, APP)
        yield
        assert len(world.new_workers()) == 2

    world.run(script, config(2))


def test_a_file_that_is_told_of_by_two_names_is_one_reason(world: World, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    names = [tmp_path.resolve() / folder / "lib.py" for folder in ("real", "link")]

    def script() -> Script:
        yield from world.serve()
        world.watcher.widen(map(str, names), (), ())
        world.passes(10)
        world.watcher.sees(*names)
        yield
        assert [len(told) for told in world.reporter.since()] == [2]

    assert world.run(script, config()) is None


# ---- the end is no crash ----


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGTERM])
def test_a_worker_that_is_killed_for_the_end_is_not_said_to_be_replaced(
    world: World, number: int
) -> None:
    def script() -> Script:
        workers = yield from world.serve()
        signal.raise_signal(number)
        yield
        for worker in workers:
            worker.dies(-signal.SIGKILL)
        yield
        raise AssertionError("it has ended")

    world.run(script, config(2))
    assert "died" not in [told[0] for told in world.reporter.told]
    assert len(world.workers) == 2
