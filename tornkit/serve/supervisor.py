"""What the server is to be: generations, signals, files. One thread, plain selectors, no user code.

Everything that happens becomes a call of one method here: a signal (which only wakes the loop), a
timer, a change of files (seen by a thread that only wakes the loop), something that became of a
worker. What has to be remembered is in `generation`, `coalesce` and `backoff`; the workers are
`workforce`'s business, the sockets `sockets`'.

An edit::

    watcher ─▶ coalescer ─▶ new generation boots ─▶ all ready ─▶ Drain to the old, Go to the new

What it refuses to know: HTTP, Tornado, how things are printed (`reporter`).
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from tornkit.appload.target import Target
from tornkit.errors import TornkitError
from tornkit.serve.backoff import Backoff
from tornkit.serve.caretaker import Caretaker
from tornkit.serve.children import WorkerState
from tornkit.serve.coalesce import Coalescer
from tornkit.serve.config import ServeConfig
from tornkit.serve.control import ControlSocket
from tornkit.serve.generation import Generation, GenerationState
from tornkit.serve.health import Health
from tornkit.serve.loop import Loop
from tornkit.serve.messages import Failed, Ready
from tornkit.serve.nursery import Nursery
from tornkit.serve.processes import become_reaper, kill_and_wait, reap
from tornkit.serve.reporter import Banner, Reporter
from tornkit.serve.sockets import Listeners, is_everywhere, url_of
from tornkit.serve.systemd import Notifier
from tornkit.serve.watcher import Meaning, Watcher
from tornkit.serve.workforce import Worker, Workforce

# The longest that the next generation waits for this one to let go of its connections.
_CLOSE_PATIENCE = 0.5
_TRY_AGAIN_AFTER = 2.0
# An edit may overtake a boot so often in a row; then the boot comes to its end first, or somebody
# who saves faster than the application starts would never see anything.
_MOST_OVERTAKEN = 2
_SIGNALS = (
    *(signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGCHLD),
    *(signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR1, signal.SIGUSR2),
)
# A first start that fails like this is a mistake on the command line, not in the code.
_MISNAMED = frozenset({"NoSuchModule", "NoSuchAttribute", "NotAnApplication", "UsageError"})


class Supervisor:
    """Owns one `tornkit serve`. A `tornkit.serve.workforce.Events`."""

    def __init__(
        self,
        config: ServeConfig,
        target: Target,
        *,
        loop: Loop,
        workforce: Workforce,
        nursery: Nursery,
        listeners: Listeners,
        health: Health,
        reporter: Reporter,
        watcher: Watcher | None = None,
        control: ControlSocket | None = None,
        notifier: Notifier | None = None,
        environment: Callable[[], Mapping[str, str]] = lambda: os.environ,
        on_serving: Callable[[Banner], None] = lambda banner: None,
    ) -> None:
        self._config = config
        self._target = target
        self._loop = loop
        self._workforce = workforce
        self._nursery = nursery
        self._listeners = listeners
        self._reporter = reporter
        self._watcher = watcher
        self._control = control
        self._notifier = notifier or Notifier({})
        self._environment = environment
        self._on_serving = on_serving

        self.workers_wanted = config.workers
        self.last_failure: Failed | None = None
        self.current: Generation | None = None  # serves
        self._next: Generation | None = None  # boots
        self._generations: dict[int, Generation] = {}
        self._numbers = itertools.count(1)
        self._backoffs: dict[int, Backoff] = {}
        self._closing: dict[int, Callable[[], None]] = {}  # by pid: once it has let go
        self._digests: dict[str, str] = {}  # what the last workers had in common
        self._warned: set[str] = set()
        self._between = False  # the old generation ends, and the new one is not started yet
        self._coalescer = Coalescer()
        self._pending_reason: dict[str, None] = {}  # an ordered set
        self._overtaken = 0  # boots in a row that an edit has ended
        self._served_before = False
        self._exit_code = 0
        self._stopping = False
        # With the terminal gone there is nobody to reload for.
        self._has_terminal = os.isatty(2)
        self._caretaker = Caretaker(
            loop=loop,
            workforce=workforce,
            health=health,
            reporter=reporter,
            serving=lambda: None if self._next is not None or self._stopping else self.current,
            start_in=self._start_in,
        )
        workforce.connect(self)

    # ---- the loop ----

    def run(self) -> int:
        """Serve until told to stop; the exit code."""
        become_reaper()
        with self._loop.signals(*_SIGNALS):
            try:
                if self._watcher is not None:
                    self._watcher.start()
                if self._control is not None:
                    self._control.open(self._loop)
                self._start_generation(())
                self._caretaker.begin()
                self._feed_watchdog()
                while not (self._stopping and len(self._workforce) == 0):
                    self._loop.turn(self._on_signal)
                    self._see_changes()
            finally:
                self._clean_up()
        if self._served_before:
            self._reporter.stopped()
        return self._exit_code

    def _on_signal(self, number: int) -> None:
        match number:
            case signal.SIGCHLD:
                for pid, status in reap():
                    self._nursery.reaped(pid, status)
            case signal.SIGQUIT:
                self._stop_now(128 + number)
            case signal.SIGINT | signal.SIGTERM:
                if self._stopping:
                    self._stop_now(128 + number)
                else:
                    self._stop(signal.Signals(number).name)
            case signal.SIGHUP:
                if self._has_terminal and not os.isatty(2):
                    self._stop("the terminal is gone")
                else:
                    self._request_restart("SIGHUP")
            case signal.SIGTTIN:
                self._one_more()
            case signal.SIGTTOU:
                self._one_less()
            case signal.SIGUSR1:
                self._workforce.reopen_logs()
            case signal.SIGUSR2:
                for worker in self._workforce:
                    self._workforce.dump_stacks(worker)

    # ---- generations ----

    def _request_restart(self, reason: str) -> None:
        if self._stopping:
            return
        self._pending_reason[reason] = None
        self._coalescer.edited(self._loop.now(), booting=self._next is not None)
        self._start_when_due()

    def _start_when_due(self) -> None:
        due = self._coalescer.due()
        if due is None or self._stopping or self._between:
            return
        if due > self._loop.now():
            self._loop.at(due, self._start_when_due)
            return
        if self._next is not None and self._overtaken >= _MOST_OVERTAKEN:
            return  # `_boot_ended` comes back to it
        reason = tuple(self._pending_reason)
        self._pending_reason.clear()
        if self._config.reload_order == "stop-first" and self.current is not None:
            self._stop_first(reason)
        else:
            self._start_generation(reason)

    def _stop_first(self, reason: tuple[str, ...]) -> None:
        """End the old generation, then start the new one: it holds what can't be held twice.

        New connections wait in the backlogs. What is saved meanwhile is for the new one to read.
        """
        old, self.current = self.current, None
        self._between = True
        assert old is not None
        self._coalescer.started(self._loop.now())
        self._reporter.reloading(reason)
        old.after = partial(self._start_after, reason)
        old.move(GenerationState.DRAINING)
        for worker in self._workforce.of(old):
            self._workforce.retire(worker, successor=False)
        self._settle(old)

    def _start_after(self, reason: tuple[str, ...]) -> None:
        """The old generation has ended: start the new one, with all that was saved until now."""
        self._between = False
        reason += tuple(self._pending_reason)
        self._pending_reason.clear()
        self._start_generation(reason, told=True)

    def _start_generation(self, reason: tuple[str, ...], *, told: bool = False) -> None:
        """Start all workers of a new generation; one that still boots is overtaken."""
        if self._stopping:
            return
        if self._next is not None:
            self._overtaken += 1
            self._fail_generation(self._next, None)
        slots = range(self.workers_wanted)
        generation = Generation(
            number=next(self._numbers),
            reason=reason,
            started_at=self._loop.now(),
            awaited=set(slots),
        )
        self._coalescer.started(generation.started_at)
        self._generations[generation.number] = generation
        self._next = generation
        if reason and not told:
            self._reporter.reloading(reason)
        if self._served_before:
            self._notifier.reloading()
        try:
            generation.environment = self._environment()
            self._workforce.start(slots, generation)
        except (OSError, ValueError, TornkitError) as error:
            self._generation_failed(generation, _cannot_start(error))
            return
        self._loop.at(
            generation.started_at + self._config.boot_timeout,
            partial(self._boot_timed_out, generation),
        )

    def _boot_timed_out(self, generation: Generation) -> None:
        if generation.state is not GenerationState.BOOTING:
            return
        failure = Failed(
            "BootTimeout",
            f"not ready after {self._config.boot_timeout:g} s: it hangs while it is imported or "
            "called, or never listens",
        )
        self._generation_failed(generation, failure, kill=self._workforce.kill_with_stacks)

    def _generation_failed(
        self,
        generation: Generation,
        failure: Failed,
        kill: Callable[[Worker], None] | None = None,
    ) -> None:
        """It can't start. The old one stays; without one, or without reload, there is no point."""
        self.last_failure = failure
        self._fail_generation(generation, failure, kill)
        self._boot_ended()
        first_misnamed = not self._served_before and failure.kind in _MISNAMED
        waiting = self._config.reload and not first_misnamed and failure.kind != "BindError"
        self._reporter.failed(failure, old_serves=self.current is not None, waiting=waiting)
        if self.current is None and not waiting:
            self._stop_now(1)
        elif self.current is not None:
            self._notifier.ready()

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

    def _cut_over(self, generation: Generation) -> None:
        """Drain the old generation; once it has let go, the new one accepts.

        In that order no old code answers a request that was sent after a new answer was seen.
        New connections wait in the backlogs meanwhile: about a millisecond.
        """
        old, self.current, self._next = self.current, generation, None
        self._boot_ended()
        generation.move(GenerationState.SERVING)
        for worker in self._workforce.of(generation):
            self._workforce.promise(worker)
        if old is None:
            self._open(generation)
            return
        old.move(GenerationState.DRAINING)
        for worker in self._workforce.of(old):
            if self._workforce.retire(worker, successor=True):
                self._closing[worker.pid] = partial(self._open_when_closed, generation)
        # A worker that is stuck in a handler can't let go, and must not hold up the others.
        self._loop.at(self._loop.now() + _CLOSE_PATIENCE, partial(self._open, generation))
        self._open_when_closed(generation)
        self._settle(old)

    def _boot_ended(self) -> None:
        self._overtaken = 0
        self._loop.soon(self._start_when_due)  # what was edited meanwhile

    def _open_when_closed(self, generation: Generation) -> None:
        old = [one for one in self._generations.values() if one.number < generation.number]
        waited_for = {worker.pid for one in old for worker in self._workforce.of(one)}
        if not waited_for & self._closing.keys():
            self._open(generation)

    def _open(self, generation: Generation) -> None:
        """Let a generation accept, once."""
        if generation.opened or generation.state is not GenerationState.SERVING:
            return
        generation.opened = True
        for worker in self._workforce.of(generation, WorkerState.SERVING):
            self._workforce.open(worker)
        self.last_failure = None
        if generation.reason:
            self._reporter.reloaded(generation.number, self._loop.now() - generation.started_at)
        self._notifier.ready()
        if self._served_before:
            return
        self._served_before = True
        banner = self._banner()
        self._reporter.serving(banner)
        self._on_serving(banner)

    def _settle(self, generation: Generation) -> None:
        """A generation whose workers are all gone is gone too."""
        ended = generation.state in (GenerationState.DRAINING, GenerationState.FAILED)
        if not ended or self._workforce.of(generation):
            return
        generation.move(GenerationState.GONE)
        del self._generations[generation.number]
        if self.current is not None and not self._stopping:
            self._listeners.release_before(self.current.number)
        if generation.after is not None:
            generation.after()

    # ---- what becomes of the workers ----

    def worker_ready(self, worker: Worker, ready: Ready) -> None:
        if self._watcher is not None:
            self._watcher.widen(ready.files, ready.watched, ready.folders)
        generation = self._generations[worker.generation]
        self._nursery.learn(ready.modules, generation.environment)
        if generation.state is not GenerationState.FAILED:
            self._compare(ready.digests)
        if self._stopping:
            self._workforce.kill(worker)
        elif generation.state is GenerationState.BOOTING and not generation.agrees(ready.sources):
            # A save fell between two workers' imports: neither version is to be served alone.
            self._start_generation(generation.reason, told=True)
        elif generation.ready(worker.slot):
            self._cut_over(generation)
        elif generation.state is GenerationState.SERVING:
            self._stand_in(worker)
        elif generation.state is not GenerationState.BOOTING:
            self._workforce.kill(worker)  # late for a generation that was given up

    def worker_closed(self, worker: Worker) -> None:
        then = self._closing.pop(worker.pid, None)
        if then is not None:
            then()

    def worker_gone(self, worker: Worker, before: WorkerState, status: int) -> None:
        generation = self._generations[worker.generation]
        succeeded = self._caretaker.gone(worker)
        if generation.state is GenerationState.BOOTING and not self._stopping:
            failure = worker.failure or Failed("Died", f"a worker {how(status)} while it started")
            self._generation_failed(generation, failure)
        elif (
            generation.state is GenerationState.SERVING
            and before is not WorkerState.DRAINING
            and not succeeded
            and not self._stopping
            and worker.slot < self.workers_wanted
        ):
            self._replace(worker, generation, status)
        self._settle(generation)

    def workers_stale(self, what: str) -> None:
        self._request_restart(what)

    def _stand_in(self, worker: Worker) -> None:
        """A worker for a generation that serves: in the place of one that died or is recycled."""
        self._workforce.promise(worker)
        old = self._caretaker.recycled_for(worker)
        if old is not None:
            self._closing[old.pid] = partial(self._workforce.open, worker)
            self._workforce.retire(old, successor=True)
        else:
            self._workforce.open(worker)

    def _replace(self, worker: Worker, generation: Generation, status: int) -> None:
        """A serving worker died, or its replacement could not start: another one, maybe later."""
        lived = self._loop.now() - worker.serving_since if worker.serving_since else 0.0
        delay = self._backoffs.setdefault(worker.slot, Backoff()).delay(lived)
        said = worker.failure.message if worker.failure else how(status)
        self._reporter.worker_died(worker.slot, worker.pid, said, delay)

        def start() -> None:
            wanted = worker.slot < self.workers_wanted and generation is self.current
            if wanted and not self._start_in(worker.slot):
                self._loop.at(self._loop.now() + _TRY_AGAIN_AFTER, start)

        self._loop.at(self._loop.now() + delay, start)

    def _start_in(self, slot: int) -> bool:
        """Start a worker for the generation that serves; whether it could be."""
        if self.current is None or self._stopping:
            return True  # nobody to start for
        try:
            self._workforce.start((slot,), self.current)
        except (OSError, ValueError) as error:
            self.last_failure = _cannot_start(error)
            self._reporter.failed(self.last_failure, old_serves=True, waiting=False)
            return False
        return True

    def _compare(self, digests: Mapping[str, str]) -> None:
        """Warn, once for each, of what differs between workers and should not."""
        for name, digest in digests.items():
            if self._digests.setdefault(name, digest) != digest and name not in self._warned:
                in_one_generation = self._next is not None and len(self._next.awaited) < (
                    self.workers_wanted
                )
                if name == "routes" and not in_one_generation:
                    continue  # an edit of the routes is what reloads are for
                self._warned.add(name)
                self._reporter.differs(name, between_workers=in_one_generation)
        self._digests.update(digests)

    # ---- looking after them ----

    def _feed_watchdog(self) -> None:
        interval = self._notifier.watchdog_interval
        if interval is not None:
            self._notifier.alive()
            self._loop.at(self._loop.now() + interval, self._feed_watchdog)

    def _one_more(self) -> None:
        if self.current is None or self._next is not None:
            return
        slot = self.workers_wanted
        if self._start_in(slot):
            self.workers_wanted += 1
            self._reporter.resized(self.workers_wanted)

    def _one_less(self) -> None:
        if self.current is None or self._next is not None or self.workers_wanted == 1:
            return
        self.workers_wanted -= 1
        for worker in self._workforce.of(self.current):
            if worker.slot == self.workers_wanted:
                closed = partial(self._close_slot, worker)
                if self._workforce.retire(worker, successor=True):
                    self._closing[worker.pid] = closed
        self._reporter.resized(self.workers_wanted)

    def _close_slot(self, worker: Worker) -> None:
        """It accepts no more, and nobody will in its place."""
        for connection in self._listeners.close_slot(worker.slot):
            self._workforce.pass_on(connection, worker)

    # ---- files ----

    def _see_changes(self) -> None:
        if self._watcher is None:
            return
        for trouble in self._watcher.troubles():
            self._reporter.watching_fails(trouble)
        changes = self._watcher.changes()
        restart = [path for path, meaning in changes.items() if meaning is Meaning.RESTART]
        for path in restart:
            self._request_restart(_shown(path, self._target.project))
        if len(changes) > len(restart):
            self._workforce.refresh()

    # ---- the end ----

    def _stop(self, why: str) -> None:
        """Accept no more, let what is under way finish, end."""
        self._stopping = True
        self._reporter.stopping(why)
        self._notifier.stopping()
        self._listeners.close()
        for worker in self._workforce:
            self._workforce.retire(worker, successor=False)

    def _stop_now(self, exit_code: int) -> None:
        self._stopping = True
        self._exit_code = exit_code
        self._listeners.close()
        for worker in self._workforce:
            self._workforce.kill(worker)

    def _clean_up(self) -> None:
        """The zygotes; workers too, if an error of ours is what ended the loop."""
        kill_and_wait([*(worker.pid for worker in self._workforce), *self._nursery.pids()])
        if self._watcher is not None:
            self._watcher.stop()
        if self._control is not None:
            self._control.close()
        self._listeners.close()
        self._loop.close()

    def _banner(self) -> Banner:
        watched = self._watcher.rules.deep_roots() if self._watcher is not None else ()
        return Banner(
            label=self._target.label,
            urls=self.urls(),
            everywhere=any(is_everywhere(sock) for sock in self._listeners),
            workers=self.workers_wanted,
            pid=os.getpid(),
            watched=tuple(sorted(str(root) for root in watched)),
            polling=self._watcher is not None and self._watcher.polling,
        )

    def urls(self) -> tuple[str, ...]:
        """Where it is to be found."""
        secure = self._config.http.certfile is not None
        return tuple(dict.fromkeys(url_of(sock, secure=secure) for sock in self._listeners))


def _cannot_start(error: Exception) -> Failed:
    """No process, no descriptor, an environment that can't be: the machine's fault or a file's."""
    kind = type(error).__name__ if isinstance(error, TornkitError) else "CannotStart"
    return Failed(kind, f"workers can't be started: {error}")


def how(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


def _shown(path: Path, project: str) -> str:
    try:
        return str(path.relative_to(project))
    except ValueError:
        return str(path)
