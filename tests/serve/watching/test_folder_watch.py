"""Single events, of a kernel of the test's own, and what the watching thread makes of them.

With the real kernel, and what a change means for the server: `test_watcher`.
"""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tornkit.serve.watching import folder_watch, inotify
from tornkit.serve.watching.folder_watch import FolderWatch
from tornkit.serve.watching.inotify import Event
from tornkit.serve.watching.reach import Coverage

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(30)]

NEW = inotify.CREATE
FOLDER = inotify.IS_FOLDER


class Kernel:
    """Stand-in for an `Inotify`: the watch of a folder has the folder's own number."""

    def __init__(self) -> None:
        self._tells, self._wakes = socket.socketpair()
        self._batches: deque[list[Event]] = deque()
        self.watched: dict[int, str] = {}
        self.refuses: dict[str, int] = {}
        self.removed: list[str] = []
        self.is_open = True

    def fileno(self) -> int:
        return self._tells.fileno()

    def add(self, folder: str) -> int:
        if folder in self.refuses:
            raise OSError(self.refuses[folder], os.strerror(self.refuses[folder]), folder)
        number = Path(folder).stat().st_ino
        self.watched[number] = folder
        return number

    def remove(self, watch: int) -> None:
        self.removed.append(self.watched.pop(watch))

    def read(self) -> list[Event]:
        if not self._batches:
            return []
        self._tells.recv(1)
        return self._batches.popleft()

    def close(self) -> None:
        self.is_open = False
        self._tells.close()
        self._wakes.close()

    def tells(self, *events: tuple[Path, int] | Event) -> None:
        """Tell of entries, or an event as it is; all in one read."""
        self.tells_in_turn(events)

    def tells_in_turn(self, *batches: Sequence[tuple[Path, int] | Event]) -> None:
        """Tell of them in one read after the other, without a moment between."""
        for events in batches:
            self._batches.append(
                [
                    each
                    if isinstance(each, Event)
                    else Event(each[0].parent.stat().st_ino, each[1], each[0].name)
                    for each in events
                ]
            )
        self._wakes.send(b"x" * len(batches))


class Watching:
    """A thread, and what it has told: each call by itself."""

    def __init__(self, kernel: Kernel | None, **options: Any) -> None:
        self.kernel = kernel
        self.calls: list[list[str]] = []
        self.troubles: list[str] = []
        self.gaps: list[str] = []
        self._told = threading.Condition()
        self.watch = FolderWatch(
            self._tell, self.troubles.append, self.gaps.append, poll_delay=0.01, **options
        )
        before = set(threading.enumerate())
        self.watch.start()
        (self._thread,) = set(threading.enumerate()) - before

    def _tell(self, paths: Iterable[str]) -> None:
        with self._told:
            self.calls.append(list(paths))
            self._told.notify_all()

    @property
    def told(self) -> list[str]:
        return [path for call in self.calls for path in call]

    def until(self, condition: Callable[[], object]) -> None:
        with self._told:
            assert self._told.wait_for(condition, 10), (self.calls, self.troubles, self.gaps)

    def until_told(self, path: Path) -> None:
        self.until(lambda: str(path) in self.told)

    def until_seen(self, path: Path) -> None:
        """Write a file until that is told: its folder may not be polled yet."""
        deadline = time.monotonic() + 10
        while str(path) not in self.told:
            assert time.monotonic() < deadline
            path.write_text(str(time.monotonic()))
            time.sleep(0.005)

    def cover(self, *deep: Path, flat: tuple[Path, ...] = ()) -> None:
        """Watch these; returns once it does."""
        coverage = Coverage(frozenset(map(str, deep)), frozenset(map(str, flat)))
        self.watch.cover(coverage)
        wanted = coverage.deep | coverage.flat
        deadline = time.monotonic() + 10
        while not wanted <= self.watch._roots.keys() or self.watch._asked:
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def settle(self, canary: Path) -> None:
        """Return once all is told of that it had heard of before."""
        assert self.kernel is not None
        self.kernel.tells((canary, inotify.ATTRIB))
        self.until_told(canary)

    def end(self) -> None:
        self.watch.stop()
        self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(folder_watch, "_LOOK_EVERY", 0.005)
    project = Path(os.path.realpath(tmp_path)) / "project"
    (project / "pkg").mkdir(parents=True)
    for name in ("a.py", "b.py", "canary.py"):
        (project / name).write_text(name)
    return project


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel()
    monkeypatch.setattr(folder_watch, "Inotify", lambda: kernel)
    return kernel


