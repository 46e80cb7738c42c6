"""What came out: the outcomes, the figures made of them, and their JSON. No printing here."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.reload.steady import Experience


@dataclass(frozen=True)
class Outcome:
    """One server with one application; times in seconds, ``idle_cpu`` as a share of one core.

    With an ``error`` the other fields hold what was known by then.
    """

    server: str
    title: str
    is_rival: bool
    packages: tuple[str, ...]
    app: str
    cold_starts: tuple[float, ...]
    idle_cpu: float | None
    saves: tuple[float, ...]
    missed: int
    experience: Experience | None
    error: str | None

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
            "server": self.server,
            "title": self.title,
            "app": self.app,
            "error": self.error,
            "cold_start_ms": _ms(self.cold_start),
            "cold_starts_ms": [_ms(taken) for taken in self.cold_starts],
            "idle_cpu_percent": None if self.idle_cpu is None else round(100 * self.idle_cpu, 2),
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


@dataclass(frozen=True)
class Comparison:
    """One run."""

    machine: dict[str, object]
    packages: dict[str, str]
    settings: dict[str, object]
    outcomes: tuple[Outcome, ...]

    @property
    def apps(self) -> list[str]:
        """The applications, each once, in the order of the run."""
        return list(dict.fromkeys(outcome.app for outcome in self.outcomes))

    def of_app(self, app: str) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.app == app]

    def fastest_rival(self, app: str) -> Outcome | None:
        """The rival with the least median that went through to the end, if there is one."""
        rivals = [
            (outcome.median, outcome)
            for outcome in self.of_app(app)
            if outcome.is_rival and outcome.median is not None and outcome.error is None
        ]
        return min(rivals, key=lambda rival: rival[0])[1] if rivals else None

    def speed(self, outcome: Outcome) -> float | None:
        """How many times as fast as the fastest rival, by medians; 1.0 is that rival itself."""
        fastest = self.fastest_rival(outcome.app)
        if fastest is None or fastest.median is None or outcome.median is None:
            return None
        return fastest.median / outcome.median

    def as_json(self) -> dict[str, object]:
        fastest = {app: self.fastest_rival(app) for app in self.apps}
        return {
            "machine": self.machine,
            "settings": self.settings,
            "packages": self.packages,
            "fastest_rival": {app: rival and rival.server for app, rival in fastest.items()},
            "outcomes": [
                outcome.as_json()
                | {"versions": {name: self.packages.get(name) for name in outcome.packages}}
                | {"times_as_fast_as_fastest_rival": _rounded(self.speed(outcome), 2)}
                for outcome in self.outcomes
            ],
        }


def nearest_rank(values: Sequence[float], share: float) -> float:
    """The least value that ``share`` of all do not exceed: a measured one, never in between.

    20 values, 0.95  ->  the 19th
    """
    return sorted(values)[math.ceil(share * len(values)) - 1]


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(1000 * seconds, 2)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
