"""A budget is spent to its last step, and then refuses, always at the same one."""

from __future__ import annotations

import pytest

from tornkit.regex.backtracking.budget import STEPS, Budget, TooMuch


def test_all_of_it_can_be_spent_and_no_more() -> None:
    budget = Budget(10)
    for _ in range(4):
        budget.spend()
    budget.spend(6)
    budget.spend(0)
    with pytest.raises(TooMuch, match="too many ways"):
        budget.spend()


def test_more_than_is_left_is_refused_at_once_and_stays_refused() -> None:
    budget = Budget(10)
    with pytest.raises(TooMuch):
        budget.spend(11)
    with pytest.raises(TooMuch):
        budget.spend(0)


def test_without_a_word_it_is_what_one_pattern_may_take() -> None:
    budget = Budget()
    budget.spend(STEPS)
    with pytest.raises(TooMuch):
        budget.spend()
