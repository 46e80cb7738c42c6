"""Workers that are each a fresh interpreter, started when it is wanted."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterable, Mapping

from tornkit.serve.loop.loop import Loop
from tornkit.serve.nursery.nursery import OnBorn, OnExit, OnStale
from tornkit.serve.wire.channel import ChannelClosed
from tornkit.serve.wire.messages import Prepare
from tornkit.serve.wire.processes import ChildProcess, start_interpreter
from tornkit.serve.wire.warmth import Warmth


class Fresh:
    """Nursery whose workers are each an interpreter of its own, a child of the supervisor's."""

    def __init__(self, loop: Loop, prepare: Prepare, *, keep_stdin: bool = False) -> None:
        self._loop = loop
        self._prepare = prepare
        self._keep_stdin = keep_stdin
        self._on_exit: OnExit = lambda pid, status: None

    def connect(self, on_exit: OnExit, on_stale: OnStale) -> None:
        self._on_exit = on_exit

    @property
    def warmth(self) -> Warmth:
        return Warmth(0, {})

    def spawn(
        self, count: int, environment: Mapping[str, str], on_born: OnBorn, *, beside: bool = False
    ) -> None:
        on_born(start_workers(count, environment, self._prepare, keep_stdin=self._keep_stdin))

    def learn(self, modules: tuple[str, ...], environment: Mapping[str, str]) -> None:
        """Do nothing: no module is kept for other workers."""

    def exclude(self, modules: Mapping[str, str]) -> None:
        """Do nothing: no module is warm."""

    def reaped(self, pid: int, status: int) -> None:
        self._loop.soon(lambda: self._on_exit(pid, status))

    def unreported(self, pid: int) -> None:
        """Do nothing: all are the supervisor's own children, and the kernel reports them."""

    def pids(self) -> list[int]:
        return []


def start_workers(
    count: int, environment: Mapping[str, str], prepare: Prepare, *, keep_stdin: bool
) -> list[ChildProcess]:
    """Start workers that are fresh interpreters.

    :raises OSError: one of them can't be started; then none is.
    """
    processes: list[ChildProcess] = []
    try:
        for _ in range(count):
            processes.append(start_interpreter("worker", environment, keep_stdin=keep_stdin))
    except OSError:
        for process in processes:
            process.signal(signal.SIGKILL)
            process.channel.close()
        raise
    tell(processes, prepare)
    return processes


def tell(processes: Iterable[ChildProcess], message: Prepare) -> None:
    """Send a message to each process; one that has ended meanwhile will be reaped."""
    for process in processes:
        with contextlib.suppress(ChannelClosed):
            process.channel.send(message)
