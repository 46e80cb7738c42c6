"""``routing``: options in; tables on the terminal and a JSON file out."""

from __future__ import annotations

from pathlib import Path

import click

from tests.benchmarks.harness import options
from tests.benchmarks.harness.command import compare
from tests.benchmarks.routing import report
from tests.benchmarks.routing.programs import CASES, PROBES
from tests.benchmarks.routing.results import Comparison
from tests.benchmarks.routing.run import Routing

SIZES = ("1", "10", "100", "1000", "10000")


@click.command("routing")
@options.names_option("--routers", "names", PROBES, "routers; tornkit's comes with Tornado's")
@options.names_option("--cases", "case_names", CASES, "shapes of routes")
@options.names_option("--sizes", "sizes", SIZES, "numbers of routes")
@options.count_option("--rounds", 3, "How often each is measured; the figures are medians.")
@options.json_option
@options.venv_option
def routing_command(
    names: tuple[str, ...],
    case_names: tuple[str, ...],
    sizes: tuple[str, ...],
    rounds: int,
    json_file: Path | None,
    venv: Path,
) -> None:
    """What it takes to find the first and the last of many routes. About a minute a round."""
    benchmark = Routing(
        servers=tuple(PROBES[name] for name in names),
        cases=tuple(CASES[name] for name in case_names),
        sizes=tuple(int(size) for size in sizes),
        rounds=rounds,
    )
    compare(
        benchmark, Comparison, line=report.line, show=report.show, venv=venv, json_file=json_file
    )
