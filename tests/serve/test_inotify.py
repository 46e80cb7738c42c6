"""Saves are told once they are whole, and each in the end."""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tornkit.serve.inotify import Saves

pytestmark = [
    pytest.mark.usefixtures("no_leaks"),
    pytest.mark.timeout(20),
    pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux alone"),
]


class Listener:
    """A thread that listens."""

    def __init__(self) -> None:
        self.saves = Saves()
        self._rows: queue.Queue[set[Path]] = queue.Queue()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        for row in self.saves.rows():
            self._rows.put(row)

    def until(self, path: Path) -> set[Path]:
        """All that was saved until this one was."""
        saved: set[Path] = set()
        while path not in saved:
            saved |= self._rows.get(timeout=10)
        return saved

    def close(self) -> None:
        self.saves.close()
        self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    listener = Listener()
    listener.saves.cover([tmp_path])
    yield listener
    listener.close()


def test_a_file_is_told_of_once_it_is_closed(listener: Listener, tmp_path: Path) -> None:
    with (tmp_path / "app.py").open("w") as file:
        file.write("half of")
        file.flush()
        (tmp_path / "other.py").write_text("")
        assert listener.until(tmp_path / "other.py") == {tmp_path / "other.py"}
    assert listener.until(tmp_path / "app.py") == {tmp_path / "app.py"}


def test_a_file_that_takes_anothers_place(listener: Listener, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("1")
    listener.until(tmp_path / "app.py")
    (tmp_path / "aside").write_text("2")
    (tmp_path / "aside").replace(tmp_path / "app.py")
    assert tmp_path / "app.py" in listener.until(tmp_path / "app.py")


def test_neither_reading_nor_deleting_is_a_save(listener: Listener, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("1")
    listener.until(tmp_path / "app.py")
    (tmp_path / "app.py").read_text()
    (tmp_path / "app.py").unlink()
    (tmp_path / "last").write_text("")
    assert listener.until(tmp_path / "last") == {tmp_path / "last"}


def test_names_of_any_bytes(listener: Listener, tmp_path: Path) -> None:
    name = tmp_path / os.fsdecode(b"\xff \xc3\xa4")
    name.write_text("")
    assert name in listener.until(name)


def test_many_at_once(listener: Listener, tmp_path: Path) -> None:
    files = [tmp_path / f"module_with_a_name_that_takes_its_place_{i}.py" for i in range(2000)]
    for file in files:
        file.write_text("")
    assert listener.until(files[-1]) <= set(files)


def test_a_folder_that_is_not_there_is_left_out(listener: Listener, tmp_path: Path) -> None:
    listener.saves.cover([tmp_path / "nowhere", tmp_path])
    (tmp_path / "app.py").write_text("")
    assert tmp_path / "app.py" in listener.until(tmp_path / "app.py")


def test_a_folder_that_was_moved_has_to_be_covered_anew(listener: Listener, tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    folder.mkdir()
    listener.saves.cover([folder])
    folder.rename(elsewhere)
    (elsewhere / "app.py").write_text("by its old name this is nothing")
    (tmp_path / "first").write_text("")
    assert folder / "app.py" not in listener.until(tmp_path / "first")
    elsewhere.rename(folder)
    listener.saves.cover([folder])
    (folder / "app.py").write_text("2")
    assert folder / "app.py" in listener.until(folder / "app.py")


def test_a_folder_that_was_deleted_is_forgotten(listener: Listener, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    listener.saves.cover([folder])
    folder.rmdir()
    (tmp_path / "first").write_text("")
    listener.until(tmp_path / "first")
    folder.mkdir()
    listener.saves.cover([folder])
    (folder / "app.py").write_text("")
    assert folder / "app.py" in listener.until(folder / "app.py")
