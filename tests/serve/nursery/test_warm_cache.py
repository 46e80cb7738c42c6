"""What was warm the last time: kept, forgotten, and never in the way."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tornkit.serve.nursery.warm_cache import WarmCache, cache_folder


def test_remembers_in_order(tmp_path: Path) -> None:
    WarmCache("board", tmp_path / "new").remember(["zlib", "attrs", "pandas"])
    assert WarmCache("board", tmp_path / "new").modules() == ("zlib", "attrs", "pandas")
    assert [path.suffix for path in (tmp_path / "new").iterdir()] == [".json"]


def test_each_application_its_own(tmp_path: Path) -> None:
    WarmCache("board", tmp_path).remember(["pandas"])
    assert WarmCache("shop", tmp_path).modules() == ()


def test_forgets_after_a_week(tmp_path: Path) -> None:
    warm_cache = WarmCache("board", tmp_path)
    warm_cache.remember(["pandas"])
    [path] = tmp_path.iterdir()
    then = time.time() - 8 * 24 * 3600
    os.utime(path, (then, then))
    assert warm_cache.modules() == ()


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'"pandas"', b"[" * 100_000])
def test_nonsense_is_nothing(tmp_path: Path, content: bytes) -> None:
    warm_cache = WarmCache("board", tmp_path)
    warm_cache.remember(["pandas"])
    [path] = tmp_path.iterdir()
    path.write_bytes(content)
    assert warm_cache.modules() == ()


def test_what_is_no_name_is_passed_over(tmp_path: Path) -> None:
    warm_cache = WarmCache("board", tmp_path)
    warm_cache.remember(["pandas"])
    [path] = tmp_path.iterdir()
    path.write_text('["pandas", 1, null, ["x"], "attrs"]')
    assert warm_cache.modules() == ("pandas", "attrs")


def test_modules_of_another_tornkit_are_passed_over(tmp_path: Path) -> None:
    warm_cache = WarmCache("board", tmp_path)
    warm_cache.remember(["tornkit", "pandas", "tornkit.serve.gone", "tornkits"])
    assert warm_cache.modules() == ("pandas", "tornkits")


def test_without_a_folder_or_one_that_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (None, tmp_path / "file" / "below"):
        warm_cache = WarmCache("board", folder)
        warm_cache.remember(["pandas"])
        assert warm_cache.modules() == ()


def test_where_nothing_is_known_another_is_asked(tmp_path: Path) -> None:
    for folder in (tmp_path, None):
        assert WarmCache("board", folder, lambda: ("attrs",)).modules() == ("attrs",)
    warm_cache = WarmCache("board", tmp_path, lambda: ("attrs",))
    warm_cache.remember(["pandas"])
    assert warm_cache.modules() == ("pandas",)


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "tornkit"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "tornkit"


def test_a_home_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for home in ("", "relative/home"):
        monkeypatch.setenv("HOME", home)
        assert cache_folder() is None


def recall_that_tells(folder: Path) -> tuple[WarmCache, list[str]]:
    told: list[str] = []
    return WarmCache("board", folder, lambda: ("attrs",), told.append), told


def the_file(folder: Path) -> Path:
    WarmCache("board", folder).remember(["pandas"])
    [path] = folder.iterdir()
    return path


def test_a_link_is_neither_read_nor_followed(tmp_path: Path) -> None:
    path = the_file(tmp_path / "cache")
    outside = path.rename(tmp_path / "outside")
    path.symlink_to(outside)
    warm_cache, told = recall_that_tells(path.parent)
    assert warm_cache.modules() == ("attrs",)
    warm_cache.remember(["zlib"])
    assert outside.read_text() == '["pandas"]'
    assert not path.is_symlink()
    assert warm_cache.modules() == ("zlib",)
    assert told == []


def test_a_link_under_the_name_of_before(tmp_path: Path) -> None:
    """A name that can be foreseen could lie there as a link; it is another each time."""
    path = the_file(tmp_path / "cache")
    outside = tmp_path / "outside"
    outside.write_text("mine")
    path.with_suffix(f".{os.getpid()}").symlink_to(outside)
    WarmCache("board", path.parent).remember(["zlib"])
    assert outside.read_text() == "mine"


def test_a_folder_that_is_a_link(tmp_path: Path) -> None:
    path = the_file(tmp_path / "real")
    (tmp_path / "cache").symlink_to(path.parent)
    warm_cache, told = recall_that_tells(tmp_path / "cache")
    assert warm_cache.modules() == ("attrs",)
    warm_cache.remember(["zlib"])
    assert path.read_text() == '["pandas"]'
    assert told == [f"{tmp_path / 'cache'} is not this user's alone; remove it"], "once"


@pytest.mark.skipif(os.geteuid() != 0, reason="makes files of another user's")
@pytest.mark.parametrize("of_file", [True, False])
def test_another_users_is_not_believed(tmp_path: Path, of_file: bool) -> None:
    path = the_file(tmp_path / "cache")
    os.chown(path if of_file else path.parent, 65534, 65534)
    warm_cache, told = recall_that_tells(path.parent)
    assert warm_cache.modules() == ("attrs",)
    warm_cache.remember(["zlib"])
    assert warm_cache.modules() == (("zlib",) if of_file else ("attrs",))
    assert len(told) == 1


def test_a_file_of_any_size_is_not_read(tmp_path: Path) -> None:
    path = the_file(tmp_path / "cache")
    with path.open("r+b") as file:
        file.truncate(1 << 40)
    warm_cache, told = recall_that_tells(path.parent)
    assert warm_cache.modules() == ("attrs",)
    assert told == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EMFILE])
def test_a_disk_that_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = the_file(tmp_path / "cache")
    opened = os.open

    def fail(name: object, flags: int, *arguments: Any, **named: Any) -> int:
        if flags & os.O_CREAT:
            raise OSError(number, os.strerror(number))
        return opened(name, flags, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", fail)
    warm_cache, told = recall_that_tells(path.parent)
    warm_cache.remember(["zlib"])
    assert warm_cache.modules() == ("pandas",)
    assert told == []
