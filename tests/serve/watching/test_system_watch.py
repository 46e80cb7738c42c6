"""Watching by watchfiles, as on a system without inotify; it works wherever watchfiles does."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import watchfiles

from tornkit.serve.watching.reach import Coverage
from tornkit.serve.watching.system_watch import SystemWatch

pytestmark = pytest.mark.timeout(30)


class Told:
    """A `SystemWatch` over one folder, and what it has told."""

    def __init__(self, root: Path) -> None:
        self.paths: set[str] = set()
        self.troubles: list[str] = []
        self.watch = SystemWatch(
            self.paths.update, self.troubles.append, lambda gap: None, poll_delay=0.02
        )
        self.watch.start()
        self.watch.cover(Coverage(deep=frozenset({str(root)})))

    def until(self, path: Path, again: Callable[[], object] = lambda: None) -> None:
        """Wait until a path was told of; ``again`` is done until it was."""
        deadline = time.monotonic() + 10
        while str(path) not in self.paths:
            assert time.monotonic() < deadline, f"{path} was not told of, but {self.paths}"
            again()
            time.sleep(0.02)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = Path(os.path.realpath(tmp_path)) / "root"
    (root / "env").mkdir(parents=True)
    (root / "env" / "pyvenv.cfg").touch()
    return root


@pytest.fixture
def told(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    monkeypatch.setattr("tornkit.serve.watching.system_watch._LOOK_MS", 20)
    before = set(threading.enumerate())
    told = Told(root)
    yield told
    told.watch.stop()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()


def test_edits(told: Told, root: Path) -> None:
    canary = root / "canary.py"
    told.until(canary, lambda: canary.write_text(str(time.monotonic())))
    (root / "env" / "x.py").touch()
    (root / "app.py~").touch()
    (root / "app.py").write_text("1")
    told.until(root / "app.py")
    assert told.paths == {str(canary), str(root / "app.py")}


def test_a_root_that_is_removed_and_made_anew(told: Told, root: Path) -> None:
    canary = root / "canary.py"
    told.until(canary, lambda: canary.write_text(str(time.monotonic())))
    shutil.rmtree(root)
    told.until(root)
    told.paths.clear()
    root.mkdir()
    told.until(root)
    told.paths.clear()
    told.until(canary, lambda: canary.write_text(str(time.monotonic())))


def test_where_watchfiles_fails_it_is_polled(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*roots: str, **options: object) -> object:
        raise RuntimeError("no more watches")

    monkeypatch.setattr(watchfiles, "watch", failing)
    told = Told(root)
    try:
        told.until(root / "canary.py", (root / "canary.py").touch)
        assert told.troubles == ["no more watches"]
        told.until(root)  # whatever was missed in it
    finally:
        told.watch.stop()
