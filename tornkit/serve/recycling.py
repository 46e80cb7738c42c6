"""When a worker has served long enough and another should take its place.

Limits have jitter, so that workers that were started together are not recycled together; the
supervisor recycles one at a time, and each finishes what it has.
"""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class RecyclePolicy:
    """0: no limit. ``max_rss`` in bytes, ``max_age`` in seconds."""

    max_requests: int = 0
    max_rss: int = 0
    max_age: float = 0.0
    jitter: float = 0.2  # each worker's limits are lower by up to this share

    def __bool__(self) -> bool:
        return bool(self.max_requests or self.max_rss or self.max_age)


class Recycling:
    """One worker's own limits."""

    def __init__(self, policy: RecyclePolicy, chance: random.Random | None = None) -> None:
        roll = (chance or random).uniform
        self._share = 1.0 - roll(0.0, policy.jitter)
        self._policy = policy

    def reason(self, *, requests: int, rss: int, age: float) -> str | None:
        """Why it should go, None where it may stay. ``rss`` is not jittered: it is a wall."""
        policy = self._policy
        if policy.max_requests and requests >= policy.max_requests * self._share:
            return f"has had {requests} requests"
        if policy.max_rss and rss >= policy.max_rss:
            return f"has grown to {rss // (1024 * 1024)} MiB"
        if policy.max_age and age >= policy.max_age * self._share:
            return f"is {age:.0f} s old"
        return None
