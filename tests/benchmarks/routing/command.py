"""``routing``: options in; tables on the terminal and a JSON file out."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click
from rich.console import Console

from tests.benchmarks import machine, options
from tests.benchmarks.environment import Environment
from tests.benchmarks.routing import report, results, run
from tests.benchmarks.routing.programs import CASES, PROBES

SIZES = ("1", "10", "100", "1000", "10000")


@click.command("routing")
@options.names_option("--routers", "names", PROBES, "routers; tornkit's comes with Tornado's")
@options.names_option("--cases", "case_names", CASES, "shapes of routes")
@options.names_option("--sizes", "sizes", SIZES, "numbers of routes")
@options.count_option("--rounds", 3, "How often each is measured; the figures are medians.")
@options.json_option
@options.venv_option
def routing_command(
    names: tuple[str, ...],
    case_names: tuple[str, ...],
    sizes: tuple[str, ...],
    rounds: int,
    json_file: Path | None,
    venv: Path,
) -> None:
    """What it takes to find the first and the last of many routes. About a minute a round."""
    plan = run.Plan(
        probes=tuple(PROBES[name] for name in names),
        cases=case_names,
        sizes=tuple(int(size) for size in sizes),
        rounds=rounds,
    )
    environment = Environment(venv)
    samples: list[results.Sample] = []
    troubles: list[results.Trouble] = []
    with options.session() as session:
        environment.prepare()
        with closing(run.run(plan, environment, session.say)) as measured:
            for each in measured:
                if isinstance(each, results.Trouble):
                    troubles.append(each)
                else:
                    samples.append(each)
                session.progress.print(report.line(each), highlight=False)

    if not samples:
        session.end(failed=True)
    comparison = results.Comparison(
        machine=machine.describe(),
        packages=environment.packages(),
        settings=plan.settings(),
        samples=tuple(samples),
        troubles=tuple(troubles),
    )
    options.write_json(comparison.as_json(), json_file)
    report.show(comparison, Console())
    session.end(failed=any(not each.probe.is_rival for each in troubles))
