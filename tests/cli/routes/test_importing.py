"""Imports ahead of an application whose folder takes names of what they would import."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tornkit.appload.target import Kind, Target
from tornkit.cli.routes.importing import import_ahead


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that are imported, of which one is not installed."""
    names: list[str] = []

    def note(name: str, package: str | None = None) -> ModuleType:
        names.append(name)
        if name == "rich.pretty":
            raise ImportError(name)
        return sys

    monkeypatch.setattr(importlib, "import_module", note)
    return names


def ahead_of(folder: Path) -> None:
    import_ahead(Target(Kind.APPLICATION, "app", str(folder), str(folder), module="app"))


@pytest.mark.parametrize(
    "name",
    [
        "queue.py",
        "queue",  # a package
        "queue.cpython-311-x86_64-linux-gnu.so",
        "click",  # of the libraries that are loaded
        "rich.py",  # of those that print
        "antigravity.py",  # also what is not loaded yet
    ],
)
def test_a_folder_that_takes_a_name(tmp_path: Path, imported: list[str], name: str) -> None:
    if "." in name:
        (tmp_path / name).touch()
    else:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    (tmp_path / "app.py").touch()
    ahead_of(tmp_path)
    assert {"tornkit.appload.load", "tornkit.cli.routes.listing"} <= set(imported)
    assert {"tornkit.routing.checks.handlers", "json", "rich.tree", "tempfile"} <= set(imported)
    assert not any(each.startswith(("tornkit.serve", "tornkit.engine")) for each in imported)


@pytest.mark.parametrize(
    "name",
    [
        "app.py",
        "tornado",  # taken on purpose: the program brings its own (`own_tornado`)
        "tornkit.py",
        "__main__.py",
        ".git",
        "my_queue.py",
        "queue.txt",
        "locale",  # a folder of translations
        "Queue.py",
    ],
)
def test_a_folder_that_takes_none(tmp_path: Path, imported: list[str], name: str) -> None:
    """Most folders take none, and 100 ms are saved."""
    (tmp_path / name).mkdir() if name == "locale" else (tmp_path / name).touch()
    ahead_of(tmp_path)
    assert imported == []


def test_a_folder_that_can_not_be_read(tmp_path: Path, imported: list[str]) -> None:
    ahead_of(tmp_path / "none")
    ahead_of(Path(__file__))
    assert imported == []


def test_all_that_is_named_is_there(tmp_path: Path) -> None:
    """This version of each library has all of it; in another one a name may be missing."""
    (tmp_path / "queue.py").touch()
    missing = {"rich.console", "rich.tree", "tornkit.routing.findings.rewrite"} - set(sys.modules)
    ahead_of(tmp_path)
    assert missing <= set(sys.modules)
