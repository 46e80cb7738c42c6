"""The results as tables for people, and a line for each sample as it comes in."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.benchmarks.websocket.cases import Case
from tests.benchmarks.websocket.results import Comparison, Outcome, Sample

_NONE = "-"
_BUSY = 0.9  # of a core: from there on the load may have been what limited a server
_COLUMNS = ("messages/s", "x Tornado", "p50 ms", "p99 ms", "CPU us", "load")


def line(sample: Sample) -> Text:
    """small · Tornado: 15,000 messages/s"""
    what = sample.error or (f"{sample.echoes.rate:,.0f} messages/s" if sample.echoes else _NONE)
    return Text(f"{sample.case.name} · {sample.server.title}: {what}")


def show(comparison: Comparison, console: Console) -> None:
    """Each case, what the figures mean, and what went wrong."""
    for case in comparison.cases:
        console.print(_table(comparison, case))
    for name, value in comparison.settings.items():
        console.print(Text(f"{name.replace('_', ' ')}: {value}"))
    for text in troubles(comparison):
        console.print(Text(text))


def troubles(comparison: Comparison) -> list[str]:
    """Who could not be measured, and where the load may have been the limit."""
    found = []
    for outcome in comparison.outcomes:
        what = f"{outcome.case.name} · {outcome.server.title}"
        busy = outcome.median(lambda echoes: echoes.busy)
        if outcome.error:
            found.append(f"{what}: {outcome.error}")
        elif busy is not None and busy > _BUSY:
            found.append(f"{what}: the load took {busy:.0%} of its core; more might be possible")
    return found


def _table(comparison: Comparison, case: Case) -> Table:
    table = Table(box=box.SIMPLE, padding=0)
    table.add_column(Text(case.title))
    for column in _COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    for outcome in comparison.of_case(case):
        style = None if outcome.server.is_rival else "bold"
        table.add_row(Text(outcome.server.title), *_cells(comparison, outcome), style=style)
    return table


def _cells(comparison: Comparison, outcome: Outcome) -> list[str]:
    figures = (
        (outcome.rate, "{:,.0f}"),
        (comparison.ratio(outcome), "{:.2f}"),
        (outcome.median(lambda echoes: 1000 * echoes.p50), "{:.2f}"),
        (outcome.median(lambda echoes: 1000 * echoes.p99), "{:.2f}"),
        (None if outcome.cpu is None else 1e6 * outcome.cpu, "{:.1f}"),
        (outcome.median(lambda echoes: echoes.busy), "{:.0%}"),
    )
    return [_NONE if value is None else shape.format(value) for value, shape in figures]
