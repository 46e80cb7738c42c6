"""Tables of messages between workers for people, and a line for each sample as it comes in."""

from __future__ import annotations

from functools import partial

from rich.console import Console

from tests.benchmarks.bus.results import Comparison, Reading, cpu, p50, p99, rate
from tests.benchmarks.harness import footnotes
from tests.benchmarks.harness.results import Outcome, Sample
from tests.benchmarks.harness.tables import failures, outcomes_table, show_lines, shown


def line(sample: Sample[Reading]) -> str:
    """one · tornkit.bus: 40,000 deliveries/s, p99 8.0 ms"""
    told = sample.error
    if sample.reading:
        told = f"{rate(sample.reading):,.0f} deliveries/s, p99 {1000 * sample.reading.p99:.1f} ms"
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
            f"messages of 100 bytes, {settings['workers']} workers; {settings['publishers']} "
            "handlers of each publish at once, where no rate is given; medians of "
            f"{settings['rounds']} rounds of {settings['seconds']} s",
            "p50, p99: from before a message is published until it is heard; "
            "CPU: of all of the server's processes, the hub or Redis among them, a delivery",
            footnotes.machine(comparison.machine),
            footnotes.versions(comparison.packages, names),
            *failures(comparison.outcomes),
        ),
    )


def _cells(comparison: Comparison, outcome: Outcome[Reading]) -> dict[str, str]:
    return {
        "deliveries/s": shown(outcome.median(rate), "{:,.0f}"),
        "x Redis": shown(comparison.times_rival(outcome), "{:.2f}"),
        "p50 ms": shown(outcome.median(p50), "{:.1f}", 1000),
        "p99 ms": shown(outcome.median(p99), "{:.1f}", 1000),
        "CPU us": shown(outcome.median(cpu), "{:.1f}", 1e6),
    }
