"""Readings of one measurement, the figures made of them, and their JSON. No printing here."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.fanout.servers import FLOOR
from tests.benchmarks.harness import results
from tests.benchmarks.harness.results import Outcome, rounded


@dataclass(frozen=True)
class Reading:
    """Messages on the wire, and the seconds that they took: by the clock, and of CPU time."""

    messages: int
    seconds: float
    cpu: float


def per_cpu_second(reading: Reading) -> float:
    """Messages on the wire for a second of CPU time of all of the server's processes."""
    return reading.messages / reading.cpu


def cpu(reading: Reading) -> float:
    """Seconds of CPU time a message."""
    return reading.cpu / reading.messages


def rate(reading: Reading) -> float:
    """Messages a second, by the clock; the clients' looking is in it."""
    return reading.messages / reading.seconds


class Comparison(results.Comparison[Reading]):
    """One run."""

    def times_best(self, outcome: Outcome[Reading]) -> float | None:
        """Messages a second of CPU time, by those of the best rival in the same case."""
        ours = outcome.median(per_cpu_second)
        rivals = [
            median
            for other in self.of_case(outcome.case)
            if other.server.is_rival and other.server.name != FLOOR
            if (median := other.median(per_cpu_second)) is not None
        ]
        return ours / max(rivals) if ours is not None and rivals else None

    def summary(self) -> dict[str, object]:
        return {}

    def figures(self, outcome: Outcome[Reading]) -> dict[str, object]:
        """Times in microseconds."""
        return {
            "case": outcome.case.name,
            "messages_per_cpu_second": rounded(outcome.median(per_cpu_second), 0),
            "times_best_rival": rounded(self.times_best(outcome), 2),
            "cpu_us": rounded(outcome.median(cpu), 2, 1e6),
            "messages_per_second": rounded(outcome.median(rate), 0),
            "rounds": [rounded(per_cpu_second(each), 0) for each in outcome.readings],
        }
