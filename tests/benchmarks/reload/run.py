"""The comparison of reloads: every server with every application, one after the other.

For each pair: a fresh folder with app.py; a few starts, timed to their first 200; after the last
one a fixed pause, the same for all, in which a server may do in the background what it likes
(tornkit warms its zygote then); CPU time while nothing happens; then the edits. Each is timed from
just before the save to the first answer that shows it, with the steady client running from before
the first to after the last. Pauses between edits are of random length, so that no server's polling
runs in step with them, and the same sequence for all. They are longer than the second for which
adev looks away after a reload.

Nothing here waits for ever, and no server's failure ends the run: it is that pair's result.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.environment import Environment
from tests.benchmarks.installing import install_all
from tests.benchmarks.process import ServerFailed, ServerProcess, free_ports
from tests.benchmarks.reload import apps
from tests.benchmarks.reload.apps import Save
from tests.benchmarks.reload.client import Address
from tests.benchmarks.reload.probe import wait_for_edit
from tests.benchmarks.reload.results import Outcome
from tests.benchmarks.reload.servers import ReloadServer
from tests.benchmarks.reload.steady import Experience, SteadyClient

# The first of the starts reads from disk and compiles; the figure is the median.
_STARTS = 3
_START_DEADLINE = 60.0
_SETTLE = 3.0
_IDLE = 3.0
_EDIT_DEADLINE = 15.0
_MISSES_ALLOWED = 2
_PAUSE = (1.5, 2.5)
_SEED = 1


@dataclass(frozen=True)
class Plan:
    """What is measured, and how often."""

    servers: tuple[ReloadServer, ...]
    apps: tuple[str, ...]
    edits: int
    save: Save
    # The folder for the servers' output.
    logs: Path

    def settings(self) -> dict[str, object]:
        """What a reader of the figures has to know."""
        return {
            "edits": self.edits,
            "save": self.save.value,
            "starts": _STARTS,
            "settle_seconds": _SETTLE,
            "idle_seconds": _IDLE,
            "pause_seconds": list(_PAUSE),
        }


def run(plan: Plan, environment: Environment, say: Callable[[str], None]) -> Iterator[Outcome]:
    """Measure each pair of the plan in turn; ``say`` is told what is going on.

    Raises InstallFailed for what the applications themselves need.
    """
    plan.logs.mkdir(parents=True, exist_ok=True)
    environment.install(*apps.REQUIREMENTS)
    uninstallable = install_all(plan.servers, environment, say)
    for app in plan.apps:
        for server in plan.servers:
            trial = _Trial(plan, server, app, environment.bin, say)
            error = uninstallable.get(server.name)
            if error is None:
                try:
                    trial.run()
                except ServerFailed as failure:
                    error = str(failure)
            yield trial.outcome(error)


@dataclass
class _Trial:
    """One server with one application, and what is known so far."""

    plan: Plan
    server: ReloadServer
    app: str
    bin_folder: Path
    say: Callable[[str], None]
    cold_starts: list[float] = field(default_factory=list)
    idle_cpu: float | None = None
    saves: list[float] = field(default_factory=list)
    missed: int = 0
    experience: Experience | None = None

    def run(self) -> None:
        """Fill the fields; ServerFailed leaves those that are known by then."""
        with tempfile.TemporaryDirectory(prefix="reload-benchmark-") as name:
            folder = Path(name).resolve()
            (folder / apps.FILE).write_text(apps.source(self.server.source, self.app, 0))
            for _ in range(_STARTS - 1):
                with self._started(folder):
                    pass
            with self._started(folder) as (process, address):
                self._progress("settling")
                time.sleep(_SETTLE)
                self._measure_idle(process)
                self._measure_edits(folder / apps.FILE, process, address)

    def outcome(self, error: str | None) -> Outcome:
        """The result, with what went wrong if anything did."""
        return Outcome(
            server=self.server.name,
            title=self.server.title,
            is_rival=self.server.is_rival,
            packages=self.server.packages,
            app=self.app,
            cold_starts=tuple(self.cold_starts),
            idle_cpu=self.idle_cpu,
            saves=tuple(self.saves),
            missed=self.missed,
            experience=self.experience,
            error=error,
        )

    @contextmanager
    def _started(self, folder: Path) -> Iterator[tuple[ServerProcess, Address]]:
        """A process that serves, ended with all its children afterwards."""
        self._progress("starting")
        port, aux = free_ports(2)
        address = ("127.0.0.1", port)
        command = self.server.command_line(self.bin_folder, port, aux)
        log = self.plan.logs / f"{self.server.name}-{self.app}.log"
        began = time.perf_counter()
        with ServerProcess(command, folder, log) as process:
            taken = wait_for_edit(0, address, process, since=began, deadline=_START_DEADLINE)
            if taken is None:
                raise ServerFailed(
                    f"did not serve within {_START_DEADLINE:g} s: {process.last_words()}"
                )
            self.cold_starts.append(taken)
            yield process, address

    def _measure_idle(self, process: ServerProcess) -> None:
        before, began = process.cpu_seconds(), time.perf_counter()
        time.sleep(_IDLE)
        after, taken = process.cpu_seconds(), time.perf_counter() - began
        if before is not None and after is not None:
            self.idle_cpu = (after - before) / taken

    def _measure_edits(self, file: Path, process: ServerProcess, address: Address) -> None:
        pauses = random.Random(_SEED)
        client = SteadyClient(address)
        try:
            with client:
                for edit in range(1, self.plan.edits + 1):
                    self._progress(f"edit {edit} of {self.plan.edits}")
                    time.sleep(pauses.uniform(*_PAUSE))
                    self._measure_edit(edit, file, process, address, client)
                time.sleep(_PAUSE[0])
        finally:
            self.experience = client.experience

    def _measure_edit(
        self,
        edit: int,
        file: Path,
        process: ServerProcess,
        address: Address,
        client: SteadyClient,
    ) -> None:
        text = apps.source(self.server.source, self.app, edit)
        began = time.perf_counter()
        apps.save(file, text, self.plan.save)
        taken = wait_for_edit(edit, address, process, since=began, deadline=_EDIT_DEADLINE)
        if taken is not None:
            client.saw(edit)
            self.saves.append(taken)
            return
        self.missed += 1
        if self.missed > _MISSES_ALLOWED:
            raise ServerFailed(
                f"{self.missed} edits did not show within {_EDIT_DEADLINE:g} s each: "
                f"{process.last_words()}"
            )

    def _progress(self, what: str) -> None:
        self.say(f"{self.server.title} · {self.app} · {what}")
