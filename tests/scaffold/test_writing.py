"""Writing all or nothing, whatever fails and wherever."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.scaffold.folders import planned, snapshot
from tornkit.errors import TornkitError
from tornkit.scaffold import writing
from tornkit.scaffold.plan import PlannedFile
from tornkit.scaffold.writing import Changes


def some(root: Path, *paths: str, removed: tuple[str, ...] = ()) -> Changes:
    files = {
        path: f"new {path}"
        for path in paths or ("app.py", "static/css/style.css", "tests/test_app.py")
    }
    return Changes(root, "demo", tuple(planned(files)), tuple(map(PurePosixPath, removed)))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "demo"


class TestNewFolder:
    def test_is_written_whole(self, root: Path) -> None:
        writing.write(some(root))
        assert snapshot(root.parent) == {
            "demo": "folder",
            "demo/app.py": b"new app.py",
            "demo/static": "folder",
            "demo/static/css": "folder",
            "demo/static/css/style.css": b"new static/css/style.css",
            "demo/tests": "folder",
            "demo/tests/test_app.py": b"new tests/test_app.py",
        }

    def test_has_ordinary_permissions(self, root: Path, tmp_path: Path) -> None:
        writing.write(some(root))
        (tmp_path / "folder").mkdir()
        (tmp_path / "file").touch()
        assert root.stat().st_mode == (tmp_path / "folder").stat().st_mode
        assert (root / "app.py").stat().st_mode == (tmp_path / "file").stat().st_mode
        assert not stat.S_IXUSR & (root / "app.py").stat().st_mode

    def test_parents_are_made(self, tmp_path: Path) -> None:
        writing.write(some(tmp_path / "path" / "to" / "demo"))
        assert (tmp_path / "path/to/demo/app.py").is_file()

    def test_a_refusing_system_leaves_nothing(self, tmp_path: Path) -> None:
        changes = some(tmp_path / "path" / "demo", "app.py", "x" * 300)
        with pytest.raises(TornkitError, match="File name too long; nothing was changed"):
            writing.write(changes)
        assert snapshot(tmp_path) == {}

    def test_file_among_the_parents(self, tmp_path: Path) -> None:
        (tmp_path / "path").touch()
        with pytest.raises(TornkitError, match="demo"):
            writing.write(some(tmp_path / "path" / "to" / "demo"))
        assert snapshot(tmp_path) == {"path": b""}


class TestExistingFolder:
    def test_unrelated_files_are_no_conflict(self, root: Path) -> None:
        (root / "static").mkdir(parents=True)
        (root / "static" / "photo.jpg").write_bytes(b"photo")
        writing.write(some(root))
        assert (root / "app.py").read_bytes() == b"new app.py"
        assert (root / "static/photo.jpg").read_bytes() == b"photo"
        assert not list(root.glob(".tornkit*"))

    def test_what_is_there_is_replaced_and_nothing_else(self, root: Path) -> None:
        root.mkdir()
        (root / "app.py").write_bytes(b"mine")
        (root / "notes.txt").write_bytes(b"notes")
        writing.write(some(root))
        assert (root / "app.py").read_bytes() == b"new app.py"
        assert (root / "notes.txt").read_bytes() == b"notes"
        assert not list(root.glob(".tornkit*"))

    def test_root_may_be_a_link_to_a_folder(self, root: Path, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        root.symlink_to("elsewhere")
        writing.write(some(root))
        assert (tmp_path / "elsewhere/app.py").is_file()
        assert root.is_symlink()


class TestObstacles:
    """What is never replaced."""

    def refused(self, changes: Changes, reason: str) -> None:
        before = snapshot(changes.root.parent)
        for step in (writing.check, writing.write):
            with pytest.raises(TornkitError, match=reason) as caught:
                step(changes)
            assert "\n" not in str(caught.value)
        assert snapshot(changes.root.parent) == before

    def test_root_is_a_file(self, root: Path) -> None:
        root.touch()
        self.refused(some(root), "demo exists and is no folder")

    def test_root_is_a_dangling_link(self, root: Path) -> None:
        root.symlink_to("nowhere")
        self.refused(some(root), "demo exists and is no folder")

    def test_file_where_a_folder_must_be(self, root: Path) -> None:
        root.mkdir()
        (root / "static").touch()
        self.refused(some(root), "demo/static must be a folder")

    def test_folder_where_a_file_must_be(self, root: Path) -> None:
        (root / "app.py").mkdir(parents=True)
        self.refused(some(root), r"demo/app\.py must be a file")

    @pytest.mark.parametrize("target", ["../outside", "/", "../nowhere"])
    def test_link_out_of_the_project(self, root: Path, target: str) -> None:
        root.mkdir()
        (root.parent / "outside").mkdir()
        (root / "static").symlink_to(target)
        self.refused(some(root), "demo/static links out of the project")

    def test_loop_of_links(self, root: Path) -> None:
        root.mkdir()
        (root / "static").symlink_to("static")
        self.refused(some(root), "demo/static must be a folder")


def test_link_within_the_project_is_followed(root: Path) -> None:
    (root / "assets").mkdir(parents=True)
    (root / "static").symlink_to("assets")
    writing.write(some(root))
    assert (root / "assets/css/style.css").is_file()


def test_file_replaces_a_link_not_its_target(root: Path) -> None:
    root.mkdir()
    target = root.parent / "precious"
    target.write_bytes(b"precious")
    (root / "app.py").symlink_to(target)
    writing.write(some(root))
    assert target.read_bytes() == b"precious"
    assert not (root / "app.py").is_symlink()


def fail_at(
    monkeypatch: pytest.MonkeyPatch, method: str, call: int, error: BaseException
) -> Callable[[], int]:
    """Let one call of a `Path` method raise; returns how many calls there were."""
    real = getattr(Path, method)
    calls = 0

    def wrapper(self: Path, *args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise error
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Path, method, wrapper)
    return lambda: calls


@pytest.mark.parametrize(
    ("existing", "method"),
    [
        *((False, method) for method in ("mkdir", "touch", "write_bytes", "rename")),
        *((True, method) for method in ("mkdir", "touch", "write_bytes", "replace", "unlink")),
    ],
)
@pytest.mark.parametrize(
    ("failure", "raised"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), TornkitError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
    ids=["disk-full", "interrupted"],
)
def test_failure_at_any_step_leaves_everything_as_it_was(
    tmp_path: Path,
    existing: bool,
    method: str,
    failure: BaseException,
    raised: type[BaseException],
) -> None:
    root = tmp_path / "path" / "demo"
    if existing:
        root.mkdir(parents=True)
        (root / "app.py").write_bytes(b"mine")
        (root / "tests").mkdir()
        (root / "tests" / "test_app.py").symlink_to("../app.py")
        (root / "old").mkdir()
        (root / "old" / "file").write_bytes(b"old")
    before = snapshot(tmp_path)
    changes = some(root, removed=("old/file",) if existing else ())
    call = 0
    while True:
        call += 1
        with pytest.MonkeyPatch.context() as monkeypatch:
            calls = fail_at(monkeypatch, method, call, failure)
            try:
                writing.write(changes)
            except raised:
                assert snapshot(tmp_path) == before
            else:
                # There is no such call any more: every one before it has failed once.
                assert calls() == call - 1 > 0
                break
    assert (root / "app.py").read_bytes() == b"new app.py"
    assert not (root / "old").exists()


@pytest.mark.parametrize("links", [True, False])
def test_a_kept_file_survives_even_a_failing_rollback(
    root: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    root.mkdir()
    (root / "app.py").write_bytes(b"mine")
    real = Path.replace
    replaced: list[Path] = []

    def only_once(self: Path, target: Path) -> Path:
        if replaced:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        replaced.append(target)
        return real(self, target)

    def no_links(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "replace", only_once)
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(TornkitError, match="Input/output error"):
        writing.write(some(root))
    (kept,) = root.rglob("old-*")
    assert kept.read_bytes() == b"mine"
    assert writing.abandoned(root) == [kept.parent.name], "whoever comes next is told of it"


KILLED = """
import os, signal, sys
from pathlib import Path, PurePosixPath
from tornkit.scaffold.plan import PlannedFile
from tornkit.scaffold import writing

