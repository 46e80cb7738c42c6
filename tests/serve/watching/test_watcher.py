"""What a change means, without a file system; and that changes are seen, with one."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest

from tornkit import linux
from tornkit.serve.watching.folder_watch import FolderWatch
from tornkit.serve.watching.inotify import OVERFLOW, Event, Inotify
from tornkit.serve.watching.wake_pipe import WakePipe
from tornkit.serve.watching.watcher import Meaning, Watcher, WatchRules

PROJECT = Path("/home/me/build/project")
RESTART, REFRESH = Meaning.RESTART, Meaning.REFRESH

RULES = WatchRules(
    folders=frozenset({PROJECT}),
    restart_files=frozenset({PROJECT / ".env", Path("/elsewhere/lib.py"), Path("/etc/app.ini")}),
    restart_folders=frozenset({Path("/config"), PROJECT / "schemas"}),
    refresh_folders=frozenset({PROJECT / "templates", Path("/shared/static")}),
)

# ---- what it means ----


@pytest.mark.parametrize(
    ("path", "meaning"),
    [
        (PROJECT / "app.py", RESTART),
        (PROJECT / "deep" / "er" / "x.py", RESTART),
        (PROJECT / "templates" / "x.py", RESTART),
        (PROJECT / ".env", RESTART),
        (PROJECT / "schemas" / "x.json", RESTART),
        (PROJECT / "schemas" / "x", RESTART),
        (Path("/elsewhere/lib.py"), RESTART),
        (Path("/etc/app.ini"), RESTART),
        (Path("/config/deep/x.yaml"), RESTART),
        (PROJECT / "templates" / "a.html", REFRESH),
        (PROJECT / "templates" / "a.odd", REFRESH),
        (Path("/shared/static/a.odd"), REFRESH),
        (Path("/shared/static/a.py"), REFRESH),
        (PROJECT / "a.html", REFRESH),
        (PROJECT / "b" / "a.css", REFRESH),
        (PROJECT / "a.jinja2", REFRESH),
        (PROJECT / "app.db", None),
        (PROJECT / "app.pyx", None),
        (PROJECT / "notes", None),
        (PROJECT / "app.log", None),
        (Path("/elsewhere/other.py"), None),
        (Path("/elsewhere/a.html"), None),
        (Path("/home/me/build/project2/app.py"), None),
        (Path("/home/me/build/other.py"), None),
    ],
    ids=str,
)
def test_meaning(path: Path, meaning: Meaning | None) -> None:
    assert RULES.meaning(path) is meaning


def ignoring(*globs: str) -> WatchRules:
    return replace(RULES, ignore=globs)


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("x.py", PROJECT / "deep" / "x.py"),
        ("*.py", PROJECT / "deep" / "x.py"),
        ("test_*", PROJECT / "deep" / "test_x.py"),
        ("deep/*.py", PROJECT / "deep" / "x.py"),
        ("deep/*", PROJECT / "deep" / "er" / "x.py"),
        ("deep", PROJECT / "deep" / "er" / "x.py"),
        ("deep/", PROJECT / "deep" / "er" / "x.py"),
        ("er", PROJECT / "deep" / "er" / "x.py"),
        ("/home/me/build/project/deep/*", PROJECT / "deep" / "x.py"),
        ("*.html", PROJECT / "templates" / "a.html"),
        ("*.yaml", Path("/config/deep/x.yaml")),
        ("deep/*.yaml", Path("/config/deep/x.yaml")),
        ("deep", Path("/config/deep/x.yaml")),
        ("icons", Path("/shared/static/icons/a.svg")),
    ],
)
def test_ignored(glob: str, path: Path) -> None:
    assert ignoring("nothing", glob).meaning(path) is None
    assert ignoring("nothing").meaning(path) is not None


def test_a_loaded_file_can_be_ignored_and_one_that_was_asked_for_can_not() -> None:
    lib, asked_for = Path("/elsewhere/lib/lib.py"), Path("/elsewhere/notes.txt")
    rules = replace(RULES, loaded_files=frozenset({lib}), restart_files=frozenset({asked_for}))
    assert rules.meaning(lib) is RESTART
    assert replace(rules, ignore=("lib.py", "notes.txt")).meaning(lib) is None
    assert replace(rules, ignore=("lib.py", "notes.txt")).meaning(asked_for) is RESTART


@pytest.mark.parametrize("glob", ["build", "me", "home/*", "project", "deep", "app", "*.pyx", "py"])
def test_not_ignored(glob: str) -> None:
    """Neither by a part of a name nor by the folders that the project lies in."""
    assert ignoring(glob).meaning(PROJECT / "app.py") is RESTART


# ---- where it looks ----


def rules_of(
    folders: set[Path], *, files: set[Path] | None = None, refresh: set[Path] | None = None
) -> WatchRules:
    return WatchRules(
        folders=frozenset(folders),
        restart_files=frozenset(files or ()),
        refresh_folders=frozenset(refresh or ()),
    )


def test_no_root_is_inside_another(tmp_path: Path) -> None:
    inner, deep, beside = tmp_path / "a", tmp_path / "a" / "b", tmp_path / "ab"
    for folder in (inner, deep, beside):
        folder.mkdir()
    assert rules_of({inner, deep}, refresh={deep, beside}).deep_roots() == {inner, beside}
    assert rules_of({inner}, refresh={tmp_path}).deep_roots() == {tmp_path}


def test_what_is_not_there_is_no_root(tmp_path: Path) -> None:
    rules = rules_of({tmp_path / "gone"}, files={tmp_path / "gone" / "x.py"})
    assert rules.deep_roots() == set()
    assert rules.flat_roots() == set()


def test_a_file_outside_has_its_folder_watched_by_itself(tmp_path: Path) -> None:
    project, outside = tmp_path / "project", tmp_path / "outside"
    for folder in (project, outside, project / "sub"):
        folder.mkdir()
    rules = rules_of({project}, files={outside / "lib.py", project / "sub" / "a.py"})
    assert rules.deep_roots() == {project}
    assert rules.flat_roots() == {outside}


def test_home_and_root_are_not_gone_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    below = tmp_path / "below"
    below.mkdir()
    rules = rules_of({tmp_path, Path("/"), below})
    assert rules.deep_roots() == {below}
    assert rules.flat_roots() == {tmp_path, Path("/")}


def test_a_folder_that_can_not_be_looked_at_is_no_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked once the first generation serves: it must not fail."""

    def refused(path: Path, **options: bool) -> os.stat_result:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    rules = rules_of({tmp_path})
    monkeypatch.setattr(os, "stat", refused)
    monkeypatch.setattr(Path, "stat", refused)
    assert rules.deep_roots() == set()
    assert rules.flat_roots() == set()


