"""Projects made of a few lines, and a process left as it was found."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tornado import autoreload, netutil, process, tcpserver

from tornkit import seams

Write = Callable[..., Path]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: empty, with no pyproject.toml above it."""
    folder = (tmp_path / "here").resolve()
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def write(here: Path) -> Write:
    """``write("web/app.py", "...")`` makes a file in the current folder."""

    def write(name: str, text: str = "") -> Path:
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return write


@pytest.fixture
def clean_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undo what loading an application does to the process: imports, sys.path, Tornado's names."""
    for module in (autoreload, netutil, process, tcpserver, seams):
        for name, value in tuple(vars(module).items()):
            if not name.startswith("__"):
                monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = dict(sys.modules)
    yield
    for name in sys.modules.keys() - before.keys():
        if not name.startswith("tornkit."):
            del sys.modules[name]
