"""Readings of one measurement, the figures made of them, and their JSON. No printing here."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from tests.benchmarks.harness import results
from tests.benchmarks.harness.results import Outcome, rounded
from tests.benchmarks.wrk import Load

# What all are expected to send; whoever sends more does more work for an answer.
_COMMON_HEADERS = ("Content-Type", "Content-Length", "Server", "Date")


@dataclass(frozen=True)
class Reading:
    """The load, and what it was answered with.

    ``core`` is the CPU time that the server had in a second: a server of one thread that had much
    less than 1.0 shared its core with a stranger, or waited for the load. None where it is unknown.
    """

    load: Load
    core: float | None
    headers: tuple[str, ...]


def rate(reading: Reading) -> float:
    """Requests a second."""
    return reading.load.rate


def p50(reading: Reading) -> float:
    return reading.load.p50


def p99(reading: Reading) -> float:
    return reading.load.p99


def core(reading: Reading) -> float | None:
    return reading.core


def spread(outcome: Outcome[Reading]) -> float | None:
    """From the slowest round to the fastest, as a share of the median; None for one round."""
    rates = list(map(rate, outcome.readings))
    return (max(rates) - min(rates)) / statistics.median(rates) if len(rates) > 1 else None


def headers(outcome: Outcome[Reading]) -> tuple[str, ...]:
    """The headers of an answer; none where there was none."""
    return next((reading.headers for reading in outcome.readings), ())


def further_headers(outcome: Outcome[Reading]) -> list[str]:
    return [name for name in headers(outcome) if name not in _COMMON_HEADERS]


def missing_headers(outcome: Outcome[Reading]) -> list[str]:
    return [name for name in _COMMON_HEADERS if name not in headers(outcome)]


class Comparison(results.Comparison[Reading]):
    """One run."""

    def ratio(self, outcome: Outcome[Reading]) -> float | None:
        """Requests a second by those of Tornado's own server in this run."""
        return self.times_baseline(outcome, rate)

    def figures(self, outcome: Outcome[Reading]) -> dict[str, object]:
        """Latencies are in milliseconds."""
        return {
            "case": outcome.case.name,
            "requests_per_second": rounded(outcome.median(rate), 1),
            "times_tornado": rounded(self.ratio(outcome), 3),
            "p50_ms": rounded(outcome.median(p50), 3, 1000),
            "p99_ms": rounded(outcome.median(p99), 3, 1000),
            "spread_percent": rounded(spread(outcome), 1, 100),
            "core_percent": rounded(outcome.median(core), 1, 100),
            "response_headers": list(headers(outcome)),
            "rounds": [
                {
                    "requests": load.requests,
                    "requests_per_second": load.rate,
                    "p50_ms": rounded(load.p50, 3, 1000),
                    "p99_ms": rounded(load.p99, 3, 1000),
                }
                for load in (reading.load for reading in outcome.readings)
            ],
        }
