"""Replaces one generation of workers by the next.

    restarts ─▶ new generation boots ─▶ all ready ─▶ Drain to the old, Go to the new

Here the order of things is decided; the rest has its places: when an edit starts a generation
(`restarts`), whether its workers agree (`consistency`), what they have found out for the next one
(`lessons`), the last step (`cut_over`), what becomes of the workers of the one that serves
(`workforce.upkeep`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tornkit.errors import TornkitError
from tornkit.serve.config import ServeConfig
from tornkit.serve.failures import (
    CANNOT_START,
    CHANGED_MEANWHILE,
    MISNAMED,
    boot_timed_out,
    cannot_start,
    died_starting,
)
from tornkit.serve.loop.loop import Loop
from tornkit.serve.nursery.nursery import Nursery
from tornkit.serve.reporter import Reporter
from tornkit.serve.sockets.sockets import Listeners
from tornkit.serve.sockets.systemd import Notifier
from tornkit.serve.sources.snapshot import Snapshot
from tornkit.serve.supervisor.consistency import Consistency
from tornkit.serve.supervisor.contention import Contention
from tornkit.serve.supervisor.cut_over import CutOver
from tornkit.serve.supervisor.holdings import Conflict
from tornkit.serve.supervisor.lessons import LessonMemory
from tornkit.serve.supervisor.owner import Owner
from tornkit.serve.supervisor.restarts import Restarts
from tornkit.serve.supervisor.retrying import Retrying
from tornkit.serve.watching.watcher import Watcher
from tornkit.serve.wire.messages import Failed, Lesson, Loaded, Ready
from tornkit.serve.workforce.children import WorkerState
from tornkit.serve.workforce.events import Worker
from tornkit.serve.workforce.generation import Generation, GenerationState
from tornkit.serve.workforce.generations import Generations
from tornkit.serve.workforce.health import Health
from tornkit.serve.workforce.upkeep import Upkeep
from tornkit.serve.workforce.workforce import Workforce

# Files of a generation's snapshot that are read before the loop looks at something else.
_READ_AT_ONCE = 16


class Succession:
    """Replacement of one generation of workers by the next, from its start to its end.

    A `tornkit.serve.workforce.events.Events`. ``label`` names what is served.
    """

    def __init__(
        self,
        config: ServeConfig,
        label: str,
        owner: Owner,
        *,
        loop: Loop,
        workforce: Workforce,
        nursery: Nursery,
        listeners: Listeners,
        health: Health,
        reporter: Reporter,
        watcher: Watcher | None,
        notifier: Notifier,
    ) -> None:
        # Longer than a screen because all parts are put together here; it decides nothing.
        self._config = config
        self._owner = owner
        self._loop = loop
        self._workforce = workforce
        self._nursery = nursery
        self._listeners = listeners
        self._reporter = reporter
        self._watcher = watcher
        self._notifier = notifier
        self.has_served = False
        self.generations = Generations()
        self._consistency = Consistency(reporter)
        self._contention = Contention(workforce, reporter)
        self._lessons = LessonMemory(config, label, reporter)
        self._restarts = Restarts(loop, self.generations, start=self._start)
        self._retrying = Retrying(loop, self.generations, restart=self.restart)
        self._upkeep = Upkeep(
            config,
            self.generations,
            loop=loop,
            workforce=workforce,
            listeners=listeners,
            health=health,
            reporter=reporter,
            restart=self.restart,
            finished=owner.finished,
        )
        self.scaling = self._upkeep.scaling
        self._cut_over = CutOver(
            loop,
            self.generations,
            workforce=workforce,
            upkeep=self._upkeep,
            listeners=listeners,
            serves=self._serves,
            opened=self._opened,
            settle=self._settle,
        )
        workforce.connect(self)

    def begin(self) -> None:
        """Start the first generation, and the upkeep of workers."""
        self._start_generation(())
        self._upkeep.begin()

    def restart(self, reason: str) -> None:
        """Let another generation follow, soon. ``reason`` is for the person: a file, a signal."""
        if not self.over:
            self._restarts.ask(reason)

    @property
    def over(self) -> bool:
        """Whether no further generation is started, and those that are there end."""
        return self.generations.over

    def end(self) -> None:
        """Start no further generation."""
        self.generations.over = True

    # ---- one after the other ----

    def _start(self, reason: tuple[str, ...]) -> None:
        if self._config.reload_order == "stop-first" and self.generations.current is not None:
            self._stop_first(reason)
        else:
            self._start_generation(reason)

    def _stop_first(self, reason: tuple[str, ...], *, told: bool = False) -> None:
        """End the old generation, then start the new one: it holds things that can't be held twice.

        New connections wait in the backlogs. What is saved meanwhile is for the new one to read.
        """
        old, self.generations.current = self.generations.current, None
        self.generations.held = True
        assert old is not None
        self._restarts.started()
        if not told:
            self._reporter.reloading(reason)
        old.after = partial(self._start_after, reason)
        old.move(GenerationState.DRAINING)
        for worker in self._workforce.of(old):
            self._workforce.retire(worker, successor=False)
        self._settle(old)

    def _start_after(self, reason: tuple[str, ...]) -> None:
        """Start the new generation, as the old one has ended, with all that was saved until now."""
        self.generations.held = False
        self._start_generation(reason + self._restarts.take(), told=True)

    def _start_generation(self, reason: tuple[str, ...], *, told: bool = False) -> None:
        """Start all workers of a new generation; one that still boots is given up."""
        if self.over:
            return
        overtaken = self.generations.next
        if overtaken is not None:
            self._fail_generation(overtaken, None)
        slots = range(self.scaling.size)
        current = self.generations.current
        generation = Generation(
            number=self.generations.new_number(),
            reason=reason,
            started_at=self._loop.now(),
            awaited=set(slots),
            snapshot=Snapshot(current.snapshot if current is not None else None),
            lesson=self._lessons.known,
        )
        self._restarts.started(overtaking=overtaken is not None)
        self.generations.begin(generation)
        failure: Failed | None = None
        try:
            generation.environment = self._owner.environment()
            self._workforce.start(slots, generation)
        except (OSError, ValueError, TornkitError) as error:
            failure = cannot_start(error)
        # Not before: while this is done and said, they are on their way.
        self._contention.note_helpers(self.generations.current)
        if reason and not told:
            self._reporter.reloading(reason)
        if self.has_served:
            self._notifier.reloading()
        if failure is not None:
            self._generation_failed(generation, failure)
            return
        self._loop.at(
            generation.started_at + self._config.boot_timeout,
            partial(self._boot_timed_out, generation, len(slots)),
        )

    def _boot_timed_out(self, generation: Generation, size: int) -> None:
        if generation.state is not GenerationState.BOOTING:
            return
        # That a zygote takes its time, or is replaced, is not the application's fault.
        births = [worker.started_at for worker in self._workforce.of(generation)]
        born = max(births) if len(births) == size else self._loop.now()
        due = born + self._config.boot_timeout
        if due > self._loop.now():
            self._loop.at(due, partial(self._boot_timed_out, generation, size))
            return
        failure = boot_timed_out(self._config.boot_timeout)
        self._generation_failed(generation, failure, kill=self._workforce.kill_with_stacks)

    def _generation_failed(
        self,
        generation: Generation,
        failure: Failed,
        kill: Callable[[Worker], None] | None = None,
    ) -> None:
        """Give up a generation that failed to start; the old one, if any, goes on serving."""
        if self._lessons.unlearn(failure):
            self._start_generation(generation.reason, told=True)
            return
        conflict = self._contention.of(generation, failure)
        if conflict is not None and conflict.sure and self._has_to_end_first(conflict):
            self._reporter.makes_room(conflict.what)
            self._fail_generation(generation, failure, kill)
            self._restarts.boot_ended()
            self._stop_first(generation.reason, told=True)
            return
        self.generations.last_failure = failure
        if self._watcher is not None:
            self._watcher.widen(failure.files, (), ())
        first_misnamed = not self.has_served and failure.kind in MISNAMED
        waiting = self._config.reload and not first_misnamed and failure.kind != "BindError"
        # First: workers that print their stacks are not to print into it.
        self._reporter.failed(failure, old_serves=self._workforce.serves, waiting=waiting)
        if conflict is not None:
            self._reporter.held(conflict.what, by_sibling=conflict.by_sibling)
        self._contention.tell_of_helpers()
        self._fail_generation(generation, failure, kill)
        self._restarts.boot_ended()
        if (self.generations.current is None or self.generations.current.has_ended) and not waiting:
            self._owner.hopeless()
            return
        if failure.kind == CANNOT_START:
            self._retrying.refused(generation)
        if self.generations.current is not None:
            self._notifier.ready()
            self.scaling.apply_pending()
        else:
            self._owner.waits()

    def _has_to_end_first(self, conflict: Conflict) -> bool:
        """Whether another try can succeed once the generation that serves has ended."""
        current = self.generations.current
        return current is not None and current.opened and not conflict.by_sibling

    def _learn(self, generation: Generation, lesson: Lesson) -> None:
        """Start the generation anew with what a worker has found out of the user's code."""
        failure = self._lessons.learn(lesson)
        if failure is not None:
            self._generation_failed(generation, failure)
            return
        self._start_generation(generation.reason, told=True)
        if self.generations.current is None:
            self._owner.gives_room()
            self._listeners.forget(0)
            self._listeners.forget(generation.number)

    def _fail_generation(
        self,
        generation: Generation,
        failure: Failed | None,
        kill: Callable[[Worker], None] | None = None,
    ) -> None:
        generation.failure = failure
        generation.move(GenerationState.FAILED)
        if self.generations.next is generation:
            self.generations.next = None
        for worker in self._workforce.of(generation):
            (kill or self._workforce.kill)(worker)
        self._settle(generation)

    def _serves(self, generation: Generation) -> None:
        """Note that a generation serves: the one before it, if there was one, lets go."""
        self._restarts.boot_ended()
        self._lessons.serves(generation.lesson)
        self._consistency.serves(generation, self.scaling.size)

    def _opened(self, generation: Generation) -> None:
        """Note that a generation accepts connections, and report it."""
        # Before anybody is told that this is served, who may then edit a file at once.
        self._take_snapshot(generation)
        self.generations.last_failure = None
        self._retrying.serves()
        if generation.reason:
            self._reporter.reloaded(generation.number, self._loop.now() - generation.started_at)
        self._notifier.ready()
        if not self.has_served:
            self.has_served = True
            self._owner.first_serves()
        else:
            self._owner.serves_more()
        self.scaling.apply_pending()

    def _take_snapshot(self, generation: Generation) -> None:
        """Read the files that the generation has loaded, some at a time: nothing waits for it."""
        ended = generation.state not in (GenerationState.BOOTING, GenerationState.SERVING)
        if not ended and generation.snapshot.read(_READ_AT_ONCE):
            self._loop.soon(partial(self._take_snapshot, generation))

    def _settle(self, generation: Generation) -> None:
        """Forget a generation that has ended, once all its workers are gone."""
        ended = generation.state in (GenerationState.DRAINING, GenerationState.FAILED)
        if not ended or self._workforce.of(generation):
            return
        failed = generation.state is GenerationState.FAILED
        generation.move(GenerationState.GONE)
        self.generations.forget(generation)
        if failed and self.generations.current is not None:
            self._listeners.forget(generation.number)
            self._upkeep.refuse_connections()
        self._cut_over.release_unclaimed()
        if generation.after is not None:
            generation.after()

    # ---- what becomes of the workers ----

    def worker_ready(self, worker: Worker, ready: Ready) -> None:
        if self._watcher is not None:
            self._watcher.widen(ready.files, ready.watched, ready.folders)
        generation = self.generations[worker.generation]
        self._nursery.learn(ready.modules, generation.environment)
        agrees = generation.agrees(ready.sources)
        generation.snapshot.note(ready.sources, ready.names)
        if agrees and generation.state is not GenerationState.FAILED:
            self._consistency.ready(generation, ready.digests)
        if self.over:
            self._workforce.kill(worker)
        elif generation.state is GenerationState.BOOTING and not agrees:
            # A save fell between two workers' imports: neither version is to be served alone.
            self._start_generation(generation.reason, told=True)
        elif generation.ready(worker.slot):
            self._cut_over.when_claimed(generation)
        elif generation.state is GenerationState.SERVING and not agrees:
            worker.failure = CHANGED_MEANWHILE
            self._workforce.kill(worker)
        elif generation.state is GenerationState.SERVING:
            self._upkeep.stand_in(worker)
        elif generation.state is not GenerationState.BOOTING:
            self._workforce.kill(worker)  # late for a generation that was given up

    def worker_claimed(self, worker: Worker) -> None:
        # The kernel gives a socket its share of the connections as soon as it listens.
        self._upkeep.look_after_slot(worker)
        generation = self.generations[worker.generation]
        if generation is self.generations.current and generation.opened:
            self._owner.serves_more()
        else:
            self._cut_over.claimed(generation)

    def worker_closed(self, worker: Worker) -> None:
        self._upkeep.closed(worker)
        self._cut_over.let_go()

    def worker_loaded(self, worker: Worker, loaded: Loaded) -> None:
        generation = self.generations[worker.generation]
        if self._watcher is not None:
            self._watcher.widen(loaded.sources, (), ())
        generation.snapshot.note(loaded.sources, loaded.names)
        self._loop.soon(partial(self._take_snapshot, generation))

    def worker_unreachable(self, worker: Worker) -> None:
        self._upkeep.look_after_slot(worker)

    def worker_gone(self, worker: Worker, before: WorkerState, status: int) -> None:
        generation = self.generations[worker.generation]
        if generation.state is GenerationState.BOOTING and not self.over:
            if worker.lesson:
                self._learn(generation, worker.lesson)
            else:
                self._generation_failed(generation, worker.failure or died_starting(status))
        self._upkeep.gone(generation, worker, before, status)
        self._settle(generation)

    def workers_stale(self, what: str) -> None:
        self.restart(what)

    def is_wanted(self, generation: Generation, slot: int) -> bool:
        return self._upkeep.is_wanted(generation, slot)

    def workers_missing(self, generation: Generation, slots: Sequence[int], why: OSError) -> None:
        if generation.state is GenerationState.BOOTING and not self.over:
            self._generation_failed(generation, cannot_start(why))
        elif generation.state is GenerationState.SERVING and not self.over:
            self._upkeep.missing(generation, slots, why)
