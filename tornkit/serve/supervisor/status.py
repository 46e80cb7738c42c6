"""Status for `tornkit status`: one JSON object about one running server."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from tornkit import __version__
from tornkit.bus_url import shown
from tornkit.serve.hub.keeper import HubKeeper
from tornkit.serve.nursery.nursery import Nursery
from tornkit.serve.supervisor.supervisor import Supervisor
from tornkit.serve.workforce.children import WorkerState
from tornkit.serve.workforce.events import Worker
from tornkit.serve.workforce.health import Health
from tornkit.serve.workforce.memory import memory_of
from tornkit.serve.workforce.workforce import Workforce


@dataclass(frozen=True)
class Status:
    """Status of one running server: what its supervisor, workers and zygotes say."""

    supervisor: Supervisor
    workforce: Workforce
    nursery: Nursery
    health: Health
    hub: HubKeeper
    bus_url: str | None
    label: str
    project: str
    started_at: float

    def snapshot(self) -> dict[str, Any]:
        """Status as JSON: times in seconds, memory in bytes; ``lag`` and memory null if unknown."""
        succession = self.supervisor.succession
        current = succession.generations.current
        warmth = self.nursery.warmth
        failure = succession.generations.last_failure
        return {
            "tornkit": __version__,
            "platform": self.workforce.platform(),
            "pid": os.getpid(),
            "app": self.label,
            "project": self.project,
            "urls": list(self.supervisor.urls()),
            "uptime": time.monotonic() - self.started_at,
            "generation": current.number if current is not None else None,
            "workers_wanted": succession.scaling.wanted,
            "workers": list(self._workers(self.workforce)),
            "zygotes": self.nursery.pids(),
            "hub": self._hub(),
            "bus": self._bus(),
            "warm": {"modules": warmth.modules, "quarantined": warmth.culprits()},
            "last_error": None
            if failure is None
            else {"kind": failure.kind, "message": failure.message, "traceback": failure.traceback},
        }

    def _bus(self) -> dict[str, Any]:
        return {
            "used": self.hub.is_used,
            "max_message": self.hub.limits.max_message,
            "elsewhere": None if self.bus_url is None else shown(self.bus_url),
        }

    def _hub(self) -> dict[str, Any] | None:
        for pid in self.hub.pids:
            memory = memory_of(pid)
            return {"pid": pid, "memory": None if memory is None else asdict(memory)}
        return None

    def _workers(self, workers: Iterable[Worker]) -> Iterable[dict[str, Any]]:
        now = time.monotonic()
        for worker in sorted(workers, key=lambda worker: (worker.generation, worker.slot)):
            pulse = self.health.pulse(worker.pid)
            memory = memory_of(worker.pid)
            yield {
                "slot": worker.slot,
                "pid": worker.pid,
                "generation": worker.generation,
                "state": worker.state.value,
                "uptime": now - worker.started_at,
                "requests": pulse.requests,
                "in_flight": pulse.in_flight,
                "connections": pulse.connections,
                "lag": pulse.lag if pulse.beat and worker.state is WorkerState.SERVING else None,
                "memory": None if memory is None else asdict(memory),
            }
