"""A measurement of echoes: the clients of ``load.py`` send, on a core of their own.

As in the comparison of requests (`tests.benchmarks.throughput.run`) all servers are up at once, but
for the measured one they do nothing.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import cores, programs
from tests.benchmarks.harness.benchmark import Benchmark
from tests.benchmarks.harness.results import Sample
from tests.benchmarks.harness.server import Server
from tests.benchmarks.harness.stage import Stage
from tests.benchmarks.websocket.cases import Case
from tests.benchmarks.websocket.results import Echoes, Reading

_HERE = Path(__file__).parent
_PATIENCE = 30.0  # seconds for what is not measured


@dataclass(frozen=True, kw_only=True)
class Websocket(Benchmark[Server, Case, Reading]):
    """Messages a second, of so many clients at once."""

    name = "websocket"
    apps = _HERE / "apps"
    together = True

    seconds: int
    clients: int

    def settings(self) -> dict[str, object]:
        return {
            "rounds": self.rounds,
            "seconds": self.seconds,
            "clients": self.clients,
            "pinned": str(self.cores),
        }

    def measure(self, server: Server, case: Case, stage: Stage) -> Sample[Reading]:
        with stage.serving(server) as running:
            before = running.process.cpu_seconds()
            echoes = self._load(case, running.address[1])
            after = running.process.cpu_seconds()
        spent = None if before is None or after is None else after - before
        cpu = None if spent is None else spent / echoes.all_messages
        return Sample(server, case, Reading(echoes, cpu))

    def _load(self, case: Case, port: int) -> Echoes:
        """Have the clients send. ProgramFailed if the server does something else than to echo."""
        numbers = (port, self.clients, case.size, case.in_flight, self.seconds)
        command = [sys.executable, str(_HERE / "load.py"), *map(str, numbers)]
        with cores.on(self.cores.load):
            return Echoes(**json.loads(programs.output(command, self.seconds + _PATIENCE)))
