"""``tornkit new`` as a user meets it: output, exit codes, settings."""

from __future__ import annotations

import re
import shutil
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.nasty_text import FILE_NAME, disobedient
from tornkit.cli import tornkit
from tornkit.scaffold import answers, catalogue


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*arguments: str, **variables: str) -> Result:
    return CliRunner().invoke(tornkit, ["new", *arguments], env=variables, prog_name="tornkit")


def count(folder: Path) -> int:
    return len([path for path in folder.rglob("*") if path.is_file()])


def test_writes_the_project_and_says_what_is_next(here: Path) -> None:
    result = new("demo")
    assert result.exit_code == 0, result.output
    assert (here / "demo" / "demo" / "routes.py").is_file()
    first, empty, heading, *steps = result.stdout.splitlines()
    assert first == f"Wrote {count(here / 'demo')} files to demo: site"
    assert (empty, heading) == ("", "Next:")
    assert len(steps) == 3
    assert steps[0] == "  cd demo"
    assert steps[-1].endswith("tornkit serve")
    assert result.stderr == ""


def test_the_template_and_what_is_added(here: Path) -> None:
    result = new("demo", "--template", "api", "--with", "docker,nginx", "--with", "k8s")
    assert "files to demo: api with docker, k8s, nginx\n" in result.stdout
    given = answers.read(here / "demo")
    assert given.template == "api"
    assert given.features == {"docker", "k8s", "nginx"}
    assert (here / "demo" / "Dockerfile").is_file()


@pytest.mark.parametrize("template", catalogue.TEMPLATES)
def test_the_same_each_time(here: Path, template: str) -> None:
    for folder in ("one", "two"):
        assert new(f"{folder}/demo", "--template", template).exit_code == 0
    first, second = (
        {
            path.relative_to(here / folder): path.read_bytes()
            for path in (here / folder).rglob("*")
            if path.is_file() and path.name != ".env"
        }
        for folder in ("one", "two")
    )
    assert first == second


def test_a_secret_is_made_and_never_shown(here: Path) -> None:
    result = new("demo")
    env = here / "demo" / ".env"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    secret = re.findall(r"^COOKIE_SECRET=(.{40,})$", env.read_text(), re.M)[0]
    assert secret not in result.output
    assert ".env\n" in (here / "demo" / ".gitignore").read_text()
    for path in (here / "demo").rglob("*"):
        assert path == env or not path.is_file() or secret.encode() not in path.read_bytes()


@pytest.mark.parametrize("how", ["variable", "file"])
def test_settings(here: Path, how: str) -> None:
    if how == "variable":
        result = new("demo", TORNKIT_NEW_TEMPLATE="minimal", TORNKIT_NEW_WITH="docker,github k8s")
    else:
        (here / "pyproject.toml").write_text(
            '[tool.tornkit.new]\ntemplate = "minimal"\nwith = ["docker", "github,k8s"]\n'
        )
        result = new("demo")
    assert result.exit_code == 0, result.output
    given = answers.read(here / "demo")
    assert given.template == "minimal"
    assert given.features == {"docker", "github", "k8s"}


def test_a_setting_that_is_wrong_is_told_with_its_place(here: Path) -> None:
    (here / "pyproject.toml").write_text('[tool.tornkit.new]\ntemplate = "sit"\n')
    result = new("demo")
    assert result.exit_code == 2
    assert "did you mean site?; it is set by" in result.stderr
    assert "pyproject.toml:2" in result.stderr
    (here / "pyproject.toml").write_text('[tool.tornkit.new]\ntemplat = "site"\n')
    assert "did you mean template?" in new("demo").stderr


def test_path_is_shown_as_typed_and_quoted_for_the_shell(here: Path) -> None:
    result = new("my work/demo/")
    assert (here / "my work" / "demo" / "app.py").is_file()
    assert " files to my work/demo: site\n" in result.stdout
    assert "\n  cd 'my work/demo'\n" in result.stdout


def test_brackets_in_a_path_are_no_markup(here: Path) -> None:
    assert "cd '[bold]/demo'\n" in new("[bold]/demo").stdout


