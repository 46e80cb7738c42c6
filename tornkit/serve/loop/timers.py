"""Timers: actions at given times, for a loop that sleeps in a selector."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True)
class Timer:
    """Action to be called at the time ``when``, unless it is cancelled."""

    when: float
    order: int
    action: Callable[[], None] | None = field(compare=False)

    def cancel(self) -> None:
        self.action = None


class Timers:
    """Queue of timers, the earliest first. Times are seconds of the caller's clock."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._order = itertools.count()

    def at(self, when: float, action: Callable[[], None]) -> Timer:
        """Add a timer that calls ``action`` once ``when`` has come; return it."""
        timer = Timer(when, next(self._order), action)
        heapq.heappush(self._heap, timer)
        return timer

    def wait(self, now: float) -> float | None:
        """Seconds until the next timer is due, None where there is none."""
        while self._heap and self._heap[0].action is None:
            heapq.heappop(self._heap)
        return max(0.0, self._heap[0].when - now) if self._heap else None

    def run(
        self, now: float, call: Callable[[Callable[[], None]], None] = lambda action: action()
    ) -> None:
        """Call the actions of all timers that are due, each by ``call``."""
        while self._heap and self._heap[0].when <= now:
            timer = heapq.heappop(self._heap)
            if timer.action is not None:
                call(timer.action)
