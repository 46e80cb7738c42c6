"""Tables of the messages for people, and a line for each sample as it comes in."""

from __future__ import annotations

from functools import partial

from rich.console import Console

from tests.benchmarks.harness.results import Outcome, Sample
from tests.benchmarks.harness.tables import outcomes_table, show_lines, shown
from tests.benchmarks.websocket.results import Comparison, Reading, busy, cpu, p50, p99, rate

_BUSY = 0.9  # of a core: from there on the load may have been what limited a server


def line(sample: Sample[Reading]) -> str:
    """small · Tornado: 15,000 messages/s"""
    told = f"{sample.reading.echoes.rate:,.0f} messages/s" if sample.reading else sample.error
    return f"{sample.case.name} · {sample.server.title}: {told}"


def show(comparison: Comparison, console: Console) -> None:
    """Each case, what the figures mean, and what went wrong."""
    for case in comparison.cases:
        cells = partial(_cells, comparison)
        console.print(outcomes_table(case.title, comparison.of_case(case), cells, dense=True))
    settings = comparison.settings.items()
    show_lines(console, [f"{name.replace('_', ' ')}: {value}" for name, value in settings])
    show_lines(console, troubles(comparison))


def troubles(comparison: Comparison) -> list[str]:
    """Who could not be measured, and where the load may have been the limit."""
    found = []
    for outcome in comparison.outcomes:
        title = f"{outcome.case.name} · {outcome.server.title}"
        share = outcome.median(busy)
        if outcome.error:
            found.append(f"{title}: {outcome.error}")
        elif share is not None and share > _BUSY:
            found.append(f"{title}: the load took {share:.0%} of its core; more might be possible")
    return found


def _cells(comparison: Comparison, outcome: Outcome[Reading]) -> dict[str, str]:
    return {
        "messages/s": shown(outcome.median(rate), "{:,.0f}"),
        "x Tornado": shown(comparison.ratio(outcome), "{:.2f}"),
        "p50 ms": shown(outcome.median(p50), "{:.2f}", 1000),
        "p99 ms": shown(outcome.median(p99), "{:.2f}", 1000),
        "CPU us": shown(outcome.median(cpu), "{:.1f}", 1e6),
        "load": shown(outcome.median(busy), "{:.0%}"),
    }
