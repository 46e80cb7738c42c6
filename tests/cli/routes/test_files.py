from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tornkit.cli.routes.files import replace_file


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_mode_and_links_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.py", tmp_path / "link.py"
    real.write_bytes(b"old")
    real.chmod(0o751)
    link.symlink_to(real)
    replace_file(link, b"new")
    assert (real.read_bytes(), mode(real), link.is_symlink()) == (b"new", 0o751, True)
    assert sorted(tmp_path.iterdir()) == [link, real]


def test_a_new_file_gets_the_usual_mode(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    replace_file(tmp_path / "new", b"x")
    assert mode(tmp_path / "new") == mode(tmp_path / "other")


def test_a_file_that_is_not_writable_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"old")
    # As root everything is writable, so the answer is made up.
    monkeypatch.setattr(os, "access", lambda path, how: False)
    with pytest.raises(PermissionError):
        replace_file(file, b"new")
    assert file.read_bytes() == b"old"


def test_what_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(file, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["a.py"]
    assert file.read_bytes() == b"old"
