"""A measurement of a room: clients come, and hear messages until the server has worked enough."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import cores
from tests.benchmarks.errors import CannotMeasure
from tests.benchmarks.fanout.audience import Audience
from tests.benchmarks.fanout.cases import Case
from tests.benchmarks.fanout.results import Reading
from tests.benchmarks.fanout.servers import FanoutServer
from tests.benchmarks.harness.benchmark import Benchmark
from tests.benchmarks.harness.results import Sample
from tests.benchmarks.harness.stage import Stage
from tests.benchmarks.process import ServerProcess


@dataclass(frozen=True, kw_only=True)
class Fanout(Benchmark[FanoutServer, Case, Reading]):
    """Messages to ``clients`` WebSockets, for ``seconds`` of the server's CPU time."""

    name = "fanout"
    apps = Path(__file__).parent / "apps"
    programs = ("redis-server",)

    seconds: int
    clients: int

    def settings(self) -> dict[str, object]:
        return {
            "rounds": self.rounds,
            "seconds": self.seconds,
            "clients": self.clients,
            "pinned": str(self.cores),
        }

    def measure(self, server: FanoutServer, case: Case, stage: Stage) -> Sample[Reading]:
        """As above. CannotMeasure without /proc."""
        with (
            cores.on(self.cores.load),
            stage.serving(server) as running,
            Audience(running.address) as audience,
        ):
            audience.arrive(self.clients, server.path, server.hello)
            audience.hear(case.burst)
            bursts = 0
            before, start = _cpu(running.process), time.perf_counter()
            after = before
            while after - before < self.seconds:
                audience.hear(case.burst)
                bursts += 1
                after = _cpu(running.process)
            taken = time.perf_counter() - start
        messages = bursts * case.burst * self.clients
        return Sample(server, case, Reading(messages, taken, after - before))


def _cpu(process: ServerProcess) -> float:
    process.check()
    seconds = process.cpu_seconds()
    if seconds is None:
        raise CannotMeasure("CPU time is read from /proc, which only Linux has")
    return seconds
