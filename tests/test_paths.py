"""Files of a person's that can't be read: one line with the path, and never a traceback."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tornkit.cli import tornkit
from tornkit.paths import expanded, real_path, shown_path
from tornkit.serve.config import ServeConfig
from tornkit.serve.supervisor.envfile import EnvironmentFile


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an application, and beside it what is no file that can be read."""
    here = tmp_path.resolve() / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("PWD", str(here))
    (here / "web.py").write_text("app = 1\n")
    (here / ".#lock.py").symlink_to("somebody@host.1234")
    (here / "folder.py").mkdir()
    (here / "loop.py").symlink_to("loop.py")
    os.mkfifo(here / "pipe.py")
    return here


@pytest.fixture
def denied(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Paths that can't be looked at, nor what is below them: root may do all, so it is played."""
    denied: set[str] = set()

    def checked(call: Callable[..., object]) -> Callable[..., object]:
        def checking(path: object, *args: object, **options: object) -> object:
            if any(str(path) == each or str(path).startswith(f"{each}/") for each in denied):
                raise PermissionError(13, "Permission denied", str(path))
            return call(path, *args, **options)

        return checking

    for name in ("stat", "lstat", "scandir", "listdir"):
        monkeypatch.setattr(os, name, checked(getattr(os, name)))
    monkeypatch.setattr("io.open", checked(open))
    return denied


@pytest.fixture
def configs(monkeypatch: pytest.MonkeyPatch) -> list[ServeConfig]:
    """What would have been served."""
    configs: list[ServeConfig] = []

    def run(config: ServeConfig, *args: object, **options: object) -> int:
        configs.append(config)
        return 0

    monkeypatch.setattr("tornkit.serve.run.run", run)
    return configs


def said(*words: str) -> tuple[int, str]:
    """The exit code of the command line and what it said, which has to be one line."""
    done = CliRunner().invoke(tornkit, words)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    (line,) = done.output.splitlines()
    return done.exit_code, line.removeprefix("error: ")


@pytest.mark.parametrize("command", ["serve", "routes"])
@pytest.mark.parametrize(
    ("word", "code", "line"),
    [
        (".#lock.py", 1, "there is no file .#lock.py (looked in {here})"),
        ("loop.py", 1, "there is no file loop.py (looked in {here})"),
        ("pipe.py", 1, "there is no file pipe.py (looked in {here})"),
        ("folder.py:app", 2, "folder.py is a folder; name the file: folder.py/app.py:app"),
        ("~nobody.at.all/app.py", 2, "~nobody.at.all/app.py: there is no such home folder"),
        (f"{'x' * 300}.py", 1, f"File name too long ({{here}}/{'x' * 300}.py)"),
    ],
)
def test_no_file_to_run(here: Path, command: str, word: str, code: int, line: str) -> None:
    assert said(command, word) == (code, line.format(here=here))


def test_what_is_beside_does_no_harm(here: Path) -> None:
    """Nobody has named those files: they are passed over where a program is looked for."""
    (here / "tool.py").write_text("if __name__ == '__main__': pass\n")
    code, line = said("serve")
    assert code == 1
    assert line.endswith("There is a program to name: tool.py.")


def test_a_file_that_is_closed(here: Path, denied: set[str]) -> None:
    denied.add(str(here / "web.py"))
    assert said("serve", "web.py") == (1, f"Permission denied ({here}/web.py)")


def test_a_closed_folder_above(here: Path, denied: set[str], configs: list[ServeConfig]) -> None:
    """Another user's home: what may be in it is not for this project."""
    denied.add(str(here.parent / "pyproject.toml"))
    assert CliRunner().invoke(tornkit, ["serve", "web.py:app"]).exit_code == 0
    assert len(configs) == 1


@pytest.mark.parametrize("option", ["--env-file", "--watch", "--certfile"])
def test_options(here: Path, denied: set[str], option: str) -> None:
    path = "~nobody.at.all/x"
    assert said("serve", "web.py", option, path) == (2, f"{path}: there is no such home folder")
    _, line = said("serve", "web.py", option, "loop.py")
    assert line.startswith(f"{option} {here}/loop.py: there is no such file")
    (here / "closed").mkdir()
    denied.add(str(here / "closed"))
    _, line = said("serve", "web.py", option, "closed/x")
    assert line == f"Permission denied ({here}/closed/x)"


def test_options_by_name(here: Path, configs: list[ServeConfig]) -> None:
    """A link that is turned leads elsewhere: they are followed when they are used."""
    (here / "1").mkdir()
    (here / "1" / ".env").touch()
    (here / "current").symlink_to("1")
    for word in ("current", "./current/../current"):
        CliRunner().invoke(
            tornkit, ["serve", "web.py:app", "--watch", word, "--env-file", "current/.env"]
        )
    assert [config.env_file for config in configs] == [here / "current/.env"] * 2
    assert [config.watch for config in configs] == [(here / "current",), (here / "1",)]


@pytest.mark.parametrize("command", [["serve"], ["serve", "app.py"], ["routes"], ["new", "x"]])
def test_the_current_folder_is_gone(here: Path, command: list[str]) -> None:
    gone = here / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    code, line = said(*command)
    assert code == 1
    assert line.startswith("the current folder was removed")


def test_an_env_file_that_is_closed_meanwhile(here: Path, denied: set[str]) -> None:
    path = here / "a.env"
    path.write_text("export A\nB=1 # a comment\nC\n")
    file = EnvironmentFile(path)
    assert file.environment()["B"] == "1"
    denied.add(str(path))
    assert file.environment()["B"] == "1"


def test_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert expanded("~/x") == Path("/somewhere/x")


def test_a_real_path_is_without_links(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "there")
    assert real_path(str(tmp_path / "link")) == str(tmp_path.resolve() / "there")


def test_a_link_that_goes_away_while_it_is_read_is_known_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "there")

    def gone(path: str) -> str:
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), path)

    monkeypatch.setattr(os, "readlink", gone)
    assert real_path(str(link)) == str(link)


def test_a_file_below_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown_path(f"{tmp_path}/shop/app.py") == "shop/app.py"
    assert shown_path("/elsewhere/app.py") == "/elsewhere/app.py"
