"""Translates changes of files into actions: a restart, or only a refresh.

A thread tells of changes (`folder_watch`; on macOS `system_watch`); what it says is put in a queue
and the supervisor is woken. The project and ``--watch`` folders are watched with all below them,
the folders of other files that the workers run (an editable install, a module beside the project)
by themselves. A home or root folder is never watched with all below it.

What a change means is `Meaning`: a Python file, the env file, and whatever was asked for by
``--watch`` or `tornado.autoreload.watch` mean a restart; templates and static files a refresh.
"""

from __future__ import annotations

import contextlib
import enum
import fnmatch
import os
import platform
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

from tornkit import linux
from tornkit.paths import real_path
from tornkit.serve.watching.folder_watch import FolderWatch
from tornkit.serve.watching.reach import Coverage

# A change of such a file is seen by a template loader or a static hash, wherever it lies.
_REFRESH_SUFFIXES = frozenset(
    {".html", ".htm", ".xhtml", ".xml", ".txt", ".md", ".tmpl", ".tpl", ".jinja", ".jinja2", ".j2"}
    | {".css", ".js", ".mjs", ".map", ".json", ".webmanifest", ".woff", ".woff2"}
    | {".svg", ".ico", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif"}
)
# Of watchfiles' own variables; what turns it off in theirs, and what people write.
_OFF = frozenset({"", "false", "disable", "disabled", "0", "no", "off"})
_POLL_DELAY_MS = 300
_HAS_INOTIFY = linux.USED
_SUFFIX = f"{os.sep}\0"  # of no file that there is


class Meaning(enum.Enum):
    """Action that a change calls for."""

    RESTART = "restart"
    REFRESH = "refresh"


@dataclass(frozen=True)
class WatchRules:
    """Rules on where to look and which changes count. Paths are absolute.

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
        """Action that a change of this path calls for; None for no action."""
        if path in self.restart_files or path in self.folders:
            return Meaning.RESTART  # a folder: it was removed, or another has its name
        if self._ignored(path):
            return None
        asked_for = any(path.is_relative_to(folder) for folder in self.restart_folders)
        if asked_for or path in self.loaded_files or path in self._around_files:
            return Meaning.RESTART
        in_project = any(path.is_relative_to(folder) for folder in self.folders)
        if path.suffix == ".py" and in_project:
            return Meaning.RESTART
        if any(path.is_relative_to(folder) for folder in self.refresh_folders):
            return Meaning.REFRESH
        return Meaning.REFRESH if in_project and path.suffix in _REFRESH_SUFFIXES else None

    @cached_property
    def _around_files(self) -> frozenset[Path]:
        """Folders around files that call for a restart; each is told of where it goes away."""
        files = self.loaded_files | self.restart_files
        return frozenset(folder for file in files for folder in file.parents)

    def leaves_out(self, folder: str) -> bool:
        """Return whether all that may come to be in a folder is ignored."""
        return bool(self.ignore) and self._ignored(Path(folder + _SUFFIX))

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
            if os.path.isdir(root) and not _too_wide(root)  # noqa: PTH112 - never raises
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
            if os.path.isdir(folder)  # noqa: PTH112 - never raises
            and not any(folder.is_relative_to(root) for root in deep)
        }


def _too_wide(folder: Path) -> bool:
    """Whether a folder (``/``, the home folder) holds too much to watch all below it."""
    names = {folder, Path(real_path(str(folder)))}
    with contextlib.suppress(RuntimeError):  # a user without a home, as in a container
        if Path.home() in names:
            return True
    return Path(folder.anchor) in names


class _Watch(Protocol):
    """A way to watch folders."""

    def start(self) -> None:
        """Start; no folder is watched yet."""

    def cover(self, coverage: Coverage) -> None:
        """Watch this coverage from now on."""

    def stop(self) -> None:
        """End the watch, soon."""


class Watcher:
    """Watcher of files by `WatchRules`, which may grow; wakes the supervisor at a change.

    ``wake`` is called in the watching thread once `changes` has something; it must only wake.
    """

    def __init__(
        self, rules: WatchRules, wake: Callable[[], None], *, polling: bool = False
    ) -> None:
        self.rules = rules
        self.polling = polling or _is_polling_forced()
        self._wake = wake
        self._seen: deque[Path] = deque()
        self._troubles: deque[str] = deque()
        self._gaps: deque[str] = deque()
        self._watch: _Watch | None = None
        self._targets: dict[Path, str] = {}  # where the folders of the rules lead to

    def start(self) -> None:
        """Begin to watch. What the system refuses is told of (`gaps`), and tried the next time."""
        try:
            if self._watch is None:
                watch = self._make()
                watch.start()
                self._watch = watch
            self._watch.cover(self._coverage())
        except (OSError, RuntimeError) as error:  # RuntimeError: it can't start a thread
            self._has_gap(str(error))

    def _make(self) -> _Watch:
        delay = _poll_delay()
        if self.polling or _HAS_INOTIFY:
            return FolderWatch(
                self._tell_names,
                self._in_trouble,
                self._has_gap,
                polling=self.polling,
                poll_delay=delay,
            )
        from tornkit.serve.watching.system_watch import SystemWatch

        return SystemWatch(self._tell_names, self._in_trouble, self._has_gap, poll_delay=delay)

    def _coverage(self) -> Coverage:
        rules = self.rules
        folders = rules.folders | rules.restart_folders
        files = rules.restart_files | rules.loaded_files
        deep = {root for root in folders | rules.refresh_folders if not _too_wide(root)}
        flat = {path.parent for path in files} | {root for root in folders if _too_wide(root)}
        return Coverage(
            deep=frozenset(map(str, deep)),
            flat=frozenset(map(str, flat)),
            files=frozenset(map(str, files)),
            left_out=rules.leaves_out,
        )

    def stop(self) -> None:
        """End the threads."""
        if self._watch is not None:
            self._watch.stop()

    def widen(
        self, loaded: Iterable[str], asked_for: Iterable[str], refresh_folders: Iterable[str]
    ) -> None:
        """Watch these paths as well; they are absolute."""
        wider = replace(
            self.rules,
            loaded_files=self._without_left(self.rules.loaded_files).union(map(Path, loaded)),
            restart_files=self.rules.restart_files.union(map(Path, asked_for)),
            refresh_folders=self.rules.refresh_folders.union(map(Path, refresh_folders)),
        )
        if wider != self.rules:
            self.rules = wider
            self.start()

    def _without_left(self, files: frozenset[Path]) -> frozenset[Path]:
        """The files but those below a folder that a link of the project's led to before.

        Releases that were left are removed some day, which is no reason to restart.
        """
        for folder in self.rules.folders:
            target = real_path(str(folder))
            left = self._targets.get(folder, target)
            self._targets[folder] = target
            if left != target:
                files = frozenset(file for file in files if not file.is_relative_to(left))
        return files

    def changes(self) -> dict[Path, Meaning]:
        """Paths that have changed since the last call, with the actions that this calls for."""
        found: dict[Path, Meaning] = {}
        while self._seen:
            path = self._seen.popleft()
            meaning = self.rules.meaning(path)
            if meaning is not None:
                found[path] = meaning
        return found

    def troubles(self) -> Iterator[str]:
        """Reasons, since the last call, why files have to be polled."""
        while self._troubles:
            yield self._troubles.popleft()

    def gaps(self) -> Iterator[str]:
        """Reasons, since the last call, why something is not watched."""
        while self._gaps:
            yield self._gaps.popleft()

    def _in_trouble(self, trouble: str) -> None:
        self.polling = True
        self._troubles.append(trouble)
        self._wake()

    def _has_gap(self, gap: str) -> None:
        self._gaps.append(gap)
        self._wake()

    def _tell_names(self, changed: Iterable[str]) -> None:
        self._tell(_by_both_names(changed))

    def _tell(self, changed: Iterable[Path]) -> None:
        self._seen.extend(changed)
        self._wake()


def _is_polling_forced() -> bool:
    """Whether watchfiles' variable asks for polling, or this is WSL, where Windows tells nothing.

    As watchfiles reads it, but that ``0``, ``no`` and ``off`` mean what they say.
    """
    said = os.environ.get("WATCHFILES_FORCE_POLLING", "").strip().lower()
    if said:
        return said not in _OFF
    return _HAS_INOTIFY and "microsoft-standard" in platform.release().lower()


def _poll_delay() -> float:
    said = os.environ.get("WATCHFILES_POLL_DELAY_MS", "")
    return (int(said) if said.isdecimal() else _POLL_DELAY_MS) / 1000


def _by_both_names(names: Iterable[str]) -> list[Path]:
    """Each path as it was told, with its folder's real path, and in its own real path."""
    found: dict[Path, None] = {}
    for name in names:
        real_folder = real_path(os.path.dirname(name))  # noqa: PTH120 - text
        for each in (name, f"{real_folder}{os.sep}{os.path.basename(name)}", real_path(name)):  # noqa: PTH119
            found[Path(each)] = None
    return list(found)
