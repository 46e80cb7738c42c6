"""Readings of one measurement, the figures made of them, and their JSON. No printing here."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.benchmarks.harness import results
from tests.benchmarks.harness.case import Case
from tests.benchmarks.harness.results import Outcome, rounded
from tests.benchmarks.reload.steady import Experience


@dataclass
class Reading:
    """One server with one application; times in seconds, ``idle_cpu`` as a share of one core.

    It is filled while it is measured: after a failure it holds what was known by then.
    """

    cold_starts: list[float] = field(default_factory=list)
    idle_cpu: float | None = None
    saves: list[float] = field(default_factory=list)
    missed: int = 0
    experience: Experience | None = None

    @property
    def cold_start(self) -> float | None:
        return statistics.median(self.cold_starts) if self.cold_starts else None

    @property
    def median(self) -> float | None:
        return statistics.median(self.saves) if self.saves else None

    @property
    def p95(self) -> float | None:
        return nearest_rank(self.saves, 0.95) if self.saves else None

    @property
    def slowest(self) -> float | None:
        return max(self.saves, default=None)

    def as_json(self) -> dict[str, object]:
        """Plain values, times in milliseconds."""
        experience = self.experience
        return {
            "cold_start_ms": _ms(self.cold_start),
            "cold_starts_ms": [_ms(taken) for taken in self.cold_starts],
            "idle_cpu_percent": rounded(self.idle_cpu, 2, 100),
            "save_to_fresh_ms": {
                "median": _ms(self.median),
                "p95": _ms(self.p95),
                "max": _ms(self.slowest),
                "missed": self.missed,
                "each": [_ms(taken) for taken in self.saves],
            },
            "steady_client": experience
            and {
                "requests": experience.requests,
                "failed": experience.failed,
                "failures": {kind.value: count for kind, count in experience.failures.items()},
                "reconnects": experience.reconnects,
                "longest_stall_ms": _ms(experience.longest_stall),
            },
        }


def reading_of(outcome: Outcome[Reading]) -> Reading:
    """The only reading: there is one round, of many edits. An empty one where none was made."""
    return next(iter(outcome.readings), Reading())


class Comparison(results.Comparison[Reading]):
    """One run."""

    def fastest_rival(self, case: Case) -> Outcome[Reading] | None:
        """The rival with the least median that went through to the end, if there is one."""
        rivals = [
            (median, outcome)
            for outcome in self.of_case(case)
            if outcome.server.is_rival and outcome.error is None
            if (median := reading_of(outcome).median) is not None
        ]
        return min(rivals, key=lambda rival: rival[0])[1] if rivals else None

    def speed(self, outcome: Outcome[Reading]) -> float | None:
        """How many times as fast as the fastest rival, by medians; 1.0 is that rival itself."""
        fastest = self.fastest_rival(outcome.case)
        least = reading_of(fastest).median if fastest is not None else None
        median = reading_of(outcome).median
        return None if least is None or median is None else least / median

    def summary(self) -> dict[str, object]:
        fastest = {case.name: self.fastest_rival(case) for case in self.cases}
        return {
            "fastest_rival": {app: rival and rival.server.name for app, rival in fastest.items()}
        }

    def figures(self, outcome: Outcome[Reading]) -> dict[str, object]:
        """Times are in milliseconds."""
        return {
            "app": outcome.case.name,
            **reading_of(outcome).as_json(),
            "times_as_fast_as_fastest_rival": rounded(self.speed(outcome), 2),
        }


def nearest_rank(values: Sequence[float], share: float) -> float:
    """The least value that ``share`` of all do not exceed: a measured one, never in between.

    20 values, 0.95  ->  the 19th
    """
    return sorted(values)[math.ceil(share * len(values)) - 1]


def _ms(seconds: float | None) -> float | None:
    return rounded(seconds, 2, 1000)
