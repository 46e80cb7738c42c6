"""One story: a supervisor, its workers, and what befalls them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import random
import signal
import socket
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from tests.serve.scripted import APP, NO_PID, PAGE, TARGET, FakeReporter
from tests.serve.stories.lines import Line, LineChannel
from tests.serve.stories.worker import Killed, Process, Program, random_program
from tornkit.serve.config import RecyclePolicy, ServeConfig
from tornkit.serve.loop.timers import Timer, Timers
from tornkit.serve.sockets.sockets import Listeners
from tornkit.serve.supervisor.supervisor import Supervisor
from tornkit.serve.watching.watcher import Meaning
from tornkit.serve.wire.messages import Boot
from tornkit.serve.wire.warmth import Warmth
from tornkit.serve.workforce.children import WorkerState
from tornkit.serve.workforce.health import Health, HealthPolicy
from tornkit.serve.workforce.workforce import Workforce

# Virtual seconds for a story to come to its end, once nothing more befalls it: the longest way is
# that of a program that crashes again and again, and is started again ever later.
_PATIENCE = 200.0
# Turns of the workers' loop in which everything has been said that follows from one thing.
_TURNS = 12
# A crash loop is told, and is retried for ever.
_MOST_TOLD = 10


class Over(BaseException):
    """The story has come to its end, and the supervisor has not."""


class Fault(Exception):
    """A story that did not end well."""


class _Loop:
    """Stands in for the supervisor's `Loop`: its time and its turns are the story's."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._timers = Timers()
        self._readers: dict[int, Callable[[], None]] = {}  # by the source's id
        self._sockets: dict[int, Callable[[], None]] = {}  # those of them that are real
        self.clock = 1000.0

    def now(self) -> float:
        return self.clock

    def listen(self, source: Any, on_readable: Callable[[], None]) -> None:
        self._readers[id(source)] = on_readable
        if isinstance(source, LineChannel):
            source.incoming.arrives = partial(self.read, source)
        else:
            self._sockets[id(source)] = on_readable

    def unlisten(self, source: Any) -> None:
        self._readers.pop(id(source), None)
        self._sockets.pop(id(source), None)

    def look_at_sockets(self) -> None:
        """Accept what there may be."""
        for reader in tuple(self._sockets.values()):
            reader()

    def want_write(self, source: Any, on_writable: object) -> None:
        return

    def read(self, source: object) -> None:
        """Something has arrived."""
        reader = self._readers.get(id(source))
        if reader is not None:
            reader()

    def at(self, when: float, action: Callable[[], None]) -> Timer:
        return self._timers.at(when, action)

    def soon(self, action: Callable[[], None]) -> Timer:
        return self.at(self.clock, action)

    def turn(self, on_signal: Callable[[int], None]) -> None:
        self._story.goes_on(on_signal)
        self.run_due()

    def run_due(self) -> None:
        self._timers.run(self.clock)

    def wait(self) -> float | None:
        return self._timers.wait(self.clock)

    def wake(self) -> None:
        return

    @contextlib.contextmanager
    def signals(self, *numbers: int) -> Iterator[None]:
        yield

    def close(self) -> None:
        return


class _Watcher:
    """Tells of what the story changes."""

    polling = False
    rules = mock.Mock(deep_roots=lambda: ())

    def __init__(self) -> None:
        self.seen: dict[Path, Meaning] = {}

    def start(self) -> None:
        return

    stop = start

    def widen(self, *files: object) -> None:
        return

    def troubles(self) -> tuple[str, ...]:
        return ()

    gaps = troubles

    def changes(self) -> dict[Path, Meaning]:
        seen, self.seen = self.seen, {}
        return seen


class _Health(Health):
    """Judges as the story says."""

    worn = False

    def worn_out(self, workers: Any) -> Any:
        serving = [each for each in workers if each.state is WorkerState.SERVING]
        if not self.worn or not serving:
            return None
        self.worn = False
        return serving[0], "is worn out"


@dataclass(eq=False)
class _ChildProcess:
    """What the supervisor has of a worker's process."""

    pid: int
    channel: LineChannel
    signal: Callable[[int], None]
    parent: None = None


