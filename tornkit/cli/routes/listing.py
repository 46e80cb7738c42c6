"""The list of routes: select, render, print."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tornkit.cli.routes.options import Options

if TYPE_CHECKING:
    from tornkit.appload.load import LoadedApp
    from tornkit.routing.model import Report, Route


def run(asked: Options, loaded: LoadedApp) -> int:
    """Print the list; 1 if a filter left nothing of it."""
    with contextlib.redirect_stdout(sys.stderr):  # a reverse_url of the user's own may print
        from tornkit.routing.report import report_on

        report = report_on(loaded.applications, loaded.label)
    from tornkit.routing.render.rows import select

    base = Path.cwd()
    routes = select(report, asked.grep, base)
    if routes or asked.grep is None or asked.format == "json":
        _print(report, routes, asked.format, base)
    if asked.grep is not None and not routes:
        click.echo(f"no route contains {asked.grep!r}", err=True)
        return 1
    return 0


def _print(report: Report, routes: Sequence[Route], format_: str, base: Path) -> None:
    from tornkit.routing.render.rows import lines_below, rows

    if format_ == "json":
        from tornkit.routing.render import structured

        click.echo(structured.document(report, routes, base))
        return
    lines, below = rows(report, routes, base), lines_below(report, routes, base)
    if sys.stdout.isatty():
        from tornkit.cli import console
        from tornkit.routing.render import terminal

        out = console.out()
        out.print(terminal.document(lines, below, out.width), soft_wrap=False)
    else:
        from tornkit.routing.render import plain

        click.echo(plain.document(lines, below), nl=False)
