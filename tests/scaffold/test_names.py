"""Which names make a project, and which are refused in one line, with one that is valid."""

from __future__ import annotations

import random
import re
import tomllib
from pathlib import Path

import pytest

from tests.nasty_text import random_text
from tornkit.errors import UsageError
from tornkit.scaffold import catalogue, names, plan
from tornkit.scaffold.answers import Answers


@pytest.mark.parametrize(
    ("name", "package", "title"),
    [
        ("demo", "demo", "Demo"),
        ("my-board", "my_board", "My Board"),
        ("My.Board_2", "my_board_2", "My Board 2"),
        ("a--b", "a_b", "A B"),
        ("x", "x", "X"),
    ],
)
def test_name_is_spelled_out(name: str, package: str, title: str) -> None:
    assert names.parse(name) == names.ProjectName(name, package, title)


@pytest.mark.parametrize(
    ("name", "reason", "suggestion"),
    [
        ("1st", "letter first", "app-1st"),
        ("-x", "letter first", "x"),
        ("_x", "letter first", "x"),
        ("x-", "digit last", "x"),
        ("my app", "ASCII letters", "my-app"),
        ("My  Fine_App!", "ASCII letters", "my-fine-app"),
        ("café", "ASCII letters", "cafe"),
        ("доска", "ASCII letters", "my-site"),
        ("demo\n", "ASCII letters", "demo"),
        ("", "ASCII letters", "my-site"),
        ("x" * 70, "too long", "x" * 55),
        ("class", "keyword", "class-site"),
        ("True", "keyword", "true"),
        ("json", "standard library", "json-site"),
        ("asyncio", "standard library", "asyncio-site"),
        ("test", "standard library", "test-site"),
        ("JSON", "standard library", "json-site"),
        ("tornado", "need themselves", "tornado-site"),
        ("Tornkit", "need themselves", "tornkit-site"),
        ("python-dotenv", "need themselves", "python-dotenv-site"),
        ("app", "another file or folder", "app-site"),
        ("Tests", "another file or folder", "tests-site"),
    ],
)
def test_bad_name_is_refused_in_one_line(name: str, reason: str, suggestion: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        names.parse(name)
    assert str(caught.value).endswith(f": try {suggestion}")
    assert "\n" not in str(caught.value)


def test_each_suggestion_is_valid() -> None:
    chance = random.Random(1)
    taken = [*names._STANDARD_LIBRARY, *names._DEPENDENCIES, *names._TOP_LEVEL]
    for name in [*taken, *(random_text(chance) for _ in range(2000))]:
        names.parse(names.suggestion(name))


@pytest.mark.parametrize("template", catalogue.TEMPLATES)
def test_what_a_project_installs_is_no_name_for_one(template: str) -> None:
    """Nor is what it has at its top, beside the package."""
    given = Answers(names.parse("a-project"), template, frozenset(catalogue.FEATURES), "tornkit>=0")
    files = {str(file.path): file.content for file in plan.files_of(given, plan.templates())}
    document = tomllib.loads(files["pyproject.toml"].decode())
    needed = [
        *document["project"]["dependencies"],
        *(each for group in document["dependency-groups"].values() for each in group),
        *(
            each
            for extra in document["project"].get("optional-dependencies", {}).values()
            for each in extra
        ),
    ]
    distributions = [re.split(r"[^A-Za-z0-9._-]", each)[0] for each in needed]
    beside = {path.partition("/")[0].removesuffix(".py") for path in files} - {"a_project"}
    assert distributions
    assert beside
    for name in (*distributions, *(each for each in beside if each.isidentifier())):
        assert names.suggestion(name) != name.lower(), name


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