left = int(sys.argv[2])

def counted(place, name):
    real = getattr(place, name)
    def call(*args, **kwargs):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    setattr(place, name, call)

for place, name in ((Path, "replace"), (Path, "unlink"), (Path, "mkdir"), (os, "link")):
    counted(place, name)
files = tuple(PlannedFile(PurePosixPath(name), b"new") for name in sys.argv[3:])
writing.write(writing.Changes(Path(sys.argv[1]), "demo", files, (PurePosixPath("gone"),)))
"""


def test_whoever_is_killed_midway_has_every_file_and_begins_again(tmp_path: Path) -> None:
    names = [".tornkit.toml", "app.py", "static/new.css", "tests/test_app.py"]
    old = dict.fromkeys((".tornkit.toml", "app.py", "tests/test_app.py"), b"old")
    number, kept_on = 0, True
    while kept_on:
        number += 1
        root = tmp_path / str(number)
        for name, content in {**old, "gone": b"old"}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        command = [sys.executable, "-c", KILLED, str(root)]
        kept_on = subprocess.run([*command, str(number), *names], check=False).returncode != 0
        found = {name: (root / name).read_bytes() for name in old}
        assert set(found.values()) <= {b"old", b"new"}
        if found[".tornkit.toml"] == b"new":  # then all else is done
            assert {(root / name).read_bytes() for name in names} == {b"new"}
            assert not (root / "gone").exists()
        for name in writing.abandoned(root):
            assert (root / name / ".gitignore").read_text() == "*\n"
        subprocess.run([*command, "0", *names], check=True)
        assert {(root / name).read_bytes() for name in names} == {b"new"}
    assert number > len(names)


def test_a_ctrl_c_while_files_are_moved_comes_too_late(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root.mkdir()
    real = Path.replace

    def interrupted(self: Path, target: Path) -> Path:
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        return real(self, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    writing.write(some(root))
    assert (root / "app.py").read_bytes() == b"new app.py"
    assert writing.abandoned(root) == []
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


class TestPermissions:
    def mode(self, path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    def test_a_private_file_is_for_its_owner_alone(self, root: Path) -> None:
        secret = PlannedFile(PurePosixPath(".env"), b"SECRET=1", private=True)
        writing.write(Changes(root, "demo", (secret,)))
        assert self.mode(root / ".env") == 0o600

    def test_a_script_can_be_run(self, root: Path) -> None:
        writing.write(Changes(root, "demo", tuple(planned({"run": "#!/bin/sh\n", "text": "x"}))))
        assert self.mode(root / "run") & stat.S_IXUSR
        assert not self.mode(root / "text") & stat.S_IXUSR

    @pytest.mark.parametrize(
        ("text", "before", "after"),
        [
            ("x", 0o640, 0o640),
            ("x", 0o755, 0o755),
            ("#!/bin/sh\n", 0o640, 0o750),
            ("#!/bin/sh\n", 0o644, 0o755),
        ],
    )
    def test_a_file_keeps_the_users(self, root: Path, text: str, before: int, after: int) -> None:
        root.mkdir()
        (root / "file").touch()
        (root / "file").chmod(before)
        writing.write(Changes(root, "demo", tuple(planned({"file": text}))))
        assert self.mode(root / "file") == after


class TestRemoval:
    def test_empty_folders_go_with_their_last_file(self, root: Path) -> None:
        (root / "a" / "b").mkdir(parents=True)
        (root / "a" / "b" / "gone").touch()
        (root / "a" / "mine").touch()
        writing.write(some(root, "app.py", removed=("a/b/gone", "a/never")))
        assert snapshot(root) == {"a": "folder", "a/mine": b"", "app.py": b"new app.py"}

    def test_a_link_goes_and_not_its_target(self, root: Path) -> None:
        root.mkdir()
        (root / "target").write_bytes(b"precious")
        (root / "link").symlink_to("target")
        writing.write(some(root, "app.py", removed=("link",)))
        assert snapshot(root) == {"app.py": b"new app.py", "target": b"precious"}

    def test_nothing_is_removed_through_a_link_out(self, root: Path) -> None:
        root.mkdir()
        (root.parent / "outside").mkdir()
        (root.parent / "outside" / "file").touch()
        (root / "folder").symlink_to("../outside")
        with pytest.raises(TornkitError, match="links out of the project"):
            writing.write(some(root, "app.py", removed=("folder/file",)))
        assert (root.parent / "outside" / "file").exists()
