"""Protocol of what the workforce tells of its workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tornkit.serve.wire.messages import Loaded, Ready
from tornkit.serve.wire.processes import ChildProcess
from tornkit.serve.workforce.children import WorkerHandle, WorkerState
from tornkit.serve.workforce.generation import Generation

Worker = WorkerHandle[ChildProcess]


class Events(Protocol):
    """Told of what becomes of the workers, in the order in which it happens."""

    def worker_ready(self, worker: Worker, ready: Ready) -> None:
        """It is loaded and waits for `Workforce.open`."""

    def worker_closed(self, worker: Worker) -> None:
        """It has let go of its connections, if only by ending; at most once."""

    def worker_unreachable(self, worker: Worker) -> None:
        """Its channel has ended; `worker_gone` will follow."""

    def worker_claimed(self, worker: Worker) -> None:
        """It holds a listening socket of its slot."""

    def worker_loaded(self, worker: Worker, loaded: Loaded) -> None:
        """It has imported more."""

    def is_wanted(self, generation: Generation, slot: int) -> bool:
        """Whether a worker that is born now is still wanted."""

    def workers_missing(self, generation: Generation, slots: Sequence[int], why: OSError) -> None:
        """Workers that were to be started will not be."""

    def workers_stale(self, what: str) -> None:
        """The last ones were started with imports of files that have changed since."""

    def worker_gone(self, worker: Worker, before: WorkerState, status: int) -> None:
        """It has ended; ``before`` is what it was doing, ``worker.failure`` its last word."""
