"""The entry for pre-commit: what it runs is a command that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.routes.checked import Project
from tornkit.cli import routes

HOOKS = (Path(__file__).resolve().parents[3] / ".pre-commit-hooks.yaml").read_text()


def value_of(key: str) -> str:
    [value] = re.findall(rf"^(?:- |  ){key}: (.*)$", HOOKS, re.MULTILINE)
    assert isinstance(value, str)
    return value


def test_its_name_is_the_one_that_readme_tells() -> None:
    readme = Path(__file__).resolve().parents[3] / "README.md"
    assert f"the hook `{value_of('id')}`" in " ".join(readme.read_text(encoding="utf-8").split())


def test_it_runs_in_the_applications_own_environment() -> None:
    assert value_of("language") == "system"
    assert value_of("pass_filenames") == "false"


def test_what_it_runs_checks(project: Project) -> None:
    program, command, *arguments = value_of("entry").split()
    assert (program, command) == ("tornkit", routes.command.name)
    assert project.run(*arguments).stdout.startswith("All is well")
    project.break_a_name()
    assert project.run(*arguments).exit_code == 1


@pytest.mark.parametrize(
    ("file", "runs"),
    [("app.py", True), ("templates/a.html", True), ("style.css", False), ("a.pyc", False)],
)
def test_when_it_runs(file: str, runs: bool) -> None:
    assert bool(re.search(value_of("files"), file)) is runs
