"""What was warm the last time: kept, forgotten, and never in the way."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tornkit.serve.recall import Recall, cache_folder


def test_remembers_in_order(tmp_path: Path) -> None:
    Recall("board", tmp_path / "new").remember(["zlib", "attrs", "pandas"])
    assert Recall("board", tmp_path / "new").modules() == ("zlib", "attrs", "pandas")
    assert [path.suffix for path in (tmp_path / "new").iterdir()] == [".json"]


def test_each_application_its_own(tmp_path: Path) -> None:
    Recall("board", tmp_path).remember(["pandas"])
    assert Recall("shop", tmp_path).modules() == ()


def test_forgets_after_a_week(tmp_path: Path) -> None:
    recall = Recall("board", tmp_path)
    recall.remember(["pandas"])
    [path] = tmp_path.iterdir()
    then = time.time() - 8 * 24 * 3600
    os.utime(path, (then, then))
    assert recall.modules() == ()


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'"pandas"', b"[" * 100_000])
def test_nonsense_is_nothing(tmp_path: Path, content: bytes) -> None:
    recall = Recall("board", tmp_path)
    recall.remember(["pandas"])
    [path] = tmp_path.iterdir()
    path.write_bytes(content)
    assert recall.modules() == ()


def test_what_is_no_name_is_passed_over(tmp_path: Path) -> None:
    recall = Recall("board", tmp_path)
    recall.remember(["pandas"])
    [path] = tmp_path.iterdir()
    path.write_text('["pandas", 1, null, ["x"], "attrs"]')
    assert recall.modules() == ("pandas", "attrs")


def test_without_a_folder_or_one_that_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (None, tmp_path / "file" / "below"):
        recall = Recall("board", folder)
        recall.remember(["pandas"])
        assert recall.modules() == ()


def test_where_nothing_is_known_another_is_asked(tmp_path: Path) -> None:
    for folder in (tmp_path, None):
        assert Recall("board", folder, lambda: ("attrs",)).modules() == ("attrs",)
    recall = Recall("board", tmp_path, lambda: ("attrs",))
    recall.remember(["pandas"])
    assert recall.modules() == ("pandas",)


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "tornkit"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "tornkit"
