"""The results as a table for people, and a line for each sample as it comes in."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.benchmarks import footnotes
from tests.benchmarks.idle.results import Comparison, Outcome, Sample

_NONE = "-"
_COLUMNS = ("idle, KiB", "after gc, KiB", "of Tornado", "without, MiB")


def line(sample: Sample) -> Text:
    """Tornado: 8.8 KiB a connection, 8.7 after a gc"""
    reading = sample.reading
    what = sample.error or _NONE
    if reading is not None:
        idle, collected = (
            reading.per_connection(memory) for memory in (reading.idle, reading.collected)
        )
        what = f"{_kib(idle)} KiB a connection, {_kib(collected)} after a gc"
    return Text(f"{sample.server.title}: {what}")


def show(comparison: Comparison, console: Console) -> None:
    """The table, what the columns mean, and what went wrong."""
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("memory a connection", no_wrap=True)
    for column in _COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    for outcome in comparison.outcomes:
        style = None if outcome.server.is_rival else "bold"
        table.add_row(Text(outcome.server.title), *_cells(comparison, outcome), style=style)
    console.print(table)
    troubles = [f"{each.server.title}: {each.error}" for each in comparison.outcomes if each.error]
    for text in (*_method(comparison), *troubles):
        console.print(Text(text))


def _cells(comparison: Comparison, outcome: Outcome) -> list[str]:
    ratio, before = comparison.ratio(outcome), outcome.before
    return [
        _kib(outcome.idle),
        _kib(outcome.collected),
        _NONE if ratio is None else f"{ratio:.2f}",
        _NONE if before is None else f"{before / 1024**2:.1f}",
    ]


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


def _kib(size: float | None) -> str:
    return _NONE if size is None else f"{size / 1024:.1f}"
