"""What came out, and the figures made of it. No printing here."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.benchmarks.routing.programs import BASELINE, TITLES, Probe


@dataclass(frozen=True, order=True)
class Place:
    """Which route of which table was asked for."""

    case: str
    routes: int
    place: str


@dataclass(frozen=True)
class Sample:
    """What one router took for one request, in one round."""

    router: str
    place: Place
    microseconds: float


@dataclass(frozen=True)
class Trouble:
    """A probe that could not be run to its end."""

    probe: Probe
    error: str


def read(case: str, output: str) -> Iterator[Sample]:
    """What a probe has printed. Raises ValueError or KeyError for anything else."""
    for line in output.splitlines():
        told = json.loads(line)
        place = Place(case, told["routes"], told["place"])
        yield Sample(told["router"], place, float(told["microseconds"]))


@dataclass(frozen=True)
class Comparison:
    """One run."""

    machine: dict[str, object]
    packages: dict[str, str]
    settings: dict[str, object]
    samples: tuple[Sample, ...]
    troubles: tuple[Trouble, ...]

    @property
    def routers(self) -> list[str]:
        """Those that were measured, in the order in which they are shown."""
        measured = {sample.router for sample in self.samples}
        return [router for router in TITLES if router in measured]

    def rounds(self, router: str, place: Place) -> list[float]:
        """Microseconds, one figure a round."""
        return [
            sample.microseconds
            for sample in self.samples
            if (sample.router, sample.place) == (router, place)
        ]

    def microseconds(self, router: str, place: Place) -> float | None:
        """The median of the rounds."""
        rounds = self.rounds(router, place)
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

    def as_json(self) -> dict[str, object]:
        """Plain values, in microseconds of CPU time."""
        return {
            "machine": self.machine,
            "settings": self.settings,
            "packages": self.packages,
            "baseline": BASELINE,
            "errors": {each.probe.name: each.error for each in self.troubles},
            "outcomes": [
                {
                    "router": router,
                    "title": TITLES[router],
                    "case": place.case,
                    "routes": place.routes,
                    "place": place.place,
                    "microseconds": self.microseconds(router, place),
                    "of_tornado": self.ratio(router, place),
                    "rounds": self.rounds(router, place),
                }
                for router, place in _places(self.samples)
            ],
        }


def _places(samples: Iterable[Sample]) -> dict[tuple[str, Place], None]:
    """Each once, in the order in which they came."""
    return dict.fromkeys((sample.router, sample.place) for sample in samples)
