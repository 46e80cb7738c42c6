"""How a project asks for the tornkit that made it: each of PEP 610's forms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

import tornkit
from tornkit.scaffold import requirement


@pytest.mark.parametrize(
    ("direct", "expected"),
    [
        (
            {"url": "https://host/t-1.whl", "archive_info": {"hashes": {"sha256": "c0ffee"}}},
            "https://host/t-1.whl",
        ),
        (
            {
                "url": "https://host/t.git",
                "vcs_info": {"vcs": "git", "commit_id": "c0ffee", "requested_revision": "main"},
            },
            "git+https://host/t.git@c0ffee",
        ),
        (
            {"url": "ssh://git@host/t.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}},
            "git+ssh://git@host/t.git@c0ffee",
        ),
        (
            {
                "url": "https://host/many.git",
                "subdirectory": "packages/tornkit",
                "vcs_info": {"vcs": "git", "commit_id": "c0ffee"},
            },
            "git+https://host/many.git@c0ffee#subdirectory=packages/tornkit",
        ),
        (
            {"url": "https://host/h", "vcs_info": {"vcs": "hg", "commit_id": "1"}},
            "hg+https://host/h@1",
        ),
        ({"url": "https://me:word@host/t.whl", "archive_info": {}}, "https://host/t.whl"),
        ({"url": "https://${USER}:${TOKEN}@host/t.whl", "archive_info": {}}, "https://host/t.whl"),
        ({"url": "https://host/a b;c.whl", "archive_info": {}}, "https://host/a%20b%3Bc.whl"),
        ({"url": "file:///nowhere/t.whl", "archive_info": {}}, None),
        ({"url": 1}, None),
        ({}, None),
    ],
)
def test_a_table_of_pep_610_as_a_url(direct: Mapping[str, Any], expected: str | None) -> None:
    assert requirement.url_of(direct) == expected


@pytest.mark.parametrize(
    "info", [{"archive_info": {}}, {"dir_info": {}}, {"dir_info": {"editable": True}}]
)
def test_files_and_folders_that_are_there(tmp_path: Path, info: Mapping[str, Any]) -> None:
    place = tmp_path / "a place" / "tornkit-1.whl"
    place.parent.mkdir()
    place.touch()
    assert requirement.url_of({"url": place.as_uri(), **info}) == place.as_uri()
    assert " " not in place.as_uri()


class Installed:
    """A distribution with this ``direct_url.json``."""

    def __init__(self, text: str | None) -> None:
        self.text = text

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return self.text


@pytest.fixture
def in_site_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No checkout around the package."""
    monkeypatch.setattr(requirement, "_FOLDER", tmp_path)


@pytest.mark.usefixtures("in_site_packages")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, requirement.FROM_INDEX),
        ("no json", requirement.FROM_INDEX),
        ("[]", requirement.FROM_INDEX),
        ('{"url": "https://host/t.whl"}', "tornkit @ https://host/t.whl"),
    ],
)
def test_of_an_installed_tornkit(
    text: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requirement, "distribution", lambda name: Installed(text))
    assert requirement.of_this_tornkit() == expected


@pytest.mark.usefixtures("in_site_packages")
def test_of_one_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> Installed:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(requirement, "distribution", none)
    assert requirement.of_this_tornkit() == requirement.FROM_INDEX


def test_a_checkout_counts_as_a_folder() -> None:
    """These tests run from one."""
    folder = Path(tornkit.__file__).parents[1]
    assert requirement.of_this_tornkit() == f"tornkit @ {folder.as_uri()}"


@pytest.mark.parametrize("text", ["no toml [", '[project]\nname = "other"', "project = 1"])
def test_another_project_around_the_package_does_not(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    monkeypatch.setattr(requirement, "_FOLDER", tmp_path)
    monkeypatch.setattr(requirement, "distribution", lambda name: Installed(json.dumps({})))
    assert requirement.of_this_tornkit() == requirement.FROM_INDEX


def test_a_project_of_an_index_stays_with_it() -> None:
    assert requirement.renewed("tornkit>=0.0.1") == requirement.FROM_INDEX
    assert requirement.renewed("tornkit @ https://host/t.whl").startswith("tornkit @ file://")


def test_packaging_reads_them() -> None:
    packaging = pytest.importorskip("packaging.requirements")
    url = requirement.url_of(
        {
            "url": "https://host/a b",
            "subdirectory": "c d",
            "vcs_info": {"vcs": "git", "commit_id": "1"},
        }
    )
    read = packaging.Requirement(f"tornkit[redis] @ {url}")
    assert (read.name, read.extras, read.marker) == ("tornkit", {"redis"}, None)