# ---- a real one ----


class Start(Protocol):
    """Starts a watcher."""

    def __call__(self, rules: WatchRules, *, polling: bool = False) -> Watching: ...


class Watching:
    """A `Watcher` and what it has told so far."""

    def __init__(self, rules: WatchRules, *, polling: bool = False) -> None:
        self.seen: dict[Path, Meaning] = {}
        self._woken = threading.Event()
        self.watcher = Watcher(rules, self._woken.set, polling=polling)
        self.watcher.start()

    def wait_for(self, path: Path, again: Callable[[], object] = lambda: None) -> Meaning:
        """What a change of ``path`` was told to mean; ``again`` is done until it was told."""
        deadline = time.monotonic() + 10
        while path not in self.seen:
            assert time.monotonic() < deadline, f"{path} was not seen, but {self.seen}"
            again()
            self._woken.wait(0.02)
            self._woken.clear()
            self.seen.update(self.watcher.changes())
        return self.seen[path]

    def arm(self, canary: Path) -> None:
        """Return once the folder of ``canary`` is watched: the thread begins when it does."""
        self.wait_for(canary, lambda: canary.write_text(str(time.monotonic())))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all that is found in one. What is looked at, is so more often than usual."""
    monkeypatch.setenv("WATCHFILES_POLL_DELAY_MS", "20")
    monkeypatch.setattr("tornkit.serve.watching.folder_watch._LOOK_EVERY", 0.02)
    monkeypatch.setattr("tornkit.serve.watching.folder_watch._AGAIN", 0.01)
    project = Path(os.path.realpath(tmp_path)) / "project"
    for folder in ("templates", "pkg", "__pycache__", ".git", "node_modules/x", "skipped"):
        (project / folder).mkdir(parents=True)
    (project / "app.py").write_text("1")
    (project / "templates" / "a.html").write_text("1")
    return project


@pytest.fixture
def watching(project: Path) -> Iterator[Start]:
    """Starts a watcher and sees to it that its threads end."""
    started: list[Watching] = []
    before = set(threading.enumerate())

    def start(rules: WatchRules, *, polling: bool = False) -> Watching:
        started.append(Watching(rules, polling=polling))
        return started[-1]

    yield start
    troubles = [trouble for each in started for trouble in each.watcher.troubles()]
    assert troubles == [], "a test takes those that it is for"
    for each in started:
        each.watcher.stop()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive(), "the watching thread did not end"


@pytest.fixture
def watched(project: Path, watching: Start) -> Watching:
    """The project, watched already."""
    result = watching(
        WatchRules(
            folders=frozenset({project}),
            refresh_folders=frozenset({project / "templates"}),
            ignore=("skipped",),
        )
    )
    result.arm(project / "canary.py")
    return result


def test_edit(watched: Watching, project: Path) -> None:
    (project / "app.py").write_text("2")
    assert watched.wait_for(project / "app.py") is RESTART


def test_new_file(watched: Watching, project: Path) -> None:
    (project / "pkg" / "new.py").write_text("")
    assert watched.wait_for(project / "pkg" / "new.py") is RESTART


def test_deleted_file(watched: Watching, project: Path) -> None:
    (project / "app.py").unlink()
    assert watched.wait_for(project / "app.py") is RESTART


def test_file_in_a_new_folder(watched: Watching, project: Path) -> None:
    new = project / "fresh" / "new.py"
    new.parent.mkdir()
    # inotify learns of the folder first; what is written before it is watched may go unseen.
    assert watched.wait_for(new, lambda: new.write_text(str(time.monotonic()))) is RESTART


def test_template(watched: Watching, project: Path) -> None:
    (project / "templates" / "a.html").write_text("2")
    assert watched.wait_for(project / "templates" / "a.html") is REFRESH


def test_save_by_rename(watched: Watching, project: Path) -> None:
    """As editors save: a temporary file beside it takes its place."""
    temporary = project / ".app.py.tmp~"
    temporary.write_text("2")
    temporary.replace(project / "app.py")
    assert watched.wait_for(project / "app.py") is RESTART
    assert temporary not in watched.seen


def test_what_nobody_edits_is_passed_over(watched: Watching, project: Path) -> None:
    passed_over = [
        project / "__pycache__" / "app.cpython-311.pyc",
        project / "__pycache__" / "app.py",
        project / ".git" / "hook.py",
        project / "node_modules" / "x" / "x.js",
        project / "app.py~",
        project / ".app.py.swp",
        project / "skipped" / "x.py",
        project / "data.db",
    ]
    for path in passed_over:
        path.write_text("")
    (project / "app.py").write_text("2")
    watched.wait_for(project / "app.py")
    assert watched.seen.keys() == {project / "canary.py", project / "app.py"}


def test_changes_are_told_once(watched: Watching, project: Path) -> None:
    (project / "app.py").write_text("2")
    watched.wait_for(project / "app.py")
    watched.seen.clear()
    (project / "pkg" / "b.py").write_text("")
    watched.wait_for(project / "pkg" / "b.py")
    assert project / "app.py" not in watched.seen


def test_a_file_outside_the_project(watching: Start, project: Path) -> None:
    outside = project.parent / "outside"
    (outside / "below").mkdir(parents=True)
    rules = WatchRules(
        folders=frozenset({project}),
        restart_files=frozenset({outside / "lib.py", outside / "armed.py"}),
    )
    watched = watching(rules)
    watched.arm(outside / "armed.py")
    (outside / "other.py").write_text("")
    (outside / "below" / "lib.py").write_text("")
    (outside / "lib.py").write_text("2")
    assert watched.wait_for(outside / "lib.py") is RESTART
    assert watched.seen.keys() == {outside / "armed.py", outside / "lib.py"}


def test_widened(watched: Watching, project: Path) -> None:
    outside = project.parent / "outside"
    outside.mkdir()
    threads = threading.active_count()
    watched.watcher.widen([], [], [str(project / "templates")])
    watched.watcher.widen([str(outside / "lib.py")], [str(project / "pkg" / "plain")], [])
    watched.arm(outside / "lib.py")
    (project / "pkg" / "plain").write_text("")
    assert watched.wait_for(project / "pkg" / "plain") is RESTART
    (project / "app.py").write_text("2")
    assert watched.wait_for(project / "app.py") is RESTART
    assert threading.active_count() == threads
    assert watched.watcher.rules.ignore == ("skipped",)


def test_a_project_below_a_folder_that_nobody_edits(watching: Start, project: Path) -> None:
    """``pip install -e git+...`` puts it in ``.venv/src``."""
    editable = project / ".venv" / "src" / "lib"
    (editable / "__pycache__").mkdir(parents=True)
    watched = watching(WatchRules(folders=frozenset({editable})))
    watched.arm(editable / "canary.py")
    (editable / "__pycache__" / "lib.py").write_text("")
    (editable / "lib.py").write_text("2")
    assert watched.wait_for(editable / "lib.py") is RESTART
    assert editable / "__pycache__" / "lib.py" not in watched.seen


def test_a_project_behind_a_link(watching: Start, project: Path) -> None:
    """What is told are the real paths, as workers report them."""
    link = project.parent / "link"
    link.symlink_to(project)
    watched = watching(WatchRules(folders=frozenset({link, project})))
    watched.arm(project / "canary.py")
    (link / "app.py").write_text("2")
    assert watched.wait_for(project / "app.py") is RESTART


# ---- saves, which are told at once and once ----


@pytest.fixture
def loaded(project: Path, watching: Start) -> Watching:
    """The project, with one file that the workers run."""
    result = watching(
        WatchRules(folders=frozenset({project}), loaded_files=frozenset({project / "app.py"}))
    )
    result.arm(project / "canary.py")
    return result


def times_told(watched: Watching, path: Path, canary: Path) -> int:
    """How often a change of ``path`` is told until a later one has been told of."""
    canary.write_text(str(time.monotonic()))
    times = 0
    deadline = time.monotonic() + 10
    changes: dict[Path, Meaning] = {}
    while canary not in changes:
        assert time.monotonic() < deadline
        changes = watched.watcher.changes()
        times += path in changes
        time.sleep(0.001)
    return times


@pytest.mark.skipif(not linux.USED, reason="inotify is Linux alone")
def test_a_save_of_a_loaded_file_is_told_once(loaded: Watching, project: Path) -> None:
    app, canary = project / "app.py", project / "canary.py"
    for text in ("2", "3"):
        app.write_text(text)
        app.chmod(0o644 if text == "2" else 0o640)  # as editors do when they have written
        assert times_told(loaded, app, canary) == 1
        assert times_told(loaded, app, canary) == 0


def test_a_link_that_is_turned_to_what_was_just_saved(project: Path, watching: Start) -> None:
    """The save was told of; that the link leads there now was not."""
    link, one, other = (project / name for name in ("mod.py", "one.py", "other.py"))
    for version in (one, other):
        version.write_text(version.name)
    link.symlink_to(other)
    rules = WatchRules(folders=frozenset({project}), loaded_files=frozenset({one, other}))
    watched = watching(rules)
    watched.arm(project / "canary.py")
    one.write_text("edited")
    assert watched.wait_for(one) is RESTART
    watched.arm(project / "another.py")  # all of that has been told
    watched.seen.clear()
    aside = project / "aside.py"
    aside.symlink_to(one)
    aside.replace(link)
    assert watched.wait_for(link) is RESTART


def test_a_folder_that_comes_back_with_what_was_just_saved(loaded: Watching, project: Path) -> None:
    """Another generation may have failed while it was away."""
    package, elsewhere = project / "pkg", project.parent / "elsewhere"
    module = package / "module.py"
    module.write_text("1")
    loaded.watcher.widen([str(module)], (), ())
    loaded.wait_for(module, lambda: module.write_text(str(time.monotonic())))
    package.rename(elsewhere)
    loaded.arm(project / "another.py")
    loaded.seen.clear()
    elsewhere.rename(package)
    assert loaded.wait_for(module) is RESTART
    loaded.seen.clear()
    module.write_text("2")
    assert loaded.wait_for(module) is RESTART


def test_what_is_written_and_not_closed_is_told_too(loaded: Watching, project: Path) -> None:
    with (project / "app.py").open("w") as file:
        file.write("half of")
        file.flush()
        assert loaded.wait_for(project / "app.py") is RESTART


# ---- what can't be told of by the kernel ----


def refusing(
    monkeypatch: pytest.MonkeyPatch, code: int, *names: str, folders: set[str] | None = None
) -> set[str]:
    """Folders of these names can't be watched, and with EACCES not be read; the set of them."""
    refused = folders if folders is not None else set()
    add, scandir, listdir = Inotify.add, os.scandir, os.listdir

    def check(folder: object) -> None:
        if Path(os.fsdecode(os.fspath(folder))).name in names:  # type: ignore[call-overload]
            refused.add(str(folder))
            raise OSError(code, os.strerror(code), folder)

    def adding(kernel: Inotify, folder: str) -> int:
        check(folder)
        return add(kernel, folder)

    def reading(read: Callable[..., object]) -> Callable[..., object]:
        def checked(folder: object = ".") -> object:
            check(folder)
            return read(folder)

        return checked

    monkeypatch.setattr(Inotify, "add", adding)
    if code == errno.EACCES:
        monkeypatch.setattr("tornkit.serve.watching.folder_watch.os.scandir", reading(scandir))
        monkeypatch.setattr("tornkit.serve.watching.file_state.os.listdir", reading(listdir))
    return refused


