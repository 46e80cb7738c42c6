"""Limits of one worker, after which another takes its place.

Limits have jitter, so that workers that were started together are not recycled together; the
supervisor recycles one at a time, and each finishes what it has.
"""

from __future__ import annotations

import random

from tornkit.serve.config import RecyclePolicy


class Recycling:
    """Limits of one worker, after which it is to be replaced; jittered by chance."""

    def __init__(self, policy: RecyclePolicy, chance: random.Random | None = None) -> None:
        roll = (chance or random).uniform
        self._share = 1.0 - roll(0.0, policy.jitter)
        self._policy = policy

    def reason(self, *, requests: int, rss: int, age: float) -> str | None:
        """Reason to replace the worker, or None. ``rss`` is not jittered: it is a wall."""
        policy = self._policy
        if policy.max_requests and requests >= policy.max_requests * self._share:
            return f"has had {requests} requests"
        if policy.max_rss and rss >= policy.max_rss:
            return f"has grown to {rss // (1024 * 1024)} MiB"
        if policy.max_age and age >= policy.max_age * self._share:
            return f"is {age:.0f} s old"
        return None
