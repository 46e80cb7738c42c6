"""``throughput``: options in; tables, a JSON file and a chart out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tests.benchmarks import cores, wrk
from tests.benchmarks.harness import options
from tests.benchmarks.harness.command import compare
from tests.benchmarks.throughput import chart, report
from tests.benchmarks.throughput.cases import CASES
from tests.benchmarks.throughput.results import Comparison
from tests.benchmarks.throughput.run import Throughput
from tests.benchmarks.throughput.servers import SERVERS


@click.command("throughput")
@options.names_option("--servers", "servers", SERVERS, "servers")
@options.names_option("--cases", "cases", CASES, "cases")
@options.count_option("--rounds", 3, "How often each is measured; the figures are medians.")
@options.count_option("--seconds", 4, "How long each measurement takes.")
@options.count_option("--connections", 32, "How many ask at once.")
@options.json_option
@click.option(
    "--svg",
    "svg_file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Also draw the requests a second there.",
)
@options.venv_option
def throughput_command(
    connections: int, venv: Path, json_file: Path | None, svg_file: Path | None, **chosen: Any
) -> None:
    """Requests a second and latencies of one server process on one core, asked by wrk on another.

    About 80 measurements a round, each a second longer than --seconds. Cookies, forms, templates
    and files are served by what each framework has for them.
    """
    compare(
        Throughput(wrk=wrk.find(connections, cores.two().load), **chosen),
        Comparison,
        line=report.line,
        show=report.show,
        venv=venv,
        json_file=json_file,
        drawings=[(svg_file, chart.draw)],
    )
