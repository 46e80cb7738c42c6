"""A first death is forgiven, a crash loop slows down."""

from __future__ import annotations

from tornkit.serve.workforce.backoff import Backoff, BackoffPolicy

POLICY = BackoffPolicy(first=0.5, cap=3.0, healthy_after=10.0)


def test_at_once_then_doubling_up_to_the_cap() -> None:
    backoff = Backoff(POLICY)
    assert [backoff.delay(lived=0.0) for _ in range(7)] == [0.0, 0.5, 1.0, 2.0, 3.0, 3.0, 3.0]


def test_a_long_life_is_forgiven() -> None:
    backoff = Backoff(POLICY)
    assert [backoff.delay(lived=10.0) for _ in range(5)] == [0.0] * 5


def test_a_long_life_forgets_what_was_before() -> None:
    backoff = Backoff(POLICY)
    assert [backoff.delay(lived=9.9) for _ in range(3)] == [0.0, 0.5, 1.0]
    assert backoff.delay(lived=10.0) == 0.0
    assert [backoff.delay(lived=9.9) for _ in range(3)] == [0.0, 0.5, 1.0]


def test_a_very_long_loop_stays_at_the_cap() -> None:
    """No overflow of the doubling: 2.0 ** 1024 would raise."""
    backoff = Backoff(POLICY)
    delays = [backoff.delay(lived=0.0) for _ in range(2000)]
    assert delays[-1] == POLICY.cap
    assert delays == sorted(delays)


def test_slots_do_not_share() -> None:
    one, other = Backoff(POLICY), Backoff(POLICY)
    one.delay(0.0)
    one.delay(0.0)
    assert other.delay(0.0) == 0.0
