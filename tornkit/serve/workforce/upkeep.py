"""Keeps the generation that serves at its size: each of its slots has a worker that accepts.

A worker of its that ends is replaced at once or after a delay (`respawn`), one that hangs or is
worn out is ended (`caretaker`), their number is changed on request (`scaling`), and the connections
of a slot without a worker are passed on to the others (`orphan_slots`). Where the program has ended
by itself none is started again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tornkit.serve.config import ServeConfig
from tornkit.serve.failures import cannot_start
from tornkit.serve.loop.loop import Loop
from tornkit.serve.reporter import Reporter
from tornkit.serve.sockets.sockets import Listeners
from tornkit.serve.workforce.caretaker import Caretaker
from tornkit.serve.workforce.children import WorkerState
from tornkit.serve.workforce.events import Worker
from tornkit.serve.workforce.generation import Generation, GenerationState
from tornkit.serve.workforce.generations import Generations
from tornkit.serve.workforce.health import Health
from tornkit.serve.workforce.orphan_slots import OrphanSlots
from tornkit.serve.workforce.respawn import Respawning
from tornkit.serve.workforce.scaling import Scaling
from tornkit.serve.workforce.workforce import Workforce


class Upkeep:
    """Decides about the workers of ``generations.current``, once it serves.

    ``restart(reason)`` asks for another generation, where this one can't be kept up;
    ``finished()`` is called where its program has ended and no edit is awaited.
    """

    def __init__(
        self,
        config: ServeConfig,
        generations: Generations,
        *,
        loop: Loop,
        workforce: Workforce,
        listeners: Listeners,
        health: Health,
        reporter: Reporter,
        restart: Callable[[str], None],
        finished: Callable[[], None],
    ) -> None:
        self._reload = config.reload
        self._generations = generations
        self._workforce = workforce
        self._listeners = listeners
        self._reporter = reporter
        self._restart = restart
        self._finished = finished
        self._closing: dict[int, Callable[[], None]] = {}  # by pid: once it has let go
        self._orphans = OrphanSlots(loop, workforce, listeners)
        self._respawning = Respawning(
            loop, reporter, wanted=self._is_current, start_in=self._start_in
        )
        self._caretaker = Caretaker(
            loop=loop,
            workforce=workforce,
            health=health,
            reporter=reporter,
            serving=generations.settled,
            start_in=self._start_in,
        )
        self.scaling = Scaling(
            config.workers,
            workforce=workforce,
            reporter=reporter,
            settled=generations.settled,
            start_in=self._start_in,
            when_closed=self._when_closed,
            orphan_slots=self._orphans,
        )

    def begin(self) -> None:
        """Look after the workers from now on."""
        self._caretaker.begin()

    # ---- workers that come ----

    def open(self, worker: Worker) -> None:
        """Let a worker accept in its slot, unless it has ended or been told to meanwhile."""
        if worker.state is WorkerState.SERVING:
            self._workforce.open(worker)
            self._orphans.take_back(worker.slot)

    def stand_in(self, worker: Worker) -> None:
        """Let a worker serve in the place of one that died or is being recycled."""
        self._workforce.promise(worker)
        old = self._caretaker.recycled_for(worker)
        if old is not None:
            self._when_closed(old, partial(self.open, worker))
            self._workforce.retire(old, successor=True)
        else:
            self.open(worker)

    def is_wanted(self, generation: Generation, slot: int) -> bool:
        """Whether a worker that has just been started in a generation's slot is still needed."""
        if generation.state is GenerationState.SERVING:
            return self._is_current(generation.number, slot)
        return generation.state is GenerationState.BOOTING and not self._generations.over

    def _is_current(self, number: int, slot: int) -> bool:
        """Whether this generation serves, and has such a slot without a worker."""
        current = self._generations.current if not self._generations.over else None
        serves = current is not None and current.number == number and not current.has_ended
        return serves and slot < self.scaling.size and not self._is_taken(number, slot)

    def _is_taken(self, number: int, slot: int) -> bool:
        """Whether a worker of the generation has the slot, but for one that is on its way out.

        One that was killed while it booted may end when its slot has been given to another.
        """
        return any(
            worker.slot == slot
            and worker.generation == number
            and worker.state is not WorkerState.DRAINING
            and not self._caretaker.recycles(worker)
            for worker in self._workforce
        )

    def _start_in(self, slot: int) -> bool:
        """Start a worker for the generation that serves; return whether it could be."""
        generation = self._generations.current
        if generation is None or self._generations.over:
            return True  # nobody to start for
        lost = generation.snapshot.lost()
        if lost is not None and self._workforce.serves:
            # What the others serve can't be loaded any more. One code serves at a time: all are
            # started anew, and where that fails those that are there go on without this one.
            if not generation.given_up:
                generation.given_up = True
                self._reporter.not_alike(slot, lost)
                self._restart(lost)
            return False
        try:
            self._workforce.start((slot,), generation)
        except (OSError, ValueError) as error:
            self._say_that_none_starts(error)
            return False
        return True

    def missing(self, generation: Generation, slots: Sequence[int], why: OSError) -> None:
        """Try again later to start workers that could not be."""
        self._say_that_none_starts(why)
        for slot in slots:
            self._respawning.later(generation.number, slot)

    def _say_that_none_starts(self, why: Exception) -> None:
        failure = self._generations.last_failure = cannot_start(why)
        self._reporter.failed(failure, old_serves=self._workforce.serves, waiting=False)

    # ---- workers that go ----

    def _when_closed(self, worker: Worker, then: Callable[[], None]) -> None:
        self._closing[worker.pid] = then

    def closed(self, worker: Worker) -> None:
        """Go on with the step that waited for a worker to let go of its connections."""
        then = self._closing.pop(worker.pid, None)
        if then is not None:
            then()

    def look_after_slot(self, worker: Worker) -> None:
        """Have the supervisor accept in a worker's slot, where no serving worker does.

        Only where another generation has not been let in: it would take them by itself.
        """
        current = self._generations.current
        if current is None or not current.opened or worker.generation != current.number:
            return
        serving = self._workforce.of(current, WorkerState.SERVING)
        if not any(each.slot == worker.slot and not each.unreachable for each in serving):
            self._orphans.retire(worker.slot)

    def gone(
        self, generation: Generation, worker: Worker, before: WorkerState, status: int
    ) -> None:
        """Replace a worker that has ended, if it was to serve on; ``before`` was its state."""
        succeeded = self._caretaker.gone(worker)
        if (
            before is not WorkerState.DRAINING
            and not succeeded
            and self._is_current(generation.number, worker.slot)
        ):
            if self._has_ended_by_itself(worker, before, status):
                self._end_with_program(generation, worker)
            else:
                self._replace(generation, worker, before, status)
        self.look_after_slot(worker)
        self.scaling.gone(worker)

    def _replace(
        self, generation: Generation, worker: Worker, before: WorkerState, status: int
    ) -> None:
        hopeless = before is not WorkerState.SERVING and not self._workforce.serves
        if hopeless and not generation.none_serves:
            self._reporter.none_serves()
        generation.none_serves = hopeless
        self._respawning.died(worker, status)
        if hopeless:
            self._start_over(generation)

    def _start_over(self, generation: Generation) -> None:
        """Restart with the files as they are now, if they have changed: nothing serves any more.

        Once: it is tried anew when they change.
        """
        changed = generation.snapshot.changed()
        if changed is not None and not generation.given_up:
            generation.given_up = True
            self._restart(changed)

    # ---- a program that ends ----

    def _has_ended_by_itself(self, worker: Worker, before: WorkerState, status: int) -> bool:
        """Whether this was the last worker that serves, and ended in good order.

        With plain Python that is the end, and `tornado.process.fork_processes` does not start a
        process again that exits with 0. Where others serve one may have had enough of it.
        """
        served = before is WorkerState.SERVING and worker.failure is None
        return served and status == 0 and not self._workforce.serves

    def _end_with_program(self, generation: Generation, worker: Worker) -> None:
        """Keep up no more a generation whose program has ended by itself; an edit may change that.

        Another worker would end as well, and so on.
        """
        generation.has_ended = True
        self._reporter.program_ended(worker.slot, worker.pid, waiting=self._reload)
        for other in self._workforce.of(generation):  # those that boot
            self._workforce.kill(other)
        self.refuse_connections()
        if self._generations.next is None and not self._reload:
            self._finished()

    def refuse_connections(self) -> None:
        """Close the sockets of a program that has ended, as they would be without tornkit.

        But for what another generation holds that is on its way.
        """
        current = self._generations.current
        if current is not None and current.has_ended and self._generations.next is None:
            self._listeners.close_until_claimed(current.number)
