"""``reload``: options in, a table on the terminal and a JSON file out."""

from __future__ import annotations

from pathlib import Path

import click

from tests.benchmarks.harness import options
from tests.benchmarks.harness.command import compare
from tests.benchmarks.reload import apps, report, servers
from tests.benchmarks.reload.results import Comparison
from tests.benchmarks.reload.run import Reload


@click.command("reload")
@options.names_option("--servers", "names", servers.SERVERS, "servers")
@options.names_option("--apps", "app_names", apps.CASES, "applications")
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
def reload_command(
    names: tuple[str, ...],
    app_names: tuple[str, ...],
    edits: int,
    save: str,
    json_file: Path | None,
    venv: Path,
) -> None:
    """From saving a file to the first fresh response, and what a client suffers meanwhile.

    About half a minute per server and application, plus two seconds an edit.
    """
    benchmark = Reload(
        servers=tuple(servers.SERVERS[name] for name in names),
        cases=tuple(apps.CASES[name] for name in app_names),
        edits=edits,
        save=apps.Save(save),
    )
    compare(
        benchmark, Comparison, line=report.line, show=report.show, venv=venv, json_file=json_file
    )
