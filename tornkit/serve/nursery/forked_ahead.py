"""Workers that were forked ahead of time: they wait for their `Boot`, and hold what is warm."""

from __future__ import annotations

import signal
from collections.abc import Iterable

from tornkit.serve.wire.processes import ChildProcess


class ForkedAhead:
    """Those of one zygote; of another than the active one they are warm with something else."""

    def __init__(self) -> None:
        self._processes: list[ChildProcess] = []

    def __len__(self) -> int:
        return len(self._processes)

    def add(self, processes: Iterable[ChildProcess]) -> None:
        """Keep these."""
        self._processes += processes

    def take(self, count: int) -> list[ChildProcess]:
        """Give away up to ``count``, the oldest first."""
        taken, self._processes = self._processes[:count], self._processes[count:]
        return taken

    def ended(self, pid: int) -> None:
        """A process has ended, which may be one of them."""
        for process in self._processes:
            if process.pid == pid:
                process.channel.close()
        self._processes = [process for process in self._processes if process.pid != pid]

    def dismiss(self) -> None:
        """Kill all."""
        dismiss(self._processes)
        self._processes.clear()

    def pids(self) -> list[int]:
        """Their process ids."""
        return [process.pid for process in self._processes]


def dismiss(processes: Iterable[ChildProcess]) -> None:
    """Kill workers that are not wanted any more."""
    for process in processes:
        process.signal(signal.SIGKILL)
        process.channel.close()
