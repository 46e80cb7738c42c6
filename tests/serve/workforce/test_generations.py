"""Register of generations: their numbers, and which one serves."""

from __future__ import annotations

import pytest

from tornkit.serve.workforce.children import IllegalMove
from tornkit.serve.workforce.generation import Generation, GenerationState
from tornkit.serve.workforce.generations import Generations


@pytest.fixture
def generations() -> Generations:
    return Generations()


def begin(generations: Generations) -> Generation:
    """Begin the next generation."""
    generation = Generation(generations.new_number(), (), 0.0)
    generations.begin(generation)
    return generation


def test_numbers_are_never_used_twice(generations: Generations) -> None:
    first = begin(generations)
    generations.serve(first)
    assert generations.newest == first.number == 1
    assert generations.new_number() == 2
    assert generations.newest == 2, "though it has not begun"
    assert begin(generations).number == 3


def test_one_that_boots_takes_over_from_the_one_that_serves(generations: Generations) -> None:
    first = begin(generations)
    assert (generations.current, generations.next) == (None, first)
    assert generations.serve(first) is None
    assert (generations.current, generations.next) == (first, None)
    assert [first.state] == [GenerationState.SERVING]
    second = begin(generations)
    assert (generations.current, generations.next) == (first, second)
    assert generations.serve(second) is first
    assert (generations.current, generations.next) == (second, None)
    assert [first.state, second.state] == [GenerationState.DRAINING, GenerationState.SERVING]


def test_one_that_has_failed_can_not_serve(generations: Generations) -> None:
    first = begin(generations)
    first.move(GenerationState.FAILED)
    with pytest.raises(IllegalMove):
        generations.serve(first)


def test_where_the_old_one_has_ended_first_none_drains(generations: Generations) -> None:
    first = begin(generations)
    generations.serve(first)
    generations.current = None
    first.move(GenerationState.DRAINING)
    assert generations.serve(begin(generations)) is None


def test_earlier_ones_until_they_are_gone(generations: Generations) -> None:
    first, second, third, fourth = (begin(generations) for _ in range(4))
    assert list(generations.before(third)) == [first, second]
    assert list(generations.before(first)) == []
    generations.forget(second)
    assert list(generations.before(fourth)) == [first, third]
    assert generations[3] is third
    with pytest.raises(KeyError):
        generations[2]


@pytest.mark.parametrize(
    ("opened", "boots", "over", "settled"),
    [
        (True, False, False, True),
        (False, False, False, False),
        (True, True, False, False),
        (True, False, True, False),
    ],
    ids=["accepts", "does not accept yet", "another boots", "none will follow"],
)
def test_settled(
    generations: Generations, opened: bool, boots: bool, over: bool, settled: bool
) -> None:
    current = begin(generations)
    generations.serve(current)
    current.opened = opened
    if boots:
        begin(generations)
    generations.over = over
    assert generations.settled() is (current if settled else None)


def test_nothing_is_settled_before_the_first_serves(generations: Generations) -> None:
    assert generations.settled() is None
    first = begin(generations)
    first.move(GenerationState.FAILED)
    generations.next = None
    assert generations.settled() is None
