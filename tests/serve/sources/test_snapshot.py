"""What is kept of the files that a generation has loaded."""

from __future__ import annotations

import errno
import marshal
import os
from pathlib import Path

import pytest

from tornkit.serve.sources.snapshot import Snapshot
from tornkit.serve.sources.sources import mark

pytestmark = pytest.mark.usefixtures("no_leaks")


def state(path: Path) -> str:
    status = path.stat()
    return mark(status.st_mtime, status.st_size)


def write(path: Path, text: str, at: int) -> Path:
    path.write_text(text)
    os.utime(path, (at, at))
    return path


def content(snapshot: Snapshot) -> tuple[dict[str, str], dict[str, tuple[str, bytes]]]:
    descriptor = snapshot.descriptor()
    try:
        names, files = marshal.loads(os.pread(descriptor, 1 << 20, 0))
    finally:
        os.close(descriptor)
    return names, files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "views.py", "OLD = 1\n", 1000)


def test_it_gives_what_was_loaded_whatever_the_file_is_now(file: Path) -> None:
    loaded = state(file)
    snapshot = Snapshot()
    snapshot.note({str(file): loaded}, {"views": str(file)})
    assert not snapshot.read()
    assert snapshot.changed() is None
    write(file, "NEW = 1\n", 2000)
    assert snapshot.changed() == str(file)
    assert snapshot.lost() is None
    assert content(snapshot) == ({"views": str(file)}, {str(file): (loaded, b"OLD = 1\n")})
    file.unlink()
    assert snapshot.changed() == str(file)
    assert content(snapshot)[1] == {str(file): (loaded, b"OLD = 1\n")}


@pytest.mark.parametrize("calls", [0, 1])
def test_an_error_while_a_file_is_read_is_no_more_than_a_file_unread(
    file: Path, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reload that is under way goes on, and the text is read when it is wanted."""
    snapshot = Snapshot()
    snapshot.note({str(file): state(file)}, {})
    fstat, left = os.fstat, [None] * calls

    def failing(descriptor: int) -> os.stat_result:
        if not left:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
        left.pop()
        return fstat(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", failing)
        assert not snapshot.read()
    assert snapshot.lost() is None


def test_it_knows_what_it_came_too_late_for(file: Path) -> None:
    snapshot = Snapshot()
    snapshot.note({str(file): state(file)}, {})
    write(file, "NEW = 1\n", 2000)
    assert not snapshot.read()
    assert snapshot.lost() == str(file)
    assert content(snapshot)[1] == {}
    write(file, "OLD = 1\n", 1000)
    assert snapshot.lost() is None, "it is back"


def test_files_are_read_a_few_at_a_time(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{number}.py", str(number), 1000) for number in range(5)]
    snapshot = Snapshot()
    snapshot.note({str(path): state(path) for path in files}, {})
    assert [snapshot.read(2) for _ in range(3)] == [True, True, False]
    assert len(content(snapshot)[1]) == 5


def test_each_file_is_looked_at_once_though_it_has_changed(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{number}.py", str(number), 1000) for number in range(5)]
    snapshot = Snapshot()
    snapshot.note({str(path): state(path) for path in files}, {})
    for path in files[:4]:
        write(path, "NEW", 2000)
    assert [snapshot.read(2) for _ in range(3)] == [True, True, False]
    assert list(content(snapshot)[1]) == [str(files[4])]


def test_texts_that_did_not_change_come_from_the_generation_before(file: Path) -> None:
    before = Snapshot()
    before.note({str(file): state(file)}, {})
    before.read()
    same, other = Snapshot(before), Snapshot(before)
    same.note({str(file): state(file)}, {})
    write(file, "NEW = 1\n", 2000)
    other.note({str(file): state(file)}, {})
    assert content(same)[1][str(file)][1] == b"OLD = 1\n"
    assert content(other)[1][str(file)][1] == b"NEW = 1\n"


def test_what_was_noted_first_stays(file: Path) -> None:
    snapshot = Snapshot()
    loaded = state(file)
    snapshot.note({str(file): loaded}, {"views": str(file)})
    write(file, "NEW = 1\n", 2000)
    snapshot.note({str(file): state(file)}, {"views": "/elsewhere"})
    assert snapshot.lost() == str(file)
    assert content(snapshot)[0] == {"views": str(file)}


def test_a_pipe_in_a_files_place_is_not_waited_for(file: Path) -> None:
    snapshot = Snapshot()
    snapshot.note({str(file): state(file)}, {})
    file.unlink()
    os.mkfifo(file)
    assert snapshot.lost() == str(file)
