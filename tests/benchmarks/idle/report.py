"""The table of memory for people, and a line for each sample as it comes in."""

from __future__ import annotations

from functools import partial

from rich.console import Console

from tests.benchmarks.harness import footnotes
from tests.benchmarks.harness.results import Outcome, Sample
from tests.benchmarks.harness.tables import outcomes_table, show_lines, shown
from tests.benchmarks.idle.results import Comparison, Reading, before, collected, idle

_KIB = 1 / 1024
_MIB = _KIB / 1024


def line(sample: Sample[Reading]) -> str:
    """Tornado: 8.8 KiB a connection, 8.7 after a gc"""
    told = sample.error
    if reading := sample.reading:
        left, needed = _KIB * idle(reading), _KIB * collected(reading)
        told = f"{left:.1f} KiB a connection, {needed:.1f} after a gc"
    return f"{sample.server.title}: {told}"


def show(comparison: Comparison, console: Console) -> None:
    """The table, what the columns mean, and what went wrong."""
    for case in comparison.cases:
        cells = partial(_cells, comparison)
        console.print(outcomes_table(case.title, comparison.of_case(case), cells))
    troubles = [f"{each.server.title}: {each.error}" for each in comparison.outcomes if each.error]
    show_lines(console, (*_method(comparison), *troubles))


def _cells(comparison: Comparison, outcome: Outcome[Reading]) -> dict[str, str]:
    return {
        "idle, KiB": shown(outcome.median(idle), "{:.1f}", _KIB),
        "after gc, KiB": shown(outcome.median(collected), "{:.1f}", _KIB),
        "of Tornado": shown(comparison.ratio(outcome), "{:.2f}"),
        "without, MiB": shown(outcome.median(before), "{:.1f}", _MIB),
    }


def _method(comparison: Comparison) -> list[str]:
    settings = comparison.settings
    names = [name for outcome in comparison.outcomes for name in outcome.server.packages]
    return [
        f"idle: for each of {settings['connections']} keep-alive connections that have made one "
        f"request with a browser's headers, medians of {settings['rounds']} rounds; PSS of all of "
        "the server's processes, without the kernel's buffers",
        "after gc: the same when the server has collected its garbage; of Tornado: by Tornado's",
        f"without: all of it before they came, after {settings['warm_up_requests']} requests",
        footnotes.machine(comparison.machine),
        footnotes.versions(comparison.packages, names),
    ]
