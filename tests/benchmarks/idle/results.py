"""What came out, and the figures made of it. No printing here."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.benchmarks.idle.servers import BASELINE
from tests.benchmarks.process import Memory
from tests.benchmarks.server import Server


@dataclass(frozen=True)
class Reading:
    """Memory of one server's processes: without the connections, with them, and after a gc."""

    connections: int
    before: Memory
    idle: Memory
    collected: Memory

    def per_connection(self, memory: Memory) -> float:
        """Bytes for each connection; by PSS, for forked processes share memory."""
        return (memory.pss - self.before.pss) / self.connections

    def as_json(self) -> dict[str, object]:
        """Bytes."""
        figures: dict[str, object] = {
            f"{name}_{kind}": getattr(memory, kind)
            for name, memory in (
                ("before", self.before),
                ("idle", self.idle),
                ("collected", self.collected),
            )
            for kind in ("rss", "pss")
        }
        return figures | {"connections": self.connections}


@dataclass(frozen=True)
class Sample:
    """One server in one round; with an ``error`` there is no reading."""

    server: Server
    reading: Reading | None = None
    error: str | None = None


@dataclass(frozen=True)
class Outcome:
    """One server: what all rounds gave. Bytes, medians of the rounds."""

    server: Server
    readings: tuple[Reading, ...]
    error: str | None

    @property
    def before(self) -> float | None:
        """What the processes hold without the connections."""
        return self._median(lambda reading: reading.before.pss)

    @property
    def idle(self) -> float | None:
        """For each connection, as the server left it."""
        return self._median(lambda reading: reading.per_connection(reading.idle))

    @property
    def collected(self) -> float | None:
        """For each connection, when the garbage has been collected."""
        return self._median(lambda reading: reading.per_connection(reading.collected))

    def _median(self, figure: Callable[[Reading], float]) -> float | None:
        return statistics.median(map(figure, self.readings)) if self.readings else None


@dataclass(frozen=True)
class Comparison:
    """One run."""

    machine: dict[str, object]
    packages: dict[str, str]
    settings: dict[str, object]
    outcomes: tuple[Outcome, ...]

    def ratio(self, outcome: Outcome) -> float | None:
        """What a collected connection takes, by what it takes in Tornado's own server."""
        for other in self.outcomes:
            if other.server.name == BASELINE and other.collected and outcome.collected is not None:
                return outcome.collected / other.collected
        return None

    def as_json(self) -> dict[str, object]:
        """Plain values, in bytes."""
        return {
            "machine": self.machine,
            "settings": self.settings,
            "packages": self.packages,
            "baseline": BASELINE,
            "outcomes": [
                {
                    "server": outcome.server.name,
                    "title": outcome.server.title,
                    "versions": {name: self.packages.get(name) for name in outcome.server.packages},
                    "error": outcome.error,
                    "before": outcome.before,
                    "per_connection_idle": outcome.idle,
                    "per_connection_collected": outcome.collected,
                    "of_tornado": self.ratio(outcome),
                    "rounds": [reading.as_json() for reading in outcome.readings],
                }
                for outcome in self.outcomes
            ],
        }


def outcomes_of(samples: Iterable[Sample]) -> tuple[Outcome, ...]:
    """Put the rounds of each server together, in the order of their first samples."""
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample.server.name, []).append(sample)
    return tuple(
        Outcome(
            server=group[0].server,
            readings=tuple(sample.reading for sample in group if sample.reading is not None),
            error=next((sample.error for sample in group if sample.error), None),
        )
        for group in groups.values()
    )
