"""Spare interpreters that have done the imports and wait: for where a fork is not safe.

Each new worker is one that stood by: it has imported Tornado and what the last good worker
imported, and goes on with the user's code. Nothing is forked after an import, so nothing has to
be proven safe; the price is memory, as many spare processes as there are workers.

Warm for one set of modules and one environment, a spare is thrown away when either changes; then,
and after each use, new ones are started in the background.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Mapping

from tornkit.serve.loop.loop import Loop
from tornkit.serve.nursery.fresh import start_workers, tell
from tornkit.serve.nursery.nursery import OnBorn, OnExit, OnStale
from tornkit.serve.wire.channel import ChannelClosed
from tornkit.serve.wire.messages import Prepare, Warm
from tornkit.serve.wire.processes import ChildProcess, start_interpreter
from tornkit.serve.wire.warmth import Warmth


class Standby:
    """Nursery whose workers are spare interpreters that wait, ``count`` of them."""

    def __init__(
        self,
        loop: Loop,
        report: Callable[[Warmth], None],
        prepare: Prepare,
        count: int,
        *,
        keep_stdin: bool = False,
    ) -> None:
        self._loop = loop
        self._report = report
        self._prepare = prepare
        self._count = count
        self._keep_stdin = keep_stdin
        self._on_exit: OnExit = lambda pid, status: None
        self._spares: list[ChildProcess] = []
        self._environment: Mapping[str, str] = {}
        self._unsafe: dict[str, str] = {}
        self._learned: dict[str, None] = {}
        self.warmth = Warmth(0, {})

    def connect(self, on_exit: OnExit, on_stale: OnStale) -> None:
        self._on_exit = on_exit

    def spawn(
        self, count: int, environment: Mapping[str, str], on_born: OnBorn, *, beside: bool = False
    ) -> None:
        if environment != self._environment:
            self._dismiss()
            self._environment = dict(environment)
        taken, self._spares = self._spares[:count], self._spares[count:]
        # Not before: one whose imports have become stale is then an interpreter without any.
        tell(taken, self._prepare)
        # Not now: the workers that were just started are waited for, spares are not.
        self._loop.at(self._loop.now() + 1.0, self._fill)
        on_born(taken)
        missing = count - len(taken)
        if missing:
            try:
                on_born(
                    start_workers(missing, environment, self._prepare, keep_stdin=self._keep_stdin)
                )
            except OSError as error:
                on_born(error)

    def learn(self, modules: tuple[str, ...], environment: Mapping[str, str]) -> None:
        known = self._learned.keys() | self._unsafe.keys()
        unknown = [name for name in modules if name not in known]
        if unknown:
            self._learned.update(dict.fromkeys(unknown))
            self._dismiss()
            self._loop.soon(self._fill)

    def exclude(self, modules: Mapping[str, str]) -> None:
        if not modules.keys() <= self._unsafe.keys():
            self._unsafe.update(modules)
            for name in modules:
                self._learned.pop(name, None)
            self._dismiss()
            self._loop.soon(self._fill)

    def _fill(self) -> None:
        """Have as many spares as there are workers, if there is anything to import ahead."""
        for _ in range(self._count - len(self._spares) if self._learned else 0):
            spare = start_interpreter("standby", self._environment, keep_stdin=self._keep_stdin)
            with contextlib.suppress(ChannelClosed):
                spare.channel.send(Warm(tuple(self._learned)))
            self._spares.append(spare)
        warmth = Warmth(len(self._learned), dict(self._unsafe))
        if warmth != self.warmth:
            self.warmth = warmth
            self._report(warmth)

    def _dismiss(self) -> None:
        for spare in self._spares:
            spare.signal(signal.SIGKILL)
            spare.channel.close()
        self._spares.clear()

    def reaped(self, pid: int, status: int) -> None:
        for spare in self._spares:
            if spare.pid == pid:
                self._spares.remove(spare)
                spare.channel.close()
                return
        self._loop.soon(lambda: self._on_exit(pid, status))

    def unreported(self, pid: int) -> None:
        """Do nothing: all are the supervisor's own children, and the kernel reports them."""

    def pids(self) -> list[int]:
        return [spare.pid for spare in self._spares]
