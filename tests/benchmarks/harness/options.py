"""Options of the commands: names with commas, numbers, where the output goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from tests.benchmarks.harness.environment import HOME

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Names(click.ParamType[tuple[str, ...]]):
    """Names out of a fixed list, with commas between them, in the list's order.

    "uvicorn,tornkit-2"  ->  ("tornkit-2", "uvicorn")
    """

    name = "names"

    def __init__(self, known: Iterable[str]) -> None:
        self.known = tuple(known)

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        asked = [name.strip() for name in str(value).split(",") if name.strip()]
        unknown = [name for name in asked if name not in self.known]
        if unknown or not asked:
            wrong = ", ".join(unknown) or "nothing"
            self.fail(f"{wrong}: choose from {','.join(self.known)}", param, ctx)
        return tuple(name for name in self.known if name in asked)


def names_option(option: str, parameter: str, known: Iterable[str], what: str) -> Decorator:
    """An option that takes some of the known names; all of them without it."""
    known = tuple(known)
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
