"""``tornkit add``: additions or a handler for a project; what they are `tornkit.scaffold` says."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem
from rich.text import Text

from tornkit.cli import console
from tornkit.cli.projects import changing
from tornkit.cli.projects.parameters import complete_features, table, unknown
from tornkit.cli.projects.tree import tree
from tornkit.errors import UsageError
from tornkit.scaffold import adding, catalogue, handler_stub, writing
from tornkit.scaffold.existing import FileFate, Manner

_HANDLER = "handler"
_FEATURES = table((each.name, each.summary) for each in catalogue.FEATURES.values())
_EPILOG = f"""\b
Additions:
{_FEATURES}

\b
Examples:
  tornkit add docker compose
  tornkit add handler todo_list
  tornkit add handler Ticker --websocket --path /ws/ticker
"""


def _complete_words(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    given = ctx.params.get("words") or ()
    if given and given[0] == _HANDLER:
        return []
    found = complete_features(incomplete, given)
    if not given and _HANDLER.startswith(incomplete):
        found.insert(0, CompletionItem(_HANDLER, help="a handler, its route and a test: NAME"))
    return found


@click.command("add", short_help="Add a handler, or ways to deploy, to a project.", epilog=_EPILOG)
@click.argument(
    "words",
    nargs=-1,
    required=True,
    metavar="ADDITION... | handler NAME",
    shell_complete=_complete_words,
)
@changing.project_option()
@click.option("--path", metavar="PATH", help="For a handler: its route; /name without.")
@click.option("--websocket", is_flag=True, help="For a handler: one of WebSockets.")
@click.option("--force", is_flag=True, help="Overwrite files that are in the way.")
@click.option("--skip-existing", is_flag=True, help="Keep files that are in the way.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.pass_context
def command(
    context: click.Context,
    words: tuple[str, ...],
    project: Path,
    path: str | None,
    websocket: bool,
    force: bool,
    skip_existing: bool,
    dry_run: bool,
) -> None:
    """Add to a project that `tornkit new` made.

    Either what --with would have added from the start, or a handler: its file, its route, its page
    and a test.
    """
    if words[0] == _HANDLER:
        if force or skip_existing:
            raise UsageError(
                "a handler is a new file: --force and --skip-existing mean nothing here"
            )
        _add_handler(project, words[1:], path, websocket=websocket, dry_run=dry_run)
        return
    if path is not None or websocket:
        raise UsageError("--path and --websocket are for tornkit add handler NAME")
    if force and skip_existing:
        raise UsageError("--force overwrites files and --skip-existing keeps them: choose one")
    manner = Manner.OVERWRITE if force else Manner.KEEP if skip_existing else Manner.REFUSE
    features = _features(words)
    wanted = catalogue.with_needed(features)
    addition = adding.added(project.absolute(), str(project), wanted, manner)
    named = dict.fromkeys([*features, *sorted(wanted)])
    context.exit(_carry_out(addition, ", ".join(named), dry_run=dry_run))


def _features(words: tuple[str, ...]) -> list[str]:
    """Additions by name, with spaces or commas between; raises UsageError for others."""
    names = [name for word in words for name in word.split(",") if name]
    for name in names:
        if name not in catalogue.FEATURES:
            raise UsageError(unknown("addition", name, [*catalogue.FEATURES, _HANDLER]))
    return names


def _carry_out(addition: adding.Addition, what: str, *, dry_run: bool) -> int:
    changes = addition.changes
    writing.check(changes)
    addition.own.check()
    if not changes.files:
        console.out().print(Text("There is nothing to add: the project has all of it"))
        return 0
    if not dry_run:
        writing.write(changes)
    notes = {
        path: "" if fate is FileFate.NEW else str(fate) for path, fate in addition.own.fates.items()
    }
    console.out().print(_headline(what, dry_run).append_text(tree(changes.shown, notes)))
    changing.tell(addition.rest)
    return changing.exit_code(addition.rest)


def _add_handler(
    project: Path, words: tuple[str, ...], path: str | None, *, websocket: bool, dry_run: bool
) -> None:
    if len(words) != 1:
        raise UsageError("a handler needs one name: tornkit add handler NAME")
    changes = handler_stub.handler(
        project.absolute(), str(project), words[0], path, websocket=websocket
    )
    writing.check(changes)
    notes = {
        file.path: "its route" if (changes.root / file.path).exists() else ""
        for file in changes.files
    }
    if not dry_run:
        writing.write(changes)
    console.out().print(_headline("the handler", dry_run).append_text(tree(changes.shown, notes)))


def _headline(what: str, dry_run: bool) -> Text:
    return Text(f"{'Would add' if dry_run else 'Added'} {what}:\n")
