"""``tornkit add`` as a user meets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.nasty_text import ARGUMENT, disobedient
from tests.scaffold.folders import fill, snapshot
from tornkit.cli import tornkit
from tornkit.scaffold import names, plan
from tornkit.scaffold.answers import Answers, read


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a new site."""
    given = Answers(names.parse("demo"), "site", frozenset(), "tornkit>=0")
    files = plan.files_of(given, plan.templates())
    folder = fill(tmp_path / "demo", {str(file.path): file.content for file in files})
    monkeypatch.chdir(folder)
    return folder


def add(*arguments: str) -> Result:
    return CliRunner().invoke(tornkit, ["add", *arguments], prog_name="tornkit")


class TestFeatures:
    @pytest.mark.parametrize("words", [["docker", "systemd"], ["docker,systemd"]])
    def test_they_are_added_and_shown(self, project: Path, words: list[str]) -> None:
        result = add(*words)
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith("Added docker, systemd:\n./\n")
        assert "── Dockerfile\n" in result.stdout
        assert (project / "Dockerfile").is_file()
        assert read(project).features == {"docker", "systemd"}
        result = add(*words)
        assert result.stdout == "There is nothing to add: the project has all of it\n"

    def test_one_that_needs_another_brings_it(self, project: Path) -> None:
        assert add("compose").stdout.startswith("Added compose, docker:\n")
        assert (project / "Dockerfile").is_file()
        assert read(project).features == {"compose", "docker"}

    def test_another_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert add("docker").exit_code == 2
        assert add("docker", "--project", "demo").exit_code == 0
        assert (tmp_path / "demo" / "Dockerfile").is_file()

    def test_a_dry_run_writes_nothing(self, project: Path) -> None:
        before = snapshot(project)
        assert add("docker", "--dry-run").stdout.startswith("Would add docker:\n")
        assert snapshot(project) == before

    def test_what_is_in_the_way(self, project: Path) -> None:
        fill(project, {"Dockerfile": "mine\n"})
        before = snapshot(project)
        result = add("docker")
        assert result.exit_code == 1
        assert result.stderr.endswith("\n  Dockerfile\n")
        assert snapshot(project) == before
        assert "── Dockerfile" in add("docker", "--skip-existing").stdout
        assert (project / "Dockerfile").read_text() == "mine\n"

    def test_force(self, project: Path) -> None:
        fill(project, {"Dockerfile": "mine\n"})
        assert add("docker", "--force").exit_code == 0
        assert (project / "Dockerfile").read_text() != "mine\n"


class TestHandler:
    def test_it_is_added_and_shown(self, project: Path) -> None:
        result = add("handler", "TodoList")
        assert result.exit_code == 0, result.output
        assert result.stdout.splitlines() == [
            "Added the handler:",
            "./",
            "├── demo/",
            "│   ├── handlers/",
            "│   │   └── todo_list.py",
            "│   ├── templates/",
            "│   │   └── todo-list.html",
            "│   └── routes.py  its route",
            "└── tests/",
            "    └── test_todo_list.py",
        ]
        assert 'r"/todo-list"' in (project / "demo" / "routes.py").read_text()

    def test_a_websocket_at_a_path(self, project: Path) -> None:
        result = add("handler", "ticker", "--websocket", "--path", "/ws/ticker")
        assert result.exit_code == 0, result.output
        assert 'url(r"/ws/ticker", TickerHandler' in (project / "demo" / "routes.py").read_text()
        assert "WebSocketHandler" in (project / "demo" / "handlers" / "ticker.py").read_text()

    def test_a_dry_run_writes_nothing(self, project: Path) -> None:
        before = snapshot(project)
        assert add("handler", "todo", "--dry-run").stdout.startswith("Would add the handler:\n")
        assert snapshot(project) == before

    def test_what_is_there_is_listed(self, project: Path) -> None:
        add("handler", "todo")
        before = snapshot(project)
        result = add("handler", "todo", "--path", "/other")
        assert result.exit_code == 1
        assert "\n  demo/handlers/todo.py\n" in result.stderr
        assert snapshot(project) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["ngnx"], "there is no addition 'ngnx': did you mean nginx?"),
        (["handlr"], "did you mean handler?"),
        (["docker", "--path", "/x"], "--path and --websocket are for"),
        (["docker", "--websocket"], "--path and --websocket are for"),
        (["handler"], "a handler needs one name"),
        (["handler", "a", "b"], "a handler needs one name"),
        (["handler", "1st"], "can't name a handler"),
        (["handler", "a", "--path", "x"], "it begins with /"),
        (["handler", "a", "--force"], "a handler is a new file"),
        (["docker", "--force", "--skip-existing"], "choose one"),
        ([], "missing argument"),
        ([ARGUMENT], "there is no addition"),
        (["handler", ARGUMENT], "can't name a handler"),
        (["handler", "a", "--path", ARGUMENT], "can't be a route's path"),
    ],
)
def test_mistakes_are_one_line(project: Path, words: list[str], told: str) -> None:
    before = snapshot(project)
    result = add(*words)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert disobedient(result.stderr) == set()
    assert snapshot(project) == before
