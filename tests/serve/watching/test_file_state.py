from __future__ import annotations

import os
from pathlib import Path

import pytest

from tornkit.serve.watching.file_state import (
    identity,
    is_being_written,
    is_below,
    listing,
    state,
)


def test_a_state_differs_after_each_change_of_what_is_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    seen = [state(str(file))]
    file.write_text("one")
    seen.append(state(str(file)))
    file.write_text("longer")
    seen.append(state(str(file)))
    os.utime(file, ns=(1, 1))
    seen.append(state(str(file)))
    other = tmp_path / "b.py"
    other.write_text("longer")
    os.utime(other, ns=(1, 1))
    other.replace(file)
    seen.append(state(str(file)))
    assert seen[0] is None
    assert len(set(seen)) == len(seen)


def test_a_mode_is_no_change_as_long_as_it_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x")
    before = state(str(file))
    file.chmod(0o755)
    assert state(str(file)) == before


def test_another_folder_of_the_same_name(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    link = tmp_path / "current"
    assert identity(str(link)) is None
    link.symlink_to("one")
    first = identity(str(link))
    link.unlink()
    link.symlink_to("two")
    assert None not in (first, identity(str(link)))
    assert first != identity(str(link))


def test_what_will_be_closed_by_its_writer(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x")
    assert is_being_written(str(file))
    (tmp_path / "link").symlink_to("a.py")
    assert not is_being_written(str(tmp_path / "link"))
    os.link(file, tmp_path / "hard")
    assert not is_being_written(str(file)), "a second name of a file that is whole"
    assert not is_being_written(str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("path", "folder", "below"),
    [
        ("/a/b", "/a", True),
        ("/a", "/a", True),
        ("/ab", "/a", False),
        ("/a", "/a/b", False),
        ("/a", "/", True),
        ("/a/b", "/a/", True),
    ],
)
def test_below(path: str, folder: str, below: bool) -> None:
    assert is_below(path, folder) is below


def test_a_listing_leaves_out_what_nobody_edits(tmp_path: Path) -> None:
    for name in ("a.py", "b.pyc", "pyvenv.cfg"):
        (tmp_path / name).write_text("x")
    assert listing(str(tmp_path), ()).keys() == {"a.py", "pyvenv.cfg"}


def test_of_a_folder_that_cannot_be_read_known_files_are_listed(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    known = [str(gone / "a.py"), str(tmp_path / "other.py")]
    assert listing(str(gone), known) == {"a.py": None}
