"""``throughput``: options in; tables, a JSON file and a chart out."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click
from rich.console import Console

from tests.benchmarks import cores, machine, options, programs, wrk
from tests.benchmarks.environment import Environment
from tests.benchmarks.throughput import chart, report, results, run
from tests.benchmarks.throughput.cases import CASES
from tests.benchmarks.throughput.servers import SERVERS


@click.command("throughput")
@options.names_option("--servers", "names", SERVERS, "servers")
@options.names_option("--cases", "case_names", CASES, "cases")
@options.count_option("--rounds", 3, "How often each is measured; the figures are medians.")
@options.count_option("--seconds", 4, "How long each measurement takes.")
@options.count_option("--connections", 32, "How many ask at once.")
@options.json_option
@click.option(
    "--svg",
    "svg_file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Also draw the requests a second there.",
)
@options.venv_option
def throughput_command(
    names: tuple[str, ...],
    case_names: tuple[str, ...],
    rounds: int,
    seconds: int,
    connections: int,
    json_file: Path | None,
    svg_file: Path | None,
    venv: Path,
) -> None:
    """Requests a second and latencies of one server process on one core, asked by wrk on another.

    About 80 measurements a round, each a second longer than --seconds. Cookies, forms, templates
    and files are served by what each framework has for them.
    """
    pinned = cores.two()
    plan = run.Plan(
        servers=tuple(SERVERS[name] for name in names),
        cases=tuple(CASES[name] for name in case_names),
        rounds=rounds,
        seconds=seconds,
        cores=pinned,
        wrk=wrk.find(connections, pinned.load),
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
        packages=environment.packages() | programs.versions(("node", "wrk")),
        settings=plan.settings(),
        outcomes=results.outcomes_of(samples),
    )
    options.write_json(comparison.as_json(), json_file)
    if svg_file is not None:
        svg_file.write_text(chart.draw(comparison))
    report.show(comparison, Console())
    failed = any(sample.error and not sample.server.is_rival for sample in samples)
    session.end(failed=failed)
