"""``fanout``: options in; tables and a JSON file out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import click

from tests.benchmarks.errors import CannotMeasure
from tests.benchmarks.fanout import report
from tests.benchmarks.fanout.cases import CASES
from tests.benchmarks.fanout.results import Comparison
from tests.benchmarks.fanout.run import Fanout
from tests.benchmarks.fanout.servers import SERVERS
from tests.benchmarks.harness import options
from tests.benchmarks.harness.command import compare
from tests.benchmarks.idle import crowd


@click.command("fanout")
@options.names_option("--servers", "servers", SERVERS, "servers")
@options.names_option("--cases", "cases", CASES, "cases")
@options.count_option("--rounds", 3, "How often each is measured; the figures are medians.")
@options.count_option("--seconds", 2, "How much CPU time each measurement takes.")
@options.count_option("--clients", 2000, "How many WebSockets are in the room.")
@options.json_option
@options.venv_option
def fanout_command(clients: int, venv: Path, json_file: Path | None, **chosen: Any) -> None:
    """Messages to many WebSockets in one room, for a second of the server's CPU time.

    On Linux; wants redis-server. About ten seconds a server, case and round.
    """
    crowd.allow(clients)
    if shutil.which("redis-server") is None and any(
        "with_redis.py" in server.command for server in chosen["servers"]
    ):
        raise CannotMeasure("redis-server is not installed: apt-get install redis-server")
    compare(
        Fanout(clients=clients, **chosen),
        Comparison,
        line=report.line,
        show=report.show,
        venv=venv,
        json_file=json_file,
    )
