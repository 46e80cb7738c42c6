"""Options of the commands: names with commas, numbers, where the output goes.

An option whose parameter is called as a field of the benchmark goes there as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from tests.benchmarks.harness.environment import HOME

T = TypeVar("T")
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Names(click.ParamType[tuple[T, ...]]):
    """Names with commas between them, for what they name, in the order of ``known``.

    "uvicorn,tornkit-2"  ->  (SERVERS["tornkit-2"], SERVERS["uvicorn"])
    """

    name = "names"

    def __init__(self, known: Mapping[str, T]) -> None:
        self.known = known

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[T, ...]:
        if isinstance(value, tuple):
            return value
        asked = [name.strip() for name in str(value).split(",") if name.strip()]
        unknown = [name for name in asked if name not in self.known]
        if unknown or not asked:
            wrong = ", ".join(unknown) or "nothing"
            self.fail(f"{wrong}: choose from {','.join(self.known)}", param, ctx)
        return tuple(named for name, named in self.known.items() if name in asked)


def names_option(option: str, parameter: str, known: Mapping[str, T], what: str) -> Decorator:
    """An option that takes some of the known names; all of them without it."""
    return click.option(
        option,
        parameter,
        type=Names(known),
        default=",".join(known),
        show_default=True,
        metavar="NAMES",
        help=f"Which {what}, with commas.",
    )


def count_option(option: str, default: int, what: str) -> Decorator:
    """An option that takes a number from 1 on."""
    return click.option(
        option, type=click.IntRange(min=1), default=default, show_default=True, help=what
    )


json_option: Decorator = click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Also write all figures there.",
)

venv_option: Decorator = click.option(
    "--venv",
    type=click.Path(file_okay=False, path_type=Path),
    default=HOME / "venv",
    show_default=".benchmarks/venv",
    metavar="PATH",
    help="The virtual environment that the servers are installed into; kept for the next run.",
)
