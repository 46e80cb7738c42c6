"""Questions of `tornkit new`, on a real terminal and where there is none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.cli.projects.pty_session import CTRL_C, environment, in_terminal
from tornkit.cli.projects import questions
from tornkit.scaffold import answers

TEMPLATE = "Number or name [site]: "
GIT = "Make it a git repository? [Y/n]: "
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


@needs_git
def test_both_are_asked_on_a_terminal(tmp_path: Path) -> None:
    code, seen = in_terminal(tmp_path, ["new", "demo"], [(TEMPLATE, "1\n"), (GIT, "\n")])
    assert code == 0, seen
    assert "What is demo to be?\n  1  minimal   one file and a test\n  2  site  " in seen
    assert answers.read(tmp_path / "demo").template == "minimal"
    assert (tmp_path / "demo" / ".git").is_dir()
    assert "Made it a git repository" in seen


@needs_git
def test_a_wrong_answer_is_asked_again(tmp_path: Path) -> None:
    told = [
        (TEMPLATE, "9\n"),
        ("there is no template '9'", ""),
        (TEMPLATE, "real\n"),
        (GIT, "n\n"),
    ]
    code, seen = in_terminal(tmp_path, ["new", "demo"], told)
    assert code == 0, seen
    assert answers.read(tmp_path / "demo").template == "realtime"
    assert not (tmp_path / "demo" / ".git").exists()


def test_ctrl_c_writes_nothing(tmp_path: Path) -> None:
    code, seen = in_terminal(tmp_path, ["new", "demo"], [(TEMPLATE, CTRL_C)])
    assert code == 1
    assert "Traceback" not in seen
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["new", "demo", "--yes"],
        ["new", "demo", "--template", "site", "--no-git"],
        ["new", "demo", "--dry-run"],
    ],
    ids=" ".join,
)
def test_nothing_is_asked_that_is_said(tmp_path: Path, arguments: list[str]) -> None:
    code, seen = in_terminal(tmp_path, arguments, [])
    assert code == 0, seen
    assert "?" not in seen
    assert not (tmp_path / "demo" / ".git").exists()


def test_a_bad_name_is_refused_before_a_question(tmp_path: Path) -> None:
    code, seen = in_terminal(tmp_path, ["new", "1st"], [])
    assert (code, "try app-1st" in seen, "?" in seen) == (2, True, False)


@needs_git
def test_a_repository_is_not_offered_within_one(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    code, seen = in_terminal(tmp_path, ["new", "demo", "--template", "minimal"], [])
    assert (code, GIT in seen) == (0, False)


def test_nothing_is_asked_in_a_pipe(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tornkit", "new", "demo"],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "?" not in done.stdout + done.stderr
    assert answers.read(tmp_path / "demo").template == "site"
    assert not (tmp_path / "demo" / ".git").exists()


@pytest.mark.parametrize(
    ("answer", "template"),
    [("1", "minimal"), ("4", "realtime"), (" Site ", "site"), ("mini", "minimal")],
)
def test_answers(answer: str, template: str) -> None:
    assert questions._template(answer) == template


@pytest.mark.parametrize("answer", ["0", "5", "", "x", "²"])
def test_no_answers(answer: str) -> None:
    with pytest.raises(click.UsageError, match="there is no template"):
        questions._template(answer)
