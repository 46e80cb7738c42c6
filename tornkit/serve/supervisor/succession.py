"""Replaces one generation of workers by the next, and decides about the workers of each.

    restarts ─▶ new generation boots ─▶ all ready ─▶ Drain to the old, Go to the new

Here the order of things is decided; the rest has its places: when an edit starts a generation
(`restarts`), who is started in the place of one that died or is worn out (`replacing`,
`caretaker`), how many there are (`resizing`), whether they agree (`agreement`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from tornkit.errors import TornkitError
from tornkit.serve.config import ServeConfig, refused_for_programs
from tornkit.serve.failures import (
    CANNOT_START,
    CHANGED_MEANWHILE,
    CONFUSED,
    MISNAMED,
    boot_timed_out,
    cannot_start,
    died_starting,
    serves_by_itself,
)
from tornkit.serve.loop.loop import Loop
from tornkit.serve.nursery.nursery import Nursery
from tornkit.serve.reporter import Reporter
from tornkit.serve.sockets.sockets import Listeners
from tornkit.serve.sockets.systemd import Notifier
from tornkit.serve.sources.snapshot import Snapshot
from tornkit.serve.supervisor.consistency import Consistency
from tornkit.serve.supervisor.contention import Contention
from tornkit.serve.supervisor.holdings import Conflict
from tornkit.serve.supervisor.restarts import Restarts
from tornkit.serve.supervisor.retrying import Retrying
from tornkit.serve.watching.watcher import Watcher
from tornkit.serve.wire.messages import Failed, Lesson, Loaded, Ready
from tornkit.serve.workforce.caretaker import Caretaker
from tornkit.serve.workforce.children import WorkerState
from tornkit.serve.workforce.events import Worker
from tornkit.serve.workforce.generation import Generation, GenerationState
from tornkit.serve.workforce.health import Health
from tornkit.serve.workforce.orphan_slots import OrphanSlots
from tornkit.serve.workforce.respawn import Respawning
from tornkit.serve.workforce.scaling import Scaling
from tornkit.serve.workforce.workforce import Workforce

# Files of a generation's snapshot that are read before the loop looks at something else.
_READ_AT_ONCE = 16
# The longest that the next generation waits for this one to let go of its connections.
_CLOSE_PATIENCE = 0.5
# Seconds for a program that is ready to listen where the one before it did as well: in another
# thread, or behind something that it awaits. Its clients wait in the backlog meanwhile.
_CLAIM_PATIENCE = 0.5


class Succession:
    """Every generation that is not gone. A `tornkit.serve.workforce.events.Events`.

    ``label`` names what is served. ``environment()`` is a new generation's; ``first_serves()`` is
    called once, ``serves_more()`` where more addresses may be served than before, ``hopeless()``
    where nothing serves and no edit is awaited that could help, ``finished()`` where what was
    served has ended in good order.
    """

    def __init__(
        self,
        config: ServeConfig,
        label: str = "",
        *,
        loop: Loop,
        workforce: Workforce,
        nursery: Nursery,
        listeners: Listeners,
        health: Health,
        reporter: Reporter,
        watcher: Watcher | None,
        notifier: Notifier,
        environment: Callable[[], Mapping[str, str]],
        first_serves: Callable[[], None],
        serves_more: Callable[[], None],
        hopeless: Callable[[], None],
        finished: Callable[[], None],
    ) -> None:
        self._config = config
        self._label = label
        self._loop = loop
        self._workforce = workforce
        self._nursery = nursery
        self._listeners = listeners
        self._reporter = reporter
        self._watcher = watcher
        self._notifier = notifier
        self._environment = environment
        self._first_serves = first_serves
        self._serves_more = serves_more
        self._hopeless = hopeless
        self._finished = finished

        self.last_failure: Failed | None = None
        self.current: Generation | None = None  # serves
        self.has_served = False
        self.over = False  # no further one; those that are there end
        self._next: Generation | None = None  # boots
        self._generations: dict[int, Generation] = {}
        self._numbers = itertools.count(1)
        self._newest = 0  # the number of the one that was started last
        self._closing: dict[int, Callable[[], None]] = {}  # by pid: once it has let go
        self._lesson = Lesson()  # what workers have found out
        self._lesson_has_served = False
        self._between = False  # the old generation ends, and the new one is not started yet
        self._consistency = Consistency(reporter)
        self._contention = Contention(workforce, reporter)
        self._restarts = Restarts(
            loop,
            start=self._start,
            booting=lambda: self._next is not None,
            held=lambda: self.over or self._between,
        )
        self._orphans = OrphanSlots(loop, workforce, listeners)
        self._retrying = Retrying(loop, newest=lambda: self._newest, restart=self.restart)
        self._respawning = Respawning(
            loop, reporter, wanted=self._is_current, start_in=self._start_in
        )
        self._caretaker = Caretaker(
            loop=loop,
            workforce=workforce,
            health=health,
            reporter=reporter,
            serving=self._settled,
            start_in=self._start_in,
        )
        self.scaling = Scaling(
            config.workers,
            workforce=workforce,
            reporter=reporter,
            settled=self._settled,
            start_in=self._start_in,
            when_closed=self._when_closed,
            orphan_slots=self._orphans,
        )
        workforce.connect(self)

    def begin(self) -> None:
        """Start the first one."""
        self._start_generation(())
        self._caretaker.begin()

    def restart(self, reason: str) -> None:
        """Let another follow, soon. ``reason`` is what a person is told: a file, a signal."""
        if not self.over:
            self._restarts.ask(reason)

    # ---- one after the other ----

    def _start(self, reason: tuple[str, ...]) -> None:
        if self._config.reload_order == "stop-first" and self.current is not None:
            self._stop_first(reason)
        else:
            self._start_generation(reason)

    def _stop_first(self, reason: tuple[str, ...], *, told: bool = False) -> None:
        """End the old generation, then start the new one: it holds what can't be held twice.

        New connections wait in the backlogs. What is saved meanwhile is for the new one to read.
        """
        old, self.current = self.current, None
        self._between = True
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
        """The old generation has ended: start the new one, with all that was saved until now."""
        self._between = False
        self._start_generation(reason + self._restarts.take(), told=True)

    def _start_generation(self, reason: tuple[str, ...], *, told: bool = False) -> None:
        """Start all workers of a new generation; one that still boots is overtaken."""
        if self.over:
            return
        overtaken = self._next
        if overtaken is not None:
            self._fail_generation(overtaken, None)
        slots = range(self.scaling.size)
        generation = Generation(
            number=next(self._numbers),
            reason=reason,
            started_at=self._loop.now(),
            awaited=set(slots),
            snapshot=Snapshot(self.current.snapshot if self.current is not None else None),
            lesson=self._lesson,
        )
        self._restarts.started(overtaking=overtaken is not None)
        self._generations[generation.number] = generation
        self._next = generation
        self._newest = generation.number
        failure: Failed | None = None
        try:
            generation.environment = self._environment()
            self._workforce.start(slots, generation)
        except (OSError, ValueError, TornkitError) as error:
            failure = cannot_start(error)
        # Not before: while this is done and said, they are on their way.
        self._contention.note_helpers(self.current)
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
        """It can't start. The old one stays; without one, or without reload, there is no point."""
        if self._unlearn(failure):
            self._start_generation(generation.reason, told=True)
            return
        conflict = self._contention.of(generation, failure)
        if conflict is not None and conflict.sure and self._has_to_end_first(conflict):
            self._reporter.makes_room(conflict.what)
            self._fail_generation(generation, failure, kill)
            self._restarts.boot_ended()
            self._stop_first(generation.reason, told=True)
            return
        self.last_failure = failure
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
        if (self.current is None or self.current.has_ended) and not waiting:
            self._hopeless()
            return
        if failure.kind == CANNOT_START:
            self._retrying.refused(generation)
        if self.current is not None:
            self._notifier.ready()
            self.scaling.apply_pending()

    def _has_to_end_first(self, conflict: Conflict) -> bool:
        """Whether another try can succeed once the generation that serves has ended."""
        return self.current is not None and self.current.opened and not conflict.by_sibling

    def _learn(self, generation: Generation, lesson: Lesson) -> None:
        """Start again, with what a worker has found out: the user's code serves otherwise."""
        known, self._lesson = self._lesson, self._lesson.and_also(lesson)
        self._lesson_has_served = False
        if self._lesson == known:
            self._generation_failed(generation, CONFUSED)
            return
        if lesson.serves != known.serves:
            refused = refused_for_programs(self._config.http, self._config.unix_socket)
            if refused:
                self._lesson = known
                self._generation_failed(generation, serves_by_itself(self._label, refused))
                return
            self._reporter.serves_by_itself(self._label)
        self._start_generation(generation.reason, told=True)
        if self.current is None:
            # Bound for what it was taken for; the program may want the same port.
            self._listeners.forget(0)
            self._listeners.forget(generation.number)

    def _unlearn(self, failure: Failed) -> bool:
        """Whether a program that an application had turned out to be is none any more."""
        if not self._lesson_has_served or failure.kind not in MISNAMED:
            return False
        self._lesson, self._lesson_has_served = Lesson(), False
        return True

    def _fail_generation(
        self,
        generation: Generation,
        failure: Failed | None,
        kill: Callable[[Worker], None] | None = None,
    ) -> None:
        generation.failure = failure
        generation.move(GenerationState.FAILED)
        if self._next is generation:
            self._next = None
        for worker in self._workforce.of(generation):
            (kill or self._workforce.kill)(worker)
        self._settle(generation)

    def _cut_over_when_claimed(self, generation: Generation) -> None:
        """Cut over, but give it time to claim what the old one serves.

        An address that it claims later would be closed in between.
        """
        if self.current is None or not self._listeners.has_unclaimed(generation.number):
            self._cut_over(generation)
            return
        when = self._loop.now() + _CLAIM_PATIENCE
        self._loop.at(when, partial(self._cut_over_if_whole, generation))

    def _cut_over_if_whole(self, generation: Generation) -> None:
        if generation.is_whole and not self.over:
            self._cut_over(generation)

    def _cut_over(self, generation: Generation) -> None:
        """Drain the old generation; once it has let go, the new one accepts.

        In that order no old code answers a request that was sent after a new answer was seen.
        New connections wait in the backlogs meanwhile: about a millisecond.
        """
        old, self.current, self._next = self.current, generation, None
        self._restarts.boot_ended()
        generation.move(GenerationState.SERVING)
        self._lesson_has_served = generation.lesson != Lesson()
        self._consistency.serves(generation, self.scaling.size)
        for worker in self._workforce.of(generation):
            self._workforce.promise(worker)
        if old is None:
            self._open(generation)
            return
        old.move(GenerationState.DRAINING)
        for worker in self._workforce.of(old):
            self._workforce.retire(worker, successor=True)
        # A worker that is stuck in a handler can't let go, and must not hold up the others.
        self._loop.at(self._loop.now() + _CLOSE_PATIENCE, partial(self._open, generation))
        self._open_when_let_go(generation)
        self._settle(old)

    def _open_when_let_go(self, generation: Generation) -> None:
        older = (one for one in self._generations.values() if one.number < generation.number)
        if not any(self._workforce.lets_go(one) for one in older):
            self._open(generation)

    def _open(self, generation: Generation) -> None:
        """Let a generation accept, once."""
        if generation.opened or generation.state is not GenerationState.SERVING:
            return
        generation.opened = True
        for worker in self._workforce.of(generation, WorkerState.SERVING):
            self._open_worker(worker)
        # Before anybody is told that this is served, who may then edit a file at once.
        self._take_snapshot(generation)
        self.last_failure = None
        self._retrying.serves()
        if generation.reason:
            self._reporter.reloaded(generation.number, self._loop.now() - generation.started_at)
        self._notifier.ready()
        if not self.has_served:
            self.has_served = True
            self._first_serves()
        else:
            self._serves_more()
        # Where the old one ended first, its addresses have been kept for this one.
        self._loop.at(self._loop.now() + _CLAIM_PATIENCE, self._release_unclaimed)
        self.scaling.apply_pending()

    def _open_worker(self, worker: Worker) -> None:
        self._workforce.open(worker)
        self._orphans.take_back(worker.slot)

    def _take_snapshot(self, generation: Generation) -> None:
        """Read what the generation has loaded, a part at a time: nothing waits for it."""
        ended = generation.state not in (GenerationState.BOOTING, GenerationState.SERVING)
        if not ended and generation.snapshot.read(_READ_AT_ONCE):
            self._loop.soon(partial(self._take_snapshot, generation))

    def _settle(self, generation: Generation) -> None:
        """A generation whose workers are all gone is gone too."""
        ended = generation.state in (GenerationState.DRAINING, GenerationState.FAILED)
        if not ended or self._workforce.of(generation):
            return
        failed = generation.state is GenerationState.FAILED
        generation.move(GenerationState.GONE)
        del self._generations[generation.number]
        if failed and self.current is not None:
            self._listeners.forget(generation.number)
            self._refuse_connections()
        self._release_unclaimed()
        if generation.after is not None:
            generation.after()

    def _release_unclaimed(self) -> None:
        """Close the addresses that the serving generation has not claimed."""
        if self.current is not None and not self.over:
            self._listeners.release_before(self.current.number)

    def _settled(self) -> Generation | None:
        """The generation that serves, None where another is on its way or none will follow."""
        busy = self._next is not None or self.over
        return self.current if not busy and self.current and self.current.opened else None

    # ---- what becomes of the workers ----

    def worker_ready(self, worker: Worker, ready: Ready) -> None:
        if self._watcher is not None:
            self._watcher.widen(ready.files, ready.watched, ready.folders)
        generation = self._generations[worker.generation]
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
            self._cut_over_when_claimed(generation)
        elif generation.state is GenerationState.SERVING and not agrees:
            worker.failure = CHANGED_MEANWHILE
            self._workforce.kill(worker)
        elif generation.state is GenerationState.SERVING:
            self._stand_in(worker)
        elif generation.state is not GenerationState.BOOTING:
            self._workforce.kill(worker)  # late for a generation that was given up

    def worker_claimed(self, worker: Worker) -> None:
        # The kernel gives a socket its share of the connections as soon as it listens.
        self._look_after_slot(worker)
        generation = self._generations[worker.generation]
        if generation is self.current and generation.opened:
            self._serves_more()
        elif generation.is_whole and not self._listeners.has_unclaimed(generation.number):
            self._cut_over_if_whole(generation)

    def worker_closed(self, worker: Worker) -> None:
        then = self._closing.pop(worker.pid, None)
        if then is not None:
            then()
        if self.current is not None:
            self._open_when_let_go(self.current)

    def worker_loaded(self, worker: Worker, loaded: Loaded) -> None:
        generation = self._generations[worker.generation]
        if self._watcher is not None:
            self._watcher.widen(loaded.sources, (), ())
        generation.snapshot.note(loaded.sources, loaded.names)
        self._loop.soon(partial(self._take_snapshot, generation))

    def worker_unreachable(self, worker: Worker) -> None:
        self._look_after_slot(worker)

    def _look_after_slot(self, worker: Worker) -> None:
        """Have connections taken in a slot in which none of the serving workers accepts.

        Only where another generation has not been let in: it would take them by itself.
        """
        current = self.current
        if current is None or not current.opened or worker.generation != current.number:
            return
        serving = self._workforce.of(current, WorkerState.SERVING)
        if not any(each.slot == worker.slot and not each.unreachable for each in serving):
            self._orphans.retire(worker.slot)

    def worker_gone(self, worker: Worker, before: WorkerState, status: int) -> None:
        generation = self._generations[worker.generation]
        succeeded = self._caretaker.gone(worker)
        if generation.state is GenerationState.BOOTING and not self.over and worker.lesson:
            self._learn(generation, worker.lesson)
        elif generation.state is GenerationState.BOOTING and not self.over:
            self._generation_failed(generation, worker.failure or died_starting(status))
        elif (
            generation.state is GenerationState.SERVING
            and before is not WorkerState.DRAINING
            and not succeeded
            and not generation.has_ended
            and not self.over
            and worker.slot < self.scaling.size
            and not self._is_taken(worker.generation, worker.slot)
        ):
            if self._has_ended_by_itself(worker, before, status):
                self._end_with_program(generation, worker)
            else:
                self._replace(generation, worker, before, status)
        self._look_after_slot(worker)
        self.scaling.gone(worker)
        self._settle(generation)

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

    def _has_ended_by_itself(self, worker: Worker, before: WorkerState, status: int) -> bool:
        """Whether this was the last worker that serves, and ended in good order.

        With plain Python that is the end, and `tornado.process.fork_processes` does not start a
        process again that exits with 0. Where others serve one may have had enough of it.
        """
        served = before is WorkerState.SERVING and worker.failure is None
        return served and status == 0 and not self._workforce.serves

    def _end_with_program(self, generation: Generation, worker: Worker) -> None:
        """Start no other: it would end as well, and so on. An edit may change that."""
        generation.has_ended = True
        self._reporter.program_ended(worker.slot, worker.pid, waiting=self._config.reload)
        for other in self._workforce.of(generation):  # those that boot
            self._workforce.kill(other)
        self._refuse_connections()
        if self._next is None and not self._config.reload:
            self._finished()

    def _refuse_connections(self) -> None:
        """Close what a program that has ended listened on, as it would be without tornkit.

        But for what another generation holds that is on its way.
        """
        current = self.current
        if current is not None and current.has_ended and self._next is None:
            self._listeners.close_until_claimed(current.number)

    def workers_stale(self, what: str) -> None:
        self.restart(what)

    def _when_closed(self, worker: Worker, then: Callable[[], None]) -> None:
        self._closing[worker.pid] = then

    def _stand_in(self, worker: Worker) -> None:
        """A worker for a generation that serves: in the place of one that died or is recycled."""
        self._workforce.promise(worker)
        old = self._caretaker.recycled_for(worker)
        if old is not None:
            self._when_closed(old, partial(self._open_worker, worker))
            self._workforce.retire(old, successor=True)
        else:
            self._open_worker(worker)

    def is_wanted(self, generation: Generation, slot: int) -> bool:
        """Whether a worker that is born for this generation has something to do."""
        if generation.state is GenerationState.SERVING:
            return self._is_current(generation.number, slot)
        return generation.state is GenerationState.BOOTING and not self.over

    def _is_current(self, number: int, slot: int) -> bool:
        """Whether this generation serves, and has such a slot."""
        current = self.current if not self.over else None
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

    def workers_missing(self, generation: Generation, slots: Sequence[int], why: OSError) -> None:
        if self.over:
            return
        if generation.state is GenerationState.BOOTING:
            self._generation_failed(generation, cannot_start(why))
        elif generation.state is GenerationState.SERVING:
            self._say_that_none_starts(why)
            for slot in slots:
                self._respawning.later(generation.number, slot)

    def _say_that_none_starts(self, why: Exception) -> None:
        self.last_failure = cannot_start(why)
        self._reporter.failed(self.last_failure, old_serves=self._workforce.serves, waiting=False)

    def _start_over(self, generation: Generation) -> None:
        """Nothing serves, and what served can't be started again: try what is in the files now.

        Once: it is tried anew when they change.
        """
        changed = generation.snapshot.changed()
        if changed is not None and not generation.given_up:
            generation.given_up = True
            self.restart(changed)

    def _start_in(self, slot: int) -> bool:
        """Start a worker for the generation that serves; whether it could be."""
        generation = self.current
        if generation is None or self.over:
            return True  # nobody to start for
        lost = generation.snapshot.lost()
        if lost is not None and self._workforce.serves:
            # What the others serve can't be loaded any more. One code serves at a time: all are
            # started anew, and where that fails those that are there go on without this one.
            if not generation.given_up:
                generation.given_up = True
                self._reporter.not_alike(slot, lost)
                self.restart(lost)
            return False
        try:
            self._workforce.start((slot,), generation)
        except (OSError, ValueError) as error:
            self._say_that_none_starts(error)
            return False
        return True
