"""Makes a project folder of a name: plans the files, shows conflicts, writes all or nothing.

`plan` renders the package data under ``templates/project`` into a frozen list and touches no
destination. `conflicts` and `check` only look. `write` makes the change:

- a folder that does not exist yet is built beside its place and renamed there, so that nobody
  ever sees half a project;
- into one that exists, every file is first written to a staging folder within it, where a full
  disk or a missing permission shows; only then are files moved into place, one rename each, and
  what they replace is kept until the last has succeeded.

Whatever fails, or interrupts, undoes its moves and leaves what it found.

A template's file name says how it becomes the project's: ``.tmpl`` is dropped and its ``@@{name}``
placeholders are filled in (Tornado's templates own the braces, shells the dollar sign); ``dot-``
in front becomes a dot; anything else is copied byte for byte. So no tool takes a template for
the code that it will be.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import string
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from tornkit import __version__
from tornkit.errors import ConflictError, TornkitError
from tornkit.scaffold import names

_TEMPLATE_SUFFIX = ".tmpl"
_DOT_PREFIX = "dot-"


@dataclass(frozen=True)
class PlannedFile:
    """One file of the project: its path within it, and its bytes."""

    path: PurePosixPath
    content: bytes


@dataclass(frozen=True)
class Plan:
    """Plan of a project: the ``files``, sorted by path, that `write` would make under ``root``."""

    name: names.ProjectName
    shown: str
    """The folder as the user typed it, for messages and for ``cd``."""
    root: Path
    files: tuple[PlannedFile, ...]

    def show(self, path: PurePosixPath | str) -> str:
        """Path as seen from where the user stands: ``app.py`` -> ``path/to/demo/app.py``."""
        return str(Path(self.shown, path))


class _Template(string.Template):
    delimiter = "@@"


def plan(target: str) -> Plan:
    """The files of a new project at ``target``: a name, or a path that ends in one.

    Reads only this package's data. Raises UsageError for a bad name.
    """
    root = names.folder_of(target)
    name = names.parse(root.name)
    values = {
        "name": name.name,
        "package": name.package,
        "title": name.title,
        "tornkit_version": __version__,
    }
    source = resources.files("tornkit.scaffold") / "templates" / "project"
    files = (_render(path, data, values) for path, data in _template_files(source, PurePosixPath()))
    return Plan(name, str(Path(target)), root, tuple(sorted(files, key=lambda file: file.path)))


def _template_files(
    folder: Traversable, base: PurePosixPath
) -> Iterator[tuple[PurePosixPath, bytes]]:
    for entry in folder.iterdir():
        # Real dot files are spelled "dot-": these are a desktop's or an editor's droppings.
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _template_files(entry, base / entry.name)
        else:
            yield base / entry.name, entry.read_bytes()


def _render(path: PurePosixPath, data: bytes, values: dict[str, str]) -> PlannedFile:
    if path.suffix == _TEMPLATE_SUFFIX:
        path = path.with_suffix("")
        data = _Template(data.decode()).substitute(values).encode()
    if path.name.startswith(_DOT_PREFIX):
        path = path.with_name("." + path.name.removeprefix(_DOT_PREFIX))
    return PlannedFile(path, data)


def conflicts(plan: Plan) -> tuple[str, ...]:
    """The planned paths that exist already, as the user would type them; dangling links count."""
    return tuple(
        plan.show(file.path) for file in plan.files if os.path.lexists(plan.root / file.path)
    )


def check(plan: Plan, *, force: bool = False) -> None:
    """Raise the errors that `write` would, as far as looking can tell: nothing is changed.

    Raises TornkitError for what no ``force`` can overwrite (a file where a folder must be or the
    other way round, a link that leads out of the project), ConflictError without ``force`` if
    any planned file exists.
    """
    with _in_one_line(plan):
        _refuse_obstacles(plan)
    if not force and (found := conflicts(plan)):
        count = "1 file" if len(found) == 1 else f"{len(found)} files"
        raise ConflictError(
            f"{count} would be overwritten, so nothing was written (--force overwrites)", found
        )


@contextlib.contextmanager
def _in_one_line(plan: Plan) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # error.filename may be a staging path, which would tell the user nothing.
        reason = error.strerror or str(error)
        raise TornkitError(f"can't write {plan.shown}: {reason}; nothing was changed") from error


def _refuse_obstacles(plan: Plan) -> None:
    if os.path.lexists(plan.root) and not plan.root.is_dir():
        raise TornkitError(f"{plan.shown} exists and is no folder: move it away")
    for folder in _folders(plan):
        place = plan.root / folder
        # realpath, as Path.resolve() raises RuntimeError on a loop of links.
        if not Path(os.path.realpath(place)).is_relative_to(os.path.realpath(plan.root)):
            raise TornkitError(f"{plan.show(folder)} links out of the project: move it away")
        if os.path.lexists(place) and not place.is_dir():
            raise TornkitError(f"{plan.show(folder)} must be a folder: move what is there away")
    for file in plan.files:
        place = plan.root / file.path
        if place.is_dir() and not place.is_symlink():
            raise TornkitError(f"{plan.show(file.path)} must be a file: move the folder away")


def _folders(plan: Plan) -> list[PurePosixPath]:
    """Every folder within the project that the plan needs, outer ones first."""
    return sorted({folder for file in plan.files for folder in file.path.parents[:-1]})


def write(plan: Plan, *, force: bool = False) -> None:
    """Write every planned file, or none.

    Raises what `check` raises, and TornkitError if the system refuses midway; everything is
    then as it was before.
    """
    check(plan, force=force)
    with _in_one_line(plan), contextlib.ExitStack() as undo:
        if plan.root.is_dir():
            _write_into(plan, undo)
        else:
            _write_new(plan, undo)
        undo.pop_all()


def _write_new(plan: Plan, undo: contextlib.ExitStack) -> None:
    _make_folders(plan.root.parent, undo)
    with _staging_folder(plan.root.parent) as staging:
        # Not the staging folder itself: that one is private (0700), the project is not.
        _stage(plan, staging / "new")
        (staging / "new").rename(plan.root)


def _write_into(plan: Plan, undo: contextlib.ExitStack) -> None:
    with _staging_folder(plan.root) as staging, contextlib.ExitStack() as unmove:
        _stage(plan, staging / "new")
        for number, file in enumerate(plan.files):
            place = plan.root / file.path
            _make_folders(place.parent, undo)
            if os.path.lexists(place):
                kept = staging / f"old-{number}"
                place.rename(kept)
                unmove.callback(kept.rename, place)
            (staging / "new" / file.path).rename(place)
            unmove.callback(place.unlink)
        # Here, within the staging folder's life: it holds what would have to go back.
        unmove.pop_all()


@contextlib.contextmanager
def _staging_folder(parent: Path) -> Iterator[Path]:
    staging = Path(tempfile.mkdtemp(prefix=".tornkit-new-", dir=parent))
    try:
        yield staging
    except BaseException:  # raised again, a Ctrl-C too: nothing half made stays
        # Never rmtree the whole here: should putting back a file that was moved aside have
        # failed as well, this folder holds its only copy.
        shutil.rmtree(staging / "new", ignore_errors=True)
        with contextlib.suppress(OSError):
            staging.rmdir()
        raise
    shutil.rmtree(staging, ignore_errors=True)


def _stage(plan: Plan, folder: Path) -> None:
    for file in plan.files:
        staged = folder / file.path
        staged.parent.mkdir(parents=True, exist_ok=True)
        staged.write_bytes(file.content)


def _make_folders(folder: Path, undo: contextlib.ExitStack) -> None:
    """Make a folder as ``mkdir --parents``, remembering which folders are new."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir()
        undo.callback(place.rmdir)
