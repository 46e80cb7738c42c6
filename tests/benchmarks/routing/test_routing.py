"""What a probe prints is read, and put into the figures that are shown."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.benchmarks.cores import Cores
from tests.benchmarks.errors import MeasurementFailed
from tests.benchmarks.harness.results import Sample, outcomes_of
from tests.benchmarks.harness.stage import Stage
from tests.benchmarks.routing import report
from tests.benchmarks.routing.programs import CASES, PROBES, TITLES, Probe
from tests.benchmarks.routing.results import Comparison, Place, Reading, Timing, read
from tests.benchmarks.routing.run import Routing

MACHINE: dict[str, object] = dict.fromkeys(
    ("cpu", "usable_cores", "system", "python", "load_average"), "x"
)


PAGE = CASES["page"]


def timing(router: str, routes: int, place: str, microseconds: float) -> Timing:
    return Timing(router, Place("page", routes, place), microseconds)


def comparison(*timings: Timing, troubles: tuple[Sample[Reading], ...] = ()) -> Comparison:
    """All timings of one probe's, each in a round of its own."""
    samples = [Sample[Reading](PROBES["tornado"], PAGE, (each,)) for each in timings]
    outcomes = outcomes_of([*samples, *troubles])
    return Comparison(MACHINE, {"tornado": "6.5"}, {"rounds": 3}, outcomes)


def stage(folder: Path) -> Stage:
    return Stage(folder, folder, "routing", folder, Cores(None, None), print)


def test_figures_are_medians_and_ratios_are_to_tornado() -> None:
    compared = comparison(
        *(timing("tornkit", 10, "last", figure) for figure in (9, 2, 3)),
        *(timing("tornado", 10, "last", figure) for figure in (5, 6, 700)),
        timing("tornkit", 10_000, "last", 12),
    )
    last = Place("page", 10, "last")
    assert compared.microseconds("tornkit", last) == 3
    assert compared.ratio("tornkit", last) == 0.5
    assert compared.against_ten("tornkit", "page", 10_000) == 2
    assert compared.microseconds("tornkit", Place("page", 10, "first")) is None
    assert compared.ratio("tornado", Place("page", 10_000, "last")) is None
    told: Any = compared.as_json()
    assert [each["microseconds"] for each in told["outcomes"]] == [3, 6, 12]
    assert [each["of_tornado"] for each in told["outcomes"]] == [0.5, 1, None]
    assert json.loads(json.dumps(told)) == told


def test_the_table_shows_the_first_and_the_last() -> None:
    compared = comparison(
        timing("tornado", 10, "first", 1.23),
        timing("tornado", 10, "last", 1234.5),
        timing("tornado", 1000, "last", 7),
        troubles=(Sample(PROBES["falcon"], PAGE, error="can't be installed"),),
    )
    console = Console(width=200, file=StringIO())
    report.show(compared, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "1.2 · 1,234" in text
    assert "Falcon: can't be installed" in text
    assert [line.split()[-1] for line in text.splitlines() if line.strip().startswith("Torn")] == [
        "-"
    ]


def test_what_is_printed_is_read() -> None:
    line = '{"router": "falcon", "routes": 10, "place": "last", "microseconds": 2.5}'
    assert list(read("page", f"{line}\n{line}\n")) == [timing("falcon", 10, "last", 2.5)] * 2
    with pytest.raises(ValueError, match="Expecting"):
        list(read("page", "Traceback"))


def test_the_probe_of_tornado_measures_both() -> None:
    """With this Python, where both are; the rivals are not."""
    command = [sys.executable, "tornado_probe.py", "variable", "1,12"]
    done = subprocess.run(
        command, cwd=Routing.apps, capture_output=True, text=True, check=True, timeout=60
    )
    samples = list(read("variable", done.stdout))
    assert {(each.router, each.place.routes, each.place.place) for each in samples} == {
        (router, routes, place)
        for router in ("tornado", "tornkit")
        for routes in (1, 12)
        for place in ("first", "last")
    }
    assert all(0.1 < each.microseconds < 10_000 for each in samples)


def test_a_probe_that_fails_says_why(tmp_path: Path) -> None:
    program = Probe(
        name="x", title="X", routers=(), command=(sys.executable, "-c", "raise SystemExit('no')")
    )
    benchmark = Routing(servers=(), cases=(), sizes=(1,))
    with pytest.raises(MeasurementFailed, match="no"):
        benchmark.measure(program, PAGE, stage(tmp_path))
    wordy = Probe(name="x", title="X", routers=(), command=(sys.executable, "-c", "print('x')"))
    with pytest.raises(MeasurementFailed, match="can't be read"):
        benchmark.measure(wordy, PAGE, stage(tmp_path))


def test_every_router_has_a_title() -> None:
    assert {router for probe in PROBES.values() for router in probe.routers} == TITLES.keys()
