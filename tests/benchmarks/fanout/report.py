"""Tables of the fan-out for people, and a line for each sample as it comes in."""

from __future__ import annotations

from functools import partial

from rich.console import Console

from tests.benchmarks.fanout.results import Comparison, Reading, cpu, per_cpu_second, rate
from tests.benchmarks.harness import footnotes
from tests.benchmarks.harness.results import Outcome, Sample
from tests.benchmarks.harness.tables import failures, outcomes_table, show_lines, shown


def line(sample: Sample[Reading]) -> str:
    """one · tornkit serve: 60,000 messages a second of CPU"""
    told = sample.error
    if sample.reading:
        told = f"{per_cpu_second(sample.reading):,.0f} messages a second of CPU"
    return f"{sample.case.name} · {sample.server.title}: {told}"


def show(comparison: Comparison, console: Console) -> None:
    """Each case, what the figures mean, and what went wrong."""
    for case in comparison.cases:
        cells = partial(_cells, comparison)
        console.print(outcomes_table(case.title, comparison.of_case(case), cells))
    names = [name for outcome in comparison.outcomes for name in outcome.server.packages]
    settings = comparison.settings
    show_lines(
        console,
        (
            f"messages of 100 bytes to {settings['clients']} WebSockets in one room, one worker; "
            f"medians of {settings['rounds']} rounds of {settings['seconds']} s of CPU or more",
            "CPU: of all of the server's processes, its hub or Redis among them",
            f"pinned: {settings['pinned']}",
            footnotes.machine(comparison.machine),
            footnotes.versions(comparison.packages, names),
            *failures(comparison.outcomes),
        ),
    )


def _cells(comparison: Comparison, outcome: Outcome[Reading]) -> dict[str, str]:
    return {
        "messages/CPU s": shown(outcome.median(per_cpu_second), "{:,.0f}"),
        "x best rival": shown(comparison.times_best(outcome), "{:.2f}"),
        "CPU us": shown(outcome.median(cpu), "{:.1f}", 1e6),
        "messages/s": shown(outcome.median(rate), "{:,.0f}"),
    }
