"""``tornkit routes``: list the routes of an application and check them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tornkit.cli.target import ProgramCommand, named_target, target_parameters

if TYPE_CHECKING:
    from tornkit.appload import Target
    from tornkit.routing.model import Report, Route

_EPILOG = """\b
Examples:
  tornkit routes                        the application of this folder
  tornkit routes blog.app:make_app      a factory
  tornkit routes server.py -- --debug   a program and its arguments
  tornkit routes -m blog.server         a program, as `python -m` runs it
  tornkit routes --grep posts           only rows that contain "posts"
  tornkit routes --format json | jq '.routes[] | select(.name == "post")'
  tornkit routes --check                for CI: exit 1 if a name can't be reversed
"""


@click.command("routes", cls=ProgramCommand, epilog=_EPILOG)
@target_parameters
@click.option(
    "--format",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    show_envvar=True,
    help="How to print the routes.",
)
@click.option(
    "--grep",
    metavar="TEXT",
    help="Only routes that contain TEXT, in any case: host, pattern, name, handler, methods, "
    "file or URL. Exit 1 if there is none.",
)
@click.option(
    "--check", is_flag=True, help="Exit 1 if there is an error, such as a name that fails."
)
@click.pass_context
def command(
    ctx: click.Context,
    app: str | None,
    arguments: tuple[str, ...],
    module: str | None,
    format: str,  # noqa: A002 - the option's name, and so the setting's in pyproject.toml
    grep: str | None,
    check: bool,
) -> None:
    """List the routes of APP in the order in which Tornado tries them.

    Each line has the host and path regex, the HTTP methods that the handler really implements,
    the route's name, the handler and where it is defined, and the URL that reverse_url gives
    for the name, with arguments made up to fit. Names that do not reverse, or whose URL does not
    lead back to their route, are marked and listed.

    APP is imported, and if it is a program it is run up to the point where it would serve. What
    follows -- is handed to it. Nothing listens.
    """
    report = _load(named_target(ctx, app, module, arguments))
    from tornkit.routing.render.rows import select

    base = Path.cwd()
    routes = select(report, grep, base)
    if routes or grep is None or format == "json":
        _print(report, routes, format, base)
    if grep is not None and not routes:
        click.echo(f"no route contains {grep!r}", err=True)
        ctx.exit(1)
    if check and _has_errors(report):
        ctx.exit(1)


def _load(target: Target) -> Report:
    """Standard output is for the result: whatever the application prints goes to the other."""
    with contextlib.redirect_stdout(sys.stderr):
        from tornkit.appload.load import load_for_inspection
        from tornkit.routing.report import report_on

        loaded = load_for_inspection(target)
        return report_on(loaded.applications, loaded.label)


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


def _has_errors(report: Report) -> bool:
    from tornkit.routing.model import Severity

    return any(finding.severity is Severity.ERROR for finding in report.findings)
