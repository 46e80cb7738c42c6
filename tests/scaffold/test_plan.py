"""Layers of templates made into the files of a project."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from tests.scaffold.folders import fill, snapshot
from tornkit.errors import UsageError
from tornkit.scaffold import answers, names, plan
from tornkit.scaffold.answers import Answers
from tornkit.scaffold.plan import PlannedFile


def made(tmp_path: Path, files: dict[str, str | bytes], *features: str) -> dict[str, bytes]:
    """What a minimal project named my-board is of these layers; the record left out."""
    given = Answers(names.parse("my-board"), "minimal", frozenset(features), "tornkit>=0")
    found = plan.files_of(given, fill(tmp_path, files))
    assert [file.path for file in found] == sorted(file.path for file in found)
    return {str(file.path): file.content for file in found if str(file.path) != answers.FILE}


def test_names_of_files(tmp_path: Path) -> None:
    assert made(
        tmp_path,
        {
            "common/dot-gitignore": "x",
            "common/PACKAGE/app.py.tmpl": "y",
            "common/icon": b"\0@@{name}",
            "minimal/PACKAGE/dot-x/z.tmpl": "@@{package} @@{title}",
            "minimal/.DS_Store": "no",
            "minimal/__pycache__/x.pyc": "no",
            "site/other": "no",
        },
    ) == {
        ".gitignore": b"x",
        "my_board/app.py": b"y",
        "icon": b"\0@@{name}",
        "my_board/.x/z": b"my_board My Board",
    }


def test_a_later_layer_replaces_a_file(tmp_path: Path) -> None:
    layers: dict[str, str | bytes] = {"common/a": "1", "minimal/a": "2", "with/docker/a": "3"}
    assert made(tmp_path, layers) == {"a": b"2"}
    assert made(tmp_path, layers, "docker") == {"a": b"3"}


def test_a_template_that_renders_to_nothing_is_no_file(tmp_path: Path) -> None:
    layers: dict[str, str | bytes] = {
        "common/a.tmpl": '@@ if "docker" in features\nx\n@@ end\n',
        "common/b.py.tmpl": "",
        "common/c": "y",
        "minimal/c.tmpl": "@@ if False\n@@ end\n",
    }
    assert made(tmp_path, layers) == {"b.py": b""}
    assert made(tmp_path, layers, "docker") == {"a": b"x\n", "b.py": b""}


def test_an_archive_says_which_layers_there_were(tmp_path: Path) -> None:
    listed = '{"templates": {"minimal": ["old"]}, "features": {"docker": "old-docker"}}'
    layers: dict[str, str | bytes] = {
        "catalogue.json": listed, "old/a": "1", "old-docker/b": "2", "minimal/a": "no"
    }  # fmt: skip
    assert made(tmp_path, layers) == {"a": b"1"}
    assert made(tmp_path, layers, "docker") == {"a": b"1", "b": b"2"}
    with pytest.raises(KeyError, match="nginx"):
        made(tmp_path, layers, "nginx")


def test_planning_touches_nothing(tmp_path: Path) -> None:
    planned = plan.plan(str(tmp_path / "demo"), "site", frozenset(), "tornkit>=0")
    assert snapshot(tmp_path) == {}
    assert planned.root == tmp_path / "demo"
    assert PurePosixPath("demo/routes.py") in [file.path for file in planned.files]


def test_the_output_is_the_same_each_time(tmp_path: Path) -> None:
    first, second = (
        plan.plan(str(tmp_path / "demo"), "api", frozenset({"docker", "k8s"}), "tornkit>=0")
        for _ in range(2)
    )
    assert first == second


def test_a_bad_name_is_refused() -> None:
    with pytest.raises(UsageError):
        plan.plan("path/to/json", "site", frozenset(), "tornkit>=0")


def test_modes() -> None:
    assert PlannedFile(PurePosixPath("a"), b"x").mode == 0o666
    assert PlannedFile(PurePosixPath("a"), b"#!/bin/sh\n").mode == 0o777
    assert PlannedFile(PurePosixPath("a"), b"#!/bin/sh\n", private=True).mode == 0o600
