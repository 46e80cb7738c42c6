"""A supervisor by itself: workers, clock and files are the test's.

A test is a script, a generator: it does something, yields, and finds what the supervisor has made
of it. All is one thread and no time passes but what the script lets pass. Workers are the other
ends of real channels; signals are real ones.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import signal
import socket
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from tornkit.appload.target import Kind, Target
from tornkit.serve.config import ServeConfig
from tornkit.serve.loop.loop import Loop
from tornkit.serve.reporter import Banner
from tornkit.serve.sockets.sockets import Listeners
from tornkit.serve.supervisor.supervisor import Supervisor
from tornkit.serve.watching.watcher import Watcher, WatchRules
from tornkit.serve.wire.channel import Channel
from tornkit.serve.wire.messages import (
    Boot,
    Claim,
    Closed,
    Drain,
    Failed,
    Go,
    Message,
    Ready,
    Upward,
)
from tornkit.serve.wire.warmth import Warmth
from tornkit.serve.workforce.health import Health, HealthPolicy
from tornkit.serve.workforce.workforce import Workforce

TARGET = Target(Kind.APPLICATION, "app:app", "/src", "/src", module="app", attribute="app")
APP, VIEWS, PAGE = Path("/src/app.py"), Path("/src/views.py"), Path("/src/page.html")
CLAIM = Claim(port=0, address="127.0.0.1")
FAILURE = Failed("AppRaised", "importing app failed", "Traceback")
# No process can have such a number: whatever goes wrong, no signal of a test reaches anybody.
NO_PID = 1 << 30
# Enough for whatever follows from one thing to happen.
TURNS = 8

Script = Generator[None, None, None]


class ScriptOver(Exception):
    """The script has ended and the supervisor has not."""


class ScriptedLoop(Loop):
    """Goes on with the script whenever nothing more is to be done; its time is the script's."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = 1000.0
        self.script: Script = iter(())  # type: ignore[assignment]
        self._left = TURNS

    def now(self) -> float:
        return self.clock

    def turn(self, on_signal: Callable[[int], None]) -> None:
        if self._left == 0:
            self._left = TURNS
            if next(self.script, self) is self:
                raise ScriptOver
        self._left -= 1
        self.wake()  # it never waits
        super().turn(on_signal)


class FakeProcess:
    """What the supervisor has of a worker, in the place of a `ChildProcess`."""

    parent = None

    def __init__(self, pid: int, channel: Channel, on_signal: Callable[[int], None]) -> None:
        self.pid = pid
        self.channel = channel
        self.signal = on_signal


class FakeWorker:
    """The worker's side."""

    def __init__(self, world: World, environment: Mapping[str, str]) -> None:
        self._boot: Boot | None = None
        self._inbox: list[Message] = []
        self.environment = environment
        self.signals: list[int] = []
        self.alive = True
        self.descriptors: list[int] = []
        self.snapshot: dict[str, tuple[str, bytes]] | None = None  # what it is to load
        self._world = world
        ours, theirs = socket.socketpair()
        for sock in (ours, theirs):
            sock.setblocking(False)
        self.channel = Channel(theirs)
        self.pid = NO_PID + len(world.workers)
        self.process = FakeProcess(self.pid, Channel(ours), self._on_signal)

    def says(self, message: Upward, *descriptors: int) -> None:
        self.channel.send(message, descriptors)

    @property
    def boot(self) -> Boot:
        """The first thing it was told."""
        self._listen()
        assert self._boot is not None
        return self._boot

    def heard(self) -> list[Message]:
        """What it was told since it was asked last, but for the boot."""
        self._listen()
        messages, self._inbox = self._inbox, []
        return messages

    def _listen(self) -> None:
        if self.channel.fileno() == -1:
            return
        while messages := self.channel.receive_ready():
            for message, descriptors in messages:
                if isinstance(message, Boot):
                    self._boot = message
                    own = len(descriptors) - sum(offer.count for offer in message.offers)
                    for descriptor in descriptors[1:own]:
                        _, self.snapshot = marshal.loads(os.pread(descriptor, 1 << 20, 0))
                    for descriptor in descriptors:
                        os.close(descriptor)
                else:
                    self._inbox.append(message)
                    self.descriptors += descriptors

    def dies(self, status: int) -> None:
        if self.alive:
            self.alive = False
            self.channel.close()
            self._world.loop.soon(lambda: self._world.on_exit(self.pid, status))

    def _on_signal(self, number: int) -> None:
        if self.alive:
            self.signals.append(number)
            if number == signal.SIGKILL:
                self.dies(-number)


