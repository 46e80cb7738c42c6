"""What came out: samples, the figures made of them, and their JSON. No printing here."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.benchmarks.throughput.cases import Case
from tests.benchmarks.throughput.servers import BASELINE, Contender
from tests.benchmarks.wrk import Load

# What all are expected to send; whoever sends more does more work for an answer.
_COMMON_HEADERS = ("Content-Type", "Content-Length", "Server", "Date")


@dataclass(frozen=True)
class Sample:
    """One server in one case in one round; with an ``error`` there is no load.

    ``core`` is the CPU time that the server had in a second: a server of one thread that had much
    less than 1.0 shared its core with a stranger, or waited for the load.
    """

    server: Contender
    case: Case
    load: Load | None = None
    core: float | None = None
    headers: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class Outcome:
    """One server in one case: what all rounds gave. Times in seconds."""

    server: Contender
    case: Case
    loads: tuple[Load, ...]
    cores: tuple[float, ...]
    headers: tuple[str, ...]
    error: str | None

    @property
    def rate(self) -> float | None:
        """Requests a second, the median of the rounds; so are the latencies."""
        return self._median(lambda load: load.rate)

    @property
    def p50(self) -> float | None:
        return self._median(lambda load: load.p50)

    @property
    def p99(self) -> float | None:
        return self._median(lambda load: load.p99)

    @property
    def spread(self) -> float | None:
        """From the slowest round to the fastest, as a share of the median; None for one round."""
        rates = [load.rate for load in self.loads]
        return (max(rates) - min(rates)) / statistics.median(rates) if len(rates) > 1 else None

    @property
    def core(self) -> float | None:
        """CPU time that the server had in a second, the median of the rounds."""
        return statistics.median(self.cores) if self.cores else None

    @property
    def further_headers(self) -> list[str]:
        return [name for name in self.headers if name not in _COMMON_HEADERS]

    @property
    def missing_headers(self) -> list[str]:
        return [name for name in _COMMON_HEADERS if name not in self.headers]

    def _median(self, figure: Callable[[Load], float]) -> float | None:
        return statistics.median(map(figure, self.loads)) if self.loads else None


@dataclass(frozen=True)
class Comparison:
    """One run."""

    machine: dict[str, object]
    packages: dict[str, str]
    settings: dict[str, object]
    outcomes: tuple[Outcome, ...]
    # The name of the server by whose requests a second all others are divided.
    baseline: str = BASELINE

    @property
    def cases(self) -> list[Case]:
        """The cases that were measured, each once, in the order of the run."""
        return list({outcome.case.name: outcome.case for outcome in self.outcomes}.values())

    @property
    def servers(self) -> list[Contender]:
        """The servers, each once, in the order of the run."""
        return list({outcome.server.name: outcome.server for outcome in self.outcomes}.values())

    def of_case(self, case: Case) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.case.name == case.name]

    def outcome(self, server: Contender, case: Case) -> Outcome | None:
        """None where the server does not take part in the case."""
        of_server = (each for each in self.of_case(case) if each.server.name == server.name)
        return next(of_server, None)

    def ratio(self, outcome: Outcome) -> float | None:
        """Requests a second by those of Tornado's own server in this run."""
        for other in self.of_case(outcome.case):
            if other.server.name == self.baseline and other.rate and outcome.rate is not None:
                return outcome.rate / other.rate
        return None

    def as_json(self) -> dict[str, object]:
        """Plain values, latencies in milliseconds."""
        return {
            "machine": self.machine,
            "settings": self.settings,
            "packages": self.packages,
            "baseline": self.baseline,
            "outcomes": [self._outcome_as_json(outcome) for outcome in self.outcomes],
        }

    def _outcome_as_json(self, outcome: Outcome) -> dict[str, object]:
        return {
            "case": outcome.case.name,
            "server": outcome.server.name,
            "title": outcome.server.title,
            "versions": {name: self.packages.get(name) for name in outcome.server.packages},
            "error": outcome.error,
            "requests_per_second": _rounded(outcome.rate, 1),
            "times_tornado": _rounded(self.ratio(outcome), 3),
            "p50_ms": _ms(outcome.p50),
            "p99_ms": _ms(outcome.p99),
            "spread_percent": None if outcome.spread is None else round(100 * outcome.spread, 1),
            "core_percent": None if outcome.core is None else round(100 * outcome.core, 1),
            "response_headers": list(outcome.headers),
            "rounds": [
                {
                    "requests": load.requests,
                    "requests_per_second": load.rate,
                    "p50_ms": _ms(load.p50),
                    "p99_ms": _ms(load.p99),
                }
                for load in outcome.loads
            ],
        }


def outcomes_of(samples: Iterable[Sample]) -> tuple[Outcome, ...]:
    """Put the rounds of each server and case together, in the order of their first samples."""
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.case.name, sample.server.name), []).append(sample)
    return tuple(
        Outcome(
            server=group[0].server,
            case=group[0].case,
            loads=tuple(sample.load for sample in group if sample.load is not None),
            cores=tuple(sample.core for sample in group if sample.core is not None),
            headers=next((sample.headers for sample in group if sample.headers), ()),
            error=next((sample.error for sample in group if sample.error), None),
        )
        for group in groups.values()
    )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(1000 * seconds, 3)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
