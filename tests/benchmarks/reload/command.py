"""``reload``: options in, a table on the terminal and a JSON file out."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from tests.benchmarks import machine, options
from tests.benchmarks.environment import Environment
from tests.benchmarks.reload import apps, report, results, run, servers


@click.command("reload")
@options.names_option("--servers", "names", servers.SERVERS, "servers")
@options.names_option("--apps", "app_names", apps.HEAVY_IMPORTS, "applications")
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
    plan = run.Plan(
        servers=tuple(servers.SERVERS[name] for name in names),
        apps=app_names,
        edits=edits,
        save=apps.Save(save),
        logs=options.LOGS,
    )
    environment = Environment(venv)
    outcomes: list[results.Outcome] = []
    with options.session() as session:
        environment.prepare()
        for outcome in run.run(plan, environment, say=session.say):
            outcomes.append(outcome)
            session.progress.print(report.line(outcome), highlight=False)

    comparison = results.Comparison(
        machine=machine.describe(),
        packages=environment.packages() if outcomes else {},
        settings=plan.settings(),
        outcomes=tuple(outcomes),
    )
    options.write_json(comparison.as_json(), json_file)
    if outcomes:
        report.show(comparison, Console())
    failed = any(outcome.error and not outcome.is_rival for outcome in outcomes)
    session.end(failed=failed)
