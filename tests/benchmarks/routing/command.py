"""``routing``: options in; tables on the terminal and a JSON file out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tests.benchmarks.harness import options
from tests.benchmarks.harness.command import compare
from tests.benchmarks.routing import report
from tests.benchmarks.routing.programs import CASES, PROBES
from tests.benchmarks.routing.results import Comparison
from tests.benchmarks.routing.run import Routing

SIZES = {str(size): size for size in (1, 10, 100, 1000, 10_000)}


@click.command("routing")
@options.names_option("--routers", "servers", PROBES, "routers; tornkit's comes with Tornado's")
@options.names_option("--cases", "cases", CASES, "shapes of routes")
@options.names_option("--sizes", "sizes", SIZES, "numbers of routes")
@options.count_option("--rounds", 3, "How often each is measured; the figures are medians.")
@options.json_option
@options.venv_option
def routing_command(venv: Path, json_file: Path | None, **chosen: Any) -> None:
    """What it takes to find the first and the last of many routes. About a minute a round."""
    compare(
        Routing(**chosen),
        Comparison,
        line=report.line,
        show=report.show,
        venv=venv,
        json_file=json_file,
    )
