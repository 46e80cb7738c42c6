"""From the file system to what it means: a restart, or only a refresh.

watchfiles tells of changes in a thread of its own; what it says is put in a queue and the
supervisor is woken. Two watches: the project and ``--watch`` folders with all below them, and the
single folders of other files that the workers run (an editable install, a module beside the
project). A home or root folder is never watched with all below it. A third thread, on Linux, tells
of saves of files that the workers run, and mostly tells first (`tornkit.serve.inotify`); what the
other says of the same save is passed over.

What a change means is `Meaning`: a Python file, the env file, and whatever was asked for by
``--watch`` or `tornado.autoreload.watch` mean a restart; templates and static files a refresh.
"""

from __future__ import annotations

import contextlib
import enum
import fnmatch
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import watchfiles

from tornkit.serve.inotify import Saves

# A change of such a file is seen by a template loader or a static hash, wherever it lies.
_REFRESH_SUFFIXES = frozenset(
    {".html", ".htm", ".xhtml", ".xml", ".txt", ".md", ".tmpl", ".tpl", ".jinja", ".jinja2", ".j2"}
    | {".css", ".js", ".mjs", ".map", ".json", ".webmanifest", ".woff", ".woff2"}
    | {".svg", ".ico", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif"}
)
_NO_UTF8 = "Unable to decode path"  # watchfiles' own words
_AGAIN = 0.2  # seconds
_STEP_MS = 5  # how often watchfiles looks whether inotify had something to say
_ADDED = watchfiles.Change.added
_DEBOUNCE_MS = 50  # the longest that it gathers before it tells
_ECHO = 1.0  # seconds: by then both have told of a save, also on a busy machine
_CLOCK_REALTIME_COARSE = 5  # <linux/time.h>: what file systems take a file's time from


class Meaning(enum.Enum):
    """What a change calls for."""

    RESTART = "restart"
    REFRESH = "refresh"


@dataclass(frozen=True)
class WatchRules:
    """Where to look and what counts. Paths are absolute.

    ``folders`` are watched with all below them; ``restart_files`` and all below
    ``restart_folders`` call for a restart whatever their names, for somebody asked for them;
    ``loaded_files`` do too, unless they are ignored; ``refresh_folders`` hold
    templates and static files; ``ignore`` are globs against the path below a folder or the name.
    """

    folders: frozenset[Path] = frozenset()
    restart_files: frozenset[Path] = frozenset()
    loaded_files: frozenset[Path] = frozenset()
    restart_folders: frozenset[Path] = frozenset()
    refresh_folders: frozenset[Path] = frozenset()
    ignore: tuple[str, ...] = ()

    def meaning(self, path: Path) -> Meaning | None:
        """What a change of this path calls for; None: nothing."""
        if path in self.restart_files:
            return Meaning.RESTART
        if self._ignored(path):
            return None
        asked_for = any(path.is_relative_to(folder) for folder in self.restart_folders)
        if asked_for or path in self.loaded_files:
            return Meaning.RESTART
        in_project = any(path.is_relative_to(folder) for folder in self.folders)
        if path.suffix == ".py" and in_project:
            return Meaning.RESTART
        if any(path.is_relative_to(folder) for folder in self.refresh_folders):
            return Meaning.REFRESH
        return Meaning.REFRESH if in_project and path.suffix in _REFRESH_SUFFIXES else None

    def _ignored(self, path: Path) -> bool:
        if not self.ignore:
            return False
        shown = {path.name, str(path)}
        # Not the parts above: `--ignore build` in a project that lies in ~/build.
        parts = {path.name}
        for root in self.folders | self.restart_folders | self.refresh_folders:
            if path.is_relative_to(root):
                below = path.relative_to(root)
                shown.add(str(below))
                parts.update(below.parts)
        return any(
            pattern in parts or any(fnmatch.fnmatch(name, pattern) for name in shown)
            for pattern in (glob.rstrip("/") for glob in self.ignore)
        )

    def deep_roots(self) -> set[Path]:
        """Folders to watch with all below them, none inside another."""
        roots = {
            root
            for root in self.folders | self.restart_folders | self.refresh_folders
            if root.is_dir() and not _too_wide(root)
        }
        return {root for root in roots if not any(other in roots for other in root.parents)}

    def flat_roots(self) -> set[Path]:
        """Folders to watch by themselves: of single files, and those too wide to go below."""
        deep = self.deep_roots()
        folders = {path.parent for path in self.restart_files | self.loaded_files}
        folders |= {root for root in self.folders | self.restart_folders if _too_wide(root)}
        return {
            folder
            for folder in folders
            if folder.is_dir() and not any(folder.is_relative_to(root) for root in deep)
        }


def _too_wide(folder: Path) -> bool:
    """Whether all below it would be half the machine."""
    with contextlib.suppress(RuntimeError):  # a user without a home, as in a container
        if folder == Path.home():
            return True
    return folder == Path(folder.anchor)


class Watcher:
    """Watches by `WatchRules` that may grow, and wakes the supervisor.

    ``wake`` is called in the watching thread once `changes` has something; it must only wake.
    """

    def __init__(
        self, rules: WatchRules, wake: Callable[[], None], *, polling: bool = False
    ) -> None:
        self.rules = rules
        # watchfiles' own variable; on WSL it polls Windows' file systems by itself.
        self.polling = polling or bool(os.environ.get("WATCHFILES_FORCE_POLLING"))
        self._wake = wake
        self._seen: deque[Path] = deque()
        self._troubles: deque[str] = deque()
        self._gaps: deque[str] = deque()
        self._deep = _Watch(self._tell, self._in_trouble, recursive=True, polling=polling)
        self._flat = _Watch(self._tell, self._in_trouble, recursive=False, polling=polling)
        self._saves: Saves | None = None
        self._told: dict[Path, _Told] = {}  # by the real name of its folder
        self._telling = threading.Lock()

    def start(self) -> None:
        """Begin to watch. What the system refuses is told of (`gaps`), and tried the next time."""
        try:
            self._deep.cover(self.rules.deep_roots())
            self._flat.cover(self.rules.flat_roots())
            self._start_saves()
        except (OSError, RuntimeError) as error:  # RuntimeError: it can't start a thread
            self._gaps.append(str(error))
            self._wake()

    def _start_saves(self) -> None:
        if self._saves is None and not self.polling:
            with contextlib.suppress(OSError):  # then watchfiles tells alone
                saves = Saves()
                hears = threading.Thread(
                    target=self._hear, args=(saves,), name="tornkit-saves", daemon=True
                )
                try:
                    hears.start()
                except RuntimeError:
                    saves.close()
                    self._hear(saves)  # closed, it has nothing to say and gives all back
                    raise
                self._saves = saves
        self._cover_saves()

    def stop(self) -> None:
        """End the threads."""
        self._deep.stop()
        self._flat.stop()
        if self._saves is not None:
            self._saves.close()
            self._saves = None

    def widen(
        self, loaded: Iterable[str], asked_for: Iterable[str], refresh_folders: Iterable[str]
    ) -> None:
        """Watch these as well (absolute paths)."""
        wider = replace(
            self.rules,
            loaded_files=self.rules.loaded_files.union(map(Path, loaded)),
            restart_files=self.rules.restart_files.union(map(Path, asked_for)),
            refresh_folders=self.rules.refresh_folders.union(map(Path, refresh_folders)),
        )
        if wider != self.rules:
            self.rules = wider
            self.start()

    def changes(self) -> dict[Path, Meaning]:
        """What has changed since the last call and calls for something."""
        found: dict[Path, Meaning] = {}
        while self._seen:
            path = self._seen.popleft()
            meaning = self.rules.meaning(path)
            if meaning is not None:
                found[path] = meaning
        return found

    def troubles(self) -> Iterator[str]:
        """What has kept it from watching since the last call."""
        while self._troubles:
            yield self._troubles.popleft()

    def gaps(self) -> Iterator[str]:
        """Why something is not watched, since the last call."""
        while self._gaps:
            yield self._gaps.popleft()

    def _in_trouble(self, trouble: str) -> None:
        self.polling = True
        self._troubles.append(trouble)
        self._wake()

    def _tell(self, changed: Iterable[Path], came: Collection[Path] = ()) -> None:
        """``came``: files in a folder that has come, which is not the echo of a save."""
        with self._telling:
            states = {path: _state(path) for path in changed}
            unknown = [path for path, state in states.items() if not self._is_echo(path, state)]
            for path in (*unknown, *came):
                self._told.pop(_key(path), None)
            for path in self._files().intersection(unknown):  # of no others `Saves` tells
                if _rests(states[path]):
                    self._note(path, states[path], rests=True)
        if came:
            self._cover_saves()
        if unknown or came:
            self._seen.extend(unknown)
            self._seen.extend(came)
            self._wake()

    # ---- saves ----

    def _cover_saves(self) -> None:
        if self._saves is not None:
            self._saves.cover({path.parent for path in self._files()})

    def _files(self) -> frozenset[Path]:
        return self.rules.loaded_files | self.rules.restart_files

    def _hear(self, saves: Saves) -> None:
        with contextlib.suppress(OSError):  # a name can't be resolved: watchfiles tells alone
            self._hear_rows(saves)

    def _hear_rows(self, saves: Saves) -> None:
        for row in saves.rows():
            with self._telling:
                states = {path: _state(path) for path in row & self._files()}
                saved = [
                    path
                    for path, state in states.items()
                    # Two saves may leave the same state. Each is heard, so each counts; but not
                    # where it was at rest in that state when watchfiles came first, as it may.
                    if state is not None and not self._is_echo(path, state, of_rest=True)
                ]
                for path in saved:
                    self._note(path, states[path], rests=False)
            if saved:
                self._seen.extend(saved)
                self._wake()

    def _note(self, path: Path, state: _State | None, *, rests: bool) -> None:
        self._told[_key(path)] = _Told(time.monotonic(), state, rests)

    def _is_echo(self, path: Path, state: _State | None, *, of_rest: bool = False) -> bool:
        """Whether it was told of a moment ago, and nothing has changed about it since."""
        told = self._told.get(_key(path))
        return (
            told is not None
            and state is not None
            and told.state == state
            and time.monotonic() - told.when < _ECHO
            and (told.rests or not of_rest)
        )


_State = tuple[int, int, int]


class _Told(NamedTuple):
    """When a file was told of, in what state, and whether it can't have changed within that."""

    when: float
    state: _State | None
    rests: bool


def _key(path: Path) -> Path:
    """A file has one real folder; but a link is not its target."""
    return Path(os.path.realpath(path.parent), path.name)


def _rests(state: _State | None) -> bool:
    """Whether another change would have another time: the file system's clock has gone on."""
    if state is None or sys.platform != "linux":
        return False
    tick = time.clock_getres(_CLOCK_REALTIME_COARSE)
    return time.time() - state[2] / 1e9 > tick


def _state(path: Path) -> _State | None:
    """What differs after a change of what is in the file; None where it is not there.

    Not its mode: editors set that when they have closed it.
    """
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


class _Filter(watchfiles.DefaultFilter):
    """Passes over what nobody edits (`__pycache__`, `.git`, swap files) below the watched folders.

    watchfiles would look at the whole path, and a folder that is watched may well lie in such a
    one: ``pip install -e git+...`` puts it in ``.venv/src``.
    """

    def __init__(self, roots: Iterable[Path]) -> None:
        super().__init__()
        self._roots = tuple(f"{root}{os.sep}" for root in roots)

    def __call__(self, change: watchfiles.Change, path: str) -> bool:
        root = next((root for root in self._roots if path.startswith(root)), "")
        return super().__call__(change, path[len(root) :])


class _Watch:
    """watchfiles threads over a set of folders that only grows.

    A folder that is added gets a thread of its own: to stop the one there is and start another
    over all of them would miss what happens in between.
    """

    def __init__(
        self,
        tell: Callable[[Iterable[Path], Collection[Path]], None],
        in_trouble: Callable[[str], None],
        *,
        recursive: bool,
        polling: bool,
    ) -> None:
        self._tell = tell
        self._in_trouble = in_trouble
        self._recursive = recursive
        self._polling = polling
        self._covered: set[Path] = set()
        self._stop = threading.Event()

    def cover(self, roots: Collection[Path]) -> None:
        """Watch these too."""
        added = {root for root in roots if not self._covers(root)}
        if added:
            threading.Thread(
                target=self._run, args=(sorted(added),), name="tornkit-watch", daemon=True
            ).start()
            self._covered |= added

    def stop(self) -> None:
        """End the threads."""
        self._stop.set()

    def _covers(self, root: Path) -> bool:
        return root in self._covered or (
            self._recursive and any(parent in self._covered for parent in root.parents)
        )

    def _run(self, roots: list[Path]) -> None:
        polling = self._polling
        while not self._stop.is_set():
            try:
                self._watch(roots, polling=polling)
                return
            except FileNotFoundError:
                return  # a folder went away between the check and the watch
            except Exception as error:  # inotify's limits, of whatever type: watch on
                if _NO_UTF8 in str(error):
                    # A change of a file whose name watchfiles can't tell. Each such costs a new
                    # walk through the folders; not all the time, where it is written all the time.
                    self._stop.wait(_AGAIN)
                elif polling:
                    raise
                else:
                    self._in_trouble(str(error))
                    polling = True

    def _watch(self, roots: list[Path], *, polling: bool) -> None:
        wanted = _Filter(roots)
        for changes in watchfiles.watch(
            *roots,
            watch_filter=wanted,
            step=_STEP_MS,
            debounce=_DEBOUNCE_MS,
            stop_event=self._stop,
            recursive=self._recursive,
            force_polling=True if polling else None,
            raise_interrupt=False,
        ):
            came: set[str] = set()
            if self._recursive:
                came.update(_below((name for kind, name in changes if kind is _ADDED), wanted))
            names = {name for _, name in changes}
            self._tell(_by_both_names(names), _by_both_names(came))


def _by_both_names(names: Collection[str]) -> set[Path]:
    """Where one is a link: what was loaded is known by the real one, a turned link by its own."""
    return {Path(name) for name in (*names, *map(_real_name, names))}


def _real_name(name: str) -> str:
    try:
        return os.path.realpath(name)
    except OSError:  # refused for want of memory: known by its own name it may still be
        return name


def _below(added: Iterable[str], wanted: _Filter) -> Iterator[str]:
    """The files in folders that have come: of those that were moved here nothing else is told."""
    for top in added:
        for folder, inner, files in os.walk(top):
            inner[:] = [name for name in inner if wanted(_ADDED, f"{folder}{os.sep}{name}")]
            paths = (f"{folder}{os.sep}{name}" for name in files)
            yield from (path for path in paths if wanted(_ADDED, path))
