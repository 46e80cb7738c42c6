"""How far apart WebSockets are closed."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from tornkit.serve.worker.close_schedule import WEBSOCKET_SPREAD, CloseSchedule

POLICY = CloseSchedule(at_once=10, apart=0.01, longest=1.0, share=0.5)
LONG = 100.0  # a drain timeout that limits nothing


class Roll(random.Random):
    """Always the same share of the way."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self._share = share

    def random(self) -> float:
        return self._share


@pytest.mark.parametrize("count", [0, 1, 10])
def test_a_few_are_closed_at_once(count: int) -> None:
    assert POLICY.moments(count, LONG) == [0.0] * count


@pytest.mark.parametrize(
    ("count", "timeout", "span"),
    [(11, LONG, 0.11), (50, LONG, 0.5), (100, LONG, 1.0), (10_000, LONG, 1.0), (50, 0.4, 0.2)],
)
def test_many_take_their_time_and_no_longer(count: int, timeout: float, span: float) -> None:
    assert POLICY.span(count, timeout) == pytest.approx(span)
    moments = POLICY.moments(count, timeout)
    assert len(moments) == count
    assert all(0 <= moment < span for moment in moments)
    # Each in its own share: nowhere a heap, nowhere a gap.
    assert [int(moment / span * count + 1e-9) for moment in moments] == list(range(count))


def test_without_a_timeout_all_are_closed_at_once() -> None:
    assert POLICY.moments(1000, 0.0) == [0.0] * 1000


def test_each_has_a_moment_of_its_own_by_chance() -> None:
    first = POLICY.moments(20, LONG, Roll(0.0))
    later = POLICY.moments(20, LONG, Roll(0.5))
    assert first == pytest.approx([place / 100 for place in range(20)])
    assert later == pytest.approx([place / 100 + 0.005 for place in range(20)])


def test_a_program_that_seeds_the_generator_does_not_make_workers_alike() -> None:
    drawn = []
    for _ in range(2):
        random.seed(1)
        drawn.append(POLICY.moments(20, LONG))
    assert drawn[0] != drawn[1]


def test_what_is_shipped() -> None:
    """A page's own few at once; a thousand in a second; never near the deadline."""
    assert WEBSOCKET_SPREAD.span(50, 10.0) == 0.0
    assert WEBSOCKET_SPREAD.span(200, 10.0) == pytest.approx(0.2)
    assert WEBSOCKET_SPREAD.span(100_000, 10.0) == 1.0
    assert WEBSOCKET_SPREAD.span(100_000, 1.0) == 0.25
    moments = WEBSOCKET_SPREAD.moments(1000, 10.0)
    assert max(later - earlier for earlier, later in pairwise(moments)) < 0.002
