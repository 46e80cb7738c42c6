"""The main loop: signals, timers, files, workers. One thread, plain selectors, no user code.

Everything that happens becomes a call of one method here: a signal (which only wakes the loop), a
timer, a change of files (seen by a thread that only wakes the loop), a worker's message, a
worker's death. What has to be remembered is in `children`, `generation`, `sockets`, `coalesce`
and `backoff`, each without system calls of its own, or with nothing else.

An edit::

    watcher ─▶ coalescer ─▶ new generation boots ─▶ all ready ─▶ Go to the new, Drain to the old

What it refuses to know: HTTP, Tornado, how things are printed (`reporter`).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from tornkit.appload.target import Target
from tornkit.serve.backoff import Backoff
from tornkit.serve.channel import ChannelClosed
from tornkit.serve.children import Children, WorkerHandle, WorkerState
from tornkit.serve.coalesce import Coalescer
from tornkit.serve.config import ServeConfig
from tornkit.serve.generation import Generation, GenerationState
from tornkit.serve.loop import Loop
from tornkit.serve.messages import (
    Adopt,
    Boot,
    Claim,
    Closed,
    Downward,
    Drain,
    Failed,
    Go,
    Grant,
    Handover,
    Ready,
    Refresh,
)
from tornkit.serve.nursery import Nursery
from tornkit.serve.orders import Orders
from tornkit.serve.processes import (
    ChildProcess,
    become_reaper,
    kill_and_wait,
    reap,
)
from tornkit.serve.reporter import Banner, Reporter
from tornkit.serve.sockets import CannotBind, Listeners, is_everywhere, url_of
from tornkit.serve.timers import Timer
from tornkit.serve.watcher import Meaning, Watcher

Worker = WorkerHandle[ChildProcess]

# A worker that was told to end gets this long beyond its drain timeout to run its own clean-up.
_END_GRACE = 3.0
# The longest that the next generation waits for this one to let go of its connections.
_CLOSE_PATIENCE = 0.1
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# A first start that fails like this is a mistake on the command line, not in the code.
_MISNAMED = frozenset({"NoSuchModule", "NoSuchAttribute", "NotAnApplication", "UsageError"})


class Supervisor:
    """Owns the sockets and the workers of one `tornkit serve`."""

    def __init__(
        self,
        config: ServeConfig,
        target: Target,
        *,
        loop: Loop,
        nursery: Nursery,
        listeners: Listeners,
        reporter: Reporter,
        watcher: Watcher | None = None,
        environment: Callable[[], Mapping[str, str]] = lambda: os.environ,
        on_serving: Callable[[Banner], None] = lambda banner: None,
    ) -> None:
        self._config = config
        self._target = target
        self._loop = loop
        self._nursery = nursery
        self._listeners = listeners
        self._reporter = reporter
        self._watcher = watcher
        self._environment = environment
        self._on_serving = on_serving

        self._children: Children[ChildProcess] = Children()
        self._generations: dict[int, Generation] = {}
        self._current: Generation | None = None  # serves
        self._next: Generation | None = None  # boots
        self._numbers = itertools.count(1)
        self._backoffs: dict[int, Backoff] = {}
        self._deadlines: dict[int, Timer] = {}  # by pid: the kill of a worker that should end
        self._closing: dict[int, Generation] = {}  # by pid: who waits for this worker to let go
        self._coalescer = Coalescer()
        self._pending_reason: dict[str, None] = {}  # an ordered set
        self._served_before = False
        self._exit_code = 0
        self._stopping = False
        nursery.connect(self._on_exit)

    # ---- the loop ----

    def run(self) -> int:
        """Serve until told to stop; the exit code."""
        become_reaper()
        numbers = (*_STOP_SIGNALS, signal.SIGQUIT, signal.SIGHUP, signal.SIGCHLD)
        with self._loop.signals(*numbers):
            try:
                if self._watcher is not None:
                    self._watcher.start()
                self._start_generation(())
                while not (self._stopping and len(self._children) == 0):
                    self._loop.turn(self._on_signal)
                    self._see_changes()
            finally:
                self._clean_up()
        if self._served_before:
            self._reporter.stopped()
        return self._exit_code

    def _on_signal(self, number: int) -> None:
        if number == signal.SIGCHLD:
            for pid, status in reap():
                self._nursery.reaped(pid, status)
        elif number == signal.SIGHUP:
            self._request_restart("SIGHUP")
        elif number == signal.SIGQUIT or self._stopping:
            self._stop_now(128 + number)
        else:
            self._stop(signal.Signals(number).name)

    # ---- generations ----

    def _request_restart(self, reason: str) -> None:
        if self._stopping:
            return
        self._pending_reason[reason] = None
        self._coalescer.edited(self._loop.now(), booting=self._next is not None)
        self._start_when_due()

    def _start_when_due(self) -> None:
        due = self._coalescer.due()
        if due is None or self._stopping:
            return
        if due > self._loop.now():
            self._loop.at(due, self._start_when_due)
            return
        reason = tuple(self._pending_reason)
        self._pending_reason.clear()
        self._start_generation(reason)

    def _start_generation(self, reason: tuple[str, ...]) -> None:
        """Start all workers of a new generation; one that still boots is overtaken."""
        if self._next is not None:
            self._fail_generation(self._next, None)
        generation = Generation(
            number=next(self._numbers),
            reason=reason,
            started_at=self._loop.now(),
            awaited=set(range(self._config.workers)),
        )
        self._coalescer.started(generation.started_at)
        self._generations[generation.number] = generation
        self._next = generation
        if reason:
            self._reporter.reloading(reason)
        self._start_workers(range(self._config.workers), generation)
        self._loop.at(
            generation.started_at + self._config.boot_timeout,
            lambda: self._boot_timed_out(generation),
        )

    def _boot_timed_out(self, generation: Generation) -> None:
        if generation.state is GenerationState.BOOTING:
            message = (
                f"not ready after {self._config.boot_timeout:g} s: it hangs while it is imported "
                "or called, or never listens"
            )
            self._generation_failed(generation, Failed("BootTimeout", message))

    def _generation_failed(self, generation: Generation, failure: Failed) -> None:
        """It can't start. The old one stays; without one, or without reload, there is no point."""
        self._fail_generation(generation, failure)
        first_misnamed = self._current is None and failure.kind in _MISNAMED
        waiting = self._config.reload and not first_misnamed and failure.kind != "BindError"
        self._reporter.failed(failure, old_serves=self._current is not None, waiting=waiting)
        if self._current is None and not waiting:
            self._stop_now(1)

    def _fail_generation(self, generation: Generation, failure: Failed | None) -> None:
        generation.failure = failure
        generation.move(GenerationState.FAILED)
        if self._next is generation:
            self._next = None
        for worker in self._children.of_generation(generation.number):
            worker.process.signal(signal.SIGKILL)
        self._settle(generation)

    def _cut_over(self, generation: Generation) -> None:
        """Drain the old generation; once it has let go, the new one accepts.

        In that order no old code answers a request that was sent after a new answer was seen.
        New connections wait in the backlogs meanwhile: about a millisecond.
        """
        old, self._current, self._next = self._current, generation, None
        generation.move(GenerationState.SERVING)
        for worker in self._children.of_generation(generation.number):
            worker.move(WorkerState.SERVING)
        if old is None:
            self._open(generation)
            return
        old.move(GenerationState.DRAINING)
        for worker in self._children.of_generation(old.number):
            if worker.state is WorkerState.SERVING:
                self._closing[worker.pid] = generation
            self._retire(worker, successor=True)
        # A worker that is stuck in a handler can't let go, and must not hold up the others.
        self._loop.at(self._loop.now() + _CLOSE_PATIENCE, lambda: self._open(generation))
        self._open_when_closed(generation)
        self._settle(old)

    def _on_closed(self, worker: Worker) -> None:
        generation = self._closing.pop(worker.pid, None)
        if generation is not None:
            self._open_when_closed(generation)

    def _open_when_closed(self, generation: Generation) -> None:
        if generation not in self._closing.values():
            self._open(generation)

    def _open(self, generation: Generation) -> None:
        """Let a generation accept, once."""
        if generation.opened or generation.state is not GenerationState.SERVING:
            return
        generation.opened = True
        for worker in self._children.of_generation(generation.number):
            if worker.state is WorkerState.SERVING:
                self._go(worker)
        if generation.reason:
            self._reporter.reloaded(generation.number, self._loop.now() - generation.started_at)
        if self._served_before:
            return
        self._served_before = True
        banner = self._banner()
        self._reporter.serving(banner)
        self._on_serving(banner)

    def _settle(self, generation: Generation) -> None:
        """A generation whose workers are all gone is gone too."""
        ended = generation.state in (GenerationState.DRAINING, GenerationState.FAILED)
        if ended and not self._children.of_generation(generation.number):
            generation.move(GenerationState.GONE)
            del self._generations[generation.number]
            if self._current is not None and not self._stopping:
                self._listeners.release_before(self._current.number)

    # ---- workers ----

    def _start_workers(self, slots: Iterable[int], generation: Generation) -> None:
        orders = Orders.of(self._target, self._config).as_dict()
        boots = [Boot(slot, generation.number, orders) for slot in slots]
        processes = self._nursery.spawn(boots, self._environment())
        for boot, process in zip(boots, processes, strict=True):
            worker = Worker(
                slot=boot.slot,
                generation=generation.number,
                pid=process.pid,
                process=process,
                started_at=self._loop.now(),
            )
            self._children.add(worker)
            self._loop.listen(process.channel, partial(self._read, worker))

    def _go(self, worker: Worker) -> None:
        worker.serving_since = self._loop.now()
        self._send(worker, Go())

    def _retire(self, worker: Worker, *, successor: bool) -> None:
        """Let a worker finish, and see to it that it ends."""
        if worker.state is WorkerState.SERVING:
            worker.move(WorkerState.DRAINING)
            self._send(worker, Drain(self._config.drain_timeout, successor))
            deadline = self._loop.now() + self._config.drain_timeout + _END_GRACE
            self._deadlines[worker.pid] = self._loop.at(deadline, lambda: self._overdue(worker))
        elif worker.is_booting:
            worker.process.signal(signal.SIGKILL)

    def _overdue(self, worker: Worker) -> None:
        self._reporter.overdue(worker.pid, worker.slot)
        worker.process.signal(signal.SIGKILL)

    def _send(self, worker: Worker, message: Downward | None, *descriptors: int) -> None:
        """Send, or go on sending with None. A dead peer is seen when it is reaped."""
        channel = worker.process.channel
        with contextlib.suppress(ChannelClosed):
            if message is None:
                channel.flush()
            else:
                channel.send(message, descriptors)
        on_writable = partial(self._send, worker, None) if channel.wants_write else None
        self._loop.want_write(channel, on_writable)

    def _read(self, worker: Worker) -> None:
        try:
            messages = worker.process.channel.receive_ready()
        except (ChannelClosed, ValueError):
            # It ends, and `_reap` will see that; or it closed what it should not have.
            self._loop.unlisten(worker.process.channel)
            self._loop.at(
                self._loop.now() + _END_GRACE, lambda: worker.process.signal(signal.SIGKILL)
            )
            return
        for message, descriptors in messages:
            match message:
                case Claim():
                    self._on_claim(worker, message)
                case Ready():
                    self._on_ready(worker, message)
                case Failed():
                    self._on_failed(worker, message)
                case Closed():
                    self._on_closed(worker)
                case Handover():
                    self._on_handover(worker, message, descriptors)
                case _:
                    raise AssertionError(f"a worker sent {message}")

    def _on_claim(self, worker: Worker, claim: Claim) -> None:
        try:
            sockets = self._listeners.claim(claim, worker.slot, worker.generation)
        except CannotBind as error:
            self._send(worker, Grant(error.errno, str(error)))
        else:
            self._send(worker, Grant(), *(sock.fileno() for sock in sockets))

    def _on_ready(self, worker: Worker, ready: Ready) -> None:
        if self._watcher is not None:
            self._watcher.widen(ready.files, ready.folders)
        worker.move(WorkerState.READY)
        generation = self._generations[worker.generation]
        self._nursery.learn(ready.modules, self._environment())
        if generation.ready(worker.slot):
            self._cut_over(generation)
        elif generation.state is GenerationState.SERVING:
            # In the place of one that died.
            worker.move(WorkerState.SERVING)
            self._go(worker)
        elif generation.state is not GenerationState.BOOTING:
            worker.process.signal(signal.SIGKILL)  # late for a generation that was given up

    def _on_failed(self, worker: Worker, failure: Failed) -> None:
        worker.failure = failure

    def _on_handover(self, worker: Worker, handover: Handover, descriptors: list[int]) -> None:
        successor = self._children.successor_of(worker)
        if successor is not None:
            self._send(successor, Adopt(handover.unread), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)

    def _on_exit(self, pid: int, status: int) -> None:
        worker = self._children.get(pid)
        if worker is None:
            return  # a stranger that process 1 has inherited
        self._read(worker)  # its last words
        self._loop.unlisten(worker.process.channel)
        worker.process.channel.close()
        deadline = self._deadlines.pop(worker.pid, None)
        if deadline is not None:
            deadline.cancel()
        before = worker.state
        self._children.remove(worker)
        self._on_closed(worker)  # if only by dying
        generation = self._generations[worker.generation]
        if generation.state is GenerationState.BOOTING:
            failure = worker.failure or Failed("Died", f"a worker {_how(status)} while it started")
            self._generation_failed(generation, failure)
        elif generation.state is GenerationState.SERVING and before is not WorkerState.DRAINING:
            self._replace(worker, generation, status)
        self._settle(generation)

    def _replace(self, worker: Worker, generation: Generation, status: int) -> None:
        """A serving worker died, or its replacement could not start: another one, maybe later."""
        lived = self._loop.now() - (worker.serving_since or worker.started_at)
        if worker.serving_since is None:
            lived = 0.0
        delay = self._backoffs.setdefault(worker.slot, Backoff()).delay(lived)
        how = worker.failure.message if worker.failure else _how(status)
        self._reporter.worker_died(worker.slot, worker.pid, how, delay)

        def start() -> None:
            if generation.state is GenerationState.SERVING and not self._stopping:
                self._start_workers((worker.slot,), generation)

        self._loop.at(self._loop.now() + delay, start)

    # ---- files ----

    def _see_changes(self) -> None:
        if self._watcher is None:
            return
        changes = self._watcher.changes()
        restart = [path for path, meaning in changes.items() if meaning is Meaning.RESTART]
        if restart:
            for path in restart:
                self._request_restart(_shown(path, self._target.project))
        elif changes:
            for worker in self._children:
                if worker.state is WorkerState.SERVING:
                    self._send(worker, Refresh())

    # ---- the end ----

    def _stop(self, why: str) -> None:
        """Accept no more, let what is under way finish, end."""
        self._stopping = True
        serving = sum(worker.state is WorkerState.SERVING for worker in self._children)
        self._reporter.stopping(why, serving)
        self._listeners.close()
        for worker in self._children:
            self._retire(worker, successor=False)

    def _stop_now(self, exit_code: int) -> None:
        self._stopping = True
        self._exit_code = exit_code
        self._listeners.close()
        for worker in self._children:
            worker.process.signal(signal.SIGKILL)

    def _clean_up(self) -> None:
        """The zygotes; workers too, if an error of ours is what ended the loop."""
        kill_and_wait([*(worker.pid for worker in self._children), *self._nursery.pids()])
        if self._watcher is not None:
            self._watcher.stop()
        self._listeners.close()
        self._loop.close()

    def _banner(self) -> Banner:
        secure = self._config.http.certfile is not None
        watched = self._watcher.rules.deep_roots() if self._watcher is not None else ()
        return Banner(
            label=self._target.label,
            urls=tuple(dict.fromkeys(url_of(sock, secure=secure) for sock in self._listeners)),
            everywhere=any(is_everywhere(sock) for sock in self._listeners),
            workers=self._config.workers,
            pid=os.getpid(),
            watched=tuple(sorted(str(root) for root in watched)),
            polling=bool(os.environ.get("WATCHFILES_FORCE_POLLING")),
        )


def _how(status: int) -> str:
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
