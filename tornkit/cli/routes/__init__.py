"""``tornkit routes``: list the routes of an application, check them, follow a URL or a name.

- `tornkit.cli.routes.options`: what was asked, as one value
- `tornkit.cli.routes.listing`: the table, in whatever format
- `tornkit.cli.routes.matching`: ``--match`` and ``--reverse``
- `tornkit.cli.routes.checking`: ``--check``, ``--fix``, ``--explain``
- `tornkit.cli.routes.diffing`: ``--diff``
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

import click

from tornkit.cli.routes.options import Options
from tornkit.cli.target import ProgramCommand, named_target, target_parameters

if TYPE_CHECKING:
    from tornkit.appload import Target
    from tornkit.appload.load import LoadedApp

_EPILOG = """\b
Examples:
  tornkit routes                        the application of this folder
  tornkit routes blog.app:make_app      a factory
  tornkit routes server.py -- --debug   a program and its arguments
  tornkit routes -m blog.server         a program, as `python -m` runs it
  tornkit routes --grep posts           only rows that contain "posts"
  tornkit routes --format json | jq '.routes[] | select(.name == "post")'
  tornkit routes --match /posts/7       who answers, and why the others do not
  tornkit routes --reverse post --arg 7
  tornkit routes --check                for CI: exit 1 if there is something wrong
  tornkit routes --explain TK201        what a code means, and the cure
  tornkit routes --diff main            how the table differs from another revision
"""


@click.command("routes", cls=ProgramCommand, epilog=_EPILOG)
@target_parameters
@click.option(
    "--format",
    type=click.Choice(["table", "tree", "json", "md", "csv", "openapi", "github", "sarif"]),
    default="table",
    show_default=True,
    show_envvar=True,
    help="How to print. table, tree, json, md, csv and openapi for the list; table, json, github "
    "and sarif for --check; table and json for --match, --reverse and --diff.",
)
@click.option(
    "--grep",
    metavar="TEXT",
    help="Only routes that contain TEXT, in any case: host, pattern, name, handler, methods, "
    "file or URL. Exit 1 if there is none.",
)
@click.option("--host", metavar="TEXT", help="Only routes whose host rule contains TEXT.")
@click.option("--name", metavar="TEXT", help="Only routes whose name contains TEXT.")
@click.option(
    "--method",
    metavar="METHOD",
    help="Only routes that implement METHOD; with --match, the request's method.",
)
@click.option("--handler", metavar="TEXT", help="Only routes whose handler contains TEXT.")
@click.option(
    "--origin",
    type=click.Choice(["app", "tornado", "package"]),
    help="Only your own routes, those that Tornado inserted, or an installed package's.",
)
@click.option("--columns", metavar="A,B,...", multiple=True, help="Show these columns alone.")
@click.option(
    "--sort",
    type=click.Choice(["match", "path", "name", "handler"]),
    default="match",
    show_default=True,
    help="match is the order in which Tornado tries them.",
)
@click.option(
    "--match",
    metavar="URL",
    help="Say what a request for URL reaches, and why not the routes before it. A full URL or a "
    "path. Exit 1 if nothing answers.",
)
@click.option(
    "--header", metavar="'K: V'", multiple=True, help="A header of the request for --match."
)
@click.option("--reverse", metavar="NAME", help="Print the URL of NAME, and whether it leads back.")
@click.option("--arg", metavar="VALUE", multiple=True, help="An argument for --reverse.")
@click.option("--check", is_flag=True, help="Run every check. Exit 1 if there is a finding.")
@click.option(
    "--select", metavar="CODE,...", multiple=True, help="Only these codes, or beginnings of codes."
)
@click.option("--ignore", metavar="CODE,...", multiple=True, help="Not these.")
@click.option(
    "--fail-on",
    type=click.Choice(["warning", "error"]),
    default="warning",
    show_default=True,
    help="What makes --check exit 1.",
)
@click.option("--baseline", metavar="FILE", help="Findings that are known and do not count.")
@click.option("--write-baseline", metavar="FILE", help="Write all findings of --check to FILE.")
@click.option("--fix", is_flag=True, help="Mend what is safe to mend; shows the changes first.")
@click.option("--yes", is_flag=True, help="Mend without asking.")
@click.option(
    "--explain",
    metavar="CODE",
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _, code: _explain(ctx, code),
    help="Say what a code means, with an example and the cure.",
)
@click.option(
    "--diff",
    metavar="BASE",
    help="How the table differs from BASE: a git revision, or a file that --format json made.",
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    app: str | None,
    arguments: tuple[str, ...],
    module: str | None,
    **options: Any,
) -> None:
    """List the routes of APP in the order in which Tornado tries them.

    Each line has the host and path regex, the HTTP methods that the handler really implements,
    the route's name, the handler and where it is defined, and the URL that reverse_url gives
    for the name, with arguments made up to fit. Names that do not reverse, or whose URL does not
    lead back to their route, are marked and listed.

    APP is imported, and if it is a program it is run up to the point where it would serve. What
    follows -- is handed to it. Nothing listens.
    """
    asked = Options(**options)
    target = named_target(ctx, app, module, arguments)
    ctx.exit(_run(asked, target))


def _run(asked: Options, target: Target) -> int:
    """Do what was asked; the exit code."""
    if asked.diff is not None:
        from tornkit.cli.routes import diffing

        return diffing.run(asked, target, _load(target))
    if asked.match is not None or asked.reverse is not None:
        from tornkit.cli.routes import matching

        return matching.run(asked, _load(target))
    if asked.check or asked.fix or asked.write_baseline is not None:
        from tornkit.cli.routes import checking

        return checking.run(asked, _load(target))
    from tornkit.cli.routes import listing

    return listing.run(asked, _load(target))


def _load(target: Target) -> LoadedApp:
    """Standard output is for the result: whatever the application prints goes to the other."""
    with contextlib.redirect_stdout(sys.stderr):
        from tornkit.appload.load import load_for_inspection

        return load_for_inspection(target)


def _explain(ctx: click.Context, code: str | None) -> None:
    if code is not None and not ctx.resilient_parsing:
        from tornkit.cli.routes import checking

        ctx.exit(checking.explain(code))
