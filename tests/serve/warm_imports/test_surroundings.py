from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tornkit.serve.warm_imports.import_inputs import Inputs
from tornkit.serve.warm_imports.surroundings import (
    Sensitive,
    Surroundings,
    current_folder,
    mark,
    names_in,
)


def test_a_mark_of_a_file_changes_with_it(tmp_path: Path) -> None:
    file = tmp_path / "a"
    assert mark(str(file)) is None
    file.write_text("x")
    before = mark(str(file))
    file.write_text("longer")
    assert None not in (before, mark(str(file)))
    assert mark(str(file)) != before


def test_a_folder_is_one_whatever_is_in_it_unless_it_was_listed(tmp_path: Path) -> None:
    marks = mark(str(tmp_path)), mark(str(tmp_path), listed=True)
    os.utime(tmp_path, ns=(1, 1))
    assert mark(str(tmp_path)) == marks[0]
    assert mark(str(tmp_path), listed=True) != marks[1]


def test_a_name_that_no_file_can_have_has_no_mark() -> None:
    assert mark("a\0b") is None


def test_what_a_module_has_read_is_marked_when_it_was_imported(tmp_path: Path) -> None:
    file = tmp_path / "settings"
    file.write_text("x")
    inputs = Inputs()
    inputs.files.add(str(file))
    inputs.folders.add(str(tmp_path))
    sensitive = Sensitive("module", 3, inputs)
    assert sensitive.files == {str(file): mark(str(file))}
    assert sensitive.folders == {str(tmp_path): mark(str(tmp_path), listed=True)}


def test_surroundings_are_those_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Surroundings()
    monkeypatch.setattr(sys, "path", [*sys.path, "/more"])
    assert before.path == tuple(sys.path[:-1])
    assert Surroundings().path == tuple(sys.path)


def test_names_of_modules_and_of_what_describes_packages(tmp_path: Path) -> None:
    for name in ("a.py", "b", "c.cpython-311-x86_64-linux-gnu.so", "d-1.0.dist-info"):
        (tmp_path / name).touch()
    assert names_in(str(tmp_path)) == {"a", "b", "c", "d-1.0.dist-info"}
    assert names_in(str(tmp_path / "none")) == frozenset()


def test_a_current_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert current_folder() == str(tmp_path)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert current_folder() is None
