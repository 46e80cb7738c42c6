"""``tornkit update``: merge, tell, exit code; the merging is `tornkit.scaffold.updating`'s."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from tornkit.cli import console
from tornkit.cli.projects import changing
from tornkit.errors import ConflictError
from tornkit.printable import printable
from tornkit.scaffold import updating, writing

_EPILOG = """\b
Examples:
  tornkit update --dry-run
  tornkit update; git diff
"""


@click.command(
    "update",
    short_help="Bring what a later tornkit changed in new projects into one.",
    epilog=_EPILOG,
)
@changing.project_option()
@click.option("--dry-run", is_flag=True, help="Show what would be changed, and change nothing.")
@click.option("--force", is_flag=True, help="Also change files that have uncommitted changes.")
@click.pass_context
def command(context: click.Context, project: Path, dry_run: bool, force: bool) -> None:
    """Bring what a later tornkit changed in new projects into one that `tornkit new` made.

    Files that you never touched are replaced. In the others your changes and those of the templates
    are merged; where both changed the same lines, both stand in the file with git's markers, and
    the exit code is 1. Files that you deleted stay deleted. It needs neither git nor a network.
    """
    shown = str(project)
    update = updating.to_this_version(project.absolute(), shown)
    version = update.after.version
    changing.tell_abandoned(project, shown)
    if update.before == update.after:
        console.out().print(Text(f"{printable(shown)} is up to date with tornkit {version}"))
        return
    writing.check(update.changes)
    if not force and (found := changing.uncommitted(update.changes)):
        raise ConflictError(
            "these files have uncommitted changes, so nothing was written: commit them, so that "
            "you can tell the update's from yours (--force goes on)",
            found,
        )
    if not dry_run:
        writing.write(update.changes)
    verb = "Would update" if dry_run else "Updated"
    console.out().print(
        Text(f"{verb} {printable(shown)} from tornkit {update.before.version} to {version}")
    )
    changing.tell(update)
    context.exit(changing.exit_code(update))
