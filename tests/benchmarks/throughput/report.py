"""The results as tables for people, and a line for each sample as it comes in."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.benchmarks import footnotes
from tests.benchmarks.throughput.cases import Case
from tests.benchmarks.throughput.results import Comparison, Outcome, Sample
from tests.benchmarks.throughput.servers import Contender

_NONE = "-"
_COLUMNS = ("requests/s", "x Tornado", "p50 ms", "p99 ms", "spread", "core")


def line(sample: Sample) -> Text:
    """json · uvicorn, Falcon: 12,345 requests/s, p50 2.50 ms, p99 5.20 ms"""
    what = sample.error or _NONE
    if load := sample.load:
        what = f"{load.rate:,.0f} requests/s, p50 {_ms(load.p50)} ms, p99 {_ms(load.p99)} ms"
    return Text(f"{sample.case.name} · {sample.server.title}: {what}")


def show(comparison: Comparison, console: Console) -> None:
    """All at a glance, each case in detail, what the figures mean, and what went wrong."""
    console.print(_overview(comparison, "requests/s", _short_rate))
    console.print(_overview(comparison, "p99 ms", _short_p99))
    for case in comparison.cases:
        console.print(_table(comparison, case))
        for text in _differences(comparison.of_case(case)):
            console.print(Text(text))
    console.print()
    for text in (*_method(comparison), *_troubles(comparison)):
        console.print(Text(text))


def _overview(comparison: Comparison, title: str, shown: Callable[[Outcome | None], str]) -> Table:
    # Fits 80 columns.
    table = _empty_table(title, (case.name for case in comparison.cases))
    for server in comparison.servers:
        cells = [shown(comparison.outcome(server, case)) for case in comparison.cases]
        table.add_row(Text(server.title), *cells, style=_style(server))
    return table


def _table(comparison: Comparison, case: Case) -> Table:
    table = _empty_table(case.title, _COLUMNS)
    for server in comparison.servers:
        outcome = comparison.outcome(server, case)
        cells = _cells(comparison, outcome) if outcome else [_NONE] * len(_COLUMNS)
        table.add_row(Text(server.title), *cells, style=_style(server))
    return table


def _empty_table(title: str, columns: Iterable[str]) -> Table:
    # SIMPLE itself puts a space between columns.
    table = Table(box=box.SIMPLE, padding=0)
    table.add_column(Text(title))
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _style(server: Contender) -> str | None:
    return None if server.is_rival else "bold"


def _cells(comparison: Comparison, outcome: Outcome) -> list[str]:
    rate, ratio = outcome.rate, comparison.ratio(outcome)
    return [
        _NONE if rate is None else f"{rate:,.0f}",
        _NONE if ratio is None else f"{ratio:.2f}",
        _ms(outcome.p50),
        _ms(outcome.p99),
        _percent(outcome.spread),
        _percent(outcome.core),
    ]


def _short_rate(outcome: Outcome | None) -> str:
    """12,345 -> 12.3k; "-" where nothing was measured."""
    if outcome is None or outcome.rate is None:
        return _NONE
    return f"{outcome.rate / 1000:.1f}k" if outcome.rate >= 1000 else f"{outcome.rate:.0f}"


def _short_p99(outcome: Outcome | None) -> str:
    """12.34 ms -> 12.3; "-" where nothing was measured."""
    if outcome is None or outcome.p99 is None:
        return _NONE
    return f"{1000 * outcome.p99:.1f}"


def _differences(outcomes: list[Outcome]) -> list[str]:
    """Who sends which headers besides the usual four, and who leaves one of these out."""
    answered = [outcome for outcome in outcomes if outcome.headers]
    senders: dict[str, list[str]] = {}
    for outcome in answered:
        for name in outcome.further_headers:
            senders.setdefault(f"also sends {name}", []).append(outcome.server.title)
        for name in outcome.missing_headers:
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


def _percent(share: float | None) -> str:
    return _NONE if share is None else f"{100 * share:.0f}%"


def _ms(seconds: float | None) -> str:
    return _NONE if seconds is None else f"{1000 * seconds:.2f}"
