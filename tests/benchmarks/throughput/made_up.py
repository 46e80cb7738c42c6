"""Figures for tests, with no server behind them."""

from __future__ import annotations

from collections.abc import Sequence

from tests.benchmarks.harness.results import Sample, outcomes_of
from tests.benchmarks.throughput.cases import CASES
from tests.benchmarks.throughput.results import Comparison, Reading
from tests.benchmarks.throughput.servers import SERVERS
from tests.benchmarks.wrk import Load


def sample(server: str, case: str, rate: float | None) -> Sample[Reading]:
    """A round; no rate, no answer. Its latencies are a millisecond, and ten."""
    who, what = SERVERS[server], CASES[case]
    if rate is None:
        return Sample(who, what, error="ended with status 1: <boom> & [bang]")
    headers = ("Server", "Content-Type", "Date", "Etag", "Content-Length")
    return Sample(who, what, Reading(Load(rate, 0.001, 0.010, int(rate)), 0.99, headers))


def comparison(samples: Sequence[Sample[Reading]]) -> Comparison:
    """A run that gave these samples."""
    machine: dict[str, object] = {
        "time": "2026-01-02T03:04:05Z",
        "cpu": "A <fast> & fine CPU",
        "usable_cores": 2,
        "system": "Linux",
        "python": "3.11",
        "load_average": [0.0],
    }
    settings: dict[str, object] = {
        "rounds": 3,
        "seconds": 4,
        "warm_up_seconds": 1,
        "connections": 32,
        "pinned": "the server on core 1, the load on core 0",
    }
    return Comparison(machine, {"tornado": "6.5"}, settings, outcomes_of(samples))
