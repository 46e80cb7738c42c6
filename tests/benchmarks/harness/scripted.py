"""A benchmark for tests, that measures nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.benchmarks.harness.benchmark import Benchmark
from tests.benchmarks.harness.case import Case
from tests.benchmarks.harness.results import Sample
from tests.benchmarks.harness.server import Server
from tests.benchmarks.harness.stage import Stage


@dataclass(frozen=True, kw_only=True)
class Scripted(Benchmark[Server, Case, str]):
    """Measurements that are named for their server and case; those in ``errors`` fail."""

    name = "scripted"

    errors: dict[str, Exception] = field(default_factory=dict)

    def settings(self) -> dict[str, object]:
        return {}

    def measure(self, server: Server, case: Case, stage: Stage) -> Sample[str]:
        name = server.name + case.name
        if name in self.errors:
            raise self.errors[name]
        return Sample(server, case, name)
