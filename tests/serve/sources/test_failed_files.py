"""What a failed start waits for: files that it read, and files that were not there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tornkit.serve.sources import sources
from tornkit.serve.sources.failed_files import files_of_failure


def caught(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """The error, raised as another one's consequence, and told from it by ``from None``."""
    try:
        try:
            raise error
        except type(error):
            raise RuntimeError("told in other words") from cause
    except RuntimeError as told:
        return told


def test_what_was_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own, installed = str(tmp_path / "lib.py"), pytest.__file__
    monkeypatch.setattr(sources, "_marks", {own: "1:1", installed: "1:1"})
    assert files_of_failure(ValueError()) == {own}


def test_what_was_missed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sources, "_marks", {})
    monkeypatch.setattr(sys, "path", [str(tmp_path / "shared"), str(Path(pytest.__file__).parent)])
    monkeypatch.chdir(tmp_path)
    missing = ModuleNotFoundError("No module", name="helpers.words")
    assert files_of_failure(caught(missing)) == {
        str(tmp_path / "shared/helpers/words.py"),
        str(tmp_path / "shared/helpers/words/__init__.py"),
    }
    unreadable = PermissionError(13, "Permission denied", "settings.ini")
    assert files_of_failure(caught(unreadable)) == {str(tmp_path / "settings.ini")}
    assert files_of_failure(caught(ValueError(), unreadable)) == {str(tmp_path / "settings.ini")}


def test_errors_in_a_circle() -> None:
    one, other = ValueError(), KeyError()
    one.__context__, other.__context__ = other, one
    files_of_failure(one)
