"""Readings of one measurement, the figures made of them, and their JSON. No printing here."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.harness import results
from tests.benchmarks.harness.results import Outcome, rounded


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
class Reading:
    """The echoes, and the seconds of CPU time that the server spent on a message.

    Those of the handshakes are in it. A machine that does other things as well disturbs this
    figure least. None where it is unknown.
    """

    echoes: Echoes
    cpu: float | None


def rate(reading: Reading) -> float:
    """Messages a second."""
    return reading.echoes.rate


def p50(reading: Reading) -> float:
    return reading.echoes.p50


def p99(reading: Reading) -> float:
    return reading.echoes.p99


def cpu(reading: Reading) -> float | None:
    return reading.cpu


def busy(reading: Reading) -> float:
    return reading.echoes.busy


class Comparison(results.Comparison[Reading]):
    """One run."""

    def ratio(self, outcome: Outcome[Reading]) -> float | None:
        """Messages a second by those of Tornado's own in this run."""
        return self.times_baseline(outcome, rate)

    def figures(self, outcome: Outcome[Reading]) -> dict[str, object]:
        """Latencies are in milliseconds."""
        return {
            "case": outcome.case.name,
            "messages_per_second": rounded(outcome.median(rate), 1),
            "times_tornado": rounded(self.ratio(outcome), 3),
            "p50_ms": rounded(outcome.median(p50), 3, 1000),
            "p99_ms": rounded(outcome.median(p99), 3, 1000),
            "cpu_us": rounded(outcome.median(cpu), 1, 1e6),
            "load_core": rounded(outcome.median(busy), 3),
            "rounds": [
                {
                    "messages": echoes.messages,
                    "messages_per_second": rounded(echoes.rate, 1),
                    "p50_ms": rounded(echoes.p50, 3, 1000),
                    "p99_ms": rounded(echoes.p99, 3, 1000),
                }
                for echoes in (reading.echoes for reading in outcome.readings)
            ],
        }
