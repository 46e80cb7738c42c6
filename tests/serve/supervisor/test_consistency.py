"""Digests of workers: which differences are chance, and are told."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from tests.serve.scripted import APP, FakeReporter, Script, World, config
from tornkit.serve.supervisor.consistency import Consistency
from tornkit.serve.wire.messages import Ready
from tornkit.serve.workforce.generation import Generation

pytestmark = pytest.mark.usefixtures("no_leaks")

SECRET = "cookie_secret"
BETWEEN_WORKERS = [("differs", SECRET, "between workers")]
BY_RELOADS = [("differs", SECRET, "by reloads")]


class Reloads:
    """Generations, one after another, and what is told of them."""

    def __init__(self) -> None:
        self._reporter = FakeReporter()
        self._numbers = itertools.count(1)
        self.consistency = Consistency(self._reporter)

    def generation(self) -> Generation:
        return Generation(next(self._numbers), (), 0.0)

    def reload(self, digests: Mapping[str, str], workers: int = 1) -> None:
        """Let another generation take over, whose workers all agree."""
        generation = self.generation()
        for _ in range(workers):
            self.consistency.ready(generation, digests)
        self.consistency.serves(generation, workers)

    def told(self) -> list[tuple[Any, ...]]:
        return self._reporter.since()


@pytest.fixture
def reloads() -> Reloads:
    return Reloads()


# ---- between workers ----


def test_each_thing_is_told_of_by_itself(reloads: Reloads) -> None:
    generation = reloads.generation()
    reloads.consistency.ready(generation, {SECRET: "a", "routes": "a"})
    reloads.consistency.ready(generation, {SECRET: "a", "routes": "b"})
    assert reloads.told() == [("differs", "routes", "between workers")]
    reloads.consistency.ready(generation, {SECRET: "b", "routes": "c"})
    assert reloads.told() == BETWEEN_WORKERS


def test_a_thing_that_one_worker_lacks_is_no_difference(reloads: Reloads) -> None:
    """Compare the next worker that has it with those that had it."""
    generation = reloads.generation()
    for digests in ({}, {SECRET: "a"}, {}, {"routes": "r"}):
        reloads.consistency.ready(generation, digests)
    assert reloads.told() == []
    reloads.consistency.ready(generation, {SECRET: "b"})
    assert reloads.told() == BETWEEN_WORKERS


def test_workers_of_two_generations_are_not_compared(reloads: Reloads) -> None:
    """An edit lies between them, though both are there at once."""
    first, second = reloads.generation(), reloads.generation()
    reloads.consistency.ready(first, {"routes": "a"})
    reloads.consistency.ready(second, {"routes": "b"})
    reloads.consistency.ready(first, {"routes": "a"})
    assert reloads.told() == []


# ---- over reloads ----


def test_two_changes_in_a_row_are_chance(reloads: Reloads) -> None:
    reloads.reload({SECRET: "a"})
    reloads.reload({SECRET: "b"})
    assert reloads.told() == [], "it may have been edited"
    reloads.reload({SECRET: "c"})
    assert reloads.told() == BY_RELOADS


@pytest.mark.parametrize(
    "digests",
    [
        pytest.param([{SECRET: each} for each in "abbccdd"], id="edited now and then"),
        pytest.param([{SECRET: "a"}, {SECRET: "b"}, {}, {SECRET: "c"}], id="away meanwhile"),
        pytest.param([{}, {SECRET: "a"}, {}, {SECRET: "b"}, {}], id="comes and goes"),
        pytest.param([{"routes": each} for each in "abcdef"], id="routes"),
    ],
)
def test_other_changes_are_edits(reloads: Reloads, digests: list[dict[str, str]]) -> None:
    for each in digests:
        reloads.reload(each)
    assert reloads.told() == []


def test_several_workers_that_agree_end_the_row(reloads: Reloads) -> None:
    """With them a change was an edit; the row of one worker alone begins anew behind it."""
    reloads.reload({SECRET: "a"})
    reloads.reload({SECRET: "b"})
    reloads.reload({SECRET: "c"}, workers=2)
    reloads.reload({SECRET: "d"})
    assert reloads.told() == []
    reloads.reload({SECRET: "e"})
    assert reloads.told() == BY_RELOADS


def test_a_thing_that_was_told_of_as_the_one_is_not_told_of_as_the_other(reloads: Reloads) -> None:
    generation = reloads.generation()
    for digest in ("a", "b"):
        reloads.consistency.ready(generation, {SECRET: digest})
    reloads.consistency.serves(generation, 2)
    assert reloads.told() == BETWEEN_WORKERS
    for digest in ("c", "d", "e", "f"):
        reloads.reload({SECRET: digest})
    assert reloads.told() == []


# ---- of workers in a server ----


def differs(world: World) -> list[tuple[str, ...]]:
    return [told[1:] for told in world.reporter.since() if told[0] == "differs"]


def test_workers_of_one_mind(world: World) -> None:
    def script() -> Script:
        for worker in world.new_workers():
            worker.says(Ready(digests={"cookie_secret": "s", "routes": "r"}))
        yield
        assert [told[0] for told in world.reporter.since()] == ["serving"]

    world.run(script, config(3))


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
