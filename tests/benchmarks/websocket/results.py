"""What came out: samples, the figures made of them, and their JSON. No printing here."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.benchmarks.server import Server
from tests.benchmarks.websocket.cases import Case
from tests.benchmarks.websocket.servers import BASELINE


@dataclass(frozen=True)
class Echoes:
    """What the clients saw in one measurement; times in seconds.

    ``all_messages`` has those before the measurement, too. ``busy``: the share of its core that
    the load took. Near 1 it was the limit, not the server.
    """

    messages: int
    all_messages: int
    rate: float
    p50: float
    p99: float
    busy: float


@dataclass(frozen=True)
class Sample:
    """One server in one case in one round; with an ``error`` there are no echoes.

    ``cpu``: seconds of CPU time that the server spent on a message; those of the handshakes are in
    it. A machine that does other things as well disturbs this figure least.
    """

    server: Server
    case: Case
    echoes: Echoes | None = None
    cpu: float | None = None
    error: str | None = None


@dataclass(frozen=True)
class Outcome:
    """One server in one case: the medians of all rounds."""

    server: Server
    case: Case
    samples: tuple[Sample, ...]

    @property
    def error(self) -> str | None:
        return next((sample.error for sample in self.samples if sample.error), None)

    def median(self, figure: Callable[[Echoes], float]) -> float | None:
        """Of one of the figures; None where nothing was measured."""
        figures = [figure(sample.echoes) for sample in self.samples if sample.echoes is not None]
        return statistics.median(figures) if figures else None

    @property
    def rate(self) -> float | None:
        """Messages a second."""
        return self.median(lambda echoes: echoes.rate)

    @property
    def cpu(self) -> float | None:
        """Seconds of CPU time that the server spent on a message."""
        spent = [sample.cpu for sample in self.samples if sample.cpu is not None]
        return statistics.median(spent) if spent else None


@dataclass(frozen=True)
class Comparison:
    """One run."""

    machine: dict[str, object]
    packages: dict[str, str]
    settings: dict[str, object]
    outcomes: tuple[Outcome, ...]

    @property
    def cases(self) -> list[Case]:
        return list({outcome.case.name: outcome.case for outcome in self.outcomes}.values())

    def of_case(self, case: Case) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.case.name == case.name]

    def ratio(self, outcome: Outcome) -> float | None:
        """Messages a second by those of Tornado's own in this run."""
        for other in self.of_case(outcome.case):
            if other.server.name == BASELINE and other.rate and outcome.rate is not None:
                return outcome.rate / other.rate
        return None

    def as_json(self) -> dict[str, object]:
        """Plain values, latencies in milliseconds."""
        return {
            "machine": self.machine,
            "settings": self.settings,
            "packages": self.packages,
            "baseline": BASELINE,
            "outcomes": [self._outcome_as_json(outcome) for outcome in self.outcomes],
        }

    def _outcome_as_json(self, outcome: Outcome) -> dict[str, object]:
        return {
            "case": outcome.case.name,
            "server": outcome.server.name,
            "title": outcome.server.title,
            "versions": {name: self.packages.get(name) for name in outcome.server.packages},
            "error": outcome.error,
            "messages_per_second": _rounded(outcome.rate, 1),
            "times_tornado": _rounded(self.ratio(outcome), 3),
            "p50_ms": _ms(outcome.median(lambda echoes: echoes.p50)),
            "p99_ms": _ms(outcome.median(lambda echoes: echoes.p99)),
            "cpu_us": None if outcome.cpu is None else round(1e6 * outcome.cpu, 1),
            "load_core": _rounded(outcome.median(lambda echoes: echoes.busy), 3),
            "rounds": [
                {
                    "messages": sample.echoes.messages,
                    "messages_per_second": round(sample.echoes.rate, 1),
                    "p50_ms": _ms(sample.echoes.p50),
                    "p99_ms": _ms(sample.echoes.p99),
                }
                for sample in outcome.samples
                if sample.echoes is not None
            ],
        }


def outcomes_of(samples: Iterable[Sample]) -> tuple[Outcome, ...]:
    """Put the rounds of each server and case together, in the order of their first samples."""
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.case.name, sample.server.name), []).append(sample)
    return tuple(Outcome(group[0].server, group[0].case, tuple(group)) for group in groups.values())


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(1000 * seconds, 3)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
