"""The table of another revision: taken in a process of its own, where that revision's code runs.

`take` is the command's side. It puts the revision's files into a folder, and starts a Python
there whose first import roots are in that folder: those of this process that lie in the
repository, each at its place in the other tree. So an editable install of the project, which
points at the work tree, comes after them. tornkit itself is this one, not that revision's.

`main` is the other side: loads, checks, and writes one JSON object to a file, because standard
output may be written to by anybody. It also tells which modules came from the work tree after
all. If one is under version control, the table is not that revision's, and `take` refuses it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tornkit
from tornkit.appload import Target
from tornkit.cli.routes.revision import Revision, checked_out, tracked
from tornkit.cli.target import Words
from tornkit.errors import TornkitError, UsageError
from tornkit.routing.comparing.saved import SavedTable, read

# `-P` keeps the revision's own folder off the path until tornkit is imported: it may hold another
# tornkit. Then tornkit's place goes, for other packages of the same name may lie beside it.
_START = """\
import sys
home, order = sys.argv[1:]
sys.path.insert(0, home)
from tornkit.cli.routes import snapshot
sys.path.remove(home)
snapshot.main(order)
"""
_HINT = "(it was tried with the files that git has of that revision, and those that it ignores)"
_HOME = Path(tornkit.__file__).resolve().parents[1]


@dataclass(frozen=True)
class SnapshotOrder:
    """Order for the other process, as JSON on its command line.

    ``tree`` is where the revision's files are; those below ``base`` are told relative to it.
    ``work_tree`` is the repository that must not be imported from, ``result`` the file to write.
    """

    words: Words
    roots: tuple[str, ...]
    codes: tuple[str, ...]
    tree: str
    base: str
    work_tree: str
    result: str


def take(revision: Revision, words: Words, codes: Iterable[str]) -> SavedTable:
    """Table of the APP of ``words`` at a revision, with the findings of ``codes``.

    :raises UsageError: the revision has no such application, or it can't be loaded.
    """
    with checked_out(revision) as tree:
        here = Path.cwd()
        folder = _there(here, revision.repository, tree)
        if not folder.is_dir():
            raise UsageError(f"{revision.shown} has no folder {here}")
        result = tree.with_name("result.json")
        order = SnapshotOrder(
            _words_there(words, revision.repository, tree),
            tuple(_roots_there(revision.repository, tree)),
            tuple(codes),
            str(tree),
            str(_there(base_of(revision), revision.repository, tree)),
            str(revision.repository),
            str(result),
        )
        output = tree.with_name("output")
        done = _run(order, folder, output, revision.repository, tree)
        if not result.exists():
            said = output.read_text(errors="replace").strip().splitlines()[-1:]
            raise _failed(revision, f"Python ended with {done}: {' '.join(said)}", tree)
        answer = json.loads(result.read_text())
        if "error" in answer:
            raise _failed(revision, f"{answer['error']} {_HINT}", tree)
        leaked = tracked(revision, answer["leaked"])
        if leaked:
            raise _failed(revision, f"it still imports {leaked[0]}, which is the work tree's", tree)
        return read(answer["document"], moved=(str(tree), str(revision.repository)))


def base_of(revision: Revision) -> Path:
    """Folder that files are told relative to: the current one if in the repository, else that."""
    here = Path.cwd()
    return here if here.is_relative_to(revision.repository) else revision.repository


def main(order: str) -> None:
    """Take the table in the other process, and exit: a thread of the application's may go on."""
    fields = json.loads(order)
    asked = SnapshotOrder(**{**fields, "words": tuple(fields["words"])})
    sys.path[:0] = asked.roots
    try:
        answer = _answer(asked)
    except TornkitError as error:
        answer = {"error": str(error)}
    Path(asked.result).write_text(json.dumps(answer))
    os._exit(0)


