"""Workers that were forked ahead of time: they wait for their `Boot`, and hold the warm modules."""

from __future__ import annotations

import signal
from collections.abc import Iterable

from tornkit.serve.wire.processes import ChildProcess


class ForkedAhead:
    """Waiting workers that one zygote has forked; another's would be warm with something else."""

    def __init__(self) -> None:
        self._processes: list[ChildProcess] = []

    def __len__(self) -> int:
        return len(self._processes)

    def add(self, processes: Iterable[ChildProcess]) -> None:
        """Keep these workers."""
        self._processes += processes

    def take(self, count: int) -> list[ChildProcess]:
        """Give away up to ``count`` workers, the oldest first."""
        taken, self._processes = self._processes[:count], self._processes[count:]
        return taken

    def ended(self, pid: int) -> None:
        """Forget a process that has ended, if it is one of the workers."""
        for process in self._processes:
            if process.pid == pid:
                process.channel.close()
        self._processes = [process for process in self._processes if process.pid != pid]

    def dismiss(self) -> None:
        """Kill all workers."""
        dismiss(self._processes)
        self._processes.clear()

    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [process.pid for process in self._processes]


def dismiss(processes: Iterable[ChildProcess]) -> None:
    """Kill workers that are not wanted any more."""
    for process in processes:
        process.signal(signal.SIGKILL)
        process.channel.close()
