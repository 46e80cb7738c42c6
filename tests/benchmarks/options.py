"""What the commands have in common: names with commas, a session that can be cut short, its end.

Exit codes are tornkit's: 0 measured (a rival that could not be is named in the table), 1 tornkit
itself could not be measured, 2 usage, 130 interrupted.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console

from tests.benchmarks.environment import REPOSITORY

HOME = REPOSITORY / ".benchmarks"
LOGS = HOME / "logs"

_INTERRUPTED = 130

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


@dataclass
class Session:
    """A run under way: whom to tell, and whether it was cut short."""

    progress: Console = field(default_factory=lambda: Console(stderr=True))
    say: Callable[[str], None] = print
    was_interrupted: bool = False

    def end(self, *, failed: bool) -> NoReturn:
        """Exit with the status of how it went."""
        sys.exit(_INTERRUPTED if self.was_interrupted else int(failed))


def write_json(figures: dict[str, object], file: Path | None) -> None:
    """Write the figures where they are asked for."""
    if file is not None:
        file.write_text(json.dumps(figures, indent=2) + "\n")


@contextmanager
def session() -> Iterator[Session]:
    """Measure in its body; Ctrl-C ends the body, and what follows it shows the figures so far."""
    # So that `kill` and `timeout` clean up as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    current = Session()
    try:
        with current.progress.status("preparing") as status:
            current.say = status.update
            yield current
    except KeyboardInterrupt:
        current.was_interrupted = True
        current.progress.print("interrupted: these are the figures so far")