def _answer(asked: SnapshotOrder) -> dict[str, Any]:
    from tornkit.appload import locate, own_tornado

    app, module, arguments = asked.words
    target = locate(app, module, tuple(arguments))
    own_tornado.use(own_tornado.find(target.import_root))

    from tornkit.cli.routes.loading import checked, load
    from tornkit.routing.render import table_json

    loaded = load(target)
    origin = _origin(target)
    if origin is not None and not Path(origin).resolve().is_relative_to(asked.tree):
        return {"error": f"it has no {target.module}; there is one in {origin}."}
    report = checked(loaded, asked.codes)
    return {
        "document": table_json.document(report, report.routes, Path(asked.base)),
        "leaked": sorted(_leaked(Path(asked.work_tree))),
    }


def _origin(target: Target) -> str | None:
    """File that a target was loaded from."""
    if target.path is not None or target.module is None:
        return target.path
    spec = importlib.util.find_spec(target.module)
    return None if spec is None else spec.origin


def _failed(revision: Revision, why: str, tree: Path) -> UsageError:
    why = why.replace(str(tree), str(revision.repository))
    return UsageError(f"{revision.shown} can't be compared with: {why}")


def _run(order: SnapshotOrder, folder: Path, output: Path, repository: Path, tree: Path) -> int:
    """Run the other process; return its exit code. What it prints goes to the file ``output``."""
    paths = [
        str(_there(Path(entry).absolute(), repository, tree)) if entry else entry
        for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep)
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PWD": str(folder)}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # the folder goes, and the bytecode with it
    with output.open("wb") as file:
        return subprocess.run(
            [sys.executable, "-P", "-c", _START, str(_HOME), json.dumps(asdict(order))],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode


# ---- from the work tree to the other one ----


def _there(path: Path, repository: Path, tree: Path) -> Path:
    """Place of a path in the other tree; a path that is not in the repository stays."""
    resolved = path.resolve()
    if not resolved.is_relative_to(repository):
        return path
    return tree / resolved.relative_to(repository)


def _words_there(words: Words, repository: Path, tree: Path) -> Words:
    """Words of APP for the other process: a path that exists is led into the other tree."""
    app, module, arguments = words
    if app is None:
        return words
    place, colon, attribute = app.partition(":")
    path = Path(place).expanduser().absolute()
    if not place or not path.exists():
        return words
    return f"{_there(path, repository, tree)}{colon}{attribute}", module, arguments


def _roots_there(repository: Path, tree: Path) -> Iterator[str]:
    """Folders to import from in another revision's checkout, ``tree``, of the repository.

    Those of this process that are in the repository, and its ``src``: from there a project is
    imported that is not installed.
    """
    places = [Path(entry) for entry in sys.path if entry and Path(entry).is_absolute()]
    places += _import_roots()
    inside = (place for place in places if place.resolve().is_relative_to(repository))
    every = (*inside, repository / "src")
    for place in dict.fromkeys(_there(each, repository, tree) for each in every):
        if place.is_dir():
            yield str(place)


def _import_roots() -> Iterator[Path]:
    """The folders that the top-level modules of this process are in.

    An editable install may have a finder of its own and no entry in ``sys.path``.
    """
    for name, module in sys.modules.copy().items():
        if "." not in name and name not in ("__main__", "tornkit"):
            for file in _files(module):
                yield file.parents[1] if file.name == "__init__.py" else file.parent


def _leaked(work_tree: Path) -> Iterator[str]:
    """Files of the work tree that were imported, without tornkit's and installed ones."""
    own = _HOME / "tornkit"
    for module in sys.modules.copy().values():
        for file in _files(module):
            installed = {"site-packages", "dist-packages"} & set(file.parts)
            if file.is_relative_to(work_tree) and not (installed or file.is_relative_to(own)):
                yield str(file)


def _files(module: object) -> Iterator[Path]:
    """A module's file, if it has one. Anything may stand in ``sys.modules``."""
    try:
        file = vars(module).get("__file__")
    except TypeError:
        return
    if isinstance(file, str):
        yield Path(file).resolve()
