"""A workforce by itself: its workers are the other ends of real channels, time is the test's."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any

from tests.serve.hand_loop import HandLoop
from tests.serve.scripted import FakeWorker, World
from tornkit.serve.wire.messages import Loaded, Ready
from tornkit.serve.workforce.children import WorkerState
from tornkit.serve.workforce.events import Worker
from tornkit.serve.workforce.generation import Generation, GenerationState
from tornkit.serve.workforce.health import Health, HealthPolicy
from tornkit.serve.workforce.workforce import Workforce


class Team:
    """Workforce and its surroundings. ``connect`` it before anything is started."""

    def __init__(self, health: Health | None = None) -> None:
        self.loop = HandLoop()
        self.world = World(self.loop)
        self.reporter = self.world.reporter
        self.listeners = self.world.listeners
        self.nursery = self.world.nursery
        self.health = health or Health(HealthPolicy(hang_timeout=0.0))
        self.workforce = Workforce(
            loop=self.loop,
            nursery=self.nursery,
            listeners=self.listeners,
            health=self.health,
            reporter=self.reporter,
            drain_timeout=10.0,
        )

    def start(self, generation: Generation, slots: Sequence[int]) -> list[FakeWorker]:
        """Start workers in these slots, which are told to boot; return their processes."""
        self.workforce.start(slots, generation)
        return self.world.new_workers()

    def serve(self, generation: Generation, count: int = 1) -> list[FakeWorker]:
        """Start workers in the first slots, and let them serve; return their processes."""
        processes = self.start(generation, range(count))
        for process in processes:
            process.says(Ready())
        self.loop.passes()
        for worker in self.workforce.of(generation):
            self.workforce.promise(worker)
            self.workforce.open(worker)
        if generation.state is GenerationState.BOOTING:
            generation.move(GenerationState.SERVING)
            generation.opened = True
        for process in processes:
            process.heard()
        return processes

    def worker(self, process: FakeWorker) -> Worker:
        """The workforce's handle of a process."""
        [worker] = [each for each in self.workforce if each.pid == process.pid]
        return worker

    def states(self) -> dict[int, WorkerState]:
        """The states of all workers, by their slot."""
        return {worker.slot: worker.state for worker in self.workforce}

    def close(self) -> None:
        for process in self.world.workers:
            self.health.forget(process.pid)
            process.channel.close()
            process.process.channel.close()
            for descriptor in process.descriptors:
                os.close(descriptor)
        self.listeners.close()
        self.loop.close()


class Journal:
    """Events of a workforce, by slot and in their order."""

    def __init__(self) -> None:
        self._entries: list[tuple[Any, ...]] = []
        self.wants = True

    def since(self) -> list[tuple[Any, ...]]:
        """Return the events since the last call."""
        entries, self._entries = self._entries, []
        return entries

    def worker_ready(self, worker: Worker, ready: Ready) -> None:
        self._entries.append(("ready", worker.slot))

    def worker_closed(self, worker: Worker) -> None:
        self._entries.append(("closed", worker.slot))

    def worker_unreachable(self, worker: Worker) -> None:
        self._entries.append(("unreachable", worker.slot))

    def worker_claimed(self, worker: Worker) -> None:
        self._entries.append(("claimed", worker.slot))

    def worker_loaded(self, worker: Worker, loaded: Loaded) -> None:
        self._entries.append(("loaded", worker.slot, *loaded.names))

    def is_wanted(self, generation: Generation, slot: int) -> bool:
        return self.wants

    def workers_missing(self, generation: Generation, slots: Sequence[int], why: OSError) -> None:
        self._entries.append(("missing", *slots, str(why)))

    def workers_stale(self, what: str) -> None:
        self._entries.append(("stale", what))

    def worker_gone(self, worker: Worker, before: WorkerState, status: int) -> None:
        self._entries.append(("gone", worker.slot, before.value, status))


@contextlib.contextmanager
def team(health: Health | None = None) -> Iterator[Team]:
    """A team that is closed behind the test."""
    team = Team(health)
    try:
        yield team
    finally:
        team.close()