class FakeNursery:
    """Starts nothing."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.learned: list[tuple[str, ...]] = []
        self.missed: list[int] = []
        self.is_slow = False
        self.unborn: list[Callable[[], None]] = []  # births that the test decides on

    def connect(self, on_exit: Callable[[int, int], None], on_stale: Callable[[str], None]) -> None:
        self._world.on_exit = on_exit
        self._world.on_stale = on_stale

    @property
    def warmth(self) -> Warmth:
        return Warmth(0, {})

    def spawn(
        self,
        count: int,
        environment: Mapping[str, str],
        on_born: Callable[[list[Any]], None],
        *,
        beside: bool = False,
    ) -> None:
        started = []
        for _ in range(count):
            worker = FakeWorker(self._world, environment)
            self._world.workers.append(worker)
            started.append(worker.process)
        if self.is_slow:
            self.unborn.append(partial(on_born, started))
        else:
            on_born(started)

    def unreported(self, pid: int) -> None:
        self.missed.append(pid)

    def exclude(self, modules: Mapping[str, str]) -> None:
        """Nothing is warm."""

    def learn(self, modules: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self.learned.append(modules)

    def reaped(self, pid: int, status: int) -> None:
        raise AssertionError("the tests have no children")

    def pids(self) -> list[int]:
        return []


class FakeReporter:
    """Writes down what the person is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.banner: Banner | None = None

    def since(self) -> list[tuple[Any, ...]]:
        """What was told since this was asked last."""
        told, self.told = self.told, []
        return told

    def serving(self, banner: Banner) -> None:
        self.banner = banner
        self.told.append(("serving",))

    def serves_by_itself(self, label: str) -> None:
        self.told.append(("serves by itself", label))

    def also_serving(self, urls: Sequence[str]) -> None:
        self.told.append(("also serving", len(urls)))

    def still_starting(self, seconds: float) -> None:
        self.told.append(("still starting", seconds))

    def files_changed(self, paths: Sequence[str]) -> None:
        self.told.append(("files changed", *paths))

    def blocked(self, slot: int | None, seconds: float, where: str, cause: str) -> None:
        self.told.append(("blocked", slot, round(seconds, 2), f"{where}{cause}"))

    def warmed(self, warmth: object) -> None:
        self.told.append(("warmed", warmth))

    def reloading(self, changed: Sequence[str]) -> None:
        self.told.append(("reloading", *changed))

    def reloaded(self, generation: int, took: float) -> None:
        self.told.append(("reloaded", generation, round(took, 3)))

    def failed(self, failure: Failed, *, old_serves: bool, waiting: bool) -> None:
        how = ["old serves"] * old_serves + ["waiting"] * waiting
        self.told.append(("failed", failure.kind, *how))

    def worker_died(self, slot: int, pid: int, how: str, delay: float) -> None:
        self.told.append(("died", slot, how, delay))

    def makes_room(self, what: str) -> None:
        self.told.append(("makes room", what))

    def held(self, what: str, *, by_sibling: bool) -> None:
        self.told.append(("held", what, *["by sibling"] * by_sibling))

    def helpers_ended(self, helpers: Sequence[str]) -> None:
        self.told.append(("helpers ended", *helpers))

    def program_ended(self, slot: int, pid: int, *, waiting: bool) -> None:
        self.told.append(("program ended", slot, *["waiting"] * waiting))

    def not_alike(self, slot: int, path: str) -> None:
        self.told.append(("not alike", slot, path))

    def none_serves(self) -> None:
        self.told.append(("none serves",))

    def overdue(self, pid: int, slot: int) -> None:
        self.told.append(("overdue", slot))

    def hangs(self, slot: int, pid: int, seconds: float) -> None:
        self.told.append(("hangs", slot))

    def recycles(self, slot: int, pid: int, reason: str) -> None:
        self.told.append(("recycles", slot, reason))

    def resized(self, workers: int) -> None:
        self.told.append(("resized", workers))

    def differs(self, name: str, *, between_workers: bool) -> None:
        self.told.append(("differs", name, "between workers" if between_workers else "by reloads"))

    def watching_fails(self, trouble: str) -> None:
        self.told.append(("watching fails", trouble))

    def watches_less(self, why: str) -> None:
        self.told.append(("watches less", why))

    def cache_refused(self, reason: str) -> None:
        self.told.append(("cache refused", reason))

    def hub_died(self) -> None:
        self.told.append(("hub died",))

    def lacks(self, what: str) -> None:
        self.told.append(("lacks", what))

    def stopping(self, why: str) -> None:
        self.told.append(("stopping", why))

    def keys(self, keys: Iterable[tuple[str, str]]) -> None:
        self.told.append(("keys", *(letter for letter, _ in keys)))

    def cleared(self) -> None:
        self.told.append(("cleared",))

    def stopped(self) -> None:
        self.told.append(("stopped",))


