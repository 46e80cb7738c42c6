"""Files for editors and for pre-commit: strict JSON, and commands and paths that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scaffold.deploying.projects import (
    PACKAGE,
    each_template,
    files,
    judge,
    text,
    tool,
    with_store,
)

SET_UP = "python3 -m venv --upgrade-deps .venv && .venv/bin/pip install -e . --group dev"


def settings(name: str, template: str = "site") -> Any:
    return json.loads(text(f".vscode/{name}.json", template, "vscode"))


@each_template
def test_the_debugger_starts_what_there_is(template: str) -> None:
    paths = {str(file.path) for file in files(template, "vscode")}
    for configuration in settings("launch", template)["configurations"]:
        assert configuration["type"] == "debugpy"
        if program := configuration.get("program"):
            assert program.removeprefix("${workspaceFolder}/") in paths
        else:
            assert configuration["module"] in ("tornkit", "pytest")


@each_template
def test_tasks_run_what_the_environment_has(template: str) -> None:
    tasks = settings("tasks", template)["tasks"]
    commands = [part for task in tasks for part in task["command"].split(" && ")]
    programs = {command.split()[0] for command in commands}
    environment = {"tornkit", "pytest", "ruff", "mypy"} | (
        {"python"} if template in with_store else set()
    )
    assert programs == {f".venv/bin/{name}" for name in environment}
    assert {task["label"] for task in tasks} >= {"serve", "test", "check"}


def test_extensions_are_those_that_the_settings_need() -> None:
    recommended = settings("extensions")["recommendations"]
    assert recommended == sorted(recommended)
    assert settings("settings")["[python]"]["editor.defaultFormatter"] in recommended


@each_template
def test_the_container_sets_the_project_up(template: str) -> None:
    container = json.loads(text(".devcontainer/devcontainer.json", template, "devcontainer"))
    assert container.keys() == {"name", "image", "postCreateCommand", "forwardPorts"} | {
        *("portsAttributes", "customizations")
    }
    migrate = f" && .venv/bin/python -m {PACKAGE}.migrate" if template in with_store else ""
    assert container["postCreateCommand"] == SET_UP + migrate
    assert container["forwardPorts"] == [8888]


@each_template
def test_pre_commit_runs_what_the_workflow_runs(template: str) -> None:
    document = yaml.safe_load(text(".pre-commit-config.yaml", template, "pre-commit"))
    (repository,) = document["repos"]
    assert repository["repo"] == "local"
    hooks = {re.sub(r"^\.venv/bin/| --fix$", "", hook["entry"]) for hook in repository["hooks"]}
    assert hooks == {"ruff check", "ruff format", "mypy", "tornkit routes --check"}
    assert all(hook["language"] == "system" for hook in repository["hooks"])


def test_pre_commit_is_content(tmp_path: Path) -> None:
    program = tool("pre-commit")
    path = tmp_path / "config.yaml"
    path.write_text(text(".pre-commit-config.yaml", "site", "pre-commit"))
    judge(program, "validate-config", path)
    path.write_text(path.read_text().replace("language:", "languages:"))
    with pytest.raises(AssertionError, match="language"):
        judge(program, "validate-config", path)
