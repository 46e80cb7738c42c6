"""Waiting for a condition, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

# Long, for a machine that is busy; nothing waits for so long unless it has gone wrong.
PATIENCE = 20.0
POLL = 0.01

T = TypeVar("T")


def wait_for(condition: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
    """The first true value of ``condition``; fails with ``what`` once patience is over."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"after {patience:g} s still not: {what}")
        time.sleep(POLL)
