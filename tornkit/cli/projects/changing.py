"""Option and report that `tornkit add` and `tornkit update` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import click
from rich.text import Text

from tornkit.cli import console
from tornkit.cli.settings import configure
from tornkit.printable import printable
from tornkit.scaffold import repository, writing
from tornkit.scaffold.updating import Update, UpdateOutcome
from tornkit.scaffold.writing import Changes

_NOTES = {
    UpdateOutcome.CONFLICT: "choose from what stands between <<<<<<< and >>>>>>>",
    UpdateOutcome.KEPT: "yours differs, and the templates have given it up",
    UpdateOutcome.LEFT_OUT: "you deleted or moved it, and the templates have changed it",
}
_COLOURS = {
    UpdateOutcome.CONFLICT: "red",
    UpdateOutcome.KEPT: "yellow",
    UpdateOutcome.LEFT_OUT: "yellow",
}

_DEPENDENCIES = PurePosixPath("pyproject.toml")


def project_option() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option ``--project``, a folder. Parsed first, for its pyproject.toml counts."""
    return click.option(
        "--project",
        is_eager=True,
        callback=_configure,
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=".",
        metavar="FOLDER",
        help="The project's folder; the current one without.",
    )


def _configure(context: click.Context, parameter: click.Parameter, project: Path) -> Path:
    configure(context, str(project))
    return project


def tell(update: Update) -> None:
    """Print a line for each file that changes, or that a person should look at."""
    width = max((len(outcome) for outcome in update.outcomes.values()), default=0)
    for path, outcome in update.outcomes.items():
        line = Text("  ").append(outcome.ljust(width), _COLOURS.get(outcome, "cyan"))
        line.append(f"  {printable(update.changes.show(path))}")
        if note := _note(update, path, outcome):
            line.append(f"  ({note})", "dim")
        console.out().print(line)
    if _is_written(update, _DEPENDENCIES):
        shown = printable(update.changes.show(_DEPENDENCIES))
        console.out().print(Text(f"{shown} has changed: install the project again"))


def _note(update: Update, path: PurePosixPath, outcome: UpdateOutcome) -> str:
    place = update.changes.root / path
    if outcome is UpdateOutcome.CONFLICT and not _is_written(update, path):
        return "not a text: yours is left as it is"
    if outcome is UpdateOutcome.KEPT and (place.is_symlink() or place.is_dir()):
        return "yours is a link or a folder, and the templates' file is left out"
    return _NOTES.get(outcome, "")


def _is_written(update: Update, path: PurePosixPath) -> bool:
    return any(file.path == path for file in update.changes.files)


def tell_abandoned(project: Path, shown: str) -> None:
    """Print which staging folders are left of a change that was killed midway."""
    for name in writing.abandoned(project):
        place = printable(str(Path(shown, name)))
        console.err().print(
            Text(
                f"{place} is left of a change that was ended midway, with files of before: "
            ).append("look whether one is missing, then remove it"),
            soft_wrap=True,
        )


def exit_code(update: Update) -> int:
    """Exit code of an update: 1 if a conflict is to be settled by a person, as for git."""
    return 1 if update.having(UpdateOutcome.CONFLICT) else 0


def uncommitted(changes: Changes) -> list[str]:
    """Files to be changed that git has uncommitted changes of, as the user would type them."""
    paths = (*(file.path for file in changes.files), *changes.removed)
    return [changes.show(path) for path in repository.changed_since_commit(changes.root, paths)]
