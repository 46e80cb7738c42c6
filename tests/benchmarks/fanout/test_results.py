"""Figures made of samples, and the tables made of these."""

from __future__ import annotations

import io
import json

from rich.console import Console

from tests.benchmarks.fanout import report
from tests.benchmarks.fanout.cases import CASES
from tests.benchmarks.fanout.results import Comparison, Reading, per_cpu_second
from tests.benchmarks.fanout.servers import FLOOR, SERVERS
from tests.benchmarks.harness.results import Sample, outcomes_of

CASE = CASES["one"]


def comparison() -> Comparison:
    samples = [
        *(Sample(SERVERS["tornkit"], CASE, Reading(1000, 2, cpu)) for cpu in (0.01, 0.02, 0.09)),
        Sample(SERVERS["broadcaster"], CASE, Reading(1000, 2, 0.1)),
        Sample(SERVERS["socketio"], CASE, Reading(1000, 2, 0.2)),
        Sample(SERVERS["channels"], CASE, error="ended with status 1"),
        Sample(SERVERS[FLOOR], CASE, Reading(1000, 2, 0.01)),
    ]
    settings: dict[str, object] = {"rounds": 3, "seconds": 2, "clients": 10, "pinned": "no"}
    described: dict[str, object] = dict.fromkeys(
        ("cpu", "usable_cores", "system", "python", "load_average"), "-"
    )
    return Comparison(described, {}, settings, outcomes_of(samples))


def test_figures_are_medians_and_ratios_are_the_best_rivals() -> None:
    ours, best, other, failed, floor = comparison().of_case(CASE)
    assert ours.median(per_cpu_second) == 50_000
    times = [comparison().times_best(each) for each in (ours, best, other, failed, floor)]
    assert times == [5, 1, 0.5, None, 10]


def test_json_has_all_of_it() -> None:
    figures = json.loads(json.dumps(comparison().as_json()))["outcomes"]
    assert figures[0]["messages_per_cpu_second"] == 50_000
    assert figures[0]["times_best_rival"] == 5.0
    assert figures[0]["cpu_us"] == 20.0
    assert figures[0]["rounds"] == [100_000, 50_000, 11_111]
    assert figures[3]["error"] == "ended with status 1"


def test_the_table_names_the_error() -> None:
    console = Console(file=io.StringIO(), width=100)
    report.show(comparison(), console)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "50,000" in shown
    assert "Channels, daphne: ended with status 1" in shown
