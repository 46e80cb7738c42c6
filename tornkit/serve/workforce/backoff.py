"""Delay before another worker is started in the place of one that died.

At once, unless it died young: then after a delay that doubles, up to a cap, until one lives long
enough. So `kill -9` costs a moment and a crash loop does not burn a core.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BackoffPolicy:
    """Delays before a worker that died is replaced, in seconds.

    The second early death in a row costs ``first``, each further one twice as much, up to ``cap``;
    a worker that lives for ``healthy_after`` ends the row.
    """

    first: float = 0.2
    cap: float = 10.0
    healthy_after: float = 5.0


class Backoff:
    """Delays in one slot, by a policy. Has no clock: it is told how long the worker lived."""

    def __init__(self, policy: BackoffPolicy = BackoffPolicy()) -> None:
        self._policy = policy
        self._failures = 0

    def delay(self, lived: float) -> float:
        """Seconds to wait before the next start, after a worker that ``lived`` this long."""
        if lived >= self._policy.healthy_after:
            self._failures = 0
            return 0.0
        # Far beyond any cap; without an end, a night of crashes would overflow the power below.
        self._failures = min(self._failures + 1, 64)
        if self._failures == 1:
            return 0.0
        return min(self._policy.cap, self._policy.first * 2.0 ** (self._failures - 2))
