"""Standard output: lines of spans for a terminal or a pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tornkit.cli.output import result

if TYPE_CHECKING:
    from rich.console import Console

    from tornkit.routing.render.findings import FindingLine
    from tornkit.routing.render.spans import SpanLine


def terminal_width() -> int | None:
    """Columns of the terminal; None where standard output is none, and nothing is to be folded."""
    if not sys.stdout.isatty():
        return None
    return _console().width


def spans(lines: Sequence[SpanLine]) -> None:
    """Print lines that are ready, in colour if standard output is a terminal."""
    if not sys.stdout.isatty():
        from tornkit.routing.render.spans import text_of

        result(text_of(lines))
        return
    from tornkit.routing.render.terminal import TerminalPage

    _console().print(TerminalPage(lines))


def folding(lines: Sequence[FindingLine]) -> None:
    """Print lines, folded to the terminal's width, or as they are to a pipe."""
    from tornkit.routing.render.findings import folded, text

    if not lines:
        return
    if sys.stdout.isatty():
        spans(folded(lines, _console().width))
    else:
        result(text(lines))


def _console() -> Console:
    from tornkit.appload import shadowing

    shadowing.take_back()  # else a rich.py of the user's would be asked for rich's parts
    from tornkit.cli import console

    return console.out()
