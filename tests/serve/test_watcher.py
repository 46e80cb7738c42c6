"""What a change means, without a file system; and that changes are seen, with one."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tornkit.serve.inotify import Saves
from tornkit.serve.watcher import Meaning, Watcher, WatchRules

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


# ---- a real one ----


class Watching:
    """A `Watcher` and what it has told so far."""

    def __init__(self, rules: WatchRules) -> None:
        self.seen: dict[Path, Meaning] = {}
        self._woken = threading.Event()
        self.watcher = Watcher(rules, self._woken.set)
        self.watcher.start()

    def wait_for(self, path: Path, again: Callable[[], object] = lambda: None) -> Meaning:
        """What a change of ``path`` was told to mean; ``again`` is done until it was told."""
        deadline = time.monotonic() + 10
        while path not in self.seen:
            assert time.monotonic() < deadline, f"{path} was not seen, but {self.seen}"
            again()
            self._woken.wait(0.1)
            self._woken.clear()
            self.seen.update(self.watcher.changes())
        return self.seen[path]

    def arm(self, canary: Path) -> None:
        """Return once the folder of ``canary`` is watched: the thread begins when it does."""
        self.wait_for(canary, lambda: canary.write_text(str(time.monotonic())))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = Path(os.path.realpath(tmp_path)) / "project"
    for folder in ("templates", "pkg", "__pycache__", ".git", "node_modules/x", "skipped"):
        (project / folder).mkdir(parents=True)
    (project / "app.py").write_text("1")
    (project / "templates" / "a.html").write_text("1")
    return project


@pytest.fixture
def watching(project: Path) -> Iterator[Callable[[WatchRules], Watching]]:
    """Starts a watcher and sees to it that its threads end."""
    started: list[Watching] = []
    before = set(threading.enumerate())

    def start(rules: WatchRules) -> Watching:
        started.append(Watching(rules))
        return started[-1]

    yield start
    for each in started:
        each.watcher.stop()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive(), "the watching thread did not end"


@pytest.fixture
def watched(project: Path, watching: Callable[[WatchRules], Watching]) -> Watching:
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


@pytest.mark.skipif(sys.platform != "linux", reason="makes a name that is no UTF-8")
def test_a_name_that_is_no_utf8(watching: Callable[[WatchRules], Watching], project: Path) -> None:
    """It is watched on, without a word: only a change of that file can't be told."""
    odd = Path(os.fsdecode(os.fsencode(project) + b"/od\xff.py"))
    odd.touch()
    watched = watching(WatchRules(folders=frozenset({project})))
    watched.arm(project / "canary.py")
    for number in range(3):
        odd.write_text("x" * number)
        new = project / f"new{number}.py"
        # Again and again, for it is watched anew in between.
        assert watched.wait_for(new, partial(new.write_text, "x" * number)) is RESTART
    assert list(watched.watcher.troubles()) == []


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


def test_a_file_outside_the_project(
    watching: Callable[[WatchRules], Watching], project: Path
) -> None:
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
    assert threading.active_count() == threads
    watched.watcher.widen([str(outside / "lib.py")], [str(project / "pkg" / "plain")], [])
    watched.arm(outside / "lib.py")
    (project / "pkg" / "plain").write_text("")
    assert watched.wait_for(project / "pkg" / "plain") is RESTART
    (project / "app.py").write_text("2")
    assert watched.wait_for(project / "app.py") is RESTART
    assert threading.active_count() == threads + 1  # the outside alone got a thread of its own
    assert watched.watcher.rules.ignore == ("skipped",)


def test_a_project_below_a_folder_that_nobody_edits(
    watching: Callable[[WatchRules], Watching], project: Path
) -> None:
    """``pip install -e git+...`` puts it in ``.venv/src``."""
    editable = project / ".venv" / "src" / "lib"
    (editable / "__pycache__").mkdir(parents=True)
    watched = watching(WatchRules(folders=frozenset({editable})))
    watched.arm(editable / "canary.py")
    (editable / "__pycache__" / "lib.py").write_text("")
    (editable / "lib.py").write_text("2")
    assert watched.wait_for(editable / "lib.py") is RESTART
    assert editable / "__pycache__" / "lib.py" not in watched.seen


