"""Git around a project."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from tests.scaffold.folders import fill
from tornkit.errors import TornkitError
from tornkit.scaffold import repository

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")

PATHS = [PurePosixPath(name) for name in ("a", "b", "new", "*")]


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_init(tmp_path: Path) -> None:
    assert not repository.is_tracked_place(tmp_path / "demo")
    (tmp_path / "demo").mkdir()
    repository.init(tmp_path / "demo")
    assert (tmp_path / "demo" / ".git").is_dir()
    assert repository.is_tracked_place(tmp_path / "demo" / "inner" / "to come")
    assert not repository.is_tracked_place(tmp_path)


def test_what_git_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("no repository")
    with pytest.raises(TornkitError, match="git init failed: "):
        repository.init(tmp_path)


def test_uncommitted_changes(tmp_path: Path) -> None:
    assert repository.changed_since_commit(tmp_path, PATHS) == []
    repository.init(tmp_path)
    fill(tmp_path, {"a": "1", "b": "1"})
    assert repository.changed_since_commit(tmp_path, PATHS) == [], "there is no commit to compare"
    git(tmp_path, "add", "a", "b")
    git(tmp_path, "commit", "-m", "x")
    assert repository.changed_since_commit(tmp_path, PATHS) == []
    fill(tmp_path, {"a": "2", "new": "1", "other": "1"})
    assert [str(path) for path in repository.changed_since_commit(tmp_path, PATHS)] == ["a", "new"]


def test_without_git_there_is_nothing_to_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.init(tmp_path)
    monkeypatch.setenv("PATH", "")
    assert not repository.has_git()
    assert repository.changed_since_commit(tmp_path, PATHS) == []
