"""Standard output: lines of spans for a terminal or a pipe, text in any encoding."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tornkit.routing.render.findings import Line
    from tornkit.routing.render.spans import SpanLine


def echo(text: str) -> None:
    """Print it whole: a pattern may hold any letter, and an encoding lack it."""
    encoding = sys.stdout.encoding or "utf-8"
    end = "" if text.endswith("\n") else "\n"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding) + end, nl=False)


def terminal_width() -> int | None:
    """Its columns; None where standard output is no terminal, and nothing is to be folded."""
    if not sys.stdout.isatty():
        return None
    from tornkit.cli import console

    return console.out().width


def spans(lines: Sequence[SpanLine]) -> None:
    """Print lines that are ready, in colour if standard output is a terminal."""
    if not sys.stdout.isatty():
        from tornkit.routing.render.spans import text_of

        echo(text_of(lines))
        return
    from tornkit.cli import console
    from tornkit.routing.render.terminal import Page

    console.out().print(Page(lines))


def folding(lines: Sequence[Line]) -> None:
    """Print lines, folded to the terminal's width, or as they are to a pipe."""
    from tornkit.routing.render.findings import folded, text

    if not lines:
        return
    if sys.stdout.isatty():
        from tornkit.cli import console

        spans(folded(lines, console.out().width))
    else:
        echo(text(lines))
