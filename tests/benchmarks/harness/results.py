"""Samples, the outcomes made of them, and all outcomes of a run as JSON. No printing here."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tests.benchmarks.harness.case import Case
from tests.benchmarks.harness.server import Server

# The server by whose figures those of all others are divided: Tornado's own.
BASELINE = "tornado"

R = TypeVar("R")


@dataclass(frozen=True)
class Sample(Generic[R]):
    """One server in one case in one round: a reading, or an error.

    Both, where a measurement broke off and the reading holds the figures up to then.
    """

    server: Server
    case: Case
    reading: R | None = None
    error: str | None = None


@dataclass(frozen=True)
class Outcome(Generic[R]):
    """One server in one case: the samples of all rounds."""

    server: Server
    case: Case
    samples: tuple[Sample[R], ...]

    @property
    def readings(self) -> list[R]:
        return [sample.reading for sample in self.samples if sample.reading is not None]

    @property
    def error(self) -> str | None:
        """The first error of a round."""
        return next((sample.error for sample in self.samples if sample.error), None)

    def median(self, figure: Callable[[R], float | None]) -> float | None:
        """Median of a figure, over the readings that have it; None if none has."""
        figures = [value for value in map(figure, self.readings) if value is not None]
        return statistics.median(figures) if figures else None


def outcomes_of(samples: Iterable[Sample[R]]) -> tuple[Outcome[R], ...]:
    """Put the rounds of each server and case together, in the order of their first samples."""
    groups: dict[tuple[str, str], list[Sample[R]]] = {}
    for sample in samples:
        groups.setdefault((sample.case.name, sample.server.name), []).append(sample)
    return tuple(Outcome(group[0].server, group[0].case, tuple(group)) for group in groups.values())


@dataclass(frozen=True)
class Comparison(Generic[R]):
    """One run; a comparison of its own kind adds its `figures`."""

    machine: dict[str, object]
    packages: dict[str, str]
    settings: dict[str, object]
    outcomes: tuple[Outcome[R], ...]

    @property
    def cases(self) -> list[Case]:
        """The cases that were measured, each once, in the order of the run."""
        return list({outcome.case.name: outcome.case for outcome in self.outcomes}.values())

    @property
    def servers(self) -> list[Server]:
        """The servers, each once, in the order of the run."""
        return list({outcome.server.name: outcome.server for outcome in self.outcomes}.values())

    def of_case(self, case: Case) -> list[Outcome[R]]:
        return [outcome for outcome in self.outcomes if outcome.case.name == case.name]

    def outcome(self, server: Server, case: Case) -> Outcome[R] | None:
        """None where the server does not take part in the case."""
        of_server = (each for each in self.of_case(case) if each.server.name == server.name)
        return next(of_server, None)

    def times_baseline(
        self, outcome: Outcome[R], figure: Callable[[R], float | None]
    ) -> float | None:
        """A figure's median by that of Tornado's own server, in the same case of this run."""
        median = outcome.median(figure)
        for other in self.of_case(outcome.case):
            if other.server.name == BASELINE and median is not None:
                baseline = other.median(figure)
                return median / baseline if baseline else None
        return None

    def as_json(self) -> dict[str, object]:
        """Plain values."""
        return {
            "machine": self.machine,
            "settings": self.settings,
            "packages": self.packages,
            **self.summary(),
            "outcomes": self.outcomes_as_json(),
        }

    def summary(self) -> dict[str, object]:
        """Plain values that are of the whole run."""
        return {"baseline": BASELINE}

    def outcomes_as_json(self) -> list[dict[str, object]]:
        return [
            {
                "server": outcome.server.name,
                "title": outcome.server.title,
                "versions": {name: self.packages.get(name) for name in outcome.server.packages},
                "error": outcome.error,
                **self.figures(outcome),
            }
            for outcome in self.outcomes
        ]

    def figures(self, outcome: Outcome[R]) -> dict[str, object]:
        """Plain values of an outcome, besides server and error."""
        return {}


def rounded(value: float | None, digits: int, scale: float = 1) -> float | None:
    """The value in another unit, with so many digits: 0.0012345, 2, 1000  ->  1.23"""
    return None if value is None else round(scale * value, digits)
