"""Which names make a project, and which are refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tornkit.errors import UsageError
from tornkit.scaffold import names


@pytest.mark.parametrize(
    ("name", "package", "title"),
    [
        ("demo", "demo", "Demo"),
        ("my-board", "my_board", "My Board"),
        ("My.Board_2", "my_board_2", "My Board 2"),
        ("a--b", "a_b", "A B"),
        ("x", "x", "X"),
        ("app", "app", "App"),
    ],
)
def test_name_is_spelled_out(name: str, package: str, title: str) -> None:
    assert names.parse(name) == names.ProjectName(name, package, title)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("1st", "letter first"),
        ("-x", "letter first"),
        ("_x", "letter first"),
        ("x-", "digit last"),
        ("my board", "ASCII letters"),
        ("café", "ASCII letters"),
        ("demo\n", "ASCII letters"),
        ("", "ASCII letters"),
        ("class", "keyword"),
        ("True", "keyword"),
        ("json", "standard library"),
        ("asyncio", "standard library"),
        ("test", "standard library"),
        ("JSON", "standard library"),
        ("tornado", "itself needs"),
        ("Tornkit", "itself needs"),
        ("python-dotenv", "itself needs"),
    ],
)
def test_bad_name_is_refused_in_one_line(name: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        names.parse(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("target", ["path/to/demo", "path/to/demo/", "./path/to/demo"])
def test_last_part_of_a_path_names_the_project(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert names.folder_of(target) == tmp_path / "path/to/demo"


def test_dots_mean_the_folders_they_stand_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert names.folder_of(".").name == "inner"
    assert names.folder_of("..").name == "outer"


@pytest.mark.parametrize("target", ["", "  ", "/", "//"])
def test_target_without_a_name_is_refused(target: str) -> None:
    with pytest.raises(UsageError, match="needs a name"):
        names.folder_of(target)
