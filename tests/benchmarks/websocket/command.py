"""``websocket``: options in; tables and a JSON file out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tests.benchmarks.harness import options
from tests.benchmarks.harness.command import compare
from tests.benchmarks.websocket import report
from tests.benchmarks.websocket.cases import CASES
from tests.benchmarks.websocket.results import Comparison
from tests.benchmarks.websocket.run import Websocket
from tests.benchmarks.websocket.servers import SERVERS


@click.command("websocket")
@options.names_option("--servers", "servers", SERVERS, "servers")
@options.names_option("--cases", "cases", CASES, "cases")
@options.count_option("--rounds", 3, "How often each is measured; the figures are medians.")
@options.count_option("--seconds", 4, "How long each measurement takes.")
@options.count_option("--clients", 64, "How many send at once.")
@options.json_option
@options.venv_option
def websocket_command(venv: Path, json_file: Path | None, **chosen: Any) -> None:
    """Messages a second that one server process on one core echoes, and how long each takes.

    The clients are on another core. About 27 measurements a round, each two seconds longer than
    --seconds.
    """
    compare(
        Websocket(**chosen),
        Comparison,
        line=report.line,
        show=report.show,
        venv=venv,
        json_file=json_file,
    )
