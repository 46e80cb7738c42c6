"""Git, as far as projects need it: a repository for a new one, and uncommitted changes in an old.

Nothing here is needed: without git all else works.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from tornkit.errors import TornkitError


def has_git() -> bool:
    """Whether there is a git to run."""
    return shutil.which("git") is not None


def is_tracked_place(folder: Path) -> bool:
    """Whether ``folder``, which need not exist, is in a repository."""
    return any(os.path.lexists(place / ".git") for place in (folder, *folder.parents))


def init(folder: Path) -> None:
    """Make an empty repository in ``folder``.

    :raises TornkitError: git refuses.
    """
    done = _git(folder, "init", "--quiet")
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise TornkitError(
            f"the project is written, but git init failed: {said[-1] if said else 'no reason told'}"
        )


def changed_since_commit(folder: Path, paths: Iterable[PurePosixPath]) -> list[PurePosixPath]:
    """Files of these that git has uncommitted changes of; none without git or any commit."""
    if not has_git() or not is_tracked_place(folder):
        return []
    if _git(folder, "rev-parse", "--verify", "--quiet", "HEAD").returncode:
        return []
    return [
        path
        for path in paths
        if (found := _git(folder, "status", "--porcelain", "--", f":(literal){path}")).returncode
        == 0
        and found.stdout.strip()
    ]


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["git", *arguments],  # noqa: S607 - the user's git is the one on the path
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
