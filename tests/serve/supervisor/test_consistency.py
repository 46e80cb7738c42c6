"""Digests of workers: which differences are chance, and are told.

How they come from the workers is shown in `test_care`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from tests.serve.scripted import FakeReporter
from tornkit.serve.supervisor.consistency import Consistency
from tornkit.serve.workforce.generation import Generation

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