@pytest.fixture
def watching(kernel: Kernel, project: Path) -> Iterator[Watching]:
    watching = Watching(kernel, polling=False)
    watching.cover(project)
    watching.settle(project / "before.py")
    watching.calls.clear()
    yield watching
    watching.end()
    assert not kernel.is_open


class TestFiles:
    def test_a_row_of_saves_is_told_at_once(
        self, watching: Watching, kernel: Kernel, project: Path
    ) -> None:
        """A checkout is one change, and so one restart."""
        files = [project / name for name in ("a.py", "b.py", "pkg/c.py")]
        files[2].touch()
        kernel.tells_in_turn(
            [(files[0], inotify.CLOSE_WRITE), (files[1], inotify.MOVED_TO)],
            [(files[2], inotify.CLOSE_WRITE)],
        )
        watching.until_told(files[2])
        assert watching.calls == [[str(file) for file in files]]

    def test_one_that_is_open_again_is_not_whole(
        self, watching: Watching, kernel: Kernel, project: Path
    ) -> None:
        one, other = project / "a.py", project / "b.py"
        kernel.tells(
            (one, inotify.CLOSE_WRITE), (one, inotify.MODIFY), (other, inotify.CLOSE_WRITE)
        )
        watching.until_told(other)
        assert watching.calls == [[str(other)]]
        watching.until_told(one)

    def test_one_that_is_made_is_told_when_it_is_written(
        self, watching: Watching, kernel: Kernel, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(folder_watch, "OPEN", 60.0)
        new = project / "new.py"
        new.touch()
        kernel.tells((new, NEW))
        watching.settle(project / "canary.py")
        assert str(new) not in watching.told
        kernel.tells((new, inotify.CLOSE_WRITE))
        watching.until_told(new)

    def test_a_link_that_is_made_will_not_be_closed(
        self, watching: Watching, kernel: Kernel, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(folder_watch, "OPEN", 60.0)
        link = project / "link.py"
        link.symlink_to("a.py")
        kernel.tells((link, NEW))
        watching.until_told(link)

    @pytest.mark.parametrize("mask", [inotify.DELETE, inotify.MOVED_FROM])
    def test_one_that_is_gone(
        self,
        watching: Watching,
        kernel: Kernel,
        project: Path,
        mask: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Editors rename the old file away and write the new one: that is one change."""
        monkeypatch.setattr(folder_watch, "DELETED", 0.01)
        kernel.tells((project / "a.py", mask))
        kernel.tells((project / "a.py", inotify.MOVED_TO))
        watching.until_told(project / "a.py")
        (project / "b.py").unlink()
        kernel.tells((project / "b.py", mask))
        watching.until_told(project / "b.py")
        assert watching.told == [str(project / "a.py"), str(project / "b.py")]

    def test_its_mode_is_no_change_once_it_was_told(
        self, watching: Watching, kernel: Kernel, project: Path
    ) -> None:
        kernel.tells((project / "a.py", inotify.CLOSE_WRITE), (project / "a.py", inotify.ATTRIB))
        watching.until_told(project / "a.py")
        kernel.tells((project / "a.py", inotify.ATTRIB))
        watching.settle(project / "canary.py")
        assert watching.told.count(str(project / "a.py")) == 1

    def test_what_is_of_no_folder_that_is_watched(
        self, watching: Watching, kernel: Kernel, project: Path
    ) -> None:
        """Events of a watch that has just ended, and of a folder's own mode, mean nothing."""
        kernel.tells(Event(1 << 30, inotify.CLOSE_WRITE, "a.py"))
        kernel.tells((project / "pkg", inotify.ATTRIB | FOLDER))
        kernel.tells(Event(project.stat().st_ino, inotify.CLOSE_WRITE, ""))
        watching.settle(project / "canary.py")
        assert watching.told == [str(project / "canary.py")]


class TestFolders:
    @pytest.mark.parametrize("mask", [inotify.CREATE, inotify.MOVED_TO])
    def test_one_that_comes_is_watched_with_all_that_is_in_it(
        self, watching: Watching, kernel: Kernel, project: Path, mask: int
    ) -> None:
        deep = project / "new" / "deep"
        deep.mkdir(parents=True)
        (deep / "x.py").touch()
        kernel.tells((project / "new", mask | FOLDER))
        watching.until_told(deep / "x.py")
        assert {str(deep), str(project / "new")} <= set(kernel.watched.values())

    def test_one_that_is_gone_is_not_watched_any_more(
        self, watching: Watching, kernel: Kernel, project: Path
    ) -> None:
        kernel.tells((project / "pkg", inotify.MOVED_FROM | FOLDER))
        watching.until_told(project / "pkg")
        assert kernel.removed == [str(project / "pkg")]
        assert watching.told == [str(project / "pkg")]

    def test_one_that_turns_out_to_be_an_environment(
        self, watching: Watching, kernel: Kernel, project: Path
    ) -> None:
        """``python -m venv`` makes the folder first."""
        (project / "pkg" / "pyvenv.cfg").touch()
        kernel.tells((project / "pkg" / "pyvenv.cfg", inotify.CREATE))
        watching.settle(project / "canary.py")
        assert kernel.removed == [str(project / "pkg")]
        assert watching.told == [str(project / "canary.py")]

    def test_a_root_that_says_so_is_watched_nevertheless(
        self, watching: Watching, kernel: Kernel, project: Path
    ) -> None:
        (project / "pyvenv.cfg").touch()
        kernel.tells((project / "pyvenv.cfg", inotify.CLOSE_WRITE))
        watching.until_told(project / "pyvenv.cfg")
        assert kernel.removed == []

    def test_one_that_moves_and_is_there_by_another_name_of_its_own(
        self, watching: Watching, kernel: Kernel, project: Path
    ) -> None:
        """A link leads to it still: what was behind the link has moved, and the link with it."""
        kernel.tells(Event((project / "pkg").stat().st_ino, inotify.MOVE_SELF, ""))
        watching.settle(project / "canary.py")
        assert kernel.removed == []
        (project / "pkg").rename(project / "elsewhere")
        kernel.tells(Event((project / "elsewhere").stat().st_ino, inotify.MOVE_SELF, ""))
        watching.settle(project / "b.py")
        assert kernel.removed == [str(project / "pkg")]


class TestRoots:
    def test_below_a_flat_one_nothing_is_watched(self, kernel: Kernel, project: Path) -> None:
        watching = Watching(kernel, polling=False)
        watching.cover(flat=(project,))
        (project / "new").mkdir()
        (project / "new" / "x.py").touch()
        kernel.tells((project / "new", inotify.CREATE | FOLDER))
        watching.settle(project / "canary.py")
        watching.end()
        assert list(kernel.watched.values()) == [str(project)]
        assert watching.told == [str(project / "canary.py")]

    def test_one_that_is_asked_for_no_more(
        self, watching: Watching, kernel: Kernel, project: Path
    ) -> None:
        other = project.parent / "other"
        other.mkdir()
        watching.cover(other)
        kernel.tells((other / "x.py", inotify.CLOSE_WRITE))
        watching.until_told(other / "x.py")
        assert set(kernel.removed) == {str(project), str(project / "pkg")}

    def test_one_by_two_names(self, watching: Watching, kernel: Kernel, project: Path) -> None:
        """It is told of by both, and by the one that is left when the other is not asked for."""
        link = project.parent / "link"
        link.symlink_to(project)
        watching.cover(project, link)
        kernel.tells((project / "a.py", inotify.CLOSE_WRITE))
        watching.until_told(link / "a.py")
        assert str(project / "a.py") in watching.told
        watching.cover(project)
        watching.settle(project / "canary.py")
        assert kernel.removed == []

    def test_one_that_was_an_environment_before(self, kernel: Kernel, project: Path) -> None:
        (project / "pyvenv.cfg").touch()
        watching = Watching(kernel, polling=False)
        watching.cover(project)
        watching.settle(project / "canary.py")
        watching.end()
        assert set(kernel.watched.values()) == {str(project), str(project / "pkg")}

    def test_one_that_a_wider_one_holds(
        self, watching: Watching, kernel: Kernel, project: Path
    ) -> None:
        outer = project.parent
        watching.cover(outer)
        kernel.tells((project / "a.py", inotify.CLOSE_WRITE))
        watching.until_told(project / "a.py")
        assert watching.watch._roots.keys() == {str(outer)}
        assert set(kernel.watched.values()) == {str(outer), str(project), str(project / "pkg")}

    def test_one_that_is_gone_is_told_of_and_waited_for(
        self, watching: Watching, kernel: Kernel, project: Path
    ) -> None:
        elsewhere = project.parent / "elsewhere"
        project.rename(elsewhere)
        kernel.tells(Event(elsewhere.stat().st_ino, inotify.MOVE_SELF, ""))
        watching.until_told(project)
        watching.calls.clear()
        elsewhere.rename(project)
        watching.until_told(project)
        kernel.tells((project / "pkg" / "x.py", inotify.CLOSE_WRITE))
        watching.until_told(project / "pkg" / "x.py")

    def test_events_that_were_lost(self, watching: Watching, kernel: Kernel, project: Path) -> None:
        """Anything may have changed, and folders may have come."""
        (project / "new").mkdir()
        kernel.tells(Event(-1, inotify.OVERFLOW, ""))
        watching.until_told(project)
        assert str(project / "new") in kernel.watched.values()


class TestGaps:
    def test_a_folder_without_a_watch_is_polled(self, kernel: Kernel, project: Path) -> None:
        deep = project / "pkg" / "deep"
        deep.mkdir()
        kernel.refuses |= dict.fromkeys((str(project / "pkg"), str(deep)), errno.ENOSPC)
        watching = Watching(kernel, polling=False)
        watching.cover(project)
        watching.until_seen(deep / "x.py")
        watching.end()
        assert watching.troubles == [os.strerror(errno.ENOSPC)]
        assert watching.gaps == []

    def test_a_folder_that_is_gone_meanwhile_is_none(self, kernel: Kernel, project: Path) -> None:
        kernel.refuses[str(project / "pkg")] = errno.ENOENT
        watching = Watching(kernel, polling=False)
        watching.cover(project)
        watching.settle(project / "canary.py")
        watching.end()
        assert (watching.troubles, watching.gaps) == ([], [])

    def test_polling_asks_no_kernel(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(folder_watch, "Inotify", lambda: pytest.fail("it was asked"))
        watching = Watching(None, polling=True)
        watching.cover(project)
        watching.until_seen(project / "pkg" / "x.py")
        watching.end()
        assert watching.troubles == []

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (OSError(errno.EMFILE, "Too many open files"), "Too many open files"),
            (AttributeError("inotify_init1"), "inotify_init1"),
        ],
    )
    def test_no_kernel_to_ask(
        self, project: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
    ) -> None:
        """All is polled; a C library may have no such function."""

        def refuse() -> None:
            raise error

        monkeypatch.setattr(folder_watch, "Inotify", refuse)
        watching = Watching(None, polling=False)
        watching.cover(project)
        watching.until_seen(project / "pkg" / "x.py")
        watching.end()
        assert watching.troubles == [said]


def test_it_ends_though_nothing_happens(
    kernel: Kernel, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_watch, "_LOOK_EVERY", 3600.0)
    watching = Watching(kernel, polling=False)
    watching.cover(project)
    watching.settle(project / "canary.py")
    watching.end()


def test_a_system_without_a_thread_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, and no descriptor stays open."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    watch = FolderWatch(lambda paths: None, print, print, polling=True)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        watch.start()
    watch.cover(Coverage())
    watch.stop()
