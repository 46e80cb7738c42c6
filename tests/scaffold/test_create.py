"""Planning, conflicts, and writing all or nothing, whatever fails and wherever."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tornkit.errors import ConflictError, TornkitError, UsageError
from tornkit.scaffold import create, names

Snapshot = dict[str, str | bytes]


def snapshot(folder: Path) -> Snapshot:
    """Everything below ``folder``: path -> bytes, "folder", or where a link leads."""
    found: Snapshot = {}
    for path in sorted(folder.rglob("*")):
        kind: str | bytes
        if path.is_symlink():
            kind = f"-> {path.readlink()}"
        else:
            kind = "folder" if path.is_dir() else path.read_bytes()
        found[str(path.relative_to(folder))] = kind
    return found


def small_plan(root: Path, *paths: str) -> create.Plan:
    """A plan of our own, so that the tests don't hang on what the template holds."""
    files = [
        create.PlannedFile(PurePosixPath(path), f"new {path}".encode())
        for path in paths or ("app.py", "static/css/style.css", "tests/test_app.py")
    ]
    return create.Plan(names.parse("demo"), "demo", root, tuple(files))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "demo"


class TestPlan:
    def test_touches_nothing(self, tmp_path: Path) -> None:
        create.plan(str(tmp_path / "demo"))
        assert snapshot(tmp_path) == {}

    def test_lists_the_project(self, tmp_path: Path) -> None:
        plan = create.plan(str(tmp_path / "demo"))
        paths = [str(file.path) for file in plan.files]
        assert paths == [
            ".dockerignore",
            ".env.example",
            ".gitignore",
            "Dockerfile",
            "README.md",
            "app.py",
            "handlers.py",
            "pyproject.toml",
            "settings.py",
            "static/favicon.ico",
            "static/robots.txt",
            "static/style.css",
            "templates/base.html",
            "templates/error.html",
            "templates/index.html",
            "tests/__init__.py",
            "tests/test_app.py",
        ]

    def test_fills_in_every_placeholder(self, tmp_path: Path) -> None:
        plan = create.plan(str(tmp_path / "my-board"))
        contents = {str(file.path): file.content for file in plan.files}
        assert b'name = "my-board"' in contents["pyproject.toml"]
        assert b"# My Board" in contents["README.md"]
        assert b"docker build -t my_board" in contents["README.md"]
        assert not [path for path, content in contents.items() if b"@@" in content]

    def test_leaves_binary_files_alone(self, tmp_path: Path) -> None:
        plan = create.plan(str(tmp_path / "demo"))
        (icon,) = [file for file in plan.files if file.path.name == "favicon.ico"]
        assert icon.content.startswith(b"\0\0\1\0")

    def test_refuses_a_bad_name(self) -> None:
        with pytest.raises(UsageError):
            create.plan("path/to/json")


class TestNewFolder:
    def test_is_written_whole(self, root: Path) -> None:
        create.write(small_plan(root))
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
        create.write(small_plan(root))
        (tmp_path / "folder").mkdir()
        (tmp_path / "file").touch()
        assert root.stat().st_mode == (tmp_path / "folder").stat().st_mode
        assert (root / "app.py").stat().st_mode == (tmp_path / "file").stat().st_mode
        assert not stat.S_IXUSR & (root / "app.py").stat().st_mode

    def test_parents_are_made(self, tmp_path: Path) -> None:
        create.write(small_plan(tmp_path / "path" / "to" / "demo"))
        assert (tmp_path / "path/to/demo/app.py").is_file()

    def test_a_refusing_system_leaves_nothing(self, tmp_path: Path) -> None:
        plan = small_plan(tmp_path / "path" / "demo", "app.py", "x" * 300)
        with pytest.raises(TornkitError, match="File name too long; nothing was changed"):
            create.write(plan)
        assert snapshot(tmp_path) == {}

    def test_file_among_the_parents(self, tmp_path: Path) -> None:
        (tmp_path / "path").touch()
        with pytest.raises(TornkitError, match="demo"):
            create.write(small_plan(tmp_path / "path" / "to" / "demo"))
        assert snapshot(tmp_path) == {"path": b""}


