"""``reload``: options in, a table on the terminal and a JSON file out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tests.benchmarks.harness import options
from tests.benchmarks.harness.command import compare
from tests.benchmarks.reload import apps, report, servers
from tests.benchmarks.reload.results import Comparison
from tests.benchmarks.reload.run import Reload


@click.command("reload")
@options.names_option("--servers", "servers", servers.SERVERS, "servers")
@options.names_option("--apps", "cases", apps.CASES, "applications")
@options.count_option("--edits", 20, "How often the file is saved, per server and application.")
@click.option(
    "--save",
    type=click.Choice([style.value for style in apps.Save]),
    default=apps.Save.PLAIN.value,
    show_default=True,
    help="How it is saved: written in place, or written aside and renamed.",
)
@options.json_option
@options.venv_option
def reload_command(save: str, venv: Path, json_file: Path | None, **chosen: Any) -> None:
    """From saving a file to the first fresh response, and what a client suffers meanwhile.

    About half a minute per server and application, plus two seconds an edit.
    """
    compare(
        Reload(save=apps.Save(save), **chosen),
        Comparison,
        line=report.line,
        show=report.show,
        venv=venv,
        json_file=json_file,
    )
