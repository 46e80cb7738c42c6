"""``tornkit new`` as a user meets it: output, exit codes, environment variables."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.nasty_text import FILE_NAME, disobedient
from tornkit.cli import tornkit


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*arguments: str, **variables: str) -> Result:
    return CliRunner().invoke(tornkit, ["new", *arguments], env=variables, prog_name="tornkit")


def test_writes_the_project_and_says_what_is_next(here: Path) -> None:
    result = new("demo")
    assert result.exit_code == 0
    assert (here / "demo" / "app.py").is_file()
    assert result.stdout.splitlines() == [
        "Wrote 17 files to demo",
        "  .dockerignore  .env.example  .gitignore  Dockerfile  README.md  app.py  handlers.py"
        "  pyproject.toml  settings.py",
        "  static/     favicon.ico  robots.txt  style.css",
        "  templates/  base.html  error.html  index.html",
        "  tests/      __init__.py  test_app.py",
        "",
        "Next:",
        "  cd demo && tornkit serve",
        "  python -m unittest",
    ]
    assert result.stderr == ""


def test_path_is_shown_as_typed_and_quoted_for_the_shell(here: Path) -> None:
    result = new("my work/demo/")
    assert (here / "my work" / "demo" / "app.py").is_file()
    assert "Wrote 17 files to my work/demo\n" in result.stdout
    assert "cd 'my work/demo' && tornkit serve" in result.stdout


def test_brackets_in_a_path_are_no_markup(here: Path) -> None:
    assert "cd '[bold]/demo' && " in new("[bold]/demo").stdout


def test_current_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "my-board").mkdir()
    monkeypatch.chdir(here / "my-board")
    result = new(".")
    assert '"my-board"' in (here / "my-board" / "pyproject.toml").read_text()
    assert "Next:\n  tornkit serve\n" in result.stdout


def test_conflicts_are_listed(here: Path) -> None:
    (here / "demo").mkdir()
    (here / "demo" / "app.py").write_text("mine")
    for arguments in (["demo"], ["demo", "--dry-run"]):
        result = new(*arguments)
        assert result.exit_code == 1
        assert result.stdout == ""
        assert "1 file would be overwritten" in result.stderr
        assert "  demo/app.py\n" in result.stderr
        assert [path.name for path in (here / "demo").iterdir()] == ["app.py"]


@pytest.mark.parametrize("how", ["option", "variable"])
def test_force(here: Path, how: str) -> None:
    (here / "demo").mkdir()
    (here / "demo" / "app.py").write_text("mine")
    result = new("demo", "--force") if how == "option" else new("demo", TORNKIT_NEW_FORCE="1")
    assert result.exit_code == 0
    assert "17 files to demo, 1 of them over existing ones" in result.stdout
    assert "make_app" in (here / "demo" / "app.py").read_text()


def test_dry_run_writes_nothing(here: Path) -> None:
    result = new("demo", "--dry-run")
    assert result.exit_code == 0
    assert result.stdout.startswith("Would write 17 files to demo\n")
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


def test_help_shows_examples_as_they_are_typed() -> None:
    text = new("--help").stdout
    assert "\n    tornkit new demo\n    tornkit new ~/src/my-board\n" in text


def test_no_escape_codes_in_a_pipe() -> None:
    assert "\x1b" not in new("demo").output


def test_a_folder_whose_name_a_terminal_would_obey(here: Path) -> None:
    for result in (new(f"{FILE_NAME}/demo"), new(f"{FILE_NAME}/demo")):
        assert disobedient(result.stdout + result.stderr) == set()
        assert r"\x1b]0;title\x07" in result.stdout + result.stderr
    assert (here / FILE_NAME / "demo" / "app.py").is_file()
    assert result.exit_code == 1, "the second time it is there"