class TestExistingFolder:
    def test_unrelated_files_are_no_conflict(self, root: Path) -> None:
        (root / "static").mkdir(parents=True)
        (root / "static" / "photo.jpg").write_bytes(b"photo")
        create.write(small_plan(root))
        assert (root / "app.py").read_bytes() == b"new app.py"
        assert (root / "static/photo.jpg").read_bytes() == b"photo"
        assert not list(root.glob(".tornkit*"))

    def test_conflicts_are_listed_and_nothing_is_written(self, root: Path) -> None:
        (root / "tests").mkdir(parents=True)
        (root / "app.py").write_bytes(b"mine")
        (root / "tests" / "test_app.py").symlink_to("nowhere")
        before = snapshot(root)

        with pytest.raises(ConflictError, match="2 files would be overwritten") as caught:
            create.write(small_plan(root))

        assert caught.value.paths == ("demo/app.py", "demo/tests/test_app.py")
        assert snapshot(root) == before

    def test_force_overwrites_those_alone(self, root: Path) -> None:
        root.mkdir()
        (root / "app.py").write_bytes(b"mine")
        (root / "notes.txt").write_bytes(b"notes")
        create.write(small_plan(root), force=True)
        assert (root / "app.py").read_bytes() == b"new app.py"
        assert (root / "notes.txt").read_bytes() == b"notes"
        assert not list(root.glob(".tornkit*"))

    def test_root_may_be_a_link_to_a_folder(self, root: Path, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        root.symlink_to("elsewhere")
        create.write(small_plan(root))
        assert (tmp_path / "elsewhere/app.py").is_file()
        assert root.is_symlink()


class TestObstacles:
    """What no ``--force`` may overwrite."""

    def refused(self, plan: create.Plan, reason: str) -> None:
        before = snapshot(plan.root.parent)
        for force in (False, True):
            with pytest.raises(TornkitError, match=reason) as caught:
                create.write(plan, force=force)
            assert "\n" not in str(caught.value)
        assert snapshot(plan.root.parent) == before

    def test_root_is_a_file(self, root: Path) -> None:
        root.touch()
        self.refused(small_plan(root), "demo exists and is no folder")

    def test_root_is_a_dangling_link(self, root: Path) -> None:
        root.symlink_to("nowhere")
        self.refused(small_plan(root), "demo exists and is no folder")

    def test_file_where_a_folder_must_be(self, root: Path) -> None:
        root.mkdir()
        (root / "static").touch()
        self.refused(small_plan(root), "demo/static must be a folder")

    def test_folder_where_a_file_must_be(self, root: Path) -> None:
        (root / "app.py").mkdir(parents=True)
        self.refused(small_plan(root), r"demo/app\.py must be a file")

    @pytest.mark.parametrize("target", ["../outside", "/", "../nowhere"])
    def test_link_out_of_the_project(self, root: Path, target: str) -> None:
        root.mkdir()
        (root.parent / "outside").mkdir()
        (root / "static").symlink_to(target)
        self.refused(small_plan(root), "demo/static links out of the project")

    def test_loop_of_links(self, root: Path) -> None:
        root.mkdir()
        (root / "static").symlink_to("static")
        self.refused(small_plan(root), "demo/static must be a folder")


def test_link_within_the_project_is_followed(root: Path) -> None:
    (root / "assets").mkdir(parents=True)
    (root / "static").symlink_to("assets")
    create.write(small_plan(root))
    assert (root / "assets/css/style.css").is_file()


def test_forced_file_replaces_a_link_not_its_target(root: Path) -> None:
    root.mkdir()
    target = root.parent / "precious"
    target.write_bytes(b"precious")
    (root / "app.py").symlink_to(target)
    create.write(small_plan(root), force=True)
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


@pytest.mark.parametrize("existing", [False, True], ids=["new", "existing"])
@pytest.mark.parametrize("method", ["mkdir", "write_bytes", "rename"])
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
    before = snapshot(tmp_path)
    call = 0
    while True:
        call += 1
        with pytest.MonkeyPatch.context() as monkeypatch:
            calls = fail_at(monkeypatch, method, call, failure)
            try:
                create.write(small_plan(root), force=True)
            except raised:
                assert snapshot(tmp_path) == before
            else:
                # There is no such call any more: every one before it has failed once.
                assert calls() == call - 1 > 0
                break
    assert (root / "app.py").read_bytes() == b"new app.py"


def test_a_kept_file_survives_even_a_failing_rollback(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root.mkdir()
    (root / "app.py").write_bytes(b"mine")
    real = Path.rename

    def only_aside(self: Path, target: Path) -> Path:
        if target.name != "old-0":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(self, target)

    monkeypatch.setattr(Path, "rename", only_aside)
    with pytest.raises(TornkitError, match="Input/output error"):
        create.write(small_plan(root), force=True)
    assert [path.read_bytes() for path in root.rglob("old-0")] == [b"mine"]
