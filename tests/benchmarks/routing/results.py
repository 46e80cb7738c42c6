"""Readings of the probes, the figures made of them, and their JSON. No printing here."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from tests.benchmarks.harness import results
from tests.benchmarks.harness.results import BASELINE
from tests.benchmarks.routing.programs import TITLES


@dataclass(frozen=True, order=True)
class Place:
    """Which route of which table was asked for."""

    case: str
    routes: int
    place: str


@dataclass(frozen=True)
class Timing:
    """The time that one router took for one request, in one round."""

    router: str
    place: Place
    microseconds: float


Reading = tuple[Timing, ...]
"""All that one probe has measured with one shape of routes."""


def read(case: str, output: str) -> Iterator[Timing]:
    """What a probe has printed. Raises ValueError or KeyError for anything else."""
    for line in output.splitlines():
        told = json.loads(line)
        place = Place(case, told["routes"], told["place"])
        yield Timing(told["router"], place, float(told["microseconds"]))


class Comparison(results.Comparison[Reading]):
    """One run. Its outcomes are of probes, its figures of the routers that these have timed."""

    @property
    def routers(self) -> list[str]:
        """Those that were measured, in the order in which they are shown."""
        measured = {router for router, _ in self.timings()}
        return [router for router in TITLES if router in measured]

    def timings(self) -> dict[tuple[str, Place], list[float]]:
        """Microseconds, one figure a round, in the order in which they came."""
        found: dict[tuple[str, Place], list[float]] = {}
        for outcome in self.outcomes:
            for timing in (timing for reading in outcome.readings for timing in reading):
                found.setdefault((timing.router, timing.place), []).append(timing.microseconds)
        return found

    def microseconds(self, router: str, place: Place) -> float | None:
        """The median of the rounds."""
        rounds = self.timings().get((router, place))
        return statistics.median(rounds) if rounds else None

    def ratio(self, router: str, place: Place) -> float | None:
        """By what Tornado takes for the same."""
        figure, tornados = self.microseconds(router, place), self.microseconds(BASELINE, place)
        return None if figure is None or tornados is None else figure / tornados

    def against_ten(self, router: str, case: str, routes: int) -> float | None:
        """The last of so many, by Tornado's last of ten."""
        figure = self.microseconds(router, Place(case, routes, "last"))
        ten = self.microseconds(BASELINE, Place(case, 10, "last"))
        return None if figure is None or ten is None else figure / ten

    def summary(self) -> dict[str, object]:
        errors = {each.server.name: each.error for each in self.outcomes if each.error}
        return super().summary() | {"errors": errors}

    def outcomes_as_json(self) -> list[dict[str, object]]:
        """Microseconds of CPU time."""
        return [
            {
                "router": router,
                "title": TITLES[router],
                "case": place.case,
                "routes": place.routes,
                "place": place.place,
                "microseconds": self.microseconds(router, place),
                "of_tornado": self.ratio(router, place),
                "rounds": rounds,
            }
            for (router, place), rounds in self.timings().items()
        ]
