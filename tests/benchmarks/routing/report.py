"""The results as tables for people, one a shape, and a line for each sample as it comes in."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.benchmarks import footnotes
from tests.benchmarks.routing.programs import BASELINE, CASES, PROBES, TITLES
from tests.benchmarks.routing.results import Comparison, Place, Sample, Trouble

_NONE = "-"


def line(sample: Sample | Trouble) -> Text:
    """tornkit: 3.1 µs for the last of 10, /page7"""
    if isinstance(sample, Trouble):
        return Text(f"{sample.probe.title}: {sample.error}")
    place = sample.place
    return Text(
        f"{TITLES[sample.router]}: {_figure(sample.microseconds)} µs for the {place.place} of "
        f"{place.routes:,}, {CASES[place.case]}"
    )


def show(comparison: Comparison, console: Console) -> None:
    """The tables, what the figures mean, and what went wrong."""
    cases = dict.fromkeys(sample.place.case for sample in comparison.samples)
    sizes = sorted({sample.place.routes for sample in comparison.samples})
    for case in cases:
        console.print(_table(comparison, case, sizes))
    for text in (*_method(comparison, list(cases), sizes), *_troubles(comparison)):
        console.print(Text(text))


def _table(comparison: Comparison, case: str, sizes: list[int]) -> Table:
    # As text: in rich's markup, a pattern's [a-z] would vanish.
    title = Text(CASES[case], style="not italic")
    table = Table(title=title, title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("first · last of", no_wrap=True)
    for size in sizes:
        table.add_column(f"{size:,}", justify="right", no_wrap=True)
    for router in comparison.routers:
        cells = [_cell(comparison, router, case, size) for size in sizes]
        table.add_row(TITLES[router], *cells, style="bold" if router == "tornkit" else None)
    return table


def _cell(comparison: Comparison, router: str, case: str, size: int) -> str:
    """The first and the last: ``2.0 · 3.8``."""
    first, last = (
        comparison.microseconds(router, Place(case, size, place)) for place in ("first", "last")
    )
    if first is None or last is None:
        return _NONE
    return f"{_figure(first)} · {_figure(last)}"


def _method(comparison: Comparison, cases: list[str], sizes: list[int]) -> list[str]:
    names = [name for probe in PROBES.values() for name in probe.packages]
    return [
        "microseconds of CPU time to find the route of a request, for the first · the last of so "
        f"many routes; medians of {comparison.settings['rounds']} rounds, each of which is one of "
        "9 batches",
        *(
            f"tornkit, the last of {sizes[-1]:,} {CASES[case]}: {ratio:.1f} times what "
            f"{TITLES[BASELINE]} takes for the last of 10"
            for case in cases
            if (ratio := comparison.against_ten("tornkit", case, sizes[-1])) is not None
        ),
        footnotes.machine(comparison.machine),
        footnotes.versions(comparison.packages, names),
    ]


def _troubles(comparison: Comparison) -> list[str]:
    return [f"{each.probe.title}: {each.error}" for each in comparison.troubles]


def _figure(microseconds: float) -> str:
    return f"{microseconds:,.0f}" if microseconds >= 100 else f"{microseconds:.1f}"
