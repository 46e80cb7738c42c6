"""Parameters that an ordinary run takes some of, and the thorough run all the others."""

from __future__ import annotations

import pytest
from _pytest.mark import ParameterSet


def some_of_many(count: int, *, ordinary: int) -> list[ParameterSet]:
    """The numbers below ``count``; from ``ordinary`` on they are for the thorough run."""
    return [
        pytest.param(number, marks=pytest.mark.thorough if number >= ordinary else ())
        for number in range(count)
    ]