class FakeWatcher(Watcher):
    """Tells of what the test says has changed; looks at nothing."""

    running = False

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False

    def sees(self, *paths: Path) -> None:
        self._tell(paths)


@dataclass
class World:
    """All that a supervisor deals with."""

    loop: ScriptedLoop = field(default_factory=ScriptedLoop)
    workers: list[FakeWorker] = field(default_factory=list)
    reporter: FakeReporter = field(default_factory=FakeReporter)
    listeners: Listeners = field(default_factory=Listeners)
    environment: dict[str, str] = field(default_factory=dict)
    on_exit: Callable[[int, int], None] = lambda pid, status: None
    on_stale: Callable[[str], None] = lambda what: None
    watcher: FakeWatcher = field(init=False)
    nursery: FakeNursery = field(init=False)
    _seen: int = 0

    def __post_init__(self) -> None:
        rules = WatchRules(folders=frozenset({Path("/src")}))
        self.watcher = FakeWatcher(rules, self.loop.wake)
        self.nursery = FakeNursery(self)

    def run(self, script: Callable[[], Script], config: ServeConfig) -> int | None:
        """The exit code; None where the script ended first."""
        # Otherwise a worker would be as old as the machine is up.
        clock = SimpleNamespace(monotonic=self.loop.now)
        with mock.patch("tornkit.serve.workforce.health.time", clock):
            return self._run(script, config)

    def _run(self, script: Callable[[], Script], config: ServeConfig) -> int | None:
        health = Health(HealthPolicy(hang_timeout=0.0, recycle=config.recycle))
        workforce = Workforce(
            loop=self.loop,
            nursery=self.nursery,
            listeners=self.listeners,
            health=health,
            reporter=self.reporter,
            drain_timeout=config.drain_timeout,
        )
        supervisor = Supervisor(
            config,
            TARGET,
            loop=self.loop,
            workforce=workforce,
            nursery=self.nursery,
            listeners=self.listeners,
            health=health,
            reporter=self.reporter,
            watcher=self.watcher if config.reload else None,
            environment=lambda: dict(self.environment),
        )
        self.loop.script = script()
        try:
            exit_code = supervisor.run()
            assert {worker.process.channel.fileno() for worker in self.workers} == {-1}
            return exit_code
        except ScriptOver:
            return None
        finally:
            self.loop.script.close()
            assert not self.watcher.running
            for worker in self.workers:
                with contextlib.suppress(KeyError):  # its end was seen
                    health.forget(worker.pid)
                worker.channel.close()
                worker.process.channel.close()
                for descriptor in worker.descriptors:
                    os.close(descriptor)

    def new_workers(self) -> list[FakeWorker]:
        """Those started since this was asked last."""
        new = self.workers[self._seen :]
        self._seen = len(self.workers)
        return new

    def passes(self, seconds: float) -> None:
        self.loop.clock += seconds

    def serve(self, path: Path | None = None) -> Generator[None, None, list[FakeWorker]]:
        """Bring a generation to where it serves, the first or after an edit of ``path``."""
        old: list[FakeWorker] = []
        if path is not None:
            old = [worker for worker in self.workers if worker.alive]
            self.passes(10)
            self.watcher.sees(path)
            yield
        workers = self.new_workers()
        assert workers
        for worker in workers:
            worker.says(Ready())
        yield
        for worker in old:
            assert Drain(10.0, True) in worker.heard()
            worker.says(Closed())
            worker.dies(0)
        yield
        for worker in workers:
            assert worker.heard() == [Go()]
        self.reporter.since()
        return workers


def config(workers: int = 1, **others: Any) -> ServeConfig:
    return ServeConfig(workers=workers, **others)


def get_ready(workers: Sequence[FakeWorker]) -> Script:
    for worker in workers:
        worker.says(Ready())
    yield
