"""Names and marks of files and folders that nobody edits."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tornkit.serve.watching.unedited import MARKS, is_unedited_folder, is_unedited_name


@pytest.mark.parametrize(
    "name",
    [
        *("__pycache__", "node_modules", ".git", ".venv", ".mypy_cache", "site-packages"),
        *("a.pyc", "a.pyo", "a.pyd"),
        *("a.py.___jb_tmp___", "a.py.___jb_old___"),
        *(".a.py.swp", ".a.swo", ".a.swx", "a.py~", ".#a.py", ".DS_Store", "flycheck_a.py"),
    ],
)
def test_names_that_are_passed_over(name: str) -> None:
    assert is_unedited_name(name)


@pytest.mark.parametrize(
    "name",
    [
        # Names that only begin, end or are spelt nearly like the others.
        *("a.py", "a.pyx", "a.pyc.txt", "a.pyi", "apyc", "a.PYC"),
        *("a~b", "a.#b", "my.DS_Store", "a.flycheck_", "a.swift", "a.sw"),
        *("pycache", "node_modules_of_mine", "my.git", ".github", ".gitignore", "git"),
        *(".env", "env", "venv", "build", "dist", ".hidden", ""),
    ],
)
def test_names_that_are_edited(name: str) -> None:
    assert not is_unedited_name(name)


@pytest.mark.parametrize("mark", sorted(MARKS - {".git"}))
def test_a_mark_says_what_a_folder_is(mark: str) -> None:
    """The names of the entries suffice: the folder is not read again."""
    assert is_unedited_folder("/no/such/folder", {"a.py", mark})
    assert is_unedited_folder("/no/such/folder", [mark, ".git"]), "a clone in an environment"


def test_a_folder_without_a_mark_is_edited() -> None:
    assert not is_unedited_folder("/no/such/folder", {"a.py", "__pycache__", "pyvenv.cfg.bak"})
    assert not is_unedited_folder("/no/such/folder", ())


@pytest.mark.parametrize(
    ("said", "unedited"),
    [
        ("gitdir: /home/me/project/.git/worktrees/fix\n", True),
        ("gitdir: ../project/.git/worktrees/fix", True),
        ("gitdir:/home/me/project/.git/worktrees/of:two\n", True),
        # A submodule, also one whose name is unlucky.
        ("gitdir: ../.git/modules/sub\n", False),
        ("gitdir: ../.git/modules/worktrees\n", False),
        ("gitdir: ../.git/worktrees/fix/modules/sub\n", False),
        ("../project/.git/worktrees/fix\n", False),
        ("worktree: /home/me/project/.git/worktrees/fix\n", False),
        ("", False),
    ],
)
def test_git_says_where_its_folder_is(tmp_path: Path, said: str, unedited: bool) -> None:
    (tmp_path / ".git").write_text(said)
    assert is_unedited_folder(str(tmp_path), {".git", "a.py"}) is unedited


def test_a_path_that_is_no_utf8(tmp_path: Path) -> None:
    (tmp_path / ".git").write_bytes(b"gitdir: /caf\xe9/.git/worktrees/\xff\n")
    assert is_unedited_folder(str(tmp_path), {".git"})


def test_a_repository_of_its_own_is_edited(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert not is_unedited_folder(str(tmp_path), {".git"})


def test_a_mark_that_is_gone_by_now_or_can_not_be_read(tmp_path: Path) -> None:
    assert not is_unedited_folder(str(tmp_path), {".git"})
    (tmp_path / ".git").symlink_to(os.devnull)
    assert not is_unedited_folder(str(tmp_path), {".git"})
