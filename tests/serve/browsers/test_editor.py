"""The command that shows a line in each sort of editor, and which editor is taken."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tornkit.serve.browsers import editor


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vscode", ["code", "-g", "/a b.py:3"]),
        ("/usr/bin/code --wait", ["/usr/bin/code", "-g", "/a b.py:3"]),
        ("subl -n -w", ["subl", "-n", "/a b.py:3"]),
        ("pycharm", ["pycharm", "--line", "3", "/a b.py"]),
        ("gvim -f", ["gvim", "+3", "/a b.py"]),
        ("emacs", ["emacsclient", "-n", "+3", "/a b.py"]),
        ("'my editor' {line}:{file}", ["my editor", "3:/a b.py"]),
        ("vim {file}", ["vim", "/a b.py"]),
        ("vim", None),
        ("nano", None),
        ("", None),
        ("'", None),
    ],
)
def test_its_own_convention(name: str, expected: list[str] | None) -> None:
    assert editor.command(name, "/a b.py", 3) == expected


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An editor that writes down how it was called."""
    path = tmp_path / "subl"
    path.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/called\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return path


def test_which_one(fake: Path) -> None:
    assert editor.chosen("subl", {}) == "subl"
    assert editor.chosen(None, {"VISUAL": "subl -w", "EDITOR": "vim"}) == "subl -w"
    assert editor.chosen(None, {"VISUAL": "vim", "EDITOR": "subl"}) == "subl"
    assert editor.chosen("no-such-editor {file}", {}) is None
    assert editor.chosen(None, {"EDITOR": "vim"}) is None
    assert editor.chosen(None, {}) is None


def test_a_line_is_shown(fake: Path, tmp_path: Path) -> None:
    pid = editor.open_line("subl", "/src/a.py", 3)
    assert pid is not None
    assert os.waitpid(pid, 0)[1] == 0
    assert (tmp_path / "called").read_text() == "/src/a.py:3\n"


def test_what_is_no_file_or_no_editor_with_a_window(fake: Path) -> None:
    assert editor.open_line("subl", "relative.py", 3) is None
    assert editor.open_line("subl", "<string>", 3) is None
    assert editor.open_line("vim", "/src/a.py", 3) is None
    with pytest.raises(OSError, match="No such file"):
        editor.open_line("no-such-editor {file}", "/src/a.py", 3)
