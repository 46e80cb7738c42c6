"""How workers are looked after: order, recycling, digests. See `tests.serve.scripted`."""

from __future__ import annotations

import signal

import pytest

from tests.serve.scripted import APP, VIEWS, Script, World, config
from tornkit.serve.messages import Closed, Drain, Go, Ready

pytestmark = pytest.mark.usefixtures("no_leaks")

# ---- the old one ends first ----


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


# ---- digests ----

SAME, OTHER = {"cookie_secret": "same"}, {"cookie_secret": "other"}


def test_workers_of_one_mind(world: World) -> None:
    def script() -> Script:
        for worker in world.new_workers():
            worker.says(Ready(digests={**SAME, "routes": "r"}))
        yield
        assert [told[0] for told in world.reporter.since()] == ["serving"]

    world.run(script, config(3))


@pytest.mark.parametrize("name", ["cookie_secret", "routes"])
def test_what_differs_between_workers_is_said_once(world: World, name: str) -> None:
    def script() -> Script:
        for number, worker in enumerate(world.new_workers()):
            worker.says(Ready(digests={name: str(number)}))
        yield
        differs = [told for told in world.reporter.since() if told[0] == "differs"]
        assert differs == [("differs", name)]

    world.run(script, config(4))


@pytest.mark.parametrize(("name", "said"), [("cookie_secret", True), ("routes", False)])
def test_what_changes_with_a_reload(world: World, name: str, said: bool) -> None:
    """Routes are edited; a secret that changes by itself logs everybody out."""

    def script() -> Script:
        for digest in ("old", "new"):
            world.passes(10)
            for worker in world.new_workers():
                worker.says(Ready(digests={name: digest}))
            yield
            world.watcher.sees(APP)
            yield
        told = [each for each in world.reporter.since() if each[0] == "differs"]
        assert told == ([("differs", name)] if said else [])

    world.run(script, config(2))
