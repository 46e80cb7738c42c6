"""The binding: events come by watch, mask and name; what the kernel refuses is an OSError."""

from __future__ import annotations

import errno
import os
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from tornkit import linux
from tornkit.serve.watching.inotify import (
    CLOSE_WRITE,
    CREATE,
    DELETE,
    IGNORED,
    IS_FOLDER,
    Event,
    Inotify,
)

pytestmark = [
    pytest.mark.usefixtures("no_leaks"),
    pytest.mark.timeout(20),
    pytest.mark.skipif(not linux.USED, reason="inotify is Linux alone"),
]


@pytest.fixture
def kernel(no_leaks: None) -> Iterator[Inotify]:
    kernel = Inotify()
    yield kernel
    kernel.close()


def masks(events: list[Event], name: str) -> int:
    """All that was told of a name."""
    found = 0
    for event in events:
        found |= event.mask if event.name == name else 0
    return found


def test_what_becomes_of_entries(kernel: Inotify, tmp_path: Path) -> None:
    watch = kernel.add(str(tmp_path))
    assert kernel.read() == []
    odd = os.fsdecode(b"\xff \xc3\xa4")
    (tmp_path / odd).write_text("1")
    (tmp_path / "folder").mkdir()
    (tmp_path / odd).unlink()
    assert select.select([kernel], [], [], 10)[0]
    events = kernel.read()
    assert {event.watch for event in events} == {watch}
    assert masks(events, odd) & (CREATE | CLOSE_WRITE | DELETE) == CREATE | CLOSE_WRITE | DELETE
    assert masks(events, "folder") == CREATE | IS_FOLDER


def test_a_folder_has_one_watch_by_whatever_name(kernel: Inotify, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    watch = kernel.add(str(tmp_path / "folder"))
    assert kernel.add(str(tmp_path / "link")) == watch
    kernel.remove(watch)
    assert kernel.read() == [Event(watch, IGNORED, "")]
    kernel.remove(watch)
    assert kernel.read() == []


def test_more_than_one_reading_holds(kernel: Inotify, tmp_path: Path) -> None:
    kernel.add(str(tmp_path))
    names = {f"module_with_a_name_that_takes_its_place_{number}.py" for number in range(2000)}
    for name in names:
        (tmp_path / name).touch()
    told: set[str] = set()
    while events := kernel.read():
        told.update(event.name for event in events)
    assert told == names


@pytest.mark.parametrize(("name", "code"), [("gone", errno.ENOENT), ("file", errno.ENOTDIR)])
def test_what_can_not_be_watched(kernel: Inotify, tmp_path: Path, name: str, code: int) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=os.strerror(code)) as refusal:
        kernel.add(str(tmp_path / name))
    assert refusal.value.errno == code
