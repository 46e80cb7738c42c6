"""A measurement of messages between workers: each publishes, and all of each are heard in each."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks import fanout
from tests.benchmarks.bus.cases import Case
from tests.benchmarks.bus.results import Reading
from tests.benchmarks.bus.servers import WORKERS
from tests.benchmarks.bus.workers import Workers
from tests.benchmarks.cores import Cores
from tests.benchmarks.harness.benchmark import Benchmark
from tests.benchmarks.harness.results import Sample
from tests.benchmarks.harness.server import Server
from tests.benchmarks.harness.stage import Stage
from tests.benchmarks.process import ServerFailed

_WITH_REDIS = Path(fanout.__file__).parent / "apps" / "with_redis.py"


@dataclass(frozen=True, kw_only=True)
class BusThroughput(Benchmark[Server, Case, Reading]):
    """Deliveries of two workers, whose handlers publish and hear for ``seconds``."""

    name = "bus"
    apps = Path(__file__).parent / "apps"
    programs = ("redis-server",)

    # The load is in the server itself: it has all cores.
    cores: Cores = field(default_factory=lambda: Cores(None, None))
    seconds: int
    publishers: int

    def settings(self) -> dict[str, object]:
        return {
            "rounds": self.rounds,
            "seconds": self.seconds,
            "workers": WORKERS,
            "publishers": self.publishers,
        }

    def prepare(self, folder: Path) -> None:
        shutil.copy(_WITH_REDIS, folder)

    def measure(self, server: Server, case: Case, stage: Stage) -> Sample[Reading]:
        with stage.serving(server) as running, Workers(running.address, WORKERS) as workers:
            self._publish(workers, case, 0.5)  # connections are made
            workers.ask(f"/begin/{case.subscribers}")
            before = running.process.cpu_seconds()
            published, begin = self._publish(workers, case, self.seconds)
            heard = published * case.subscribers * WORKERS
            last = workers.wait_for(heard)
            after = running.process.cpu_seconds()
            waits = sorted(wait for each in workers.ask("/waits") for wait in each)
        if len(waits) != heard:
            raise ServerFailed(f"{len(waits):,} messages have come, not {heard:,}")
        reading = Reading(
            deliveries=heard,
            seconds=(last - begin) / 1e9,
            cpu=None if before is None or after is None else after - before,
            p50=waits[len(waits) // 2] / 1e9,
            p99=waits[int(len(waits) * 0.99)] / 1e9,
        )
        return Sample(server, case, reading)

    def _publish(self, workers: Workers, case: Case, seconds: float) -> tuple[int, int]:
        """How many have been published, and when the first was begun with."""
        if case.rate is None:
            told = workers.ask(f"/flood/{self.publishers}/{seconds}")
        else:
            told = workers.ask(f"/pace/{case.rate // WORKERS}/{seconds}")
        return sum(each["published"] for each in told), min(each["begin"] for each in told)