class TestCurrentFolder:
    @pytest.fixture(autouse=True)
    def board(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        (here / "my-board").mkdir()
        monkeypatch.chdir(here / "my-board")
        return here / "my-board"

    def test_it_names_the_project(self, board: Path) -> None:
        result = new(".")
        assert 'name = "my-board"' in (board / "pyproject.toml").read_text()
        assert "  cd " not in result.stdout

    def test_what_a_repository_begins_with_stays(self, board: Path) -> None:
        (board / "README.md").write_text("# Mine\n")
        (board / "LICENSE").write_text("mine\n")
        (board / ".gitignore").write_text("*.log\n")
        (board / ".git").mkdir()
        result = new(".")
        assert result.exit_code == 0, result.output
        assert "\n  merged with yours: .gitignore\n" in result.stdout
        assert "\n  yours, left as it is: README.md\n" in result.stdout
        assert (board / "README.md").read_text() == "# Mine\n"
        assert (board / ".gitignore").read_text().startswith("*.log\n\n.env\n")

    def test_a_dry_run_tells_it_before(self, board: Path) -> None:
        (board / "README.md").write_text("# Mine\n")
        (board / ".gitignore").write_text("*.log\n")
        result = new(".", "--dry-run")
        assert result.exit_code == 0
        assert re.search(r"^├── README\.md +yours is kept$", result.stdout, re.M)
        assert re.search(r"^├── \.gitignore +merged$", result.stdout, re.M)
        assert re.search(r"^├── \.env +with a secret of its own$", result.stdout, re.M)
        assert sorted(path.name for path in board.iterdir()) == [".gitignore", "README.md"]


def in_the_way(here: Path) -> Path:
    (here / "demo").mkdir()
    (here / "demo" / "app.py").write_text("mine")
    return here / "demo" / "app.py"


def test_conflicts_are_listed(here: Path) -> None:
    in_the_way(here)
    for arguments in (["demo"], ["demo", "--dry-run"]):
        result = new(*arguments)
        assert result.exit_code == 1
        assert "1 file is in the way" in result.stderr
        assert "  demo/app.py\n" in result.stderr
        assert [path.name for path in (here / "demo").iterdir()] == ["app.py"]
    assert re.search(r"── app\.py +yours is in the way$", result.stdout, re.M)


@pytest.mark.parametrize("how", ["option", "variable"])
def test_force(here: Path, how: str) -> None:
    file = in_the_way(here)
    result = new("demo", "--force") if how == "option" else new("demo", TORNKIT_NEW_FORCE="1")
    assert result.exit_code == 0
    assert "\n  overwritten: app.py\n" in result.stdout
    assert file.read_text() != "mine"


def test_skip_existing(here: Path) -> None:
    file = in_the_way(here)
    result = new("demo", "--skip-existing")
    assert result.exit_code == 0
    assert "\n  yours, left as it is: app.py\n" in result.stdout
    assert file.read_text() == "mine"
    assert answers.read(here / "demo").kept == ("app.py",)


def test_both_are_too_much(here: Path) -> None:
    result = new("demo", "--force", "--skip-existing")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


def test_a_project_is_not_made_twice(here: Path) -> None:
    new("demo")
    result = new("demo")
    assert result.exit_code == 2
    assert "demo is a project already" in result.stderr


def test_dry_run_shows_a_tree_and_writes_nothing(here: Path) -> None:
    result = new("demo", "--dry-run", "--template", "minimal")
    assert result.exit_code == 0
    headline, root, *rows = result.stdout.splitlines()
    assert re.fullmatch(r"Would write \d+ files to demo", headline)
    assert root == "demo/"
    assert "├── tests/" in rows
    assert "│   └── test_app.py" in rows
    assert "Next:" not in result.stdout
    assert not list(here.iterdir())


@pytest.mark.parametrize("name", ["", "json", "tornado", "1st", "class", "a b", "/"])
def test_bad_name_is_one_line_and_exit_2(here: Path, name: str) -> None:
    result = new(name)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert not list(here.iterdir())


def test_file_in_the_way_is_one_line_and_exit_1(here: Path) -> None:
    (here / "demo").touch()
    result = new("demo", "--force")
    assert (result.exit_code, result.stderr) == (
        1,
        "error: demo exists and is no folder: move it away\n",
    )


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_git(here: Path) -> None:
    result = new("demo", "--git")
    assert (here / "demo" / ".git" / "HEAD").is_file()
    assert "\nMade it a git repository\n" in result.stdout
    new("other")
    assert not (here / "other" / ".git").exists()
    (here / "third" / ".git").mkdir(parents=True)
    assert "git repository" not in new("third", "--git").stdout


def test_git_where_there_is_none(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    result = new("demo", "--git")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert not list(here.iterdir())


def test_help_shows_templates_and_examples_as_they_are_typed() -> None:
    text = new("--help").stdout
    assert "\n    tornkit new demo\n    tornkit new ~/src/my-board --template" in text
    rows = [(each.name, each.summary) for each in catalogue.TEMPLATES.values()]
    rows += [(each.name, each.summary) for each in catalogue.FEATURES.values()]
    for name, summary in rows:
        assert re.search(rf"^ +{name} +{re.escape(summary)}$", text, re.M)


def test_no_escape_codes_in_a_pipe() -> None:
    assert "\x1b" not in new("demo").output


def test_a_folder_whose_name_a_terminal_would_obey(here: Path) -> None:
    for result in (new(f"{FILE_NAME}/demo"), new(f"{FILE_NAME}/demo")):
        assert disobedient(result.stdout + result.stderr) == set()
        assert r"\x1b]0;title\x07" in result.stdout + result.stderr
    assert (here / FILE_NAME / "demo" / "app.py").is_file()
    assert result.exit_code == 2, "the second time it is there"
