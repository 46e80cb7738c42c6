"""Files and folders that nobody edits: caches, environments, what tools keep for themselves.

They are not watched, by whatever name: a virtual environment says what it is by its
``pyvenv.cfg``, a cache by its ``CACHEDIR.TAG`` (bford.info/cachedir), and another working tree of
the repository by a ``.git`` that leads to ``.git/worktrees``. A folder that is asked for, the
project or one of ``--watch``, is always watched; see `folder_watch`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

_FOLDERS = frozenset(
    {"__pycache__", "__pypackages__", "site-packages", "dist-packages", "node_modules"}
    | {".git", ".hg", ".svn", ".bzr", ".jj"}
    | {".venv", ".tox", ".nox", ".direnv", ".eggs", ".idea", ".ipynb_checkpoints"}
    | {".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"}
)
# Compiled files, and what editors keep beside a file: swap files, backups, locks.
_FILES = re.compile(r"\.py[cod]$|\.___jb_...___$|\.sw.$|~$|^\.\#|^\.DS_Store$|^flycheck_")
MARKS = frozenset({"pyvenv.cfg", "conda-meta", "CACHEDIR.TAG", ".git"})
"""Names of entries that may say that their folder is one that nobody edits."""


def is_unedited_name(name: str) -> bool:
    """Return whether a file or folder of this name is one that nobody edits."""
    return name in _FOLDERS or _FILES.search(name) is not None


def is_unedited_folder(folder: str, names: Collection[str]) -> bool:
    """Return whether a folder says by its entries, ``names``, that nobody edits what is in it."""
    marks = MARKS.intersection(names)
    if not marks:
        return False
    return marks != {".git"} or _is_other_worktree(folder)


def _is_other_worktree(folder: str) -> bool:
    """Return whether a folder was made by ``git worktree add``. A submodule is part of a project.

    gitrepository-layout(5): the file ``.git`` says ``gitdir: <path>/worktrees/<name>``.
    """
    try:
        with Path(folder, ".git").open("rb") as file:
            said = file.read(4096)
    except OSError:  # a folder, mostly: a repository of its own
        return False
    kind, _, place = os.fsdecode(said).partition(":")
    return kind == "gitdir" and Path(place.strip()).parent.name == "worktrees"
