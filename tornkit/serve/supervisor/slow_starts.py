"""Says that a start takes its time, so that nobody takes it for a start that hangs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from tornkit.serve.loop.loop import Loop
from tornkit.serve.loop.timers import Timer
from tornkit.serve.reporter import Reporter

_MOMENTS = (2.0, 10.0, 30.0)  # seconds from the start; what takes longer meets --boot-timeout


class SlowStarts:
    """Timers that report a start which still goes on after 2, 10 and 30 seconds.

    Part of a `tornkit.serve.reporter.Reporter`, which hears of starts; tells ``reporter``.
    """

    def __init__(self, loop: Loop, reporter: Reporter) -> None:
        self._loop = loop
        self._reporter = reporter
        self._timers: list[Timer] = []
        self._begin()

    def reloading(self, changed: Sequence[str]) -> None:
        self._begin()

    def serves_by_itself(self, label: str) -> None:
        self._begin()

    def serving(self, banner: object) -> None:
        self._end()

    def reloaded(self, generation: int, took: float) -> None:
        self._end()

    def failed(self, failure: object, **how: Any) -> None:
        self._end()

    def stopping(self, why: str) -> None:
        self._end()

    def _begin(self) -> None:
        self._end()
        now = self._loop.now()
        self._timers = [
            self._loop.at(now + moment, partial(self._reporter.still_starting, moment))
            for moment in _MOMENTS
        ]

    def _end(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
