"""How workers are looked after: order, recycling, digests. See `tests.serve.scripted`."""

from __future__ import annotations

import signal

import pytest

from tests.serve.scripted import APP, VIEWS, Script, World, config, get_ready
from tornkit.serve.config import RecyclePolicy
from tornkit.serve.wire.messages import Closed, Drain, Go, Ready

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


# ---- recycling ----


def test_a_recycled_worker_is_followed_by_one_that_is_born_at_once(world: World) -> None:
    def script() -> Script:
        [old] = yield from world.serve()
        for _ in range(62):
            world.passes(1)
            yield
        [new] = world.new_workers()
        yield from get_ready([new])
        assert old.heard() == [Drain(10.0, successor=True)]
        old.says(Closed())
        yield
        assert new.heard() == [Go()]

    world.run(script, config(1, recycle=RecyclePolicy(max_age=60, jitter=0.0)))


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


def test_workers_of_one_mind(world: World) -> None:
    def script() -> Script:
        for worker in world.new_workers():
            worker.says(Ready(digests={"cookie_secret": "s", "routes": "r"}))
        yield
        assert [told[0] for told in world.reporter.since()] == ["serving"]

    world.run(script, config(3))


def differs(world: World) -> list[tuple[str, ...]]:
    return [told[1:] for told in world.reporter.since() if told[0] == "differs"]


@pytest.mark.parametrize("name", ["cookie_secret", "routes"])
def test_what_differs_between_workers_is_said_once(world: World, name: str) -> None:
    def script() -> Script:
        for number, worker in enumerate(world.new_workers()):
            worker.says(Ready(digests={name: str(number)}))
        yield
        assert differs(world) == [(name, "between workers")]

    world.run(script, config(4))


def test_what_differs_in_a_worker_that_replaces_another(world: World) -> None:
    def script() -> Script:
        [worker] = world.new_workers()
        worker.says(Ready(digests={"cookie_secret": "1"}))
        yield
        worker.dies(1)
        yield
        [worker] = world.new_workers()
        worker.says(Ready(digests={"cookie_secret": "2"}))
        yield
        assert differs(world) == [("cookie_secret", "between workers")]

    world.run(script, config(1))


def test_a_save_between_two_imports_is_no_difference(world: World) -> None:
    """They have read different files: another generation is started, and that is all."""

    def script() -> Script:
        first, second = world.new_workers()
        first.says(Ready(sources={"app.py": "1"}, digests={"routes": "1"}))
        second.says(Ready(sources={"app.py": "2"}, digests={"routes": "2"}))
        yield
        assert [worker.boot.generation for worker in world.new_workers()] == [2, 2]
        assert differs(world) == []

    world.run(script, config(2))


@pytest.mark.parametrize(
    ("workers", "said"), [(1, [("cookie_secret", "by reloads")]), (2, [])], ids=["one", "two"]
)
def test_a_secret_that_each_reload_changes(
    world: World, workers: int, said: list[tuple[str, ...]]
) -> None:
    """Two workers agree on it, so it is no chance."""

    def script() -> Script:
        told = []
        for number in range(5):
            for worker in world.new_workers():
                worker.says(Ready(digests={"cookie_secret": str(number), "routes": str(number)}))
            yield
            for worker in world.workers[:-workers]:
                if worker.alive:
                    worker.dies(0)
            yield
            told.append(differs(world))
            world.passes(10)
            world.watcher.sees(APP)
            yield
        assert told == [[], [], said, [], []]

    world.run(script, config(workers))


def test_a_secret_that_is_edited_now_and_then(world: World) -> None:
    def script() -> Script:
        for digest in ("old", "new", "new", "newer", "newer"):
            [worker] = world.new_workers()
            worker.says(Ready(digests={"cookie_secret": digest}))
            yield
            world.passes(10)
            world.watcher.sees(APP)
            yield
        assert differs(world) == []

    world.run(script, config(1))
