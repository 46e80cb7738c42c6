"""Writer of project files: writes all or nothing.

`check` only looks. `write` makes the change:

- a folder that does not exist yet is built beside its place and renamed there: it is never seen
  half made;
- into one that exists, every file is first written to a staging folder within it, where a full
  disk or a missing permission shows; only then are files moved into place, one rename each, and
  what they replace, or what is removed, is kept until the last has succeeded.

Whatever fails, or interrupts, undoes its moves and leaves what it found.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tornkit.errors import TornkitError
from tornkit.scaffold.plan import PlannedFile


@dataclass(frozen=True)
class Changes:
    """Files to be written and removed below ``root``.

    A file that is there keeps its permissions, but for those that let it be run.
    """

    root: Path
    shown: str
    """The folder as the user typed it, for messages."""
    files: tuple[PlannedFile, ...]
    removed: tuple[PurePosixPath, ...] = ()

    def show(self, path: PurePosixPath | str) -> str:
        """Path as seen from where the user stands: ``app.py`` -> ``path/to/demo/app.py``."""
        return str(Path(self.shown, path))


def check(changes: Changes) -> None:
    """Raise the errors that `write` would, as far as looking can tell: nothing is changed.

    :raises TornkitError: for what can't be replaced: a file where a folder must be or the other
        way round, a link that leads out of the project.
    """
    with _in_one_line(changes):
        _refuse_obstacles(changes)


@contextlib.contextmanager
def _in_one_line(changes: Changes) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # error.filename may be a staging path, which would tell the user nothing.
        reason = error.strerror or str(error)
        raise TornkitError(f"can't write {changes.shown}: {reason}; nothing was changed") from error


def _refuse_obstacles(changes: Changes) -> None:
    if os.path.lexists(changes.root) and not changes.root.is_dir():
        raise TornkitError(f"{changes.shown} exists and is no folder: move it away")
    for folder in _folders(changes):
        place = changes.root / folder
        # realpath, as Path.resolve() raises RuntimeError on a loop of links.
        if not Path(os.path.realpath(place)).is_relative_to(os.path.realpath(changes.root)):
            raise TornkitError(f"{changes.show(folder)} links out of the project: move it away")
        if os.path.lexists(place) and not place.is_dir():
            raise TornkitError(f"{changes.show(folder)} must be a folder: move what is there away")
    for file in changes.files:
        place = changes.root / file.path
        if place.is_dir() and not place.is_symlink():
            raise TornkitError(f"{changes.show(file.path)} must be a file: move the folder away")


def _folders(changes: Changes) -> list[PurePosixPath]:
    """Every folder within the project that the files need, outer ones first."""
    paths = (*(file.path for file in changes.files), *changes.removed)
    return sorted({folder for path in paths for folder in path.parents[:-1]})


def write(changes: Changes) -> None:
    """Write and remove every file, or none.

    Raises what `check` raises, and TornkitError if the system refuses midway; everything is
    then as it was before.
    """
    check(changes)
    with _in_one_line(changes), contextlib.ExitStack() as undo:
        if changes.root.is_dir():
            _write_into(changes, undo)
        else:
            _write_new(changes, undo)
        undo.pop_all()


def _write_new(changes: Changes, undo: contextlib.ExitStack) -> None:
    _make_folders(changes.root.parent, undo)
    with _staging_folder(changes.root.parent) as staging:
        # Not the staging folder itself: that one is private (0700), the project is not.
        _stage(changes, staging / "new")
        (staging / "new").rename(changes.root)


def _write_into(changes: Changes, undo: contextlib.ExitStack) -> None:
    root = changes.root
    with _staging_folder(root) as staging, contextlib.ExitStack() as unmove:
        _stage(changes, staging / "new")
        for number, file in enumerate(changes.files):
            place = root / file.path
            _make_folders(place.parent, undo)
            if os.path.lexists(place):
                _move_aside(place, staging / f"old-{number}", unmove)
            (staging / "new" / file.path).rename(place)
            unmove.callback(place.unlink)
        for number, path in enumerate(changes.removed):
            if os.path.lexists(root / path):
                _move_aside(root / path, staging / f"removed-{number}", unmove)
        # Here, within the staging folder's life: it holds what would have to go back.
        unmove.pop_all()
    _remove_empty_folders(changes)


def _move_aside(place: Path, kept: Path, unmove: contextlib.ExitStack) -> None:
    place.rename(kept)
    unmove.callback(kept.rename, place)


def _remove_empty_folders(changes: Changes) -> None:
    for path in changes.removed:
        for folder in path.parents[:-1]:
            with contextlib.suppress(OSError):  # something is left in it
                (changes.root / folder).rmdir()


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


def _stage(changes: Changes, folder: Path) -> None:
    for file in changes.files:
        staged = folder / file.path
        staged.parent.mkdir(parents=True, exist_ok=True)
        staged.touch(file.mode)
        staged.write_bytes(file.content)
        if (replaced := _permissions(changes.root / file.path)) is not None and not file.private:
            staged.chmod(_with_execution(replaced, file.executable))


def _permissions(place: Path) -> int | None:
    """Permissions of the file at ``place``; None where there is none, or a link."""
    try:
        found = place.lstat().st_mode
    except OSError:
        return None
    return stat.S_IMODE(found) if stat.S_ISREG(found) else None


def _with_execution(mode: int, executable: bool) -> int:
    """Permissions that let those run a file who may read it, or as they are."""
    return mode | ((mode & 0o444) >> 2) if executable else mode


def _make_folders(folder: Path, undo: contextlib.ExitStack) -> None:
    """Make a folder as ``mkdir --parents``, remembering which folders are new."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir()
        undo.callback(place.rmdir)
