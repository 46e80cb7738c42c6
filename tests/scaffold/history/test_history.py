"""Archives of earlier versions' templates."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

import tornkit
from tests.scaffold.folders import fill
from tornkit.errors import TornkitError
from tornkit.scaffold import catalogue, history, names, plan
from tornkit.scaffold.answers import Answers
from tornkit.scaffold.history import __main__ as command

LAYERS: dict[str, str | bytes] = {
    "catalogue.json": '{"templates": {"minimal": ["one"]}, "features": {"docker": "box"}}',
    "one/app.py.tmpl": "@@{name}\n",
    "one/PACKAGE/icon": b"\0",
    "box/Dockerfile": "FROM\n",
    "handler/page/x.tmpl": "",
}


@pytest.mark.parametrize("version", history.versions())
def test_each_archive_renders_as_on_its_day(version: str) -> None:
    source = history.opened((history.folder() / f"{version}.zip").read_bytes())
    assert history.digest(source) == history.recorded_digests()[version]


def test_each_digest_has_its_archive() -> None:
    assert sorted(history.recorded_digests()) == sorted(history.versions())


@pytest.mark.skipif(
    tornkit.__version__ not in history.versions(), reason="this version has no archive yet"
)
def test_templates_of_a_released_version_stay_as_they_are() -> None:
    archive = history.folder() / f"{tornkit.__version__}.zip"
    same = archive.read_bytes() == history.archived(plan.templates())
    assert same, "raise tornkit.__version__ before the templates change, see CONTRIBUTING.md"


def test_an_archive_gives_the_files_that_the_folder_gives(tmp_path: Path) -> None:
    opened = history.opened(history.archived(plan.templates()))
    for template in catalogue.TEMPLATES:
        given = Answers(names.parse("demo"), template, frozenset(catalogue.FEATURES), "tornkit>=0")
        assert plan.files_of(given, opened) == plan.files_of(given, plan.templates())
    assert history.digest(opened) == history.digest(plan.templates())


def test_the_bytes_are_the_same_each_time(tmp_path: Path) -> None:
    first, second = (fill(tmp_path / name, LAYERS) for name in ("first", "second"))
    (second / "one" / "app.py.tmpl").touch()
    (second / "one" / "app.py.tmpl").chmod(0o600)
    assert history.archived(first) == history.archived(second)
    assert history.archived(history.opened(history.archived(first))) == history.archived(first)


def test_what_is_in_it(tmp_path: Path) -> None:
    archive = history.archived(
        fill(tmp_path, {**LAYERS, "one/.DS_Store": "", "one/__pycache__/x": ""})
    )
    assert zipfile.ZipFile(io.BytesIO(archive)).namelist() == sorted(LAYERS)


def test_a_digest_sees_each_change(tmp_path: Path) -> None:
    digests = {history.digest(fill(tmp_path / "0", LAYERS))}
    for number, (path, content) in enumerate(
        [("one/app.py.tmpl", "@@{name}!\n"), ("box/Dockerfile", ""), ("one/more", "")], 1
    ):
        digests.add(history.digest(fill(tmp_path / str(number), {**LAYERS, path: content})))
    assert len(digests) == 4


def test_order() -> None:
    assert sorted(["0.10.0", "0.9.1", "1.0"], key=history.order) == ["0.9.1", "0.10.0", "1.0"]


@pytest.mark.parametrize("version", ["../0", "", "0.0.9"])
def test_no_archive(version: str, tmp_path: Path) -> None:
    with pytest.raises(TornkitError, match="does not have"):
        history.templates_of(version, fill(tmp_path, {"other": "x"}))


def test_this_version_needs_none(tmp_path: Path) -> None:
    assert history.templates_of(tornkit.__version__, tmp_path) == plan.templates()


class TestCommand:
    def test_it_writes_what_the_tests_read(self, tmp_path: Path) -> None:
        assert command.main([], tmp_path) == ""
        assert history.versions(tmp_path) == [tornkit.__version__]
        source = history.opened((tmp_path / f"{tornkit.__version__}.zip").read_bytes())
        assert history.digest(source) == history.recorded_digests(tmp_path)[tornkit.__version__]
        before = (tmp_path / "digests.json").read_text()
        assert command.main([], tmp_path) == "", "again, it is the same"
        assert (tmp_path / "digests.json").read_text() == before

    def test_it_leaves_a_released_version_alone(self, tmp_path: Path) -> None:
        place = tmp_path / f"{tornkit.__version__}.zip"
        place.write_bytes(b"released")
        assert "raise tornkit.__version__ first" in command.main([], tmp_path)
        assert place.read_bytes() == b"released"
        assert command.main(["--again"], tmp_path) == ""
        assert place.read_bytes() == history.archived(plan.templates())