@dataclass
class Story:
    """The story of this number."""

    number: int
    loop: asyncio.AbstractEventLoop
    processes: list[Process] = field(default_factory=list)
    happened: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.number)
        self.supervisors = _Loop(self)
        self.reporter = FakeReporter()
        self.watcher = _Watcher()
        self.listeners = Listeners()
        self.health = _Health(HealthPolicy(0.0, RecyclePolicy(max_requests=1)))
        self.code = random_program(self.chance)  # on disk
        self.programs: dict[int, Program] = {}  # by generation
        self.clients: dict[socket.socket, tuple[str, int]] = {}
        self.exits: deque[tuple[int, int]] = deque()
        self.births: deque[tuple[int, Callable[[Any], None]]] = deque()
        self.left = self.chance.choice((10, 30, 60, 120))  # things that befall it
        self.calm_until: float | None = None
        self.ended = False
        self.told_before = 0
        self.config = ServeConfig(
            workers=self.chance.choice((1, 1, 2, 3)),
            reload_order=self.chance.choice(("start-first", "start-first", "stop-first")),
        )

    # ---- as the nursery ----

    def connect(self, on_exit: Callable[[int, int], None], on_stale: Callable[[str], None]) -> None:
        self._on_exit, self._on_stale = on_exit, on_stale

    @property
    def warmth(self) -> Warmth:
        return Warmth(0, {})

    def spawn(
        self,
        count: int,
        environment: Mapping[str, str],
        on_born: Callable[[Any], None],
        *,
        beside: bool = False,
    ) -> None:
        if self._is_short():
            raise OSError(errno.EAGAIN, "no process to give")
        self.births.append((count, on_born))

    def _is_short(self) -> bool:
        return self.calm_until is None and self.chance.random() < 0.02

    def _bear(self) -> None:
        if self.births:
            count, on_born = self.births.popleft()
            if self._is_short():
                on_born(OSError(errno.EAGAIN, "no process to give"))
            else:
                on_born([self._start() for _ in range(count)])

    def unreported(self, pid: int) -> None:
        return

    def _start(self) -> _ChildProcess:
        down, up = Line(), Line()
        pid = NO_PID + len(self.processes)
        theirs = LineChannel(down, up, lambda: self._while_waiting(process))
        ours = LineChannel(up, down, lambda: None)
        process = Process(pid, theirs, self.code, partial(self._ends, pid))
        self.processes.append(process)
        return _ChildProcess(pid, ours, partial(self._signal, process))

    def exclude(self, modules: object) -> None:
        pass

    def learn(self, modules: object, environment: object) -> None:
        return

    def pids(self) -> list[int]:
        return []

    def _signal(self, process: Process, number: int) -> None:
        if number == signal.SIGKILL:
            process.kill(-number)

    def _ends(self, pid: int, status: int) -> None:
        self.exits.append((pid, status))

    # ---- what goes on ----

    def play(self) -> None:
        """Play it.

        :raises Fault: it does not end well.
        """
        self.loop.set_exception_handler(self._note_exception)
        workforce = Workforce(
            loop=self.supervisors,  # type: ignore[arg-type]
            nursery=self,  # type: ignore[arg-type]
            listeners=self.listeners,
            health=self.health,
            reporter=self.reporter,
            drain_timeout=self.config.drain_timeout,
        )
        self.workforce = workforce
        self.supervisor = Supervisor(
            self.config,
            TARGET,
            loop=self.supervisors,  # type: ignore[arg-type]
            workforce=workforce,
            nursery=self,  # type: ignore[arg-type]
            listeners=self.listeners,
            health=self.health,
            reporter=self.reporter,
            watcher=self.watcher,  # type: ignore[arg-type]
        )
        try:
            self.supervisor.run()
            self._find("it ended, and a worker has not", any(p.alive for p in self.processes))
        except Over:
            pass
        finally:
            self._clean_up()
        if self.faults:
            raise Fault("; ".join(self.faults))

    def goes_on(self, on_signal: Callable[[int], None]) -> None:
        """A turn of the supervisor's."""
        if self.calm_until is None and self.left > 0:
            self.left -= 1
            self._befalls(on_signal)
        elif self.calm_until is None:
            self.calm_until = self.supervisors.clock + _PATIENCE
            self.happened.append("calm")
            self.told_before = len(self.reporter.told)
        else:
            self._calm_down()

    def _befalls(self, on_signal: Callable[[int], None]) -> None:
        chance = self.chance
        what = chance.choices(_EVENTS, _WEIGHTS)[0]
        if what not in ("deliver", "turn", "a birth"):
            self.happened.append(what)
        alive = [each for each in self.processes if each.alive]
        match what:
            case "deliver":
                self._deliver_some()
            case "turn":
                self.supervisors.look_at_sockets()
                self._turn(chance.choice((1, 1, 3, _TURNS)))
            case "a birth":
                self._bear()
            case "a process ends":
                self._reap()
            case "time":
                self.supervisors.clock += chance.choice((0.01, 0.1, 0.5, 1.0, 5.0))
            case "go on" if alive:
                chance.choice(alive).go_on()
            case "edit":
                self.code = random_program(chance)
                self.watcher.seen[APP] = Meaning.RESTART
            case "refresh":
                self.watcher.seen[PAGE] = Meaning.REFRESH
            case "kill" if alive:
                chance.choice(alive).kill(chance.choice((-signal.SIGKILL, 1, 0)))
            case "connect":
                self._connect()
            case "worn out":
                self.health.worn = True
            case "stale":
                self._on_stale("a library")
            case "SIGINT" | "SIGQUIT" | "SIGHUP" | "SIGTTIN" | "SIGTTOU" | "SIGUSR1" | "SIGUSR2":
                if what not in ("SIGINT", "SIGQUIT") or chance.random() < 0.1:
                    on_signal(signal.Signals[what])

    def _lines(self) -> list[tuple[Process, Line]]:
        return [
            (each, line)
            for each in self.processes
            for line in (each.channel.incoming, each.channel.outgoing)
            if line.under_way
        ]

    def _deliver_some(self) -> None:
        lines = self._lines()
        if lines:
            self._deliver(*self.chance.choice(lines), self.chance.choice((1, 1, 2, 9)))

    def _deliver(self, process: Process, line: Line, count: int) -> None:
        if line is process.channel.incoming and process.boot and line.under_way:
            # The first message; the interpreter's own part is not of this story.
            process.boot = False
            boot, descriptors = line.under_way.popleft()
            assert isinstance(boot, Boot)
            own = len(descriptors) - sum(offer.count for offer in boot.offers)
            for descriptor in descriptors[:own]:
                os.close(descriptor)
            process.worker._mailbox.offers.add(boot.offers, descriptors[own:])
            # All workers of a generation run the same code.
            process.program = self.programs.setdefault(boot.generation, self.code)
            process.begin(boot.slot, self.loop)
            count -= 1
        line.deliver(count)

    def _turn(self, times: int) -> None:
        """Turn the loop so often, in one run: uvloop takes its time to begin one.

        Less, where two turns in a row have left nothing to be done, as far as a loop shows that.
        """
        ready = getattr(self.loop, "_ready", (None,))

        def turned(left: int, idle: int = 0) -> None:
            idle = 0 if ready else idle + 1
            if left and idle < 2:
                self.loop.call_soon(turned, left - 1, idle)
            else:
                self.loop.stop()

        self.loop.call_soon(turned, times - 1)
        self.loop.run_forever()

    def _reap(self) -> None:
        if self.exits:
            self._on_exit(*self.exits.popleft())

    def _while_waiting(self, process: Process) -> None:
        """A worker waits for a message: others go on, but for what needs its loop."""
        for _ in range(1000):
            if process.killed:
                raise Killed
            if process.channel.incoming.arrived:
                return
            lines = self._lines()
            if not lines:
                self.faults.append("a worker waits for a message that never comes")
                raise Killed
            self._deliver(*self.chance.choice(lines), self.chance.choice((1, 1, 2)))
            if self.chance.random() < 0.2:
                self._reap()
            if self.chance.random() < 0.1:
                self._bear()
            if self.chance.random() < 0.2:
                self.supervisors.run_due()
        raise AssertionError("messages without end")

    def _connect(self) -> None:
        listeners = list(self.listeners)
        if listeners:
            sock = socket.socket()
            sock.setblocking(False)
            place = self.chance.choice(listeners).getsockname()
            with contextlib.suppress(BlockingIOError):
                sock.connect(place)
            self.clients[sock] = place

    # ---- the end ----

    def _calm_down(self) -> None:
        """Have everything arrive; then let time pass, until nothing is left to be done."""
        while True:
            for process, line in self._lines():
                self._deliver(process, line, 1000)
            for process in self.processes:
                process.go_on()
            self._turn(_TURNS)
            self.supervisors.run_due()
            self.supervisors.look_at_sockets()
            if self.births:
                self._bear()
            elif self.exits:
                self._reap()
            elif not self._lines():
                break
        if self.faults or (self.supervisor.stopping and not len(self.workforce)):
            return self._is_over()
        if not self.watcher.seen and self._rests():
            return self._is_over()
        wait = self.supervisors.wait()
        assert self.calm_until is not None
        if wait is None or self.supervisors.clock + wait > self.calm_until:
            self.faults.append(f"no end: {self._why()}")
            return self._is_over()
        self.supervisors.clock += wait
        return None

    def _is_over(self) -> None:
        if not self.supervisor.stopping:
            raise Over
        if len(self.workforce):
            raise Over

    def _rests(self) -> bool:
        """Whether it is as it should be, or the person was told why not."""
        return not self._why()

    def _why(self) -> str:
        succession = self.supervisor.succession
        told = self.reporter.told
        if any(each[0] == "overdue" for each in told[self.told_before :]):
            return "a worker was killed that had been told to end"
        if succession.over:
            return "a worker does not end"
        if sum(each[0] in ("died", "failed") for each in told) > _MOST_TOLD:
            return ""
        current = succession.generations.current
        if current is None:
            waits = any(each[0] == "failed" and "waiting" in each for each in told)
            booting = [each for each in self.workforce if each.is_booting]
            return (
                ""
                if waits and not booting and not succession.generations.next
                else "nothing serves"
            )
        if succession.generations.next is not None:
            return "a generation boots"
        workers = list(self.workforce)
        if current.has_ended:  # as it was told to by nobody: an edit starts another
            waits = any(each[0] == "program ended" and "waiting" in each for each in told)
            return "" if waits and not workers else "what has ended lives on"
        if any(each.generation != current.number for each in workers):
            return "an old worker lives on"
        slots = sorted(each.slot for each in workers)
        if slots != list(range(succession.scaling.size)):
            return f"workers in slots {slots}"
        by_pid = {each.pid: each for each in self.processes}
        claimed = set()
        for worker in workers:
            process = by_pid[worker.pid]
            if worker.state is not WorkerState.SERVING:
                return f"a worker is {worker.state}"
            for registration in process.listening._registrations:
                claimed.add(registration.sock.getsockname())
                if registration.remove is None:
                    return "a worker does not accept where it listens"
        if {each.getsockname() for each in self.listeners} != claimed:
            return "an address that no worker has, or a worker's that is gone"
        return self._lost()

    def _lost(self) -> str:
        """Whether a connection was lost."""
        if self.config.reload_order == "stop-first":  # it closes those that wait
            return ""
        if any(each.killed or each.status for each in self.processes):
            return ""
        # By both ends: the system gives a client's port again, to another that goes elsewhere.
        held = Counter(
            (sock.getpeername(), sock.getsockname())
            for each in self.processes
            if each.alive
            for sock in each.held
        )
        known = {sock.getsockname() for sock in self.listeners}
        for client, place in self.clients.items():
            times = held[client.getsockname(), place]
            if place in known and times != 1:
                return f"a connection is held {times} times"
        return ""

    def _find(self, what: str, found: bool) -> None:
        if found:
            self.faults.append(what)

    def _note_exception(self, loop: object, context: dict[str, Any]) -> None:
        self.faults.append(f"{context['message']}: {context.get('exception')!r}")

    def _clean_up(self) -> None:
        for process in self.processes:
            process.kill(0)
        for _ in range(3):
            self._turn(_TURNS)
        for worker in self.workforce:
            worker.process.channel.close()
            self.health.forget(worker.pid)
        for process in self.processes:
            process.channel.close()
        for client in self.clients:
            client.close()
        self.listeners.close()


_EVENTS: tuple[str, ...]
_WEIGHTS: tuple[float, ...]
_EVENTS, _WEIGHTS = zip(
    *{
        "deliver": 40,
        "turn": 30,
        "a birth": 15,
        "a process ends": 8,
        "time": 5,
        "go on": 6,
        "edit": 4,
        "refresh": 1,
        "kill": 1,
        "connect": 3,
        "worn out": 1,
        "stale": 0.3,
        "SIGINT": 1,
        "SIGQUIT": 0.2,
        "SIGHUP": 1,
        "SIGTTIN": 1.5,
        "SIGTTOU": 1.5,
        "SIGUSR1": 1,
        "SIGUSR2": 0.3,
    }.items(),
    strict=True,
)
