"""``idle``: options in, a table on the terminal and a JSON file out."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click
from rich.console import Console

from tests.benchmarks import machine, options, programs
from tests.benchmarks.environment import Environment
from tests.benchmarks.idle import crowd, report, results, run
from tests.benchmarks.idle.servers import SERVERS


@click.command("idle")
@options.names_option("--servers", "names", SERVERS, "servers")
@options.count_option("--connections", 5000, "How many connections stay open.")
@options.count_option("--rounds", 3, "How often each is measured; the figures are medians.")
@options.json_option
@options.venv_option
def idle_command(
    names: tuple[str, ...], connections: int, rounds: int, json_file: Path | None, venv: Path
) -> None:
    """Memory for each idle keep-alive connection. On Linux; about 15 seconds a server and round."""
    crowd.allow(connections)
    plan = run.Plan(
        servers=tuple(SERVERS[name] for name in names),
        connections=connections,
        rounds=rounds,
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
        packages=environment.packages() | programs.versions(("node",)),
        settings=plan.settings(),
        outcomes=results.outcomes_of(samples),
    )
    options.write_json(comparison.as_json(), json_file)
    report.show(comparison, Console())
    failed = any(sample.error and not sample.server.is_rival for sample in samples)
    session.end(failed=failed)
