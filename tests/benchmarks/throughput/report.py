"""Tables of the throughput for people, and a line for each sample as it comes in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rich.console import Console
from rich.table import Table

from tests.benchmarks.harness import footnotes
from tests.benchmarks.harness.case import Case
from tests.benchmarks.harness.results import Outcome, Sample
from tests.benchmarks.harness.tables import NONE, outcomes_table, show_lines, shown, style, table
from tests.benchmarks.throughput.results import (
    Comparison,
    Reading,
    core,
    further_headers,
    missing_headers,
    p50,
    p99,
    rate,
    spread,
)


def line(sample: Sample[Reading]) -> str:
    """json · uvicorn, Falcon: 12,345 requests/s, p50 2.50 ms, p99 5.20 ms"""
    what = sample.error
    if reading := sample.reading:
        p50, p99 = (f"{1000 * each:.2f} ms" for each in (reading.load.p50, reading.load.p99))
        what = f"{reading.load.rate:,.0f} requests/s, p50 {p50}, p99 {p99}"
    return f"{sample.case.name} · {sample.server.title}: {what}"


def show(comparison: Comparison, console: Console) -> None:
    """All at a glance, each case in detail, what the figures mean, and what went wrong."""
    console.print(_overview(comparison, "requests/s", _short_rate))
    console.print(_overview(comparison, "p99 ms", lambda it: shown(it.median(p99), "{:.1f}", 1000)))
    for case in comparison.cases:
        console.print(_table(comparison, case))
        show_lines(console, _differences(comparison.of_case(case)))
    console.print()
    show_lines(console, (*_method(comparison), *_troubles(comparison)))


def _overview(comparison: Comparison, title: str, cell: Callable[[Outcome[Reading]], str]) -> Table:
    cells = {
        (outcome.server.name, outcome.case.name): cell(outcome) for outcome in comparison.outcomes
    }
    names = [case.name for case in comparison.cases]
    rows = [
        (
            server.title,
            style(server),
            {name: cells.get((server.name, name), NONE) for name in names},
        )
        for server in comparison.servers
    ]
    return table(title, rows, dense=True)


def _table(comparison: Comparison, case: Case) -> Table:
    outcomes = [
        comparison.outcome(server, case) or Outcome(server, case, ())
        for server in comparison.servers
    ]
    return outcomes_table(case.title, outcomes, partial(_cells, comparison), dense=True)


def _cells(comparison: Comparison, outcome: Outcome[Reading]) -> dict[str, str]:
    return {
        "requests/s": shown(outcome.median(rate), "{:,.0f}"),
        "x Tornado": shown(comparison.ratio(outcome), "{:.2f}"),
        "p50 ms": shown(outcome.median(p50), "{:.2f}", 1000),
        "p99 ms": shown(outcome.median(p99), "{:.2f}", 1000),
        "spread": shown(spread(outcome), "{:.0f}%", 100),
        "core": shown(outcome.median(core), "{:.0f}%", 100),
    }


def _short_rate(outcome: Outcome[Reading]) -> str:
    """12,345 -> 12.3k; "-" where nothing was measured."""
    median = outcome.median(rate)
    if median is not None and median >= 1000:
        return f"{median / 1000:.1f}k"
    return shown(median, "{:.0f}")


def _differences(outcomes: list[Outcome[Reading]]) -> list[str]:
    """Who sends which headers besides the usual four, and who leaves one of these out."""
    answered = [outcome for outcome in outcomes if outcome.readings]
    senders: dict[str, list[str]] = {}
    for outcome in answered:
        for name in further_headers(outcome):
            senders.setdefault(f"also sends {name}", []).append(outcome.server.title)
        for name in missing_headers(outcome):
            senders.setdefault(f"sends no {name}", []).append(outcome.server.title)
    everybody = [outcome.server.title for outcome in answered]
    return [f"{what}: {_listed(titles, everybody)}" for what, titles in senders.items()]


def _listed(titles: list[str], everybody: list[str]) -> str:
    """The shorter way to say who: all of them, or all but those who are not."""
    others = [title for title in everybody if title not in titles]
    if not others:
        return "all"
    return "; ".join(titles) if len(titles) <= len(others) else f"all but {'; '.join(others)}"


def _method(comparison: Comparison) -> list[str]:
    settings = comparison.settings
    names = [name for server in comparison.servers for name in server.packages]
    return [
        f"medians of {settings['rounds']} rounds of {settings['seconds']} s by wrk with "
        f"{settings['connections']} connections, each after {settings['warm_up_seconds']} s that "
        "do not count; in each round every server was started anew and every case went through "
        "all servers in turn",
        "x Tornado: times the requests/s of Tornado's own server on asyncio, in this run",
        "spread: from the slowest round to the fastest, of the median; core: the CPU time that the "
        "server had, of one core (far below 100%: something else ran there, or the load was slow)",
        "-: the server does not take part in the case, or failed (then it says so below)",
        "all say the same: Content-Type, Content-Length, Server, Date and the same body (JSON but "
        "for its spaces), each checked before it was measured; what else is sent stands above",
        str(settings["pinned"]),
        footnotes.machine(comparison.machine),
        footnotes.versions(comparison.packages, (*names, "wrk")),
    ]


def _troubles(comparison: Comparison) -> list[str]:
    return [
        f"{outcome.server.title}, {outcome.case.name}: {outcome.error}"
        for outcome in comparison.outcomes
        if outcome.error
    ]
