"""Paths keep the names that lead through links; ``python`` itself is the judge of a program's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tornkit.appload import locate
from tornkit.appload.links import by_name, working_folder
from tornkit.appload.load import find_attribute
from tornkit.appload.program import run_program
from tornkit.errors import NoSuchModule

Write = Callable[..., Path]

PROGRAM = """
import json, sys
if __name__ == "__main__":
    import beside
    names = [__file__, sys.argv, sys.path[0], beside.__file__, __package__, __spec__, __cached__]
    print(json.dumps([*names, sys.modules["__main__"].__dict__ is globals()]))
"""


@pytest.fixture
def releases(here: Path, write: Write) -> Path:
    """``current -> releases/1``, in which ``latest.py -> lib/app.py``."""
    for number in (1, 2):
        write(f"releases/{number}/app.py", PROGRAM)
        write(f"releases/{number}/beside.py")
        write(f"releases/{number}/lib/app.py", PROGRAM)
        write(f"releases/{number}/lib/beside.py")
        write(f"releases/{number}/web.py", "app = 1")
        (here / f"releases/{number}/latest.py").symlink_to("lib/app.py")
    (here / "current").symlink_to("releases/1")
    return here


@pytest.mark.parametrize(
    ("folder", "word", "shell"),
    [
        (".", "current/app.py", True),
        ("current", "./app.py", True),
        ("current", "latest.py", False),
        ("current/lib", "../app.py", True),
    ],
)
def test_a_program_sees_what_it_sees_by_plain_python(
    releases: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    clean_process: None,
    folder: str,
    word: str,
    shell: bool,
) -> None:
    word = word.format(here=releases)
    place = releases / folder
    monkeypatch.chdir(place)
    monkeypatch.setenv("PWD", str(place) if shell else str(place.resolve()))
    plain = subprocess.run([sys.executable, word, "x"], capture_output=True, check=True, text=True)
    monkeypatch.setattr(sys, "argv", ["tornkit"])
    monkeypatch.delitem(sys.modules, "beside", raising=False)
    run_program(by_name(locate(word, arguments=("x",)), word))
    assert json.loads(capsys.readouterr().out) == json.loads(plain.stdout)


@pytest.mark.parametrize(
    ("folder", "word", "expected"),
    [
        (".", "current/app.py", ("current/app.py", "current", "current")),
        (".", "current/lib/app.py", ("current/lib/app.py", "current/lib", "current/lib")),
        (".", "current/web.py:app", ("current/web.py", "current", "current")),
        (".", "current", ("current/app.py", "current", "current")),
        ("current", "app.py", ("current/app.py", "current", "current")),
        ("current", None, ("current/app.py", "current", "current")),
        ("current", "web:app", (None, "current", "current")),
        # The link of a file is one: what is beside it is in another folder.
        ("current", "latest.py", ("current/latest.py", "releases/1/lib", "releases/1/lib")),
        (".", "releases/1/app.py", ("releases/1/app.py", "releases/1", "releases/1")),
    ],
)
def test_paths(
    releases: Path,
    monkeypatch: pytest.MonkeyPatch,
    folder: str,
    word: str | None,
    expected: tuple[str | None, str, str],
) -> None:
    monkeypatch.chdir(releases / folder)
    monkeypatch.setenv("PWD", str(releases / folder))
    target = by_name(locate(word), word)
    path, root, project = expected
    assert target.path == (None if path is None else str(releases / path))
    assert (target.import_root, target.project) == (str(releases / root), str(releases / project))


def test_what_is_under_no_link_stays(
    here: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("app.py", "app = 1")
    monkeypatch.setenv("PWD", "/nowhere")
    assert by_name(locate("app.py"), "app.py") == locate("app.py")
    assert by_name(locate("-m"), None) == locate("-m")


def test_files_that_can_not_be_read_by_then(
    here: Path, write: Write, monkeypatch: pytest.MonkeyPatch, clean_process: None
) -> None:
    """It is one line: no code has run that a traceback could tell of."""
    program = by_name(locate(str(write("tool.py", PROGRAM))), None)
    application = locate(str(write("shut_app.py", "app = 1")))
    monkeypatch.setattr(sys, "argv", ["tornkit"])

    def refuse(*args: object) -> bytes:
        raise PermissionError(13, "Permission denied", args[-1])

    monkeypatch.setattr("io.open_code", refuse)
    monkeypatch.setattr("importlib.machinery.SourceFileLoader.get_data", refuse)
    with pytest.raises(NoSuchModule) as refusal:
        run_program(program)
    assert str(refusal.value) == f"{here / 'tool.py'} can't be read: Permission denied"
    with pytest.raises(NoSuchModule) as refusal:
        find_attribute(application)
    assert str(refusal.value) == f"{here / 'shut_app.py'} can't be read: Permission denied"


@pytest.mark.parametrize("pwd", ["", "relative", "/nowhere", "/"])
def test_a_wrong_pwd_is_not_believed(here: Path, monkeypatch: pytest.MonkeyPatch, pwd: str) -> None:
    monkeypatch.setenv("PWD", pwd)
    assert working_folder() == str(here)
