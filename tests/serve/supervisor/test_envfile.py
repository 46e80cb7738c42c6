"""Environment of a generation: the file's variables, ours, and which goes first.

One that is closed meanwhile is in `tests/test_paths.py`.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from dotenv import load_dotenv

from tornkit.errors import UsageError
from tornkit.serve.supervisor import envfile
from tornkit.serve.supervisor.envfile import EnvironmentFile


@pytest.fixture(autouse=True)
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the supervisor's own environment: two variables."""
    for name in list(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/home/ours")
    monkeypatch.setenv("EMPTY", "")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".env"


OURS = {"HOME": "/home/ours", "EMPTY": ""}


def environment(file: EnvironmentFile) -> dict[str, str]:
    """Read the environment, but for the variable that pytest sets anew for each test."""
    found = dict(file.environment())
    found.pop("PYTEST_CURRENT_TEST", None)
    return found


def test_without_a_file_it_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    file = EnvironmentFile(None)
    assert environment(file) == OURS
    monkeypatch.setenv("LATER", "1")
    assert environment(file) == {**OURS, "LATER": "1"}


def test_variables_that_are_set_already_win(path: Path) -> None:
    """An empty value counts as set."""
    path.write_text("HOME=/of/the/file\nEMPTY=full\nNEW=1\n")
    assert environment(EnvironmentFile(path)) == {**OURS, "NEW": "1"}


def test_the_own_environment_is_not_touched(path: Path) -> None:
    path.write_text("NEW=1\n")
    EnvironmentFile(path).environment()
    assert "NEW" not in os.environ


def test_each_generation_reads_it_anew(path: Path) -> None:
    path.write_text("FIRST=1\nBOTH=1\n")
    file = EnvironmentFile(path)
    assert environment(file) == {**OURS, "FIRST": "1", "BOTH": "1"}
    path.write_text("BOTH=2\n")
    assert environment(file) == {**OURS, "BOTH": "2"}, "a variable that is taken out is gone"


def test_while_the_file_is_away_it_holds(path: Path) -> None:
    """Editors may take the old file away before they put the new one in its place."""
    path.write_text("NEW=1\n")
    file = EnvironmentFile(path)
    file.environment()
    path.unlink()
    assert environment(file) == {**OURS, "NEW": "1"}
    path.mkdir()
    assert environment(file) == {**OURS, "NEW": "1"}
    path.rmdir()
    path.write_text("NEW=2\n")
    assert environment(file) == {**OURS, "NEW": "2"}


def test_one_that_goes_away_behind_the_look_holds(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text("NEW=1\n")
    file = EnvironmentFile(path)
    file.environment()

    def look(place: Path) -> bool:
        place.unlink()
        return True

    monkeypatch.setattr(envfile, "is_readable_place", look)
    assert environment(file) == {**OURS, "NEW": "1"}


def test_one_that_goes_away_once_it_is_open_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read it once, for its mistakes and its values: the second time it may be gone."""
    path.write_text("NEW=1\n")

    def open_and_lose(*args: Any, **options: Any) -> Any:
        file = open_(*args, **options)
        path.unlink()
        return file

    open_ = io.open
    monkeypatch.setattr("io.open", open_and_lose)
    assert environment(EnvironmentFile(path)) == {**OURS, "NEW": "1"}


def test_one_that_is_away_from_the_start_says_nothing(path: Path) -> None:
    assert environment(EnvironmentFile(path)) == OURS


def test_a_file_that_is_refused_leaves_the_last_one_in_force(path: Path) -> None:
    """Keep the last good state; the refusal has failed the generation that asked."""
    path.write_text("NEW=1\n")
    file = EnvironmentFile(path)
    file.environment()
    path.write_text("NEW='no end\n")
    with pytest.raises(UsageError):
        file.environment()
    path.unlink()
    assert environment(file) == {**OURS, "NEW": "1"}


def test_a_name_without_a_value_sets_nothing(path: Path) -> None:
    path.write_text("export NAMED\nGIVEN=\n")
    assert environment(EnvironmentFile(path)) == {**OURS, "GIVEN": ""}


def test_values_as_other_readers_of_such_files_have_them(path: Path) -> None:
    path.write_text(
        "# a comment\n"
        "export EXPORTED=1\n"
        "QUOTED='two words' # a comment\n"
        'LINES="one\\ntwo"\n'
        "COMPOSED=${QUOTED}, ${ABSENT:-three}\n"
        "LATIN=ä\n"
    )
    assert environment(EnvironmentFile(path)) == {
        **OURS,
        "EXPORTED": "1",
        "QUOTED": "two words",
        "LINES": "one\ntwo",
        "COMPOSED": "two words, three",
        "LATIN": "ä",
    }


def test_a_reference_is_to_what_the_workers_have(path: Path) -> None:
    """Put in what is set already, which wins, and not what the file says; as `load_dotenv` does."""
    path.write_text("HOME=/of/the/file\nNEW=1\nSHOP=${HOME}/${NEW}\nNAME=${EMPTY:-shop}\n")
    found = environment(EnvironmentFile(path))
    assert found["SHOP"] == "/home/ours/1"
    with mock.patch.dict(os.environ):
        load_dotenv(path)
        assert {name: os.environ[name] for name in found} == found


def test_only_the_first_line_of_a_mistake_is_shown(path: Path) -> None:
    """A value of many lines may be a key, which no log should have."""
    path.write_text('A=1\nKEY="begin\nsecret\nend" and more\n')
    with pytest.raises(UsageError) as refusal:
        EnvironmentFile(path).environment()
    assert str(refusal.value) == f"--env-file {path}, line 2: 'KEY=\"begin' is no NAME=value"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"A=1\n\nB = 'no end\nC=2\n", ', line 2: "B = \'no end" is no NAME=value'),
        (b"A=1\n= x\n", ", line 2: '= x' is no NAME=value"),
        (b"A=\xff\n", " can't be read: 'utf-8' codec can't decode byte 0xff"),
        (b"A=\0\n", ": 'A' is not for an environment"),
    ],
)
def test_a_bad_env_file(path: Path, content: bytes, reason: str) -> None:
    path.write_bytes(content)
    with pytest.raises(UsageError) as refusal:
        EnvironmentFile(path).environment()
    assert str(refusal.value).startswith(f"--env-file {path}{reason}")
