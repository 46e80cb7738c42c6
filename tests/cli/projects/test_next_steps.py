"""What a new user is told to type."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tornkit.cli.projects import next_steps
from tornkit.scaffold import installed, plan

Steps = Callable[..., list[str]]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Steps:
    def found(target: str, *, uv: bool = False, ready: bool = False) -> list[str]:
        real = shutil.which
        which = {"uv": "/bin/uv" if uv else None}
        monkeypatch.setattr(
            shutil, "which", lambda name: which[name] if name in which else real(name)
        )
        monkeypatch.setattr(next_steps, "is_in_active_environment", lambda: ready)
        monkeypatch.setattr(installed, "has_all", lambda text: "[project]" in text)
        monkeypatch.setattr(next_steps, "python_command", lambda: "python3")
        monkeypatch.chdir(tmp_path)
        return next_steps.next_steps(plan.plan(target, "minimal", frozenset(), "tornkit>=0"))

    return found


def test_with_pip(steps: Steps) -> None:
    assert steps("demo") == [
        "cd demo",
        "python3 -m venv --upgrade-deps .venv && .venv/bin/pip install -e . --group dev",
        ".venv/bin/tornkit serve",
    ]


def test_with_uv(steps: Steps) -> None:
    assert steps("demo", uv=True) == ["cd demo", "uv sync", "uv run tornkit serve"]


def test_in_an_environment_that_has_it_all(steps: Steps) -> None:
    assert steps("demo", ready=True) == ["cd demo", "tornkit serve", "python -m pytest"]


def test_in_this_folder(steps: Steps, tmp_path: Path) -> None:
    (tmp_path / "my-board").mkdir()
    assert steps("my work/demo")[0] == "cd 'my work/demo'"
    lines = steps("./demo", uv=True)
    assert lines[0] == "cd demo"


def test_here(steps: Steps, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = tmp_path / "my-board"
    here.mkdir()
    planned = plan.plan(str(here), "minimal", frozenset(), "tornkit>=0")
    steps("demo", uv=True)
    here_plan = type(planned)(planned.answers, ".", planned.root, planned.files)
    assert next_steps.next_steps(here_plan) == ["uv sync", "uv run tornkit serve", "uv run pytest"]


@pytest.mark.parametrize("version", ["old", "new", "missing"])
def test_python_that_is_named_is_new_enough(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if version != "missing":
        python = tmp_path / "python3"
        python.write_text(f"#!/bin/sh\nexit {0 if version == 'new' else 1}\n")
        python.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    command = next_steps.python_command()
    assert (command == "python3") is (version == "new")
    if version != "new":
        done = subprocess.run(
            [command, "-c", "import sys; print(sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == str(sys.version_info[:2])


def test_an_active_environment_is_one_whose_commands_are_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tornkit").touch(0o755)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]]))
    assert next_steps.is_in_active_environment()
    monkeypatch.setenv("PATH", "/nowhere")
    assert not next_steps.is_in_active_environment()
    monkeypatch.delenv("VIRTUAL_ENV")
    assert not next_steps.is_in_active_environment()
