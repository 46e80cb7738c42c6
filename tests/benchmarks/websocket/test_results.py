"""Figures made of samples, and the tables made of these."""

from __future__ import annotations

import io
import json

from rich.console import Console

from tests.benchmarks.harness.results import BASELINE, Sample, outcomes_of
from tests.benchmarks.websocket import report
from tests.benchmarks.websocket.cases import CASES
from tests.benchmarks.websocket.results import Comparison, Echoes, Reading, rate
from tests.benchmarks.websocket.servers import SERVERS

CASE = CASES["small"]
OURS, TORNADO, RIVAL = SERVERS["protocol"], SERVERS[BASELINE], SERVERS["aiohttp"]


def reading(rate: float, cpu: float, busy: float = 0.3) -> Reading:
    return Reading(Echoes(int(rate), int(rate) + 10, rate, 0.001, 0.002, busy), cpu)


def comparison() -> Comparison:
    samples = [
        *(Sample(TORNADO, CASE, reading(each, 50e-6)) for each in (900, 1000, 1500)),
        *(Sample(OURS, CASE, reading(each, 10e-6)) for each in (4000, 3000, 3500)),
        Sample(RIVAL, CASE, error="ended with status 1"),
    ]
    return Comparison({}, {"tornado": "6.6"}, {"rounds": 3}, outcomes_of(samples))


def test_figures_are_medians_and_ratios_are_tornado_s() -> None:
    tornado, ours, rival = comparison().of_case(CASE)
    assert [outcome.median(rate) for outcome in (tornado, ours, rival)] == [1000, 3500, None]
    assert comparison().ratio(ours) == 3.5
    assert comparison().ratio(rival) is None
    assert rival.error == "ended with status 1"


def test_json_has_all_of_it() -> None:
    figures = json.loads(json.dumps(comparison().as_json()))
    ours = figures["outcomes"][1]
    assert ours["messages_per_second"] == 3500
    assert ours["times_tornado"] == 3.5
    assert ours["cpu_us"] == 10.0
    assert (ours["p50_ms"], ours["p99_ms"]) == (1.0, 2.0)
    assert [each["messages"] for each in ours["rounds"]] == [4000, 3000, 3500]


def test_the_table_names_the_error_and_a_load_that_was_the_limit() -> None:
    console = Console(file=io.StringIO(), width=100)
    report.show(comparison(), console)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "3,500" in shown
    assert "aiohttp: ended with status 1" in shown
    assert "of its core" not in shown
    limited = outcomes_of([Sample(OURS, CASE, reading(10, 1e-6, busy=0.97))])
    assert "the load took 97% of its core" in "".join(
        report.troubles(Comparison({}, {}, {}, limited))
    )
