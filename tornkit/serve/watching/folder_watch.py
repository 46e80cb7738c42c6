"""Watch of folders, with all below them or each by itself, in a thread that never ends by an error.

The kernel tells of changes (`inotify`). What it can't tell of is looked at every few tenths of a
second instead, and named once: a folder that can't be read, one for which there is no watch left,
everything where inotify is missing or polling was asked for. The rest goes on as it was.

    cover ─▶ enter a folder ─▶ watched, or polled ─▶ its entries ─▶ enter those that are folders

A root, a folder that was asked for, is also looked at by its name: another folder may have that
name from one moment to the next (a link turned to the next release, a checkout removed and cloned
anew), of which no watch of the old one tells. Then the root itself is told of as changed.

A file is told of a millisecond after it was closed by the program that wrote it, or moved into its
place: then it is whole. What may be half of a change (a deletion, a file still open) waits longer.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import stat
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tornkit.serve.watching import inotify
from tornkit.serve.watching.inotify import Event, Inotify
from tornkit.serve.watching.unedited import MARKS, is_unedited_folder, is_unedited_name

# Seconds. Saves of several files (a checkout) follow one another within _QUIET; such a row is
# waited for no longer than _PATIENCE.
_QUIET, _PATIENCE = 0.0005, 0.05
_SHORT = 0.005  # for an attribute, a link, what came with a folder
_DELETED = 0.03  # for a deletion: editors that rename the old file away write the new one now
_OPEN = 0.1  # for a file that was written to and not closed
_LOOK_EVERY = 0.25  # how often roots and what is polled are looked at
_SHARE = 10  # what is polled rests so many times as long as it takes
_AGAIN = 0.2  # after an error that nothing here expects
_MOST_NAMED = 3
_MOST_TOLD = 10_000  # states that are kept
# A program that writes to a file in the project all the time: after so many turns for nothing that
# is whole the thread rests in between.
_BUSY_TURNS, _BUSY_REST = 50, 0.01
# Reasons of the system's why nothing more can be watched, in whichever folder.
_NO_MORE = frozenset({errno.ENOSPC, errno.ENOMEM, errno.EMFILE, errno.ENFILE})
_ITSELF = inotify.DELETE_SELF | inotify.MOVE_SELF | inotify.UNMOUNT | inotify.IGNORED
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})

_State = tuple[int, int, int, bool]
_Identity = tuple[int, int]


@dataclass(frozen=True)
class Coverage:
    """What to watch. ``deep`` folders with all below them, ``flat`` ones by themselves.

    They need not exist yet. ``files`` are told of also where they look like ones that nobody
    edits. ``left_out`` says of a folder that nothing below it matters.
    """

    deep: frozenset[str] = frozenset()
    flat: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    left_out: Callable[[str], bool] = lambda folder: False


@dataclass
class _Due:
    """When a path is told of."""

    when: float
    latest: float


class FolderWatch:
    """The watching thread. All but `cover` and `stop` runs in it.

    ``tell`` gets paths that have changed, ``in_trouble`` why the kernel can't be asked at all or
    any more, ``has_gap`` why some folders can't be watched.
    """

    def __init__(
        self,
        tell: Callable[[Iterable[str]], None],
        in_trouble: Callable[[str], None],
        has_gap: Callable[[str], None],
        *,
        polling: bool,
        poll_delay: float = 0.3,
    ) -> None:
        self._tell = tell
        self._in_trouble = in_trouble
        self._has_gap = has_gap
        self._polling = polling
        self._poll_delay = poll_delay

        self._asked: deque[Coverage] = deque()
        self._stop = threading.Event()
        self._closing = threading.Lock()
        self._wake_read = self._wake_write = -1

        self._inotify: Inotify | None = None
        self._wanted = Coverage()
        self._roots: dict[str, _Identity | None] = {}  # by name; None: there is none now
        self._watches: dict[int, dict[str, None]] = {}  # the names of each watched folder
        self._folders: dict[str, int] = {}  # the watch of each, by name
        self._polled: dict[str, dict[str, _State | None]] = {}  # what was in each
        self._linked: dict[str, str] = {}  # folders outside that links lead to: real name -> link
        self._due: dict[str, _Due] = {}
        self._told: dict[str, _State | None] = {}
        self._refused: dict[str, list[str]] = {}  # folders by reason, not said yet
        self._named: set[str] = set()  # folders that were said to be not watched
        self._full = False  # that there are no more watches was said
        self._next_look = 0.0
        self._busy = 0
        self._enter_anew = False
        self._errors: set[str] = set()

    def start(self) -> None:
        """Start the thread.

        :raises OSError, RuntimeError: the system has no descriptor or thread for it.
        """
        self._wake_read, self._wake_write = os.pipe()
        for descriptor in (self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)
        thread = threading.Thread(target=self._run, name="tornkit-watch", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._close()
            raise

    def cover(self, coverage: Coverage) -> None:
        """Watch this from now on; it holds all of what was asked for before."""
        self._asked.append(coverage)
        self._wake()

    def stop(self) -> None:
        """End the thread, soon."""
        self._stop.set()
        self._wake()

    def _wake(self) -> None:
        with self._closing, contextlib.suppress(OSError):  # full: it wakes anyway
            if self._wake_write != -1:
                os.write(self._wake_write, b"\0")

    def _close(self) -> None:
        with self._closing:
            for descriptor in (self._wake_read, self._wake_write):
                os.close(descriptor)
            self._wake_read = self._wake_write = -1
        if self._inotify is not None:
            self._inotify.close()

    # ---- the thread ----

    def _run(self) -> None:
        try:
            self._open()
            while not self._stop.is_set():
                try:
                    self._turn()
                except Exception as error:  # noqa: BLE001 - to end would be to miss every edit
                    self._recover(error)
        finally:
            self._close()

    def _open(self) -> None:
        if self._polling:
            return
        try:
            self._inotify = Inotify()
        except (OSError, AttributeError) as error:  # a C library without it
            self._in_trouble(getattr(error, "strerror", None) or str(error))

    def _recover(self, error: Exception) -> None:
        """Say it, and poll from now on; all that is watched is entered anew."""
        text = f"{type(error).__name__}: {error}"
        if text not in self._errors:
            self._errors.add(text)
            self._in_trouble(text)
        self._stop.wait(_AGAIN)
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None
        self._enter_anew = True

    def _turn(self) -> None:
        self._wait()
        while self._asked:
            self._take(self._asked.popleft())
        if self._enter_anew:
            self._forget_all()
            self._enter_anew = False
        if self._inotify is not None:
            self._hear(self._inotify)
        now = time.monotonic()
        self._tell_due(now)
        if now >= self._next_look:
            self._look()
            every = self._poll_delay if self._polled else _LOOK_EVERY
            rest = max(every, (time.monotonic() - now) * _SHARE)
            self._next_look = time.monotonic() + rest
        self._say_refused()

    def _wait(self) -> None:
        if self._asked:
            return
        moments = [self._next_look, *(due.when for due in self._due.values())]
        timeout = max(0.0, min(moments) - time.monotonic())
        poller = select.poll()
        poller.register(self._wake_read, select.POLLIN)
        if self._inotify is not None:
            poller.register(self._inotify.fileno(), select.POLLIN)
        poller.poll(timeout * 1000)
        with contextlib.suppress(OSError):  # nothing there, mostly
            os.read(self._wake_read, 4096)

    # ---- what is watched ----

    def _take(self, coverage: Coverage) -> None:
        self._wanted = coverage
        roots = {each for each in coverage.deep | coverage.flat if not self._is_reached(each)}
        for root in self._roots.keys() - roots:
            self._forget(root)
            del self._roots[root]
        for root in sorted(roots - self._roots.keys()):
            self._roots[root] = _identity(root)
            self._enter(root)

    def _is_reached(self, path: str) -> bool:
        """Whether a folder is watched because one above it is, with all below it."""
        return any(
            _is_below(path, base) and path != base and self._is_way(base, path)
            for root in self._wanted.deep
            for base in {root, _real(root)}
        )

    def _is_way(self, base: str, path: str) -> bool:
        """Whether `_enter` comes from one folder to another."""
        place = base
        for name in path[len(base) :].strip(os.sep).split(os.sep):  # noqa: PTH206 - text
            place = os.path.join(place, name)  # noqa: PTH118 - text
            if (
                is_unedited_name(name)
                or self._wanted.left_out(place)
                or os.path.islink(place)  # noqa: PTH114 - text
                or self._is_unedited(place)
            ):
                return False
        return True

    def _forget_all(self) -> None:
        for each in (self._watches, self._folders, self._polled, self._linked, self._due):
            each.clear()
        for root in self._roots:
            self._enter(root)

    def _enter(self, top: str) -> list[str]:
        """Watch a folder, with all below it unless it is a flat root; the files in it."""
        files: list[str] = []
        waiting = [top]
        while waiting and not self._stop.is_set():
            folder = waiting.pop()
            entries = self._register(folder)
            if entries is None:
                continue
            if folder not in self._roots and is_unedited_folder(folder, entries):
                self._forget(folder)
                continue
            deep = folder not in self._roots or folder in self._wanted.deep
            for name, is_folder in entries.items():
                path = os.path.join(folder, name)  # noqa: PTH118 - many
                if not is_folder:
                    files.append(path)
                elif deep and self._is_wanted(path, name):
                    waiting.append(path)
        return files

    def _register(self, folder: str) -> dict[str, bool] | None:
        """Watch or poll one folder; its entries, each with whether it is a folder."""
        try:
            if self._inotify is not None:
                self._add(self._inotify, folder)
            elif folder not in self._polled:
                self._polled[folder] = self._listing(folder)
            with os.scandir(folder) as listing:
                return {entry.name: entry.is_dir() for entry in listing}
        except OSError as error:
            if error.errno not in _GONE:
                self._poll_instead(folder, error)
            return None

    def _add(self, kernel: Inotify, folder: str) -> None:
        try:
            watch = kernel.add(folder)
        except OSError as error:
            if error.errno not in _NO_MORE:
                raise
            self._poll_instead(folder, error)
            return
        if self._folders.get(folder, watch) != watch:
            self._forget(folder)  # another folder had the name
        self._folders[folder] = watch
        self._watches.setdefault(watch, {})[folder] = None
        self._polled.pop(folder, None)

    def _poll_instead(self, folder: str, error: OSError) -> None:
        if folder not in self._polled:
            self._polled[folder] = self._listing(folder)
        if error.errno in _NO_MORE:
            if not self._full:
                self._full = True
                self._in_trouble(error.strerror or str(error))
        elif folder not in self._named:
            self._named.add(folder)
            self._refused.setdefault(error.strerror or str(error), []).append(folder)

    def _say_refused(self) -> None:
        for reason, folders in self._refused.items():
            shown = ", ".join(folders[:_MOST_NAMED])
            more = len(folders) - _MOST_NAMED
            self._has_gap(f"{shown}{f' and {more} more' if more > 0 else ''}: {reason}")
        self._refused.clear()

    def _is_wanted(self, path: str, name: str) -> bool:
        """Whether to go into a folder that was found in another."""
        if path in self._roots:
            return True
        if is_unedited_name(name) or self._wanted.left_out(path):
            return False
        return not os.path.islink(path) or self._may_follow(path)  # noqa: PTH114 - many

    def _may_follow(self, link: str) -> bool:
        """Whether a link to a folder leads out to one that is not watched, nor above one that is.

        What is watched already is told of by its real name, and loops end here.
        """
        target = _real(link)
        known = [_real(root) for root in self._wanted.deep] + [
            real for real, by in self._linked.items() if by != link
        ]
        if any(_is_below(target, each) or _is_below(each, target) for each in known):
            return False
        self._linked[target] = link
        return True

    def _forget(self, top: str) -> None:
        """Watch a folder, and what is below it, by these names no more."""
        for folder in [each for each in self._folders if _is_below(each, top)]:
            watch = self._folders.pop(folder)
            names = self._watches.get(watch, {})
            names.pop(folder, None)
            if not names and self._watches.pop(watch, None) is not None and self._inotify:
                self._inotify.remove(watch)
        for folder in [each for each in self._polled if _is_below(each, top)]:
            del self._polled[folder]
        for real in [each for each, link in self._linked.items() if _is_below(link, top)]:
            del self._linked[real]

    # ---- what the kernel says ----

    def _hear(self, kernel: Inotify) -> None:
        """Take in events, and tell of the files that are whole, of a row of them at once."""
        whole: dict[str, None] = {}
        latest = time.monotonic() + _PATIENCE
        rest = _QUIET
        events = kernel.read()
        self._busy = self._busy + 1 if events else 0
        while events:
            for event in events:
                self._sort(event, whole)
            if not whole or time.monotonic() >= latest:
                break
            time.sleep(rest)
            rest = min(rest * 2, _SHORT)
            events = kernel.read()
        if whole:
            self._busy = 0
            for path in whole:
                self._due.pop(path, None)
            self._tell_of(whole)
        elif self._busy > _BUSY_TURNS:
            time.sleep(_BUSY_REST)

    def _sort(self, event: Event, whole: dict[str, None]) -> None:
        """Decide what an event means: at once (``whole``), later, a folder, or nothing."""
        if event.mask & inotify.OVERFLOW:
            self._overflow()
            return
        for folder in tuple(self._watches.get(event.watch, ())):
            if event.mask & _ITSELF:
                self._lost(folder, event)
            elif event.name:
                path = os.path.join(folder, event.name)  # noqa: PTH118 - text, as the kernel has it
                self._sort_entry(event, folder, path, whole)

    def _sort_entry(self, event: Event, folder: str, path: str, whole: dict[str, None]) -> None:
        mask, name = event.mask, event.name
        if name in MARKS and folder not in self._roots and self._is_unedited(folder):
            self._forget(folder)
        elif mask & (inotify.DELETE | inotify.MOVED_FROM):
            if self._is_entered(path):
                self._folder_gone(path)
            self._later(path, _DELETED)
        elif mask & (inotify.CREATE | inotify.MOVED_TO):
            self._came(path, name, whole, moved=bool(mask & inotify.MOVED_TO))
        elif mask & inotify.IS_FOLDER:
            return  # its attributes
        elif mask & inotify.CLOSE_WRITE:
            whole[path] = None
        elif mask & inotify.MODIFY:
            whole.pop(path, None)  # it is open again
            self._later(path, _OPEN)
        elif path not in whole:
            self._later(path, _SHORT)

    def _came(self, path: str, name: str, whole: dict[str, None], *, moved: bool) -> None:
        """A name is there that was not, or leads to something else."""
        if self._is_entered(path):  # a link to a folder was turned
            self._folder_gone(path)
        if os.path.isdir(path):  # noqa: PTH112 - many; also a link to one
            self._folder_came(path, name, moved=moved)
        elif moved:
            whole[path] = None
        else:
            self._later(path, _OPEN if _is_being_written(path) else _SHORT)

    def _is_entered(self, folder: str) -> bool:
        return folder in self._folders or folder in self._polled

    @staticmethod
    def _is_unedited(folder: str) -> bool:
        marks = [mark for mark in MARKS if os.path.lexists(os.path.join(folder, mark))]  # noqa: PTH118 - text
        return is_unedited_folder(folder, marks)

    def _folder_came(self, path: str, name: str, *, moved: bool) -> None:
        deep = any(_is_below(path, root) for root in self._wanted.deep)
        if deep and self._is_wanted(path, name):
            for file in self._enter(path):
                self._told.pop(file, None)  # another file, or it was away
                self._later(file, _SHORT if moved else _OPEN)
        self._next_look = 0.0  # a root below it may be there again

    def _folder_gone(self, path: str) -> None:
        self._forget(path)
        self._next_look = 0.0

    def _lost(self, folder: str, event: Event) -> None:
        """A watched folder is gone from its name; a root's name is looked at at once."""
        if event.mask & inotify.MOVE_SELF and self._has_name(folder, event.watch):
            return
        self._forget(folder)
        if folder in self._roots:
            self._roots[folder] = None
            self._later(folder, _DELETED)
            self._next_look = 0.0

    def _has_name(self, folder: str, watch: int) -> bool:
        """Whether a folder that was moved is still there by this name: that of a link, say."""
        try:
            return self._inotify is not None and self._inotify.add(folder) == watch
        except OSError:
            return False

    def _overflow(self) -> None:
        """Events were lost: enter all anew, and tell of each root."""
        for root in self._roots:
            self._enter(root)
            self._later(root, _SHORT)  # whatever was missed in it

    # ---- telling ----

    def _later(self, path: str, rest: float) -> None:
        now = time.monotonic()
        due = self._due.setdefault(path, _Due(now + rest, now + max(rest, _PATIENCE) * 2))
        due.when = min(now + rest, due.latest)

    def _tell_due(self, now: float) -> None:
        due = [path for path, each in self._due.items() if each.when <= now]
        changed = []
        for path in due:
            del self._due[path]
            # Editors set a file's mode when they have closed it, which was told.
            state = _state(path)
            if path in self._roots or state is None or self._told.get(path) != state:
                changed.append(path)
        if changed:
            self._tell_of(changed)

    def _tell_of(self, paths: Iterable[str]) -> None:
        told = [path for path in paths if self._counts(path)]
        if len(self._told) > _MOST_TOLD:
            self._told.clear()
        for path in told:
            self._told[path] = _state(path)
        if told:
            self._tell(told)

    def _counts(self, path: str) -> bool:
        name = os.path.basename(path)  # noqa: PTH119 - text
        return path in self._roots or path in self._wanted.files or not is_unedited_name(name)

    # ---- looking ----

    def _look(self) -> None:
        """Look at what the kernel does not tell of: the names of roots, and what is polled."""
        for root, before in tuple(self._roots.items()):
            now = _identity(root)
            if now != before:
                self._turn_root(root, now)
        for folder in tuple(self._polled):
            if folder in self._polled:  # what was found in another may have ended it
                self._look_at(folder)

    def _turn_root(self, root: str, identity: _Identity | None) -> None:
        """Another folder has the name of a root, or none has it."""
        self._forget(root)
        self._roots[root] = identity
        for each in self._roots:
            if _is_below(each, root):
                self._enter(each)
        self._later(root, _SHORT)

    def _look_at(self, folder: str) -> None:
        """Find what has changed in a folder that is polled."""
        before = self._polled[folder]
        if self._inotify is not None and not self._full:
            self._enter(folder)  # it can be read by now, perhaps
        now = self._listing(folder)
        if folder in self._polled:
            self._polled[folder] = now
        changed = [name for name in before.keys() | now.keys() if before.get(name) != now.get(name)]
        if MARKS.intersection(changed) and folder not in self._roots and self._is_unedited(folder):
            self._forget(folder)
            return
        for name in changed:
            path = os.path.join(folder, name)  # noqa: PTH118 - text
            if not os.path.isdir(path):  # noqa: PTH112 - text
                if self._is_entered(path):
                    self._folder_gone(path)
                self._later(path, 0.0)
            elif not self._is_entered(path):
                self._folder_came(path, name, moved=True)

    def _listing(self, folder: str) -> dict[str, _State | None]:
        """The states of the files in a folder; where it can't be read, of those that are known."""
        try:
            names = os.listdir(folder)  # noqa: PTH208 - names
        except OSError:
            names = [
                os.path.basename(file)  # noqa: PTH119 - text
                for file in self._wanted.files
                if os.path.dirname(file) == folder  # noqa: PTH120 - text
            ]
        return {
            name: _state(os.path.join(folder, name))  # noqa: PTH118 - text
            for name in names
            if not is_unedited_name(name) or name in MARKS
        }


def _identity(folder: str) -> _Identity | None:
    """Which folder has the name now; None where there is none."""
    try:
        status = os.stat(folder)  # noqa: PTH116 - text, every quarter of a second
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _state(path: str) -> _State | None:
    """What differs after a change of what is in a file; None where it is not there.

    Of its mode only whether it can be read: editors set the rest when they have closed it.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 - text, of thousands where it is polled
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, os.access(path, os.R_OK)


def _is_being_written(path: str) -> bool:
    """Whether a file that was just created will be closed: a link to one, say, will not."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1


def _real(path: str) -> str:
    try:
        return os.path.realpath(path)
    except OSError:  # refused for want of memory: known by its own name it may still be
        return path


def _is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder's or of something in it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
