"""Upkeep by itself: a generation, and workers that a test speaks for (see `team`)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tests.serve.scripted import CLAIM, FakeWorker, config
from tests.serve.workforce.team import Team, team
from tornkit.serve.config import RecyclePolicy, ServeConfig
from tornkit.serve.wire.messages import Loaded, Ready
from tornkit.serve.workforce.children import WorkerState
from tornkit.serve.workforce.events import Worker
from tornkit.serve.workforce.generation import Generation, GenerationState
from tornkit.serve.workforce.generations import Generations
from tornkit.serve.workforce.health import Health, HealthPolicy
from tornkit.serve.workforce.upkeep import Upkeep


class Verdict(Health):
    """Health that finds worn out whichever worker a test says."""

    worn: Worker | None = None

    def __init__(self) -> None:
        super().__init__(HealthPolicy(hang_timeout=0.0, recycle=RecyclePolicy(max_requests=1)))

    def worn_out(self, workers: Iterable[Worker]) -> tuple[Worker, str] | None:
        return next(((each, "is worn out") for each in workers if each is self.worn), None)


class Crew:
    """The generation that serves, and its upkeep, which alone hears of its workers."""

    def __init__(self, team: Team, verdict: Verdict, config: ServeConfig) -> None:
        self.team = team
        self.loop, self.reporter, self.listeners = team.loop, team.reporter, team.listeners
        self._verdict = verdict
        self.generations = Generations()
        self.restarted: list[str] = []
        self.finished = 0
        self.upkeep = Upkeep(
            config,
            self.generations,
            loop=team.loop,
            workforce=team.workforce,
            listeners=team.listeners,
            health=verdict,
            reporter=team.reporter,
            restart=self.restarted.append,
            finished=self._finish,
        )
        team.workforce.connect(self)
        self.generation = self.begin()
        self.upkeep.begin()

    def _finish(self) -> None:
        self.finished += 1

    def begin(self) -> Generation:
        """Begin another generation."""
        generation = Generation(self.generations.new_number(), (), self.loop.now())
        self.generations.begin(generation)
        return generation

    def serve(self, count: int = 1, *, claim: bool = False) -> list[FakeWorker]:
        """Start workers of the generation, and let it serve; return their processes."""
        processes = self.team.start(self.generation, range(count))
        for process in processes:
            if claim:
                process.says(CLAIM)
            process.says(Ready())
        self.loop.passes()
        self.generations.serve(self.generation)
        self.generation.opened = True
        for worker in self.team.workforce.of(self.generation):
            self.team.workforce.promise(worker)
            self.upkeep.open(worker)
        for process in processes:
            process.heard()
        return processes

    def settles(self) -> None:
        """Let everything happen that is due, and then all that is delayed by it."""
        self.loop.passes()
        self.loop.passes(10)

    def new_worker(self) -> FakeWorker:
        [process] = self.team.world.new_workers()
        return process

    def wears_out(self, process: FakeWorker) -> FakeWorker:
        """Have a worker recycled; return the process of its successor."""
        self._verdict.worn = self.team.worker(process)
        self.loop.passes(1)
        self._verdict.worn = None
        return self.new_worker()

    # ---- as the events of the workforce ----

    def worker_ready(self, worker: Worker, ready: Ready) -> None:
        if self.generations[worker.generation].state is GenerationState.SERVING:
            self.upkeep.stand_in(worker)

    def worker_claimed(self, worker: Worker) -> None:
        self.upkeep.look_after_slot(worker)

    def worker_unreachable(self, worker: Worker) -> None:
        self.upkeep.look_after_slot(worker)

    def worker_closed(self, worker: Worker) -> None:
        self.upkeep.closed(worker)

    def worker_loaded(self, worker: Worker, loaded: Loaded) -> None:
        self.generation.snapshot.note(loaded.sources, loaded.names)

    def worker_gone(self, worker: Worker, before: WorkerState, status: int) -> None:
        self.upkeep.gone(self.generations[worker.generation], worker, before, status)

    def workers_missing(self, generation: Generation, slots: Sequence[int], why: OSError) -> None:
        self.upkeep.missing(generation, slots, why)

    def workers_stale(self, what: str) -> None:
        raise AssertionError(what)

    def is_wanted(self, generation: Generation, slot: int) -> bool:
        return self.upkeep.is_wanted(generation, slot)


@contextlib.contextmanager
def open_crew(**others: Any) -> Iterator[Crew]:
    """Upkeep of two slots; ``others`` are fields of its `ServeConfig`."""
    verdict = Verdict()
    with team(verdict) as each:
        yield Crew(each, verdict, config(2, **others))


def told(crew: Crew) -> list[str]:
    """Return the sorts of the lines since the last call."""
    return [each[0] for each in crew.reporter.since()]