def test_a_project_behind_a_link(watching: Callable[[WatchRules], Watching], project: Path) -> None:
    """What is told are the real paths, as workers report them."""
    link = project.parent / "link"
    link.symlink_to(project)
    watched = watching(WatchRules(folders=frozenset({link, project})))
    watched.arm(project / "canary.py")
    (link / "app.py").write_text("2")
    assert watched.wait_for(project / "app.py") is RESTART


def test_a_folder_that_goes_away(watching: Callable[[WatchRules], Watching], project: Path) -> None:
    """Between the check and the watch."""
    watched = watching(WatchRules(folders=frozenset({project})))
    watched.watcher._deep.cover({project.parent / "gone"})
    watched.arm(project / "canary.py")


# ---- saves, which are told at once and once ----


@pytest.fixture
def loaded(project: Path, watching: Callable[[WatchRules], Watching]) -> Watching:
    """The project, with one file that the workers run."""
    result = watching(
        WatchRules(folders=frozenset({project}), loaded_files=frozenset({project / "app.py"}))
    )
    result.arm(project / "canary.py")
    return result


def times_told(watched: Watching, path: Path, canary: Path) -> int:
    """How often a change of ``path`` is told until watchfiles has told of a later one."""
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


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux alone")
def test_a_save_of_a_loaded_file_is_told_once(loaded: Watching, project: Path) -> None:
    app, canary = project / "app.py", project / "canary.py"
    for text in ("2", "3"):
        app.write_text(text)
        app.chmod(0o644 if text == "2" else 0o640)  # as editors do when they have written
        assert times_told(loaded, app, canary) == 1
        assert times_told(loaded, app, canary) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux alone")
def test_a_save_that_watchfiles_tells_first_is_told_once(
    loaded: Watching, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a busy machine, where the thread that hears of saves may be late."""
    app, heard = project / "app.py", threading.Event()
    rows = Saves.rows

    def late(saves: Saves) -> Iterator[set[Path]]:
        for row in rows(saves):
            assert heard.wait(10)
            yield row

    monkeypatch.setattr(Saves, "rows", late)
    watched = Watching(loaded.watcher.rules)
    watched.arm(project / "canary.py")
    app.write_text("2")
    assert watched.wait_for(app) is RESTART
    watched.seen.clear()
    heard.set()
    assert times_told(watched, app, project / "canary.py") == 0
    app.write_text("3")
    assert times_told(watched, app, project / "canary.py") == 1
    watched.watcher.stop()


def test_a_link_that_is_turned_to_what_was_just_saved(
    project: Path, watching: Callable[[WatchRules], Watching]
) -> None:
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


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux alone")
def test_a_save_is_told_though_watchfiles_says_nothing(
    project: Path,
    watching: Callable[[WatchRules], Watching],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tornkit.serve.watcher.watchfiles.watch", lambda *args, **kwargs: ())
    app = project / "app.py"
    watched = watching(WatchRules(loaded_files=frozenset({app})))
    app.write_text("2")
    assert watched.wait_for(app) is RESTART
    watched.seen.clear()
    (project / "other.py").write_text("")
    app.write_text("3")
    assert watched.wait_for(app) is RESTART
    assert list(watched.seen) == [app], "of nothing else"


def test_without_inotify_watchfiles_tells_alone(
    project: Path,
    watching: Callable[[WatchRules], Watching],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise OSError("too many")

    monkeypatch.setattr("tornkit.serve.watcher.Saves", refuse)
    app = project / "app.py"
    watched = watching(WatchRules(folders=frozenset({project}), loaded_files=frozenset({app})))
    watched.arm(project / "canary.py")
    app.write_text("2")
    assert watched.wait_for(app) is RESTART
