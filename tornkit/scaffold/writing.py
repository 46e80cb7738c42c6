"""Writer of project files: writes all or nothing.

`check` only looks. `write` makes the change:

- a folder that does not exist yet is built beside its place and renamed there: it is never seen
  half made;
- into one that exists, every file is first written to a staging folder within it, where a full
  disk or a missing permission shows; only then are files moved into place, one rename each, and
  what they replace, or what is removed, is kept beside until the last has succeeded. The project's
  record goes last: whoever is killed midway has every file, old or new, and begins again.

Whatever fails undoes its moves and leaves what it found; a Ctrl-C midway comes too late.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tornkit.errors import TornkitError
from tornkit.scaffold import answers
from tornkit.scaffold.plan import PlannedFile

_STAGING = ".tornkit-new-"
_LATE = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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
    with _to_the_end(), _staging_folder(root) as staging, contextlib.ExitStack() as unmove:
        (staging / ".gitignore").write_text("*\n")
        _stage(changes, staging / "new")
        for number, path in enumerate(changes.removed):
            if os.path.lexists(root / path):
                _keep(root / path, staging / f"removed-{number}", unmove)
                (root / path).unlink()
        # The record last: it says that all else is done.
        for number, file in enumerate(sorted(changes.files, key=_is_record)):
            place = root / file.path
            _make_folders(place.parent, undo)
            if os.path.lexists(place):
                _keep(place, staging / f"old-{number}", unmove)
            else:
                unmove.callback(place.unlink, missing_ok=True)
            (staging / "new" / file.path).replace(place)
        # Here, within the staging folder's life: it holds what would have to go back.
        unmove.pop_all()
    _remove_empty_folders(changes)


def _is_record(file: PlannedFile) -> bool:
    return file.path == PurePosixPath(answers.FILE)


def _keep(place: Path, kept: Path, unmove: contextlib.ExitStack) -> None:
    """Back up a file by a hard link (or a copy), and have ``unmove`` put it back on failure."""
    try:
        os.link(place, kept, follow_symlinks=False)
    except OSError:  # a file system without such names, or a file that is another user's
        shutil.copy2(place, kept, follow_symlinks=False)
    unmove.callback(_put_back, kept, place)


def _put_back(kept: Path, place: Path) -> None:
    kept.replace(place)
    kept.unlink(missing_ok=True)  # two names of one file, of which neither replaces the other


@contextlib.contextmanager
def _to_the_end() -> Iterator[None]:
    """Block signals that would end this process midway, and drop a Ctrl-C that came meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _LATE)
    try:
        yield
    finally:
        while signal.SIGINT not in before and signal.SIGINT in signal.sigpending():
            signal.sigwait([signal.SIGINT])
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def abandoned(root: Path) -> list[str]:
    """Names of staging folders in ``root`` that a killed process left, with the files of before."""
    return sorted(place.name for place in root.glob(f"{_STAGING}*"))


def _remove_empty_folders(changes: Changes) -> None:
    for path in changes.removed:
        for folder in path.parents[:-1]:
            with contextlib.suppress(OSError):  # something is left in it
                (changes.root / folder).rmdir()


@contextlib.contextmanager
def _staging_folder(parent: Path) -> Iterator[Path]:
    staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=parent))
    try:
        yield staging
    except BaseException:  # raised again, a Ctrl-C too: nothing half made stays
        # Never rmtree the whole here: should putting back a file that was moved aside have
        # failed as well, this folder holds its only copy.
        shutil.rmtree(staging / "new", ignore_errors=True)
        with contextlib.suppress(OSError):
            if not list(staging.glob("[!.]*")):
                shutil.rmtree(staging)
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
    """Permissions with execution for all who may read the file, if it is executable."""
    return mode | ((mode & 0o444) >> 2) if executable else mode


def _make_folders(folder: Path, undo: contextlib.ExitStack) -> None:
    """Make a folder and its parents (``mkdir --parents``); ``undo`` removes those that are new."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir()
        undo.callback(place.rmdir)
