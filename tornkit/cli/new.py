"""``tornkit new NAME``: parse, plan, check, write, then say what to do next.

Every decision is `tornkit.scaffold`'s; here is the wording.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import PurePosixPath

import click
from click.shell_completion import CompletionItem
from rich.text import Text

from tornkit.cli import console
from tornkit.printable import printable
from tornkit.scaffold import create


def _complete_folder(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    return [CompletionItem(incomplete, type="dir")]


@click.command("new", short_help="Make a project that runs, tests and deploys.")
@click.argument("name", metavar="NAME", shell_complete=_complete_folder)
@click.option("--force", is_flag=True, help="Overwrite files that exist already.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
def command(name: str, force: bool, dry_run: bool) -> None:
    """Make a project that runs, tests and deploys.

    NAME is the project's name, or a path that ends in it; "." is the current folder. Files that
    exist are never overwritten without --force: they are listed, and nothing is written.

    \b
    Examples:
      tornkit new demo
      tornkit new ~/src/my-board
      tornkit new . --dry-run
    """
    plan = create.plan(name)
    overwritten = len(create.conflicts(plan))
    if dry_run:
        create.check(plan, force=force)
    else:
        create.write(plan, force=force)
    out = console.out()
    out.print(summary(plan, overwritten, dry_run=dry_run))
    if not dry_run:
        out.print(next_steps(plan))


def summary(plan: create.Plan, overwritten: int, *, dry_run: bool) -> Text:
    """The files in short: a headline, then a line a folder."""
    verb = "Would write" if dry_run else "Wrote"
    text = Text.assemble(f"{verb} {len(plan.files)} files to ", (printable(plan.shown), "bold"))
    if overwritten:
        text.append(f", {overwritten} of them over existing ones", "yellow")
    for folder, files in _by_folder(file.path for file in plan.files).items():
        text.append(f"\n  {folder}", "cyan")
        text.append("  ".join(files))
    return text


def _by_folder(paths: Iterable[PurePosixPath]) -> dict[str, list[str]]:
    """``a, s/b, s/c`` -> ``{"": [a], "s/  ": [b, c]}``, padded to one width, files first."""
    folders: dict[str, list[str]] = {"": []}
    for path in paths:
        folder = "" if path.parent == PurePosixPath() else f"{path.parent}/"
        folders.setdefault(folder, []).append(path.name)
    width = max(map(len, folders)) + 2
    return {folder and folder.ljust(width): files for folder, files in folders.items()}


def next_steps(plan: create.Plan) -> Text:
    """The next two commands, ready to paste."""
    enter = "" if plan.shown == "." else f"cd {shlex.quote(printable(plan.shown))} && "
    return Text.assemble(
        "\nNext:\n",
        (f"  {enter}tornkit serve\n", "green"),
        ("  python -m unittest", "green"),
    )
