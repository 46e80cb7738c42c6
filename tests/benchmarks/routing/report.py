"""The results as tables for people, one a shape, and lines for each sample as it comes in."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.benchmarks.harness import footnotes
from tests.benchmarks.harness.case import Case
from tests.benchmarks.harness.results import BASELINE, Sample
from tests.benchmarks.harness.tables import NONE, show_lines, table
from tests.benchmarks.routing.programs import CASES, PROBES, TITLES
from tests.benchmarks.routing.results import Comparison, Place, Reading


def line(sample: Sample[Reading]) -> str:
    """tornkit: 3.1 µs for the last of 10, /page7; and so on, one below the other."""
    if sample.error:
        return f"{sample.server.title}: {sample.error}"
    return "\n".join(
        f"{TITLES[timing.router]}: {_figure(timing.microseconds)} µs for the {timing.place.place} "
        f"of {timing.place.routes:,}, {CASES[timing.place.case].title}"
        for timing in sample.reading or ()
    )


def show(comparison: Comparison, console: Console) -> None:
    """The tables, what the figures mean, and what went wrong."""
    measured = {place for _, place in comparison.timings()}
    sizes = sorted({place.routes for place in measured})
    names = {place.case for place in measured}
    cases = [case for case in comparison.cases if case.name in names]
    for case in cases:
        console.print(_table(comparison, case, sizes))
    show_lines(console, (*_method(comparison, cases, sizes), *_troubles(comparison)))


def _table(comparison: Comparison, case: Case, sizes: list[int]) -> Table:
    rows = [
        (
            TITLES[router],
            "bold" if router == "tornkit" else None,
            {f"{size:,}": _cell(comparison, router, case, size) for size in sizes},
        )
        for router in comparison.routers
    ]
    drawn = table("first · last of", rows)
    # As text: in rich's markup, a pattern's [a-z] would vanish.
    drawn.title, drawn.title_justify = Text(case.title, style="not italic"), "left"
    return drawn


def _cell(comparison: Comparison, router: str, case: Case, size: int) -> str:
    """The first and the last: ``2.0 · 3.8``."""
    places = (Place(case.name, size, place) for place in ("first", "last"))
    first, last = (comparison.microseconds(router, place) for place in places)
    if first is None or last is None:
        return NONE
    return f"{_figure(first)} · {_figure(last)}"


def _method(comparison: Comparison, cases: list[Case], sizes: list[int]) -> list[str]:
    names = [name for probe in PROBES.values() for name in probe.packages]
    return [
        "microseconds of CPU time to find the route of a request, for the first · the last of so "
        f"many routes; medians of {comparison.settings['rounds']} rounds, each of which is one of "
        "9 batches",
        *(
            f"tornkit, the last of {sizes[-1]:,} {case.title}: {ratio:.1f} times what "
            f"{TITLES[BASELINE]} takes for the last of 10"
            for case in cases
            if (ratio := comparison.against_ten("tornkit", case.name, sizes[-1])) is not None
        ),
        footnotes.machine(comparison.machine),
        footnotes.versions(comparison.packages, names),
    ]


def _troubles(comparison: Comparison) -> list[str]:
    return [f"{each.server.title}: {each.error}" for each in comparison.outcomes if each.error]


def _figure(microseconds: float) -> str:
    return f"{microseconds:,.0f}" if microseconds >= 100 else f"{microseconds:.1f}"
