"""Changes how many workers there are, by one more or fewer.

Only a generation that serves, with no other on its way, is given more workers or fewer. What is
asked for meanwhile (during a reload, or before anything serves) is done once that is so: every
generation starts as large as the last one was, so that no slot comes or goes between two.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tornkit.serve.reporter import Reporter
from tornkit.serve.workforce.events import Worker
from tornkit.serve.workforce.generation import Generation
from tornkit.serve.workforce.orphan_slots import OrphanSlots
from tornkit.serve.workforce.workforce import Workforce

# To be called once a worker has let go of its connections.
Then = Callable[[], None]


class Scaling:
    """Number of workers: ``size`` is the one that a generation has, ``wanted`` the one asked for.

    ``settled()`` is the generation that serves, None while another is on its way.
    ``start_in(slot)`` starts a worker in it; False where that failed. ``when_closed`` is told what
    to do once a worker has let go. ``orphan_slots`` looks after those without a worker.
    """

    def __init__(
        self,
        workers: int,
        *,
        workforce: Workforce,
        reporter: Reporter,
        settled: Callable[[], Generation | None],
        start_in: Callable[[int], bool],
        when_closed: Callable[[Worker, Then], None],
        orphan_slots: OrphanSlots,
    ) -> None:
        self.size = self.wanted = workers
        self._workforce = workforce
        self._reporter = reporter
        self._settled = settled
        self._start_in = start_in
        self._when_closed = when_closed
        self._orphan_slots = orphan_slots

    def ask(self, change: int) -> None:
        """Ask for ``change`` workers more, or with a negative number fewer; at least one stays."""
        self.wanted = max(1, self.wanted + change)
        self.apply_pending()

    def apply_pending(self) -> None:
        """Resize to the number asked for, if a generation serves and none boots."""
        generation = self._settled()
        if generation is None or self.size == self.wanted:
            return
        before = self.size
        if self.wanted > self.size:
            self._grow()
        else:
            self._shrink(generation)
        if self.size != before:
            self._reporter.resized(self.size)

    def gone(self, worker: Worker) -> None:
        """Look after the slot of a worker that has ended."""
        self._retire(worker.slot)

    def _grow(self) -> None:
        while self.size < self.wanted:
            self.size += 1
            if not self._start_in(self.size - 1):
                self.size -= 1
                self.wanted = self.size  # the machine has no more to give, and it has been said
                return

    def _shrink(self, generation: Generation) -> None:
        slots = range(self.wanted, self.size)
        self.size = self.wanted
        workers = [each for each in self._workforce.of(generation) if each.slot in slots]
        for worker in workers:
            if self._workforce.retire(worker, successor=True):
                self._when_closed(worker, partial(self._retire, worker.slot))
        # One that died was to be replaced later, and is not any more.
        for slot in set(slots) - {worker.slot for worker in workers}:
            self._retire(slot)

    def _retire(self, slot: int) -> None:
        """Have the supervisor look after a slot in which no worker accepts, and none will again.

        The kernel goes on giving its sockets their share of the connections.
        """
        if slot >= self.size:
            self._orphan_slots.retire(slot)
