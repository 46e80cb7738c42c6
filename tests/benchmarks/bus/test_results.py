"""Figures made of samples, and the tables made of these."""

from __future__ import annotations

import io
import json

from rich.console import Console

from tests.benchmarks.bus import report
from tests.benchmarks.bus.cases import CASES
from tests.benchmarks.bus.results import Comparison, Reading, rate
from tests.benchmarks.bus.servers import SERVERS
from tests.benchmarks.harness.results import Sample, outcomes_of

CASE, PACED = CASES["one"], CASES["paced"]


def comparison() -> Comparison:
    samples = [
        *(
            Sample(SERVERS["tornkit"], CASE, Reading(count, 2, 0.1, 0.001, 0.003))
            for count in (1000, 8000, 4000)
        ),
        Sample(SERVERS["redis"], CASE, Reading(1000, 2, None, 0.002, 0.02)),
        Sample(SERVERS["tornkit"], PACED, Reading(1000, 2, 0.1, 0.001, 0.0042)),
        Sample(SERVERS["redis"], PACED, error="1 of 2 messages have come"),
    ]
    settings: dict[str, object] = {"rounds": 3, "seconds": 2, "workers": 2, "publishers": 20}
    described: dict[str, object] = dict.fromkeys(
        ("cpu", "usable_cores", "system", "python", "load_average"), "-"
    )
    return Comparison(described, {}, settings, outcomes_of(samples))


def test_figures_are_medians_and_ratios_are_the_rivals() -> None:
    ours, theirs = comparison().of_case(CASE)
    assert ours.median(rate) == 2000
    assert [comparison().times_rival(each) for each in (ours, theirs)] == [4, 1]
    assert [comparison().times_rival(each) for each in comparison().of_case(PACED)] == [None] * 2


def test_json_has_all_of_it() -> None:
    figures = json.loads(json.dumps(comparison().as_json()))["outcomes"]
    assert figures[0]["deliveries_per_second"] == 2000
    assert figures[0]["times_rival"] == 4
    assert figures[0]["cpu_us"] == 25.0
    assert (figures[0]["p50_ms"], figures[0]["p99_ms"]) == (1, 3)
    assert [each["deliveries_per_second"] for each in figures[0]["rounds"]] == [500, 4000, 2000]
    assert figures[1]["cpu_us"] is None
    assert figures[3]["error"] == "1 of 2 messages have come"


def test_the_table_names_the_error() -> None:
    console = Console(file=io.StringIO(), width=100)
    report.show(comparison(), console)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "2,000" in shown
    assert "4.2" in shown
    assert "redis-py, hiredis: 1 of 2 messages have come" in shown
