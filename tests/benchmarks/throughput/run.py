"""A measurement of requests: the answer is checked, a second of load is let go by, then wrk counts.

All servers are up at once, on one core, but for the measured one they do nothing. Each is started
anew in each round, so that no server's luck with one start (memory layout, hash seeds) decides.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.harness.benchmark import Benchmark
from tests.benchmarks.harness.results import Sample
from tests.benchmarks.harness.server import Server
from tests.benchmarks.harness.stage import Stage
from tests.benchmarks.throughput.cases import APPS, Case, write_static_file
from tests.benchmarks.throughput.check import check
from tests.benchmarks.throughput.results import Reading
from tests.benchmarks.wrk import Wrk

_WARM_UP = 1  # seconds, the least that wrk takes


@dataclass(frozen=True, kw_only=True)
class Throughput(Benchmark[Server, Case, Reading]):
    """Requests a second, for so many seconds each."""

    name = "throughput"
    apps = APPS
    programs = ("node", "wrk")
    together = True

    seconds: int
    wrk: Wrk

    def settings(self) -> dict[str, object]:
        return {
            "rounds": self.rounds,
            "seconds": self.seconds,
            "warm_up_seconds": _WARM_UP,
            "connections": self.wrk.connections,
            "pinned": str(self.cores),
            "server_core": self.cores.server,
            "load_core": self.cores.load,
        }

    def prepare(self, folder: Path) -> None:
        write_static_file(folder)

    def measure(self, server: Server, case: Case, stage: Stage) -> Sample[Reading]:
        with stage.serving(server) as running:
            process, address = running.process, running.address
            checked = check(case, address)
            self.wrk.load(address, checked.request, _WARM_UP)
            before, began = process.cpu_seconds(), time.perf_counter()
            load = self.wrk.load(address, checked.request, self.seconds)
            after, taken = process.cpu_seconds(), time.perf_counter() - began
        core = None if before is None or after is None else (after - before) / taken
        return Sample(server, case, Reading(load, core, checked.headers))
