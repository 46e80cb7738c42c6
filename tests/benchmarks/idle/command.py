"""``idle``: options in, a table on the terminal and a JSON file out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tests.benchmarks.harness import options
from tests.benchmarks.harness.command import compare
from tests.benchmarks.idle import crowd, report
from tests.benchmarks.idle.results import Comparison
from tests.benchmarks.idle.run import Idle
from tests.benchmarks.idle.servers import SERVERS


@click.command("idle")
@options.names_option("--servers", "servers", SERVERS, "servers")
@options.count_option("--connections", 5000, "How many connections stay open.")
@options.count_option("--rounds", 3, "How often each is measured; the figures are medians.")
@options.json_option
@options.venv_option
def idle_command(connections: int, venv: Path, json_file: Path | None, **chosen: Any) -> None:
    """Memory for each idle keep-alive connection. On Linux; about 15 seconds a server and round."""
    crowd.allow(connections)
    compare(
        Idle(connections=connections, **chosen),
        Comparison,
        line=report.line,
        show=report.show,
        venv=venv,
        json_file=json_file,
    )
