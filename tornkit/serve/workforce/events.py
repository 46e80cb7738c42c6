"""Protocols of listeners: to events in the workers' lives, and to what workers tell browsers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Protocol

from tornkit.serve.wire.messages import Loaded, Ready
from tornkit.serve.wire.processes import ChildProcess
from tornkit.serve.workforce.children import WorkerHandle, WorkerState
from tornkit.serve.workforce.generation import Generation

Worker = WorkerHandle[ChildProcess]


class Audience(Protocol):
    """Receiver of what workers report for browsers: connections, requests, errors."""

    def adopt(self, descriptors: list[int], *, of_server: bool) -> None:
        """Take over the connection of a browser that is to hear of events (`Follows`)."""

    def answered(self, rows: Sequence[object]) -> None:
        """Note requests that a worker has answered."""

    def raised(self, shown: dict[str, Any]) -> None:
        """Note an error that a browser has been shown."""

    def open_in_editor(self, failure: str, frame: int) -> None:
        """Show a line of code in the person's editor."""


class Nobody:
    """An `Audience` without browsers."""

    def adopt(self, descriptors: list[int], *, of_server: bool) -> None:
        for descriptor in descriptors:
            os.close(descriptor)

    def answered(self, rows: Sequence[object]) -> None:
        return

    def raised(self, shown: dict[str, Any]) -> None:
        return

    def open_in_editor(self, failure: str, frame: int) -> None:
        return


class Events(Protocol):
    """Listener for events in the workers' lives, in the order in which they happen."""

    def worker_ready(self, worker: Worker, ready: Ready) -> None:
        """Note a worker that is loaded and waits for `Workforce.open`."""

    def worker_closed(self, worker: Worker) -> None:
        """Note a worker that has let go of its connections, if only by ending; at most once."""

    def worker_unreachable(self, worker: Worker) -> None:
        """Note a worker whose channel has ended; `worker_gone` will follow."""

    def worker_claimed(self, worker: Worker) -> None:
        """Note a worker that holds a listening socket of its slot."""

    def worker_loaded(self, worker: Worker, loaded: Loaded) -> None:
        """Note that a worker has imported more of the user's files."""

    def is_wanted(self, generation: Generation, slot: int) -> bool:
        """Whether a worker that is born now is still wanted."""

    def workers_missing(self, generation: Generation, slots: Sequence[int], why: OSError) -> None:
        """Note slots for which workers were to be started, and will not be."""

    def workers_stale(self, what: str) -> None:
        """Note that the last workers were started with imports of files that have changed since."""

    def worker_gone(self, worker: Worker, before: WorkerState, status: int) -> None:
        """Note a worker that has ended; ``before`` was its state, ``worker.failure`` its words."""
