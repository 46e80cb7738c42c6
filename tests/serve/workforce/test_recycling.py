"""When a worker has served long enough."""

from __future__ import annotations

import random

import pytest

from tornkit.serve.config import RecyclePolicy
from tornkit.serve.workforce.recycling import Recycling


class Roll(random.Random):
    """Always the same share of the way."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self._share = share

    def uniform(self, a: float, b: float) -> float:
        return a + (b - a) * self._share


def reason(policy: RecyclePolicy, roll: float = 0.0, **served: float) -> str | None:
    numbers = {"requests": 0, "rss": 0, "age": 0.0, **served}
    return Recycling(policy, Roll(roll)).reason(**numbers)  # type: ignore[arg-type]


def test_without_a_limit_a_worker_stays() -> None:
    assert not RecyclePolicy()
    assert reason(RecyclePolicy(), requests=10**9, rss=10**12, age=1e9) is None


@pytest.mark.parametrize(
    ("policy", "below", "beyond", "words"),
    [
        (
            RecyclePolicy(max_requests=100),
            {"requests": 99},
            {"requests": 100},
            "has had 100 requests",
        ),
        (RecyclePolicy(max_age=60), {"age": 59.9}, {"age": 60.2}, "is 60 s old"),
        (RecyclePolicy(max_rss=3 << 20), {"rss": 2 << 20}, {"rss": 3 << 20}, "has grown to 3 MiB"),
    ],
)
def test_a_limit(
    policy: RecyclePolicy, below: dict[str, float], beyond: dict[str, float], words: str
) -> None:
    assert policy
    assert reason(policy, **below) is None
    assert reason(policy, **beyond) == words


def test_limits_have_jitter_but_for_memory() -> None:
    policy = RecyclePolicy(max_requests=100, max_age=100, max_rss=100, jitter=0.2)
    assert reason(policy, 1.0, requests=80)
    assert reason(policy, 1.0, requests=79) is None
    assert reason(policy, 1.0, age=80.0)
    assert reason(policy, 1.0, age=79.0) is None
    assert reason(policy, 1.0, rss=99) is None


def test_two_workers_have_limits_of_their_own() -> None:
    policy = RecyclePolicy(max_requests=1_000_000)
    limits = []
    for _ in range(5):
        one = Recycling(policy)
        low, high = 0, 1_000_000
        while low < high:
            middle = (low + high) // 2
            if one.reason(requests=middle, rss=0, age=0.0):
                high = middle
            else:
                low = middle + 1
        limits.append(low)
    assert len(set(limits)) == 5
    assert all(800_000 <= limit <= 1_000_000 for limit in limits)
