"""docs/testing.md: its files are written, its commands run, and all its tests pass."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"(?:<!-- (file|exit|shown): (.+?) -->\n)?```(\w+)\n(.*?)```", re.DOTALL)
BLOCKS = [match.groups() for match in _BLOCK.finditer(PAGE)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for directive, name, _, text in BLOCKS:
        if directive == "file":
            (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(project: Path, *arguments: str) -> tuple[int, str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")
    }
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env={**environment, "NO_COLOR": "1", "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=55,
        check=False,
    )
    return done.returncode, done.stdout


def normal(text: str) -> list[str]:
    """Lines that are not empty, without durations."""
    lines = (re.sub(r"\d+\.\d+s", "N s", line.strip()) for line in text.splitlines())
    return [line for line in lines if line]


def is_shown(shown: list[str], printed: list[str]) -> bool:
    """Whether lines are those of the page, where ``...`` stands for any number of them."""
    pattern = "".join(
        r"(?:[^\n]*\n)*?" if line == "..." else f"{re.escape(line)}\n" for line in shown
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


def test_no_block_is_overlooked() -> None:
    assert len(BLOCKS) == PAGE.count("```") / 2
    for directive, _, language, text in BLOCKS:
        assert directive in {"file", "shown"} or language == "console", text


COMMANDS = [
    pytest.param(*text.partition("\n")[::2], int(value) if directive == "exit" else 0)
    for directive, value, language, text in BLOCKS
    if language == "console"
]


@pytest.mark.thorough
@pytest.mark.parametrize(("command", "shown", "code"), COMMANDS)
def test_commands_print_what_is_shown(project: Path, command: str, shown: str, code: int) -> None:
    words = command.removeprefix("$ python ").split()
    exit_code, printed = run(project, *words)
    assert exit_code == code, printed
    assert is_shown(normal(shown), normal(printed)), printed


@pytest.mark.thorough
def test_the_tests_of_the_page_pass_without_a_warning(project: Path) -> None:
    (project / "test_broken.py").unlink()
    code, printed = run(project, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider")
    assert code == 0, printed
    assert "22 passed" in printed
