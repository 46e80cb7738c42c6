"""Judge of which workers hang, and which have served long enough; it does nothing about them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from tornkit.serve.config import RecyclePolicy
from tornkit.serve.wire.heartbeat import Heartbeat, Pulse, silence
from tornkit.serve.wire.processes import ChildProcess
from tornkit.serve.workforce.children import WorkerHandle, WorkerState
from tornkit.serve.workforce.memory import resident
from tornkit.serve.workforce.recycling import Recycling

_LONGEST_INTERVAL = 1.0


@dataclass(frozen=True)
class HealthPolicy:
    """Limits beyond which a worker counts as hanging or as worn out.

    ``hang_timeout``: seconds without a beat, 0 for never; see `RecyclePolicy` for the rest.
    """

    hang_timeout: float = 30.0
    recycle: RecyclePolicy = field(default_factory=RecyclePolicy)

    @property
    def interval(self) -> float | None:
        """Seconds between two checks of the workers, None where there is nothing to check."""
        if self.hang_timeout:
            return min(_LONGEST_INTERVAL, self.hang_timeout / 4)
        return _LONGEST_INTERVAL if self.recycle else None


class Health:
    """The heartbeats and limits of all workers."""

    def __init__(self, policy: HealthPolicy) -> None:
        self.policy = policy
        self._heartbeats: dict[int, Heartbeat] = {}
        self._limits: dict[int, Recycling] = {}

    def admit(self, pid: int) -> int:
        """Register a new worker; return the descriptor of the memory that its heartbeat goes into.

        :raises OSError: the system has none to give.
        """
        heartbeat = Heartbeat.create()
        self._heartbeats[pid] = heartbeat
        self._limits[pid] = Recycling(self.policy.recycle)
        return heartbeat.descriptor

    def forget(self, pid: int) -> None:
        """Drop the heartbeat and the limits of a worker that has ended."""
        heartbeat = self._heartbeats.pop(pid, None)
        if heartbeat is not None:  # the system had none to give
            heartbeat.close()
            del self._limits[pid]

    def pulse(self, pid: int) -> Pulse:
        heartbeat = self._heartbeats.get(pid)
        return Pulse() if heartbeat is None else heartbeat.read()

    def heartbeat(self, pid: int) -> Heartbeat | None:
        """The record of a worker; None where the system had none to give."""
        return self._heartbeats.get(pid)

    def hanging(self, workers: Iterable[WorkerHandle[ChildProcess]]) -> list[tuple[int, float]]:
        """Pids of workers whose loop has not turned for too long, with the seconds."""
        now = time.monotonic()
        if not self.policy.hang_timeout:
            return []
        silent = ((worker.pid, silence(self.pulse(worker.pid), now)) for worker in workers)
        return [(pid, seconds) for pid, seconds in silent if seconds > self.policy.hang_timeout]

    def worn_out(
        self, workers: Iterable[WorkerHandle[ChildProcess]]
    ) -> tuple[WorkerHandle[ChildProcess], str] | None:
        """The first serving worker beyond a limit, and which limit in words; None for no worker."""
        if not self.policy.recycle:
            return None
        now = time.monotonic()
        for worker in workers:
            if worker.state is not WorkerState.SERVING or worker.serving_since is None:
                continue
            reason = self._limits[worker.pid].reason(
                requests=self.pulse(worker.pid).requests,
                rss=resident(worker.pid) if self.policy.recycle.max_rss else 0,
                age=now - worker.serving_since,
            )
            if reason is not None:
                return worker, reason
        return None
