"""Looks after the serving workers: kills those that hang, recycles those beyond a limit.

One look a second, and not even that where nothing is to be looked for. Who hangs prints its stacks
and is killed (the supervisor then replaces it, as any that dies); who is beyond a limit is
recycled, one at a time: a successor starts, takes over, and the old one finishes what it has.
"""

from __future__ import annotations

from collections.abc import Callable

from tornkit.serve.loop.loop import Loop
from tornkit.serve.reporter import Reporter
from tornkit.serve.workforce.children import WorkerState
from tornkit.serve.workforce.events import Worker
from tornkit.serve.workforce.generation import Generation
from tornkit.serve.workforce.health import Health
from tornkit.serve.workforce.workforce import Workforce


class Caretaker:
    """Periodic check of the serving workers: ends those that hang, recycles the worn out.

    ``start_in(slot)`` starts a worker in the serving generation; False where that failed.
    """

    def __init__(
        self,
        *,
        loop: Loop,
        workforce: Workforce,
        health: Health,
        reporter: Reporter,
        serving: Callable[[], Generation | None],
        start_in: Callable[[int], bool],
    ) -> None:
        self._loop = loop
        self._workforce = workforce
        self._health = health
        self._reporter = reporter
        self._serving = serving
        self._start_in = start_in
        self._stuck: set[int] = set()  # pids of workers that are being killed for it
        self._recycled: Worker | None = None  # the one whose successor is on its way
        self._due = 0.0

    def begin(self) -> None:
        """Schedule the next look at the workers, if the policy has anything to look for."""
        interval = self._health.policy.interval
        if interval is not None:
            self._due = self._loop.now() + interval
            self._loop.at(self._due, self._look)

    def recycled_for(self, successor: Worker) -> Worker | None:
        """The serving worker that ``successor`` was started to relieve; None: it has died."""
        old = self._recycled
        if old is None or old.slot != successor.slot or old.state is not WorkerState.SERVING:
            return None
        return old

    def recycles(self, worker: Worker) -> bool:
        """Whether a worker is being recycled: its successor is on the way."""
        return worker is self._recycled

    def gone(self, worker: Worker) -> bool:
        """Note that a worker has ended; return whether its successor is there or on its way."""
        self._stuck.discard(worker.pid)
        succeeded = worker is self._recycled
        if succeeded:
            self._recycled = None
        return succeeded

    def _look(self) -> None:
        interval = self._health.policy.interval
        assert interval is not None
        # Late itself: the whole machine, or this terminal's job, was stopped for a while, and the
        # workers need a moment to beat again.
        if self._loop.now() - self._due < interval:
            self._end_the_stuck()
            self._recycle()
        self.begin()

    def _end_the_stuck(self) -> None:
        hanging = dict(self._health.hanging(self._workforce))
        for worker in self._workforce:
            stuck = worker.pid in hanging and worker.state is WorkerState.SERVING
            if stuck and worker.pid not in self._stuck:
                self._stuck.add(worker.pid)
                self._reporter.hangs(worker.slot, worker.pid, hanging[worker.pid])
                self._workforce.kill_with_stacks(worker)

    def _recycle(self) -> None:
        generation = self._serving()
        if self._recycled is not None or generation is None:
            return
        found = self._health.worn_out(self._workforce.of(generation))
        if found is None:
            return
        worker, reason = found
        # Before: the successor may be born at once, and is wanted only beside a recycled one.
        self._recycled = worker
        if self._start_in(worker.slot):
            self._reporter.recycles(worker.slot, worker.pid, reason)
        else:
            self._recycled = None
