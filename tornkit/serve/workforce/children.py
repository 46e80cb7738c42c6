"""The supervisor's view of its workers: bookkeeping, no system calls.

A `WorkerHandle` is what the supervisor knows of one worker (the worker's own view of itself is
`tornkit.serve.worker.worker.Worker`). Its life is a table; a move that the table lacks is a bug.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from tornkit.serve.wire.messages import Failed, Lesson

ProcessT = TypeVar("ProcessT")


class WorkerState(enum.Enum):
    """State of a worker's life."""

    BOOTING = "booting"  # the interpreter starts, user code is imported
    READY = "ready"  # it holds its sockets and waits for Go
    SERVING = "serving"
    DRAINING = "draining"  # it accepts no more and finishes what it has
    GONE = "gone"


_MOVES: dict[WorkerState, frozenset[WorkerState]] = {
    WorkerState.BOOTING: frozenset({WorkerState.READY, WorkerState.GONE}),
    WorkerState.READY: frozenset({WorkerState.SERVING, WorkerState.GONE}),
    WorkerState.SERVING: frozenset({WorkerState.DRAINING, WorkerState.GONE}),
    WorkerState.DRAINING: frozenset({WorkerState.GONE}),
    WorkerState.GONE: frozenset(),
}


class IllegalMove(Exception):
    """A change between two states that is not in the table of allowed moves."""


@dataclass(eq=False)
class WorkerHandle(Generic[ProcessT]):
    """The supervisor's record of one worker; ``process`` is whatever the spawner made of it."""

    slot: int
    generation: int
    pid: int
    process: ProcessT
    started_at: float
    state: WorkerState = WorkerState.BOOTING
    platform: dict[str, Any] = field(default_factory=dict)  # of `tornkit.serve.wire`'s `Ready`
    failure: Failed | None = None
    lesson: Lesson | None = None  # what it found out, for which it was killed
    serving_since: float | None = None
    unreachable: bool = False  # its channel has ended; so has it, or it will soon

    def move(self, state: WorkerState) -> None:
        """Go to another state.

        :raises IllegalMove:
        """
        if state not in _MOVES[self.state]:
            raise IllegalMove(f"worker {self.pid}: {self.state.value} -> {state.value}")
        self.state = state

    @property
    def is_booting(self) -> bool:
        return self.state in (WorkerState.BOOTING, WorkerState.READY)


@dataclass
class Children(Generic[ProcessT]):
    """Every worker that is not gone, by pid."""

    _by_pid: dict[int, WorkerHandle[ProcessT]] = field(default_factory=dict)

    def add(self, worker: WorkerHandle[ProcessT]) -> None:
        self._by_pid[worker.pid] = worker

    def get(self, pid: int) -> WorkerHandle[ProcessT] | None:
        return self._by_pid.get(pid)

    def remove(self, worker: WorkerHandle[ProcessT]) -> None:
        """Forget a worker that is gone."""
        worker.move(WorkerState.GONE)
        del self._by_pid[worker.pid]

    def __iter__(self) -> Iterator[WorkerHandle[ProcessT]]:
        return iter(tuple(self._by_pid.values()))

    def __len__(self) -> int:
        return len(self._by_pid)

    def of_generation(self, number: int) -> list[WorkerHandle[ProcessT]]:
        return [worker for worker in self if worker.generation == number]

    def successor_of(self, worker: WorkerHandle[ProcessT]) -> WorkerHandle[ProcessT] | None:
        """Serving worker to inherit a worker's connections: newest generation, same slot if it can.

        Of its own generation or a later one; never ``worker`` itself, whatever its state.
        """
        serving = [
            other
            for other in self
            if other.state is WorkerState.SERVING
            and not other.unreachable
            and other is not worker
            and other.generation >= worker.generation
        ]
        return max(
            serving,
            key=lambda other: (other.generation, other.slot == worker.slot, other.started_at),
            default=None,
        )

    def newest_serving(self) -> list[WorkerHandle[ProcessT]]:
        """Serving workers of the newest generation of which any serves."""
        serving = [
            worker
            for worker in self
            if worker.state is WorkerState.SERVING and not worker.unreachable
        ]
        newest = max((worker.generation for worker in serving), default=0)
        return [worker for worker in serving if worker.generation == newest]
