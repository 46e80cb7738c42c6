"""Writer of project files: shows conflicts, writes all or nothing.

`conflicts` and `check` only look. `write` makes the change:

- a folder that does not exist yet is built beside its place and renamed there, so that nobody
  ever sees half a project;
- into one that exists, every file is first written to a staging folder within it, where a full
  disk or a missing permission shows; only then are files moved into place, one rename each, and
  what they replace is kept until the last has succeeded.

Whatever fails, or interrupts, undoes its moves and leaves what it found.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tornkit.errors import ConflictError, TornkitError
from tornkit.scaffold.plan import Plan


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
