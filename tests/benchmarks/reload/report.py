"""The results as a table for people, and a line for each as it comes in."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.benchmarks import footnotes
from tests.benchmarks.reload.results import Comparison, Outcome
from tests.benchmarks.reload.steady import PACE

_NONE = "-"
_COLUMNS = ("start", "median", "p95", "max", "ratio", "failed", "stall", "idle")


def line(outcome: Outcome) -> Text:
    """tornkit, 2 workers · tiny: 27 ms"""
    what = outcome.error or f"{_ms(outcome.median)} ms"
    return Text(f"{outcome.title} · {outcome.app}: {what}")


def show(comparison: Comparison, console: Console) -> None:
    """One table for each application, what the columns mean, and what went wrong."""
    for app in comparison.apps:
        console.print(_table(comparison, app))
    for text in (*_method(comparison), *_troubles(comparison)):
        console.print(Text(text))


def _table(comparison: Comparison, app: str) -> Table:
    # Fits 80 columns.
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0))
    table.add_column(f"{app} app (ms)", no_wrap=True)
    for column in _COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    for outcome in comparison.of_app(app):
        style = "bold" if not outcome.is_rival else "dim" if outcome.error else None
        table.add_row(Text(outcome.title), *_cells(comparison, outcome), style=style)
    return table


def _cells(comparison: Comparison, outcome: Outcome) -> list[str]:
    speed, seen, idle = comparison.speed(outcome), outcome.experience, outcome.idle_cpu
    return [
        _ms(outcome.cold_start),
        _ms(outcome.median),
        _ms(outcome.p95),
        _ms(outcome.slowest),
        _NONE if speed is None else f"{speed:.1f}",
        _NONE if seen is None else str(seen.failed),
        _NONE if seen is None else _ms(seen.longest_stall),
        _NONE if idle is None else f"{100 * idle:.1f}%",
    ]


def _method(comparison: Comparison) -> list[str]:
    settings = comparison.settings
    names = sorted({name for outcome in comparison.outcomes for name in outcome.packages})
    return [
        f"start: to the first 200, median of {settings['starts']}",
        f"median, p95, max: from a save ({settings['save']}) to the first fresh answer, "
        f"{settings['edits']} edits; every server was left alone for "
        f"{settings['settle_seconds']} s after its start, "
        f"and {settings['idle_seconds']} s more (idle: CPU used in these, of one core)",
        "ratio: times as fast as the fastest rival's median",
        "failed, stall: a keep-alive client's, one request every "
        f"{1000 * PACE:g} ms; stall is its longest time without a good answer",
        footnotes.machine(comparison.machine),
        footnotes.versions(comparison.packages, (*names, "pandas", "uvloop", "watchfiles")),
    ]


def _troubles(comparison: Comparison) -> list[str]:
    """A line for each outcome that needs more than its row says."""
    lines = []
    for outcome in comparison.outcomes:
        seen = outcome.experience
        counts = seen.failures.items() if seen else ()
        parts = [f"{count} {kind.value}" for kind, count in counts if count]
        if seen and parts:
            parts[-1] += f" of {seen.requests} requests"
        if outcome.missed:
            parts.append(f"{outcome.missed} edits never showed")
        if outcome.error:
            parts.append(outcome.error)
        if parts:
            lines.append(f"{outcome.title}, {outcome.app}: {', '.join(parts)}")
    return lines


def _ms(seconds: float | None) -> str:
    return _NONE if seconds is None else f"{1000 * seconds:.0f}"
