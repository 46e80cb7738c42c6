"""The sample project beside what `tornkit new` gives: which files it extends, and what it lacks.

After a change of a template, `python -m tests.scaffold.sample` brings it into the sample project,
merged as `tornkit update` does it; what the project began as are the templates of git's HEAD, or of
another revision that is named.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from tornkit import __version__
from tornkit.scaffold import answers, history, merging, plan, updating, writing
from tornkit.scaffold.answers import Answers
from tornkit.scaffold.plan import PlannedFile

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "sample_project"

EXTENDED = {
    ".env.example": "settings of the showcase",
    ".gitignore": "uploads",
    "README.md": "what the showcase shows, and where",
    "board/app.py": "its hosts, its parts of pages, what its handlers ask for",
    "board/routes.py": "its routes",
    "board/settings.py": "its settings",
    "board/static/style.css": "styles of its pages",
    "board/store/models.py": "tables of messages and tokens",
    "board/templates/base.html": "links to its pages",
    "board/templates/home.html": "the list of topics",
    "tests/conftest.py": "a program with a token, and settings of its tests",
}
"""Files of the template that have lines more in the sample project, and why."""

BORROWED = {"board/tokens.py": "api"}
"""Files that are those of another template: path -> template."""


def missing(project: Path, extended: Mapping[str, str] = EXTENDED) -> list[str]:
    """What the project lacks of its template, one line a file; empty where all is well.

    `python -m tests.scaffold.sample` brings it in.
    """
    given = answers.read(project)
    if given.version != __version__:
        return [
            f"{project.name} is of tornkit {given.version}, and this is {__version__}: "
            f"tornkit update --project {project.name}"
        ]
    planned = _texts(given)
    found = [f"{path} is listed, and no file of the template" for path in extended.keys() - planned]
    for path, text in {**planned, **_borrowed(given)}.items():
        place = project / path
        if not place.is_file():
            found.append(f"{path} is missing")
        elif merging.has_markers(place.read_bytes()):
            found.append(f"{path} has conflicts that are not settled")
        elif path not in extended:
            if place.read_bytes() != text:
                found.append(f"{path} is not what the template gives")
        elif lost := next(_lost_lines(text, place.read_bytes()), None):
            found.append(f"{path} lacks what the template has: {lost}")
    return sorted(found)


def copy(folder: Path) -> Path:
    """A copy of the sample project in ``folder``, without what it has come to hold when it ran."""
    kept = shutil.ignore_patterns(
        "__pycache__", "*.sqlite3*", "uploads", ".env", ".venv", ".*_cache"
    )
    return shutil.copytree(PROJECT, folder / PROJECT.name, ignore=kept)


def templates_of(revision: str) -> Traversable:
    """The layers as they are in a revision of git's."""
    command = ["git", "archive", "--format=zip", f"{revision}:tornkit/scaffold/templates"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return history.opened(done.stdout)


def bring_in(project: Path, earlier: Traversable) -> updating.Update:
    """Merge into the project what the templates have changed since those were ``earlier``."""
    given = answers.read(project)
    before = {file.path: file for file in plan.files_of(given, earlier)}
    after = plan.files_of(given, plan.templates())
    for whole in {*before, *(file.path for file in after)} - set(map(PurePosixPath, EXTENDED)):
        # Nothing of the project's own is in there: whatever it is becomes what it should be.
        before.pop(whole, None)
        if (project / whole).is_file():
            before[whole] = PlannedFile(whole, (project / whole).read_bytes())
    place = writing.Changes(project, project.name, ())
    update = updating.update(place, (given, before.values()), (given, after))
    writing.write(update.changes)
    for path, text in _borrowed(given).items():
        (project / path).write_bytes(text)
    return update


def _texts(given: Answers) -> dict[str, bytes]:
    files = plan.files_of(given, plan.templates())
    return {str(file.path): file.content for file in files}


def _borrowed(given: Answers) -> dict[str, bytes]:
    found = {}
    for path, template in BORROWED.items():
        others = _texts(Answers(given.name, template, given.features, given.requirement))
        found[path] = others[path]
    return found


def _lost_lines(template: bytes, extended: bytes) -> Iterator[str]:
    """Lines of the template that the extended file has not, in their order."""
    lines = iter(extended.decode().splitlines())
    for line in template.decode().splitlines():
        if line not in lines:  # an iterator: goes on behind the line before
            yield line


def main(arguments: list[str]) -> int:
    (revision,) = arguments or ["HEAD"]
    update = bring_in(PROJECT, templates_of(revision))
    for path, outcome in update.outcomes.items():
        sys.stdout.write(f"{outcome}  {PurePosixPath(PROJECT.name, path)}\n")
    left = missing(PROJECT)
    sys.stdout.write("".join(f"{each}\n" for each in left) or "all of the template is there\n")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
