"""The record of what a project was made from."""

from __future__ import annotations

from pathlib import Path

import pytest

import tornkit
from tornkit.errors import UsageError
from tornkit.scaffold import names
from tornkit.scaffold.answers import FILE, Answers, read

GIVEN = Answers(
    names.parse("My-Board"),
    "api",
    frozenset({"nginx", "docker"}),
    'tornkit @ file:///a%20b/"c"',
    "1.2",
    ("README.md",),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(GIVEN.dump())
    assert read(tmp_path) == GIVEN
    assert 'with = ["docker", "nginx"]' in GIVEN.dump(), "in one order, whatever was typed"


def test_a_version_is_this_one_unless_said() -> None:
    plain = Answers(names.parse("demo"), "site", frozenset(), "tornkit>=0")
    assert plain.version == tornkit.__version__
    assert "kept" not in plain.dump()


def test_a_folder_without_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no \.tornkit\.toml in"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('version = "1.2"', "version = 1", "version is not as"),
        ('version = "1.2"', "version = ", "can't be read"),
        ('template = "api"', 'template = "nope"', "no template 'nope'"),
        ('"nginx"', '"nope"', "no addition 'nope'"),
        ('"nginx"', "3", "with is not as"),
        ('kept = ["README.md"]', 'kept = "README.md"', "kept is not as"),
        ('name = "My-Board"', 'name = "my board"', "can't name a project"),
        ('name = "My-Board"', "", "name is not as"),
    ],
)
def test_one_that_was_edited(tmp_path: Path, old: str, new: str, reason: str) -> None:
    text = GIVEN.dump()
    assert old in text
    (tmp_path / FILE).write_text(text.replace(old, new))
    with pytest.raises(UsageError, match=reason) as caught:
        read(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_name_that_a_later_tornkit_refuses_stays_the_projects(tmp_path: Path) -> None:
    """A dependency of tomorrow's templates may be called as a project of today."""
    (tmp_path / FILE).write_text(GIVEN.dump().replace('"My-Board"', '"pydantic"'))
    assert read(tmp_path).name.package == "pydantic"
