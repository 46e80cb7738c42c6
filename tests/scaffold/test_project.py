"""Generated projects: every template renders to Python that compiles and settings that parse."""

from __future__ import annotations

import json
import tomllib

import pytest

from tornkit.scaffold import catalogue, names, plan
from tornkit.scaffold.answers import Answers

ALL = frozenset(catalogue.FEATURES)


@pytest.fixture(
    params=[(template, features) for template in catalogue.TEMPLATES for features in (None, ALL)],
    ids=lambda param: f"{param[0]}{'-all' if param[1] else ''}",
)
def files(request: pytest.FixtureRequest) -> dict[str, bytes]:
    template, features = request.param
    given = Answers(names.parse("my-board"), template, features or frozenset(), "tornkit>=0")
    return {str(file.path): file.content for file in plan.files_of(given, plan.templates())}


def test_its_code_compiles(files: dict[str, bytes]) -> None:
    sources = {path: content for path, content in files.items() if path.endswith(".py")}
    assert sources
    for path, content in sources.items():
        compile(content, path, "exec")


def test_every_placeholder_is_filled_in(files: dict[str, bytes]) -> None:
    assert [path for path, content in files.items() if b"@@" in content] == []


def test_its_settings_name_the_application(files: dict[str, bytes]) -> None:
    settings = tomllib.loads(files["pyproject.toml"].decode())
    assert settings["project"]["name"] == "my-board"
    file, _, attribute = settings["tool"]["tornkit"]["app"].partition(":")
    path = file if file.endswith(".py") else f"{file.replace('.', '/')}.py"
    assert f"def {attribute}(" in files[path].decode()


def test_its_json_is_json(files: dict[str, bytes]) -> None:
    for path, content in files.items():
        if path.endswith(".json"):
            json.loads(content)
