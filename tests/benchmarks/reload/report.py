"""The times as a table for people, and a line for each as it comes in."""

from __future__ import annotations

from rich.console import Console

from tests.benchmarks.harness import footnotes
from tests.benchmarks.harness.results import Outcome, Sample
from tests.benchmarks.harness.tables import NONE, show_lines, shown, style, table
from tests.benchmarks.reload.results import Comparison, Reading, reading_of
from tests.benchmarks.reload.steady import PACE


def line(sample: Sample[Reading]) -> str:
    """tornkit, 2 workers · tiny: 27 ms"""
    told = sample.error or f"{_ms((sample.reading or Reading()).median)} ms"
    return f"{sample.server.title} · {sample.case.name}: {told}"


def show(comparison: Comparison, console: Console) -> None:
    """One table for each application, what the columns mean, and what went wrong."""
    for case in comparison.cases:
        rows = [
            (outcome.server.title, _style(outcome), _cells(comparison, outcome))
            for outcome in comparison.of_case(case)
        ]
        console.print(table(case.title, rows))
    show_lines(console, (*_method(comparison), *_troubles(comparison)))


def _style(outcome: Outcome[Reading]) -> str | None:
    return style(outcome.server) or ("dim" if outcome.error else None)


def _cells(comparison: Comparison, outcome: Outcome[Reading]) -> dict[str, str]:
    reading = reading_of(outcome)
    seen = reading.experience
    return {
        "start": _ms(reading.cold_start),
        "median": _ms(reading.median),
        "p95": _ms(reading.p95),
        "max": _ms(reading.slowest),
        "ratio": shown(comparison.speed(outcome), "{:.1f}"),
        "failed": NONE if seen is None else str(seen.failed),
        "stall": NONE if seen is None else _ms(seen.longest_stall),
        "idle": shown(reading.idle_cpu, "{:.1f}%", 100),
    }


def _method(comparison: Comparison) -> list[str]:
    settings = comparison.settings
    names = sorted({name for outcome in comparison.outcomes for name in outcome.server.packages})
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
        reading = reading_of(outcome)
        seen = reading.experience
        counts = seen.failures.items() if seen else ()
        parts = [f"{count} {kind.value}" for kind, count in counts if count]
        if seen and parts:
            parts[-1] += f" of {seen.requests} requests"
        if reading.missed:
            parts.append(f"{reading.missed} edits never showed")
        if outcome.error:
            parts.append(outcome.error)
        if parts:
            lines.append(f"{outcome.server.title}, {outcome.case.name}: {', '.join(parts)}")
    return lines


def _ms(seconds: float | None) -> str:
    return shown(seconds, "{:.0f}", 1000)
