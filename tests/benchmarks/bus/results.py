"""Readings of one measurement, the figures made of them, and their JSON. No printing here."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.harness import results
from tests.benchmarks.harness.results import Outcome, rounded


@dataclass(frozen=True)
class Reading:
    """Messages heard by all subscribers together; times in seconds.

    ``p50`` and ``p99`` are from before a message is published until it is heard; ``cpu`` is of all
    of the server's processes, None where it is unknown.
    """

    deliveries: int
    seconds: float
    cpu: float | None
    p50: float
    p99: float


def rate(reading: Reading) -> float:
    """Deliveries a second."""
    return reading.deliveries / reading.seconds


def cpu(reading: Reading) -> float | None:
    """Seconds of CPU time a delivery."""
    return None if reading.cpu is None else reading.cpu / reading.deliveries


def p50(reading: Reading) -> float:
    return reading.p50


def p99(reading: Reading) -> float:
    return reading.p99


class Comparison(results.Comparison[Reading]):
    """One run."""

    def times_rival(self, outcome: Outcome[Reading]) -> float | None:
        """Deliveries a second by the rival's in the same case."""
        ours = outcome.median(rate)
        for other in self.of_case(outcome.case):
            if other.server.is_rival and ours is not None:
                theirs = other.median(rate)
                return ours / theirs if theirs else None
        return None

    def summary(self) -> dict[str, object]:
        return {}

    def figures(self, outcome: Outcome[Reading]) -> dict[str, object]:
        """Latencies are in milliseconds, CPU time a delivery in microseconds."""
        return {
            "case": outcome.case.name,
            "deliveries_per_second": rounded(outcome.median(rate), 0),
            "times_rival": rounded(self.times_rival(outcome), 2),
            "cpu_us": rounded(outcome.median(cpu), 1, 1e6),
            "p50_ms": rounded(outcome.median(p50), 3, 1000),
            "p99_ms": rounded(outcome.median(p99), 3, 1000),
            "rounds": [
                {
                    "deliveries_per_second": rounded(rate(each), 0),
                    "p99_ms": rounded(each.p99, 3, 1000),
                }
                for each in outcome.readings
            ],
        }
