"""``bus``: options in; tables and a JSON file out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import click

from tests.benchmarks.bus import report
from tests.benchmarks.bus.cases import CASES
from tests.benchmarks.bus.results import Comparison
from tests.benchmarks.bus.run import BusThroughput
from tests.benchmarks.bus.servers import SERVERS
from tests.benchmarks.errors import CannotMeasure
from tests.benchmarks.harness import options
from tests.benchmarks.harness.command import compare


@click.command("bus")
@options.names_option("--servers", "servers", SERVERS, "servers")
@options.names_option("--cases", "cases", CASES, "cases")
@options.count_option("--rounds", 5, "How often each is measured; the figures are medians.")
@options.count_option("--seconds", 3, "How long each measurement takes.")
@options.count_option("--publishers", 20, "How many handlers of a worker publish at once.")
@options.json_option
@options.venv_option
def bus_command(venv: Path, json_file: Path | None, **chosen: Any) -> None:
    """Messages between the handlers of two workers, by the bus and by Redis.

    Wants redis-server. About ten seconds a server, case and round.
    """
    if shutil.which("redis-server") is None and any(
        "with_redis.py" in server.command for server in chosen["servers"]
    ):
        raise CannotMeasure("redis-server is not installed: apt-get install redis-server")
    compare(
        BusThroughput(**chosen),
        Comparison,
        line=report.line,
        show=report.show,
        venv=venv,
        json_file=json_file,
    )
