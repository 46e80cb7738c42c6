"""Readings of one measurement, the figures made of them, and their JSON. No printing here."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.harness import results
from tests.benchmarks.harness.results import Outcome
from tests.benchmarks.process import Memory


@dataclass(frozen=True)
class Reading:
    """Memory of one server's processes: without the connections, with them, and after a gc."""

    connections: int
    before: Memory
    idle: Memory
    collected: Memory

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


def before(reading: Reading) -> float:
    """Bytes that the processes hold without the connections; PSS, for they share memory."""
    return reading.before.pss


def idle(reading: Reading) -> float:
    """Bytes for each connection, as the server left it."""
    return (reading.idle.pss - reading.before.pss) / reading.connections


def collected(reading: Reading) -> float:
    """Bytes for each connection, when the garbage has been collected."""
    return (reading.collected.pss - reading.before.pss) / reading.connections


class Comparison(results.Comparison[Reading]):
    """One run."""

    def ratio(self, outcome: Outcome[Reading]) -> float | None:
        """What a collected connection takes, by what it takes in Tornado's own server."""
        return self.times_baseline(outcome, collected)

    def figures(self, outcome: Outcome[Reading]) -> dict[str, object]:
        """Bytes."""
        return {
            "before": outcome.median(before),
            "per_connection_idle": outcome.median(idle),
            "per_connection_collected": outcome.median(collected),
            "of_tornado": self.ratio(outcome),
            "rounds": [reading.as_json() for reading in outcome.readings],
        }
