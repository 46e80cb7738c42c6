"""Tables of a comparison for people, as rich draws them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.benchmarks.harness.results import Outcome
from tests.benchmarks.harness.server import Server

NONE = "-"

# The cells of a row, by the titles of their columns.
Cells = Mapping[str, str]

R = TypeVar("R")


def shown(value: float | None, shape: str, scale: float = 1) -> str:
    """The value as a cell, in another unit: 0.0025, "{:.1f}", 1000  ->  "2.5"; "-" for None."""
    return NONE if value is None else shape.format(scale * value)


def style(server: Server) -> str | None:
    """The style of a server's row: tornkit's own stand out."""
    return None if server.is_rival else "bold"


def outcomes_table(
    title: str,
    outcomes: Iterable[Outcome[R]],
    cells: Callable[[Outcome[R]], Cells],
    *,
    dense: bool = False,
) -> Table:
    """A table with a row for each outcome; see `table`."""
    rows = [(each.server.title, style(each.server), cells(each)) for each in outcomes]
    return table(title, rows, dense=dense)


def failures(outcomes: Iterable[Outcome[R]]) -> list[str]:
    """A line for each that could not be measured."""
    return [
        f"{each.case.name} · {each.server.title}: {each.error}" for each in outcomes if each.error
    ]


def table(
    title: str, rows: Sequence[tuple[str, str | None, Cells]], *, dense: bool = False
) -> Table:
    """A table of rows: title, rich's style, cells. The first one's cells name the columns.

    ``dense``: with no more than a space between columns, and titles of rows that may wrap, for a
    table that hardly fits 80 columns.
    """
    # SIMPLE itself puts a space between columns.
    drawn = Table(box=box.SIMPLE, padding=0 if dense else (0, 1, 0, 0))
    # As text: in rich's markup, a pattern's [a-z] would vanish.
    drawn.add_column(Text(title), no_wrap=not dense)
    for column in rows[0][2]:
        drawn.add_column(column, justify="right", no_wrap=True)
    for row_title, row_style, cells in rows:
        drawn.add_row(Text(row_title), *cells.values(), style=row_style)
    return drawn


def show_lines(console: Console, lines: Iterable[str]) -> None:
    """Print the lines as they are, whatever brackets are in them."""
    for line in lines:
        console.print(Text(line))