def until_told(told: Callable[[], Iterator[str]]) -> list[str]:
    """What was said; waits for the first of it."""
    deadline = time.monotonic() + 10
    while not (said := list(told())):
        assert time.monotonic() < deadline, "nothing was said"
        time.sleep(0.01)
    return said


def test_an_unreadable_folder_is_named_once_and_the_rest_goes_on(
    watching: Start, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pgdata", "deep/secret"):
        (project / name).mkdir(parents=True)
    with monkeypatch.context() as patch:
        refusing(patch, errno.EACCES, "pgdata", "secret")
        watched = watching(WatchRules(folders=frozenset({project})))
        watched.arm(project / "deep" / "canary.py")
        (said,) = until_told(watched.watcher.gaps)
        assert said.endswith(": Permission denied")
        assert {str(project / "pgdata"), str(project / "deep/secret")} <= set(
            said.removesuffix(": Permission denied").split(", ")
        )
        new = project / "fresh" / "pgdata"  # while it is being watched
        new.mkdir(parents=True)
        assert until_told(watched.watcher.gaps) == [f"{new}: Permission denied"]
        (project / "pkg" / "more.py").write_text("")
        assert watched.wait_for(project / "pkg" / "more.py") is RESTART
    # It can be read now.
    inner = project / "pgdata" / "inner.py"
    assert watched.wait_for(inner, lambda: inner.write_text(str(time.monotonic()))) is RESTART
    watched.seen.clear()
    inner.write_text("told at once by now")
    assert watched.wait_for(inner) is RESTART
    assert list(watched.watcher.gaps()) == []
    assert list(watched.watcher.troubles()) == []


def test_an_ignored_folder_is_not_even_looked_at(
    watching: Start, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pgdata", "var/db/deep", "cache"):
        (project / name).mkdir(parents=True)
    refused = refusing(monkeypatch, errno.EACCES, "pgdata", "db", "cache")
    rules = WatchRules(folders=frozenset({project}), ignore=("pgdata", "var/*", "cache/"))
    watched = watching(rules)
    watched.arm(project / "canary.py")
    assert not refused
    assert list(watched.watcher.gaps()) == []


def test_a_loaded_file_in_an_unreadable_folder_is_polled(
    watching: Start, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder may be entered and not listed (mode 711): it was imported by its name."""
    hidden = project.parent / "hidden"
    hidden.mkdir()
    module = hidden / "lib.py"
    module.write_text("1")
    refusing(monkeypatch, errno.EACCES, "hidden")
    watched = watching(WatchRules(loaded_files=frozenset({module})))
    assert watched.wait_for(module, lambda: module.write_text(str(time.monotonic()))) is RESTART


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.ENOMEM])
def test_where_no_watch_is_left_the_others_go_on_and_the_rest_is_polled(
    watching: Start, project: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    (project / "pkg" / "below").mkdir()
    refusing(monkeypatch, code, "pkg", "below")
    watched = watching(WatchRules(folders=frozenset({project})))
    watched.arm(project / "canary.py")
    assert until_told(watched.watcher.troubles) == [os.strerror(code)]
    assert watched.watcher.polling
    deep = project / "pkg" / "below" / "deep.py"
    assert watched.wait_for(deep, lambda: deep.write_text(str(time.monotonic()))) is RESTART
    deep.unlink()
    watched.seen.clear()
    assert watched.wait_for(deep) is RESTART
    assert list(watched.watcher.troubles()) == []


def test_without_inotify_all_is_polled(
    watching: Start, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(kernel: Inotify) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Inotify, "__init__", refuse)
    watched = watching(WatchRules(folders=frozenset({project})))
    watched.arm(project / "canary.py")
    assert until_told(watched.watcher.troubles) == ["Too many open files"]
    assert watched.watcher.polling


def test_an_error_in_the_thread_is_said_and_survived(
    watching: Start, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = iter([ZeroDivisionError("once"), MemoryError(), ZeroDivisionError("once")])
    look = FolderWatch._look

    def failing(watch: FolderWatch) -> None:
        error = next(wrong, None)
        if error is not None:
            raise error
        look(watch)

    monkeypatch.setattr(FolderWatch, "_look", failing)
    watched = watching(WatchRules(folders=frozenset({project})))
    watched.arm(project / "pkg" / "canary.py")
    assert next(wrong, None) is None
    assert list(watched.watcher.troubles()) == ["ZeroDivisionError: once", "MemoryError: "]


def test_what_is_saved_while_the_thread_recovers_is_not_lost(
    watching: Start, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = WakePipe.wait
    fails = threading.Event()

    def failing(pipe: WakePipe, timeout: float, *descriptors: int) -> None:
        if fails.is_set():
            fails.clear()
            (project / "app.py").write_text("saved meanwhile")
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
        wait(pipe, timeout, *descriptors)

    monkeypatch.setattr(WakePipe, "wait", failing)
    watched = watching(WatchRules(folders=frozenset({project})))
    watched.arm(project / "pkg" / "canary.py")
    watched.seen.clear()
    fails.set()
    assert watched.wait_for(project) is RESTART
    assert len(list(watched.watcher.troubles())) == 1


def test_an_overflow_of_the_kernels_queue_means_that_anything_may_have_changed(
    watched: Watching, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Inotify.read
    lost = iter([[Event(-1, OVERFLOW, "")]])
    monkeypatch.setattr(Inotify, "read", lambda kernel: next(lost, None) or read(kernel))
    (project / "nothing").write_text("")
    assert watched.wait_for(project) is RESTART


@pytest.mark.skipif(not linux.USED, reason="makes a name that is no UTF-8")
@pytest.mark.parametrize("polling", [False, True])
def test_a_name_that_is_no_utf8(watching: Start, project: Path, polling: bool) -> None:
    folder = project / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    odd = folder / os.fsdecode(b"od\xff.py")
    watched = watching(WatchRules(folders=frozenset({project})), polling=polling)
    watched.arm(odd)
    (project / "app.py").write_text("2")
    assert watched.wait_for(project / "app.py") is RESTART
    assert list(watched.watcher.troubles()) == []


# ---- roots that become others ----


@pytest.mark.parametrize("polling", [False, True])
def test_a_project_that_was_away(watching: Start, project: Path, polling: bool) -> None:
    """Renamed by another tool, and back; removed and made anew; and the folder above it."""
    watched = watching(
        WatchRules(folders=frozenset({project}), refresh_folders=frozenset({project / "late"})),
        polling=polling,
    )
    watched.arm(project / "canary.py")
    elsewhere = project.parent / "elsewhere"

    def is_watched() -> None:
        watched.arm(project / "pkg" / "canary.py")
        watched.seen.clear()

    is_watched()
    project.rename(elsewhere)
    assert watched.wait_for(project) is RESTART
    watched.seen.clear()
    elsewhere.rename(project)
    assert watched.wait_for(project) is RESTART
    is_watched()

    shutil.rmtree(project)
    assert watched.wait_for(project) is RESTART
    watched.seen.clear()
    (project / "pkg").mkdir(parents=True)
    assert watched.wait_for(project) is RESTART
    is_watched()

    project.parent.rename(project.parent.parent / "above")
    assert watched.wait_for(project) is RESTART
    watched.seen.clear()
    (project.parent.parent / "above").rename(project.parent)
    assert watched.wait_for(project) is RESTART
    is_watched()

    (project / "late").mkdir()
    watched.wait_for(project / "late" / "a", lambda: (project / "late" / "a").write_text("1"))


@pytest.mark.parametrize("below", ["", "web"])
@pytest.mark.parametrize("polling", [False, True])
def test_a_link_to_the_project_that_is_turned(
    watching: Start, project: Path, polling: bool, below: str
) -> None:
    """``current -> releases/N``, and a project below such a link."""
    base = project.parent
    for number in (1, 2):
        (base / "releases" / str(number) / below).mkdir(parents=True)
    current, aside = base / "current", base / "aside"
    current.symlink_to("releases/1")
    project = current / below
    old = base / "releases" / "1" / below / "app.py"
    old.write_text("1")
    watched = watching(WatchRules(folders=frozenset({project})), polling=polling)
    watched.arm(project / "canary.py")
    watched.watcher.widen([str(old)], [], [])
    aside.symlink_to("releases/2")
    aside.replace(current)
    assert watched.wait_for(project) is RESTART
    new = base / "releases" / "2" / below / "app.py"
    watched.watcher.widen([str(new)], [], [])
    watched.arm(new)
    watched.arm(project / "canary2.py")
    watched.seen.clear()
    shutil.rmtree(base / "releases" / "1")  # as deployments do with those that are old
    watched.arm(project / "canary3.py")
    assert not [path for path in watched.seen if path.is_relative_to(base / "releases" / "1")]


def test_a_folder_in_the_project_that_is_a_link(watching: Start, project: Path) -> None:
    """It is followed once, also if it leads in a circle, and to what it is turned to."""
    one, two = project.parent / "one", project.parent / "two"
    for folder in (one, two):
        (folder / "below").mkdir(parents=True)
    (one / "below" / "circle").symlink_to(one)
    (project / "up").symlink_to(project.parent)
    link, aside = project / "plugins", project.parent / "aside"
    link.symlink_to(one)
    watched = watching(WatchRules(folders=frozenset({project})))
    watched.arm(link / "below" / "canary.py")
    aside.symlink_to(two)
    aside.replace(link)
    watched.wait_for(link / "below" / "x.py", lambda: (two / "below" / "x.py").write_text("1"))
    watched.seen.clear()
    (one / "below" / "canary.py").write_text("it is not the project's any more")
    (project.parent / "beside.py").write_text("")
    watched.arm(project / "canary.py")
    assert watched.seen.keys() == {project / "canary.py"}


# ---- what nobody edits, by whatever name ----


def make_unedited(folder: Path, kind: str) -> None:
    """Make a folder of which its entries say what it is."""
    folder.mkdir(parents=True, exist_ok=True)
    match kind:
        case "environment":
            (folder / "pyvenv.cfg").touch()
        case "conda":
            (folder / "conda-meta").mkdir()
        case "cache":
            (folder / "CACHEDIR.TAG").touch()
        case "worktree":
            (folder / ".git").write_text("gitdir: /repository/.git/worktrees/wt\n")


KINDS = ["environment", "conda", "cache", "worktree"]


@pytest.mark.parametrize("polling", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_that_says_that_nobody_edits_it(
    watching: Start, project: Path, kind: str, polling: bool
) -> None:
    make_unedited(project / "there", kind)
    (project / "there" / "lib").mkdir()
    watched = watching(WatchRules(folders=frozenset({project})), polling=polling)
    watched.arm(project / "canary.py")
    make_unedited(project / "made", kind)
    watched.arm(project / "between.py")
    for folder in ("there", "there/lib", "made"):
        (project / folder / "x.py").write_text("")
    for name in (".nox", "site-packages"):
        (project / name).mkdir()
        (project / name / "x.py").write_text("")
    watched.arm(project / "last.py")
    assert not [path for path in watched.seen if path.name == "x.py"]


def test_what_is_asked_for_is_watched_wherever_it_is(watching: Start, project: Path) -> None:
    """A loaded file, a folder of templates and one of ``--watch``, and a project that is in one."""
    for kind in KINDS:
        make_unedited(project / kind, kind)
        (project / kind / "src" / "deep").mkdir(parents=True)
    make_unedited(project, "environment")
    asked_for = project / ".git" / "HEAD"
    loaded = project / "environment" / "src" / "lib.py"
    watched = watching(
        WatchRules(
            folders=frozenset({project}),
            restart_files=frozenset({asked_for}),
            restart_folders=frozenset({project / "worktree" / "src"}),
            refresh_folders=frozenset({project / "cache" / "src"}),
            loaded_files=frozenset({loaded}),
        )
    )
    for path, meaning in (
        (project / "canary.py", RESTART),
        (asked_for, RESTART),
        (loaded, RESTART),
        (project / "worktree" / "src" / "deep" / "any", RESTART),
        (project / "cache" / "src" / "deep" / "any", REFRESH),
    ):
        again = partial(path.write_text, "x")
        assert watched.wait_for(path, again) is meaning


def test_a_submodule_is_part_of_the_project(watching: Start, project: Path) -> None:
    (project / "sub").mkdir()
    (project / "sub" / ".git").write_text("gitdir: ../.git/modules/sub\n")
    watched = watching(WatchRules(folders=frozenset({project})))
    watched.arm(project / "sub" / "canary.py")


# ---- polling ----


@pytest.mark.parametrize(
    ("value", "polling"),
    [("", False), ("false", False), ("Disabled", False), ("0", False), ("true", True), ("1", True)],
)
def test_the_variable_that_forces_polling(
    monkeypatch: pytest.MonkeyPatch, value: str, polling: bool
) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", value)
    assert Watcher(WatchRules(), lambda: None).polling is polling
    assert Watcher(WatchRules(), lambda: None, polling=True).polling


def test_polled(watching: Start, project: Path) -> None:
    rules = WatchRules(
        folders=frozenset({project}), refresh_folders=frozenset({project / "templates"})
    )
    watched = watching(rules, polling=True)
    watched.arm(project / "canary.py")
    (project / "app.py").write_text("22")
    assert watched.wait_for(project / "app.py") is RESTART
    (project / "templates" / "a.html").write_text("22")
    assert watched.wait_for(project / "templates" / "a.html") is REFRESH
    (project / "fresh" / "deep").mkdir(parents=True)
    (project / "fresh" / "deep" / "new.py").write_text("")
    assert watched.wait_for(project / "fresh" / "deep" / "new.py") is RESTART
    watched.seen.clear()
    (project / "app.py").unlink()
    assert watched.wait_for(project / "app.py") is RESTART
