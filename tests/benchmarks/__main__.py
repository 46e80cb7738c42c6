"""The command line: options in, a table on the terminal and a JSON file out.

Knows nothing of how things are measured. Exit codes are tornkit's: 0 measured (a rival that could
not be is named in the table), 1 tornkit itself could not be measured, 2 usage, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

import click
from rich.console import Console

from tests.benchmarks import apps, machine, reload, report, results, servers
from tests.benchmarks.environment import REPOSITORY, Environment, InstallFailed

_HOME = REPOSITORY / ".benchmarks"
_INTERRUPTED = 130


class Names(click.ParamType[tuple[str, ...]]):
    """Names out of a fixed list, with commas between them, in the list's order.

    "uvicorn,tornkit-2"  ->  ("tornkit-2", "uvicorn")
    """

    name = "names"

    def __init__(self, known: Iterable[str]) -> None:
        self.known = tuple(known)

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        asked = [name.strip() for name in str(value).split(",") if name.strip()]
        unknown = [name for name in asked if name not in self.known]
        if unknown or not asked:
            wrong = ", ".join(unknown) or "nothing"
            self.fail(f"{wrong}: choose from {','.join(self.known)}", param, ctx)
        return tuple(name for name in self.known if name in asked)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Compare tornkit with other servers, on this machine, in one run."""


@main.command("reload")
@click.option(
    "--servers",
    "names",
    type=Names(servers.SERVERS),
    default=",".join(servers.SERVERS),
    show_default=True,
    metavar="NAMES",
    help="Which servers, with commas.",
)
@click.option(
    "--apps",
    "app_names",
    type=Names(apps.HEAVY_IMPORTS),
    default=",".join(apps.HEAVY_IMPORTS),
    show_default=True,
    metavar="NAMES",
    help="Which applications, with commas.",
)
@click.option(
    "--edits",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How often the file is saved, per server and application.",
)
@click.option(
    "--save",
    type=click.Choice([style.value for style in apps.Save]),
    default=apps.Save.PLAIN.value,
    show_default=True,
    help="How it is saved: written in place, or written aside and renamed.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Also write all figures there.",
)
@click.option(
    "--venv",
    type=click.Path(file_okay=False, path_type=Path),
    default=_HOME / "venv",
    show_default=".benchmarks/venv",
    metavar="PATH",
    help="The virtual environment that the servers are installed into; kept for the next run.",
)
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
    # So that `kill` and `timeout` clean up as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    progress = Console(stderr=True)
    plan = reload.Plan(
        servers=tuple(servers.SERVERS[name] for name in names),
        apps=app_names,
        edits=edits,
        save=apps.Save(save),
        logs=_HOME / "logs",
    )
    environment = Environment(venv)
    outcomes: list[results.Outcome] = []
    interrupted = False
    try:
        with progress.status("preparing") as status:
            environment.prepare()
            for outcome in reload.run(plan, environment, say=status.update):
                outcomes.append(outcome)
                progress.print(report.line(outcome), highlight=False)
    except InstallFailed as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        interrupted = True
        progress.print("interrupted: these are the figures so far")

    comparison = results.Comparison(
        machine=machine.describe(),
        packages=environment.packages() if outcomes else {},
        settings=plan.settings(),
        outcomes=tuple(outcomes),
    )
    if outcomes:
        report.show(comparison, Console())
    if json_file is not None:
        json_file.write_text(json.dumps(comparison.as_json(), indent=2) + "\n")
    if interrupted:
        sys.exit(_INTERRUPTED)
    failed = any(outcome.error and not outcome.is_rival for outcome in outcomes)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main(prog_name="python -m tests.benchmarks")
