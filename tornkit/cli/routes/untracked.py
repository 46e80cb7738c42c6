"""Links from a revision's tree to a work tree's ignored files, empty folders and submodules.

A checkout runs with more than its revision: a generated module, `.env`, a folder for uploads. Where
these were missing, an unchanged checkout would differ from itself, or not load. They are linked
rather than copied, so the revision's code sees them as that of the work tree does; where the
revision has a file of its own at that place, it keeps it. Left out are compiled bytecode and
virtual environments, whose Python is the one that runs. Files that are merely not added yet are
part of what changed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

Git = Callable[..., "CompletedProcess[str]"]
"""Runs git in a folder, with these arguments."""

_BYTECODE = "__pycache__"
_VIRTUALENV = "pyvenv.cfg"
_SUBMODULE = "160000"
_OTHERS = ("ls-files", "-z", "--others", "--exclude-standard", "--directory")


def link_untracked(git: Git, repository: Path, commit: str, tree: Path) -> None:
    """Complete ``tree``, the files of ``commit``, from the work tree of ``repository``."""
    for name in (*_ignored(git, repository), *_empty(git, repository)):
        _link(repository / name, tree / name)
    for name in _submodules(git, repository, commit):
        with contextlib.suppress(OSError):  # the revision's own is no empty folder
            (tree / name).rmdir()
        _link(repository / name, tree / name)


def _ignored(git: Git, repository: Path) -> Iterator[str]:
    for name in _names(git(repository, *_OTHERS, "--ignored")):
        path = repository / name
        if path.name != _BYTECODE and not (path / _VIRTUALENV).exists():
            yield name


def _empty(git: Git, repository: Path) -> list[str]:
    """Empty folders of the work tree, which git does not track."""
    filled = set(_names(git(repository, *_OTHERS, "--no-empty-directory")))
    found = _names(git(repository, *_OTHERS))
    return [name for name in found if name.endswith("/") and name not in filled]


def _submodules(git: Git, repository: Path, commit: str) -> Iterator[str]:
    """Names of the submodules that are checked out at the commit that the revision wants."""
    for entry in _names(git(repository, "ls-tree", "-r", "-z", commit)):
        described, _, name = entry.partition("\t")
        mode, _, wanted = described.split(" ")
        if mode == _SUBMODULE and _commit(git, repository / name) == wanted:
            yield name


def _commit(git: Git, submodule: Path) -> str | None:
    """Commit that a submodule is at; None for an empty folder, where git would name the outer's."""
    if not (submodule / ".git").exists():
        return None
    return git(submodule, "rev-parse", "HEAD").stdout.strip()


def _names(done: CompletedProcess[str]) -> list[str]:
    return [name for name in done.stdout.split("\0") if name] if not done.returncode else []


def _link(source: Path, place: Path) -> None:
    """Link a path of the tree to its source; in a folder that the revision has, each entry."""
    if place.is_dir() and source.is_dir() and not place.is_symlink():
        for inner in source.iterdir():
            _link(inner, place / inner.name)
        return
    # A file of the revision's may stand at the place, or where its folder would be.
    with contextlib.suppress(FileExistsError, NotADirectoryError):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(source)
