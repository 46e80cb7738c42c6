"""Things to do later, for a loop that sleeps in a selector."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True)
class Timer:
    """One thing to do at ``when``; `cancel` it and it is not done."""

    when: float
    order: int
    action: Callable[[], None] | None = field(compare=False)

    def cancel(self) -> None:
        self.action = None


class Timers:
    """Times are seconds of the caller's clock."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._order = itertools.count()

    def at(self, when: float, action: Callable[[], None]) -> Timer:
        """Do ``action`` once ``when`` has come."""
        timer = Timer(when, next(self._order), action)
        heapq.heappush(self._heap, timer)
        return timer

    def wait(self, now: float) -> float | None:
        """Seconds until the next one, None where there is none."""
        while self._heap and self._heap[0].action is None:
            heapq.heappop(self._heap)
        return max(0.0, self._heap[0].when - now) if self._heap else None

    def run(
        self, now: float, call: Callable[[Callable[[], None]], None] = lambda action: action()
    ) -> None:
        """Do all that is due, each by ``call``."""
        while self._heap and self._heap[0].when <= now:
            timer = heapq.heappop(self._heap)
            if timer.action is not None:
                call(timer.action)
