"""A measurement of routers: a probe, alone on a core, with one shape of routes.

A probe is a process of its own. One asks Tornado and tornkit by turns.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import cores, programs
from tests.benchmarks.errors import MeasurementFailed
from tests.benchmarks.harness.benchmark import Benchmark
from tests.benchmarks.harness.case import Case
from tests.benchmarks.harness.results import Sample
from tests.benchmarks.harness.stage import Stage
from tests.benchmarks.routing.programs import Probe
from tests.benchmarks.routing.results import Reading, read

_DEADLINE = 300.0


@dataclass(frozen=True, kw_only=True)
class Routing(Benchmark[Probe, Case, Reading]):
    """Microseconds to find a route among so many."""

    name = "routing"
    apps = Path(__file__).parent / "probes"
    tries_again = False  # a probe that failed would fail again, and may take its time for it

    sizes: tuple[int, ...]

    def settings(self) -> dict[str, object]:
        return {
            "rounds": self.rounds,
            "cases": {case.name: case.title for case in self.cases},
            "routes": self.sizes,
        }

    def measure(self, server: Probe, case: Case, stage: Stage) -> Sample[Reading]:
        asked = ",".join(str(size) for size in self.sizes if size <= server.most_routes)
        if not asked:
            return Sample(server, case, ())
        command = [*server.command_line(stage.bin, port=0), case.name, asked]
        with cores.on(self.cores.server):
            printed = programs.output(command, _DEADLINE, stage.folder)
        try:
            return Sample(server, case, tuple(read(case.name, printed)))
        except (ValueError, KeyError) as error:
            raise MeasurementFailed(f"it printed what can't be read: {error}") from None
