"""A measurement of reloads: a fresh folder with app.py, a few starts, and then the edits.

The starts are timed to their first 200; after the last one comes a fixed pause, the same for all,
in which a server may do in the background what it likes (tornkit warms its zygote then); CPU time
while nothing happens; then the edits. Each is timed from just before the save to the first answer
that shows it, with the steady client running from before the first to after the last. Pauses
between edits are of random length, so that no server's polling runs in step with them, and the same
sequence for all. They are longer than the second for which adev looks away after a reload.

Nothing here waits for ever. No process is pinned to a core: a reload is the work of several.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.exchange import Address
from tests.benchmarks.harness.benchmark import Benchmark
from tests.benchmarks.harness.case import Case
from tests.benchmarks.harness.results import Sample
from tests.benchmarks.harness.stage import Stage
from tests.benchmarks.process import ServerFailed, ServerProcess, free_ports
from tests.benchmarks.reload import apps
from tests.benchmarks.reload.apps import Save
from tests.benchmarks.reload.probe import wait_for_edit
from tests.benchmarks.reload.results import Reading
from tests.benchmarks.reload.servers import ReloadServer
from tests.benchmarks.reload.steady import SteadyClient

# The first of the starts reads from disk and compiles; the figure is the median.
_STARTS = 3
_START_DEADLINE = 60.0
_SETTLE = 3.0
_IDLE = 3.0
_EDIT_DEADLINE = 15.0
_MISSES_ALLOWED = 2
_PAUSE = (1.5, 2.5)
_SEED = 1


@dataclass(frozen=True, kw_only=True)
class Reload(Benchmark[ReloadServer, Case, Reading]):
    """From a save to the first fresh answer; the cases are applications."""

    name = "reload"
    requirements = apps.REQUIREMENTS

    edits: int
    save: Save

    def settings(self) -> dict[str, object]:
        return {
            "edits": self.edits,
            "save": self.save.value,
            "starts": _STARTS,
            "settle_seconds": _SETTLE,
            "idle_seconds": _IDLE,
            "pause_seconds": list(_PAUSE),
        }

    def measure(self, server: ReloadServer, case: Case, stage: Stage) -> Sample[Reading]:
        trial = _Trial(self, server, case, stage)
        try:
            trial.run()
        except ServerFailed as failure:
            return Sample(server, case, trial.reading, str(failure))
        return Sample(server, case, trial.reading)


@dataclass
class _Trial:
    """One server with one application, and the figures that are known so far."""

    benchmark: Reload
    server: ReloadServer
    case: Case
    stage: Stage
    reading: Reading = field(default_factory=Reading)

    def run(self) -> None:
        """Fill the reading; ServerFailed leaves it as far as it is known by then."""
        with tempfile.TemporaryDirectory(dir=self.stage.folder) as name:
            folder = Path(name)
            (folder / apps.FILE).write_text(self._source(0))
            for _ in range(_STARTS - 1):
                with self._started(folder):
                    pass
            with self._started(folder) as (process, address):
                self.stage.progress("settling")
                time.sleep(_SETTLE)
                self._measure_idle(process)
                self._measure_edits(folder / apps.FILE, process, address)

    def _source(self, edit: int) -> str:
        return apps.source(self.server.source, self.case.name, edit)

    @contextmanager
    def _started(self, folder: Path) -> Iterator[tuple[ServerProcess, Address]]:
        """A process that serves, ended with all its children afterwards."""
        self.stage.progress("starting")
        port, aux = free_ports(2)
        address = ("127.0.0.1", port)
        command = self.server.command_line(self.stage.bin, port, aux)
        log = self.stage.log(f"{self.server.name}-{self.case.name}")
        began = time.perf_counter()
        with ServerProcess(command, folder, log) as process:
            taken = wait_for_edit(0, address, process, since=began, deadline=_START_DEADLINE)
            if taken is None:
                raise ServerFailed(
                    f"did not serve within {_START_DEADLINE:g} s: {process.last_words()}"
                )
            self.reading.cold_starts.append(taken)
            yield process, address

    def _measure_idle(self, process: ServerProcess) -> None:
        before, began = process.cpu_seconds(), time.perf_counter()
        time.sleep(_IDLE)
        after, taken = process.cpu_seconds(), time.perf_counter() - began
        if before is not None and after is not None:
            self.reading.idle_cpu = (after - before) / taken

    def _measure_edits(self, file: Path, process: ServerProcess, address: Address) -> None:
        pauses = random.Random(_SEED)
        client = SteadyClient(address)
        try:
            with client:
                for edit in range(1, self.benchmark.edits + 1):
                    self.stage.progress(f"edit {edit} of {self.benchmark.edits}")
                    time.sleep(pauses.uniform(*_PAUSE))
                    self._measure_edit(edit, file, process, address, client)
                time.sleep(_PAUSE[0])
        finally:
            self.reading.experience = client.experience

    def _measure_edit(
        self,
        edit: int,
        file: Path,
        process: ServerProcess,
        address: Address,
        client: SteadyClient,
    ) -> None:
        text = self._source(edit)
        began = time.perf_counter()
        apps.save(file, text, self.benchmark.save)
        taken = wait_for_edit(edit, address, process, since=began, deadline=_EDIT_DEADLINE)
        if taken is not None:
            client.saw(edit)
            self.reading.saves.append(taken)
            return
        self.reading.missed += 1
        if self.reading.missed > _MISSES_ALLOWED:
            raise ServerFailed(
                f"{self.reading.missed} edits did not show within {_EDIT_DEADLINE:g} s each: "
                f"{process.last_words()}"
            )
