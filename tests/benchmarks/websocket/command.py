"""``websocket``: options in; tables and a JSON file out."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click
from rich.console import Console

from tests.benchmarks import cores, machine, options
from tests.benchmarks.environment import Environment
from tests.benchmarks.websocket import report, results, run
from tests.benchmarks.websocket.cases import CASES
from tests.benchmarks.websocket.servers import SERVERS


@click.command("websocket")
@options.names_option("--servers", "names", SERVERS, "servers")
@options.names_option("--cases", "case_names", CASES, "cases")
@options.count_option("--rounds", 3, "How often each is measured; the figures are medians.")
@options.count_option("--seconds", 4, "How long each measurement takes.")
@options.count_option("--clients", 64, "How many send at once.")
@options.json_option
@options.venv_option
def websocket_command(
    names: tuple[str, ...],
    case_names: tuple[str, ...],
    rounds: int,
    seconds: int,
    clients: int,
    json_file: Path | None,
    venv: Path,
) -> None:
    """Messages a second that one server process on one core echoes, and how long each takes.

    The clients are on another core. About 27 measurements a round, each two seconds longer than
    --seconds.
    """
    plan = run.Plan(
        servers=tuple(SERVERS[name] for name in names),
        cases=tuple(CASES[name] for name in case_names),
        rounds=rounds,
        seconds=seconds,
        clients=clients,
        cores=cores.two(),
        logs=options.LOGS,
    )
    environment = Environment(venv)
    samples: list[results.Sample] = []
    with options.session() as session:
        environment.prepare()
        with closing(run.run(plan, environment, session.say)) as measured:
            for sample in measured:
                samples.append(sample)
                session.progress.print(report.line(sample), highlight=False)

    if not samples:
        session.end(failed=True)
    comparison = results.Comparison(
        machine=machine.describe(),
        packages=environment.packages(),
        settings=plan.settings(),
        outcomes=results.outcomes_of(samples),
    )
    options.write_json(comparison.as_json(), json_file)
    report.show(comparison, Console())
    failed = any(sample.error and not sample.server.is_rival for sample in samples)
    session.end(failed=failed)
