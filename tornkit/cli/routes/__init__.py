"""``tornkit routes``: list the routes of an application, check them, follow a URL or a name.

- `tornkit.cli.routes.options`: what was asked, as one value
- `tornkit.cli.routes.loading`: the application
- `tornkit.cli.routes.listing`: the table, in whatever format
- `tornkit.cli.routes.matching`: ``--match`` and ``--reverse``
- `tornkit.cli.routes.checking`: ``--check``, ``--write-baseline``
- `tornkit.cli.routes.mending`: ``--fix``
- `tornkit.cli.routes.explaining`: ``--explain``
- `tornkit.cli.routes.diffing`: ``--diff``, with `tornkit.cli.routes.revision` for a git revision's
  files and `tornkit.cli.routes.snapshot` for the table that they make
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from tornkit.appload import own_tornado
from tornkit.cli.routes.loading import load
from tornkit.cli.routes.options import Action, Options, settled
from tornkit.cli.target import ProgramCommand, Words, named_target, named_words, target_parameters

if TYPE_CHECKING:
    from tornkit.appload import Target

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
    "and sarif for --check; table, json and md for --diff; table and json for --match and "
    "--reverse.",
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
@click.option(
    "--columns",
    metavar="A,B,...",
    multiple=True,
    shell_complete=lambda ctx, param, incomplete: _complete_columns(incomplete),
    help="Show these columns, in this order.",
)
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
    help="Say what a request for URL reaches, and why not the routes before it. A full URL (ws:// "
    "for a WebSocket) or a path. Exit 1 if it surely ends in an error: 404, 405, 400.",
)
@click.option(
    "--header", metavar="'K: V'", multiple=True, help="A header of the request for --match."
)
@click.option(
    "--reverse",
    metavar="NAME",
    help="Print the URL of NAME, and say whether it leads back. Exit 1 if it does not.",
)
@click.option("--arg", metavar="VALUE", multiple=True, help="An argument for --reverse.")
@click.option("--check", is_flag=True, help="Run every check. Exit 1 if there is a finding.")
@click.option(
    "--select",
    metavar="CODE,...",
    multiple=True,
    shell_complete=lambda ctx, param, incomplete: _complete_codes(incomplete),
    help="Only these codes, or beginnings of codes.",
)
@click.option(
    "--ignore",
    metavar="CODE,...",
    multiple=True,
    shell_complete=lambda ctx, param, incomplete: _complete_codes(incomplete),
    help="Not these, whatever is selected.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["warning", "error"]),
    default="warning",
    show_default=True,
    help="What makes --check exit 1.",
)
@click.option(
    "--baseline",
    metavar="FILE",
    type=click.Path(),
    help="Findings that are known and do not count.",
)
@click.option(
    "--write-baseline",
    metavar="FILE",
    type=click.Path(),
    help="Write all findings to FILE, to be known from then on.",
)
@click.option("--fix", is_flag=True, help="Mend what is safe to mend; shows the changes first.")
@click.option("--yes", is_flag=True, help="Mend without asking.")
@click.option(
    "--explain",
    metavar="CODE",
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _, code: _explain(ctx, code),
    shell_complete=lambda ctx, param, incomplete: _complete_codes(incomplete),
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
    typed = {
        name
        for name in options
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    }
    asked = settled(Options(**options), typed)
    target = named_target(ctx, app, module, arguments)
    ctx.exit(_run(asked, target, named_words(ctx, app, module, arguments)))


def _run(asked: Options, target: Target, words: Words) -> int:
    """Carry out the action that was asked for, and return the exit code."""
    # Before anything imports the installed one.
    own_tornado.use(own_tornado.find(target.import_root))
    match asked.action:
        case Action.DIFF:
            from tornkit.cli.routes import diffing

            base = diffing.demand(asked, words, target)
            return diffing.run(base, load(target))
        case Action.MATCH | Action.REVERSE:
            from tornkit.cli.routes import matching

            return matching.run(asked, load(target))
        case Action.CHECK:
            from tornkit.cli.routes import checking

            demand = checking.demand(asked)
            return checking.run(demand, load(target))
        case Action.LIST:
            from tornkit.cli.routes import listing

            return listing.run(asked, load(target))


def _explain(ctx: click.Context, code: str | None) -> None:
    if code is not None and not ctx.resilient_parsing:
        from tornkit.cli.routes import explaining

        ctx.exit(explaining.run(code))


def _complete_codes(incomplete: str) -> list[str]:
    from tornkit.routing.findings.codes import CODES

    return _completed(incomplete.upper(), CODES)


def _complete_columns(incomplete: str) -> list[str]:
    from tornkit.routing.render.rows import COLUMNS

    return _completed(incomplete, COLUMNS)


def _completed(incomplete: str, names: Iterable[str]) -> list[str]:
    """Completions of the last name in a list as ``index,name,ha``, each name once."""
    before, comma, last = incomplete.rpartition(",")
    taken = before.split(",")
    return [
        f"{before}{comma}{name}" for name in names if name.startswith(last) and name not in taken
    ]
