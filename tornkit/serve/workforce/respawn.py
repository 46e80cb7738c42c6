"""Starts another worker in the place of one that died, at once or after a delay (`backoff`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tornkit.serve.failures import how
from tornkit.serve.loop.loop import Loop
from tornkit.serve.reporter import Reporter
from tornkit.serve.workforce.backoff import Backoff
from tornkit.serve.workforce.events import Worker

_TRY_AGAIN_AFTER = 2.0  # seconds, where the system had no process to give


class Respawning:
    """Replacement of workers that died, at once or after a delay.

    ``start_in(slot)`` starts a worker, False where that failed; not where it is not ``wanted``.
    ``wanted(number, slot)``: this generation still serves, and still has this slot.
    """

    def __init__(
        self,
        loop: Loop,
        reporter: Reporter,
        *,
        wanted: Callable[[int, int], bool],
        start_in: Callable[[int], bool],
    ) -> None:
        self._loop = loop
        self._reporter = reporter
        self._wanted = wanted
        self._start_in = start_in
        self._backoffs: dict[int, Backoff] = {}  # by slot

    def died(self, worker: Worker, status: int) -> None:
        """Report a worker that died, or could not start, and schedule its replacement."""
        lived = self._loop.now() - worker.serving_since if worker.serving_since else 0.0
        delay = self._backoffs.setdefault(worker.slot, Backoff()).delay(lived)
        said = worker.failure.message if worker.failure else how(status)
        self._reporter.worker_died(worker.slot, worker.pid, said, delay)
        start = partial(self._start, worker.generation, worker.slot)
        self._loop.at(self._loop.now() + delay, start)

    def later(self, generation: int, slot: int) -> None:
        """Try again in a while to start a worker that could not be started."""
        start = partial(self._start, generation, slot)
        self._loop.at(self._loop.now() + _TRY_AGAIN_AFTER, start)

    def _start(self, generation: int, slot: int) -> None:
        if self._wanted(generation, slot) and not self._start_in(slot):
            self.later(generation, slot)
