"""``tornkit new NAME``: parse, ask, plan, write, then say what to do next.

Every decision is `tornkit.scaffold`'s; here is the wording.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import click
from click.shell_completion import CompletionItem
from rich.text import Text

from tornkit.cli import console
from tornkit.cli.projects import questions
from tornkit.cli.projects.next_steps import next_steps
from tornkit.cli.projects.parameters import FeatureNames, TemplateName, table
from tornkit.cli.projects.tree import tree
from tornkit.cli.settings import configure
from tornkit.errors import UsageError
from tornkit.printable import printable
from tornkit.scaffold import catalogue, env_file, existing, names, plan, repository, writing
from tornkit.scaffold.existing import Arrangement, FileFate, Manner
from tornkit.scaffold.requirement import of_this_tornkit

_TEMPLATES = table((each.name, each.summary) for each in catalogue.TEMPLATES.values())
_FEATURES = table((each.name, each.summary) for each in catalogue.FEATURES.values())
_EPILOG = f"""\b
Templates:
{_TEMPLATES}

\b
Additions (--with, and later tornkit add):
{_FEATURES}

\b
Examples:
  tornkit new demo
  tornkit new ~/src/my-board --template realtime --with docker,nginx
  tornkit new . --dry-run
"""


def _configure(context: click.Context, parameter: click.Parameter, name: str) -> str:
    configure(context)
    return name


def _complete_folder(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    return [CompletionItem(incomplete, type="dir")]


@click.command("new", short_help="Make a project that runs, tests and deploys.", epilog=_EPILOG)
@click.argument(
    "name", metavar="NAME", is_eager=True, callback=_configure, shell_complete=_complete_folder
)
@click.option("--template", type=TemplateName(), help="What kind of project; asked for otherwise.")
@click.option(
    "--with",
    "features",
    type=FeatureNames(),
    multiple=True,
    envvar="TORNKIT_NEW_WITH",
    help="What to add to it, with commas between.",
)
@click.option("--force", is_flag=True, help="Overwrite files that exist already.")
@click.option("--skip-existing", is_flag=True, help="Keep files that exist already.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--yes", is_flag=True, help="Ask nothing; what is not given is the default.")
@click.option("--git/--no-git", default=None, help="Make it a git repository; asked for otherwise.")
def command(
    name: str,
    template: str | None,
    features: tuple[tuple[str, ...], ...],
    force: bool,
    skip_existing: bool,
    dry_run: bool,
    yes: bool,
    git: bool | None,
) -> None:
    """Make a project that runs, tests and deploys.

    NAME is the project's name, or a path that ends in it; "." is the current folder. Where there
    are files already, .gitignore and the like are merged, and your README.md and LICENSE stay; any
    other that is in the way is listed, and nothing is written.
    """
    if force and skip_existing:
        raise UsageError("--force overwrites files and --skip-existing keeps them: choose one")
    root = names.folder_of(name)
    names.parse(root.name)  # before a question is asked in vain
    asks = questions.can_ask(yes=yes or dry_run)
    if template is None:
        template = questions.ask_template(root.name) if asks else catalogue.DEFAULT
    chosen = catalogue.with_needed(each for several in features for each in several)
    planned = plan.plan(name, template, chosen, of_this_tornkit())
    manner = Manner.OVERWRITE if force else Manner.KEEP if skip_existing else Manner.REFUSE
    arrangement = existing.arranged(planned, manner)
    writing.check(arrangement.changes)
    if dry_run:
        console.out().print(preview(arrangement))
        arrangement.check()
        return
    arrangement.check()
    wants_git = _wants_git(git, root, asks=asks)
    writing.write(arrangement.changes)
    console.out().print(summary(planned, arrangement))
    if wants_git:
        repository.init(root)
        console.out().print("Made it a git repository")
    console.out().print(Text("\nNext:\n" + "\n".join(f"  {line}" for line in next_steps(planned))))


def _wants_git(git: bool | None, root: Path, *, asks: bool) -> bool:
    if git and not repository.has_git():
        raise UsageError("there is no git on this machine: leave --git out, or install it")
    if git is not None:
        return git and not (root / ".git").exists()
    return (
        asks
        and repository.has_git()
        and not repository.is_tracked_place(root)
        and questions.ask_git()
    )


def preview(arrangement: Arrangement) -> Text:
    """The tree of what would be written, with what would become of each file."""
    changes = arrangement.changes
    text = Text.assemble(
        f"Would write {_files(len(changes.files))} to ", (printable(changes.shown), "bold"), "\n"
    )
    notes = {
        path: "" if fate is FileFate.NEW else str(fate) for path, fate in arrangement.fates.items()
    }
    if arrangement.fates.get(env_file.PATH) is FileFate.NEW:
        notes[env_file.PATH] = "with a secret of its own"
    return text.append_text(tree(changes.shown, notes))


def summary(planned: plan.Plan, arrangement: Arrangement) -> Text:
    """Report of what was written: a headline, then the files that were there before."""
    given = planned.answers
    added = f" with {', '.join(sorted(given.features))}" if given.features else ""
    text = Text.assemble(
        f"Wrote {_files(len(arrangement.changes.files))} to ",
        (printable(planned.shown), "bold"),
        f": {given.template}{added}",
    )
    for words, fate in (
        ("merged with yours", FileFate.MERGED),
        ("overwritten", FileFate.OVERWRITTEN),
        ("yours, left as it is", FileFate.KEPT),
    ):
        if found := arrangement.having(fate):
            text.append(f"\n  {words}: {_listed(found)}", "yellow")
    return text


def _listed(paths: tuple[PurePosixPath, ...]) -> str:
    return ", ".join(printable(str(path)) for path in paths)


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
