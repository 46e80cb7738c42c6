"""A workforce by itself: its workers are the other ends of real channels, time is the test's."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence

from tests.serve.hand_loop import HandLoop
from tests.serve.scripted import FakeWorker, World
from tornkit.serve.wire.messages import Ready
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


@contextlib.contextmanager
def team(health: Health | None = None) -> Iterator[Team]:
    """A team that is closed behind the test."""
    team = Team(health)
    try:
        yield team
    finally:
        team.close()
