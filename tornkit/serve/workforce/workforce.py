"""The workers of all generations: started, talked to, watched, ended.

The supervisor says what shall be (`start`, `open`, `retire`, `kill`), and is told what has become
of it (`Events`): a worker is ready, has let go, has ended. What passes between on the way is this
module's business: claims of sockets, connections on the move, deadlines, heartbeats.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

from tornkit.serve.loop.loop import Loop
from tornkit.serve.loop.timers import Timer
from tornkit.serve.nursery.nursery import Nursery
from tornkit.serve.reporter import Reporter
from tornkit.serve.shortage import RAISE_LIMIT, in_words
from tornkit.serve.sockets.sockets import CannotBind, Listeners
from tornkit.serve.wire.channel import ChannelClosed
from tornkit.serve.wire.messages import (
    Adopt,
    Answered,
    Boot,
    Claim,
    Closed,
    Differs,
    Downward,
    Drain,
    ErrorShown,
    Failed,
    Follows,
    Go,
    Grant,
    Handover,
    Learned,
    Loaded,
    OpenInEditor,
    Ready,
    Refresh,
    ReopenLogs,
)
from tornkit.serve.wire.processes import ChildProcess, has_ended
from tornkit.serve.workforce.children import Children, WorkerState
from tornkit.serve.workforce.events import Audience, Events, Nobody, Worker
from tornkit.serve.workforce.generation import Generation, GenerationState
from tornkit.serve.workforce.health import Health
from tornkit.serve.workforce.offering import offers, takes

# A worker that was told to end gets this long beyond its drain timeout to run its own clean-up.
_END_GRACE = 3.0
# A parent tells of a worker's end in a millisecond; one that does not is stopped, or stuck.
_REPORT_TIME = 0.5
# faulthandler writes the stacks of a worker in this time, though it be stuck.
_STACKS_TIME = 0.3
# A worker that is not stuck in the kernel writes them in a few milliseconds.
_STACKS_APART = 0.05
STACKS_SIGNAL = signal.SIGUSR2


class Workforce:
    """The workers of all generations: starts them, talks to them, watches and ends them."""

    def __init__(
        self,
        *,
        loop: Loop,
        nursery: Nursery,
        listeners: Listeners,
        health: Health,
        reporter: Reporter,
        drain_timeout: float,
        audience: Audience | None = None,
        lobby: Sequence[int] = (),
    ) -> None:
        self._loop = loop
        self._nursery = nursery
        self._listeners = listeners
        self._health = health
        self._reporter = reporter
        self._drain_timeout = drain_timeout
        self._audience = audience or Nobody()
        self._lobby = lobby  # a descriptor for each worker; `Boot` says what of
        self._children: Children[ChildProcess] = Children()
        self._deadlines: dict[int, Timer] = {}  # by pid: the kill of a worker that should end
        self._letting_go: set[int] = set()  # pids of workers that were told to and have not said so
        self._events: Events | None = None
        nursery.connect(self._on_exit, self._on_stale)

    def connect(self, events: Events) -> None:
        """Set the listener for worker events; called once, before anything is started."""
        self._events = events

    def __iter__(self) -> Iterator[Worker]:
        return iter(self._children)

    def __len__(self) -> int:
        return len(self._children)

    def platform(self) -> dict[str, Any]:
        """What the newest worker that is ready says of its Python and Tornado; else nothing."""
        told = [worker for worker in self._children if worker.platform]
        return max(told, key=attrgetter("generation")).platform if told else {}

    def of(self, generation: Generation, *states: WorkerState) -> list[Worker]:
        """Workers of a generation, in these states or in any."""
        workers = self._children.of_generation(generation.number)
        return [worker for worker in workers if not states or worker.state in states]

    def lets_go(self, generation: Generation) -> bool:
        """Whether a worker of a generation was told to let go, and has not said that it has."""
        return any(worker.pid in self._letting_go for worker in self.of(generation))

    # ---- what shall be ----

    def start(self, slots: Sequence[int], generation: Generation) -> None:
        """Start a worker in each slot, as soon as there is a process for it.

        :raises OSError, ValueError: the system has no process or descriptor to give, or the
            environment is none. What is found out later is told (`Events.workers_missing`).
        """
        missing = deque(slots)

        def born(processes: list[ChildProcess] | OSError) -> None:
            if isinstance(processes, OSError):
                self._miss(generation, tuple(missing), processes)
                return
            for process in processes:
                self._admit(missing.popleft(), generation, process)

        beside = generation.state is GenerationState.SERVING
        self._nursery.spawn(len(slots), generation.environment, born, beside=beside)

    def _admit(self, slot: int, generation: Generation, process: ChildProcess) -> None:
        assert self._events is not None
        if not self._events.is_wanted(generation, slot):
            process.signal(signal.SIGKILL)
            process.channel.close()
            return
        # Beside others, it has to load what they have loaded, whatever is in the files by now.
        beside = generation.state is GenerationState.SERVING
        snapshot: list[int] = []
        worker = Worker(
            slot=slot,
            generation=generation.number,
            pid=process.pid,
            process=process,
            started_at=self._loop.now(),
        )
        try:
            if beside:
                snapshot.append(generation.snapshot.descriptor())
            heartbeat = self._health.admit(process.pid)
            self._loop.listen(process.channel, partial(self._read, worker))
            found, offered = offers(self._listeners, slot, self._children.newest_serving())
            lobby = bool(self._lobby)
            boot = Boot(slot, generation.number, generation.lesson, lobby=lobby, offers=found)
            self._send(worker, boot, heartbeat, *self._lobby, *snapshot, *offered)
        except OSError as error:
            self._loop.unlisten(process.channel)
            self._health.forget(process.pid)
            process.signal(signal.SIGKILL)
            process.channel.close()
            self._miss(generation, (slot,), error)
        else:
            self._children.add(worker)
        finally:
            _close(snapshot)

    def _miss(self, generation: Generation, slots: Sequence[int], why: OSError) -> None:
        assert self._events is not None
        self._loop.soon(partial(self._events.workers_missing, generation, slots, why))

    def promise(self, worker: Worker) -> None:
        """Count a worker as serving, before it does: others' connections may move to it."""
        worker.move(WorkerState.SERVING)

    def open(self, worker: Worker) -> None:
        """Let a worker accept, unless it has been told to end meanwhile."""
        if worker.state is not WorkerState.SERVING:
            return
        worker.serving_since = self._loop.now()
        self._send(worker, Go())

    def retire(self, worker: Worker, *, successor: bool, final: int = 0) -> bool:
        """Let a worker finish, and see to its end; return whether `Events.worker_closed` will come.

        One that does not serve yet is killed. ``final``: the server ends, by this signal.
        """
        if worker.is_booting:
            self.kill(worker)
        if worker.state is not WorkerState.SERVING:
            return False
        worker.move(WorkerState.DRAINING)
        self._letting_go.add(worker.pid)
        self._send(worker, Drain(self._drain_timeout, successor, final))
        deadline = self._loop.now() + self._drain_timeout + _END_GRACE
        self._deadlines[worker.pid] = self._loop.at(deadline, partial(self._overdue, worker))
        return True

    def kill(self, worker: Worker) -> None:
        """End a worker now."""
        worker.process.signal(signal.SIGKILL)

    def kill_with_stacks(self, worker: Worker) -> None:
        """Let a worker print where each of its threads is, then end it."""
        self.dump_stacks(worker)
        when = self._loop.now() + _STACKS_TIME
        self._loop.at(when, partial(self._if_there, worker, self.kill))

    def dump_stacks(self, worker: Worker) -> None:
        """Let a worker print where each of its threads is, on standard error."""
        worker.process.signal(STACKS_SIGNAL)

    def dump_all_stacks(self) -> None:
        """Let every worker print where each of its threads is, one worker after another.

        They are written piece by piece: those of two workers at once could not be told apart.
        """
        for place, worker in enumerate(self._children):
            when = self._loop.now() + place * _STACKS_APART
            self._loop.at(when, partial(self._if_there, worker, self.dump_stacks))

    @property
    def serves(self) -> bool:
        """Whether any worker would take a connection."""
        return bool(self._children.newest_serving())

    def pass_on(self, connection: socket.socket, turn: int) -> None:
        """Give a connection to a worker that serves, to each in its turn."""
        serving = self._children.newest_serving()
        # One that does not read what it was sent before may be stopped, or stuck.
        serving = [each for each in serving if not each.process.channel.wants_write] or serving
        with connection:
            if serving:
                self._send(serving[turn % len(serving)], Adopt(b""), connection.fileno())

    def refresh(self) -> None:
        """Tell the workers that serve that a template or a static file changed."""
        self._tell_serving(Refresh())

    def reopen_logs(self) -> None:
        """Tell the workers that serve to open their log files anew."""
        self._tell_serving(ReopenLogs())

    # ---- inside ----

    def _tell_serving(self, message: Downward) -> None:
        for worker in self._children:
            if worker.state is WorkerState.SERVING:
                self._send(worker, message)

    def _if_there(self, worker: Worker, do: Callable[[Worker], None]) -> None:
        if self._children.get(worker.pid) is worker:  # the number may be somebody else's by now
            do(worker)

    def _overdue(self, worker: Worker) -> None:
        self._reporter.overdue(worker.pid, worker.slot)
        self.kill_with_stacks(worker)

    def _send(self, worker: Worker, message: Downward | None, *descriptors: int) -> None:
        """Send a message, or with None what still waits. A dead peer is seen when it is reaped.

        :raises OSError: descriptors would have to wait, and there is no room to keep them.
        """
        channel = worker.process.channel
        with contextlib.suppress(ChannelClosed):
            if message is None:
                channel.flush()
            else:
                channel.send(message, descriptors)
        on_writable = partial(self._send, worker, None) if channel.wants_write else None
        self._loop.want_write(channel, on_writable)

    def _read(self, worker: Worker) -> bool:
        """Act on a worker's messages; return whether there were any."""
        try:
            messages = worker.process.channel.receive_ready()
        except (ChannelClosed, ValueError):
            # It ends, and its parent will say so; or it closed what it should not have.
            self._loop.unlisten(worker.process.channel)
            if not worker.unreachable:
                self._became_unreachable(worker)
            return False
        assert self._events is not None
        for message, descriptors in messages:
            match message:
                case Claim():
                    self._on_claim(worker, message)
                case Ready() if worker.state is WorkerState.BOOTING and takes(
                    self._listeners, worker, message
                ):
                    worker.move(WorkerState.READY)
                    worker.platform = message.platform
                    self._events.worker_ready(worker, message)
                case Failed():
                    worker.failure = message
                case Learned():
                    worker.lesson = message.lesson
                    self.kill(worker)
                case Closed():
                    self._let_go(worker)
                case Handover():
                    self._on_handover(worker, message, descriptors)
                case Differs():
                    self._nursery.exclude(message.modules)
                case Loaded():
                    self._events.worker_loaded(worker, message)
                case Follows():
                    self._audience.adopt(descriptors, of_server=message.of_server)
                case Answered():
                    self._audience.answered(message.rows)
                case ErrorShown():
                    self._audience.raised(message.shown)
                case OpenInEditor():
                    self._audience.open_in_editor(message.failure, message.frame)
                case _:
                    # Its process is not what it was: it has been told everything twice, say.
                    worker.failure = Failed("Confused", f"said {type(message).__name__} untimely")
                    self.kill(worker)
        return bool(messages)

    def _became_unreachable(self, worker: Worker) -> None:
        worker.unreachable = True
        now = self._loop.now()
        self._loop.at(now + _REPORT_TIME, partial(self._if_there, worker, self._miss_report))
        self._loop.at(now + _END_GRACE, partial(self._if_there, worker, self.kill))
        assert self._events is not None
        self._events.worker_unreachable(worker)

    def _miss_report(self, worker: Worker) -> None:
        if has_ended(worker.pid):
            self._nursery.unreported(worker.pid)

    def _on_claim(self, worker: Worker, claim: Claim) -> None:
        if worker.state is WorkerState.DRAINING:
            # Sent before it knew. Bound now, the address would be one where no worker accepts.
            self._send(worker, Grant(errno.ECANCELED, "the worker ends"))
            return
        try:
            sockets = self._listeners.claim(claim, worker.slot, worker.generation)
        except CannotBind as error:
            self._send(worker, Grant(error.errno, str(error)))
        except OSError as error:  # no descriptor, say, to look up a name with
            self._send(worker, Grant(error.errno or 0, f"can't listen: {in_words(error)}"))
        else:
            self._send(worker, Grant(), *(sock.fileno() for sock in sockets))
            assert self._events is not None
            self._events.worker_claimed(worker)

    def _let_go(self, worker: Worker) -> None:
        if worker.pid in self._letting_go:
            self._letting_go.discard(worker.pid)
            assert self._events is not None
            self._events.worker_closed(worker)

    def _on_handover(self, worker: Worker, handover: Handover, descriptors: list[int]) -> None:
        if not descriptors:
            self._reporter.lacks(f"a connection between two workers is lost; {RAISE_LIMIT}")
            return
        successor = self._children.successor_of(worker)
        try:
            if successor is not None:
                self._send(successor, Adopt(handover.unread), *descriptors)
        finally:
            _close(descriptors)

    def _on_stale(self, what: str) -> None:
        assert self._events is not None
        self._events.workers_stale(what)

    def _on_exit(self, pid: int, status: int) -> None:
        worker = self._children.get(pid)
        if worker is None:
            return  # a stranger that process 1 has inherited
        while self._read(worker):  # its last words
            pass
        self._loop.unlisten(worker.process.channel)
        worker.process.channel.close()
        self._health.forget(pid)
        deadline = self._deadlines.pop(pid, None)
        if deadline is not None:
            deadline.cancel()
        before = worker.state
        self._children.remove(worker)
        self._let_go(worker)
        assert self._events is not None
        self._events.worker_gone(worker, before, status)


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
