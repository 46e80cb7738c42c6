"""Watch of folders, with all below them or each by itself, in a thread that never ends by an error.

The kernel tells of changes (`inotify`). What it can't tell of is looked at every few tenths of a
second instead, and named once: a folder that can't be read, one for which there is no watch left,
everything where inotify is missing or polling was asked for. The rest goes on as it was.

    cover ─▶ enter a folder ─▶ watched, or polled ─▶ its entries ─▶ enter those that are folders

A root, a folder that was asked for, is also looked at by its name: another folder may have that
name from one moment to the next (a link turned to the next release, a checkout removed and cloned
anew), of which no watch of the old one tells. Then the root itself is told of as changed.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from tornkit.serve.watching import file_state, inotify
from tornkit.serve.watching.announcer import DELETED, OPEN, PATIENCE, SHORT, Announcer
from tornkit.serve.watching.file_state import Identity, State
from tornkit.serve.watching.gaps import NO_MORE, Gaps
from tornkit.serve.watching.inotify import Event, Inotify
from tornkit.serve.watching.reach import Coverage, Reach
from tornkit.serve.watching.unedited import MARKS, is_unedited_folder
from tornkit.serve.watching.wake_pipe import WakePipe

# Seconds. Saves of several files (a checkout) follow one another within this; such a row is waited
# for no longer than `PATIENCE`.
_QUIET = 0.0005
_LOOK_EVERY = 0.25  # how often roots and what is polled are looked at
_SHARE = 10  # what is polled rests so many times as long as it takes
_AGAIN = 0.2  # after an error that nothing here expects
# A program that writes to a file in the project all the time: after so many turns for nothing that
# is whole the thread rests in between.
_BUSY_TURNS, _BUSY_REST = 50, 0.01
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


class FolderWatch:
    """Thread that watches folders. All but `cover` and `stop` runs in it.

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
        self._in_trouble = in_trouble
        self._polling = polling
        self._poll_delay = poll_delay

        self._asked: deque[Coverage] = deque()
        self._stop = threading.Event()
        self._pipe = WakePipe()

        self._inotify: Inotify | None = None
        self._reach = Reach()
        self._roots = self._reach.roots
        self._announcer = Announcer(tell, self._reach)
        self._watches: dict[int, dict[str, None]] = {}  # the names of each watched folder
        self._folders: dict[str, int] = {}  # the watch of each, by name
        self._polled: dict[str, dict[str, State | None]] = {}  # what was in each
        self._gaps = Gaps(in_trouble, has_gap)
        self._next_look = 0.0
        self._busy = 0
        self._enter_anew = False
        self._errors: set[str] = set()

    def start(self) -> None:
        """Start the thread.

        :raises OSError, RuntimeError: the system has no descriptor or thread for it.
        """
        self._pipe.open()
        thread = threading.Thread(target=self._run, name="tornkit-watch", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._close()
            raise

    def cover(self, coverage: Coverage) -> None:
        """Watch this coverage from now on; it holds all that was asked for before."""
        self._asked.append(coverage)
        self._pipe.wake()

    def stop(self) -> None:
        """End the thread, soon."""
        self._stop.set()
        self._pipe.wake()

    def _close(self) -> None:
        self._pipe.close()
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
        """Report an error, and poll from now on; all that is watched is entered anew."""
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
        self._announcer.tell_due(now)
        if now >= self._next_look:
            self._look()
            every = self._poll_delay if self._polled else _LOOK_EVERY
            rest = max(every, (time.monotonic() - now) * _SHARE)
            self._next_look = time.monotonic() + rest
        self._gaps.say()

    def _wait(self) -> None:
        if self._asked:
            return
        due = self._announcer.next_due
        moment = self._next_look if due is None else min(self._next_look, due)
        timeout = max(0.0, moment - time.monotonic())
        others = () if self._inotify is None else (self._inotify.fileno(),)
        self._pipe.wait(timeout, *others)

    # ---- what is watched ----

    def _take(self, coverage: Coverage) -> None:
        roots = self._reach.take(coverage)
        for root in self._roots.keys() - roots:
            self._forget(root)
            del self._roots[root]
        for root in sorted(roots - self._roots.keys()):
            self._roots[root] = file_state.identity(root)
            self._enter(root)

    def _forget_all(self) -> None:
        for each in (self._watches, self._folders, self._polled):
            each.clear()
        self._reach.forget_links()
        self._announcer.forget_all()
        self._overflow()

    def _enter(self, top: str) -> list[str]:
        """Watch a folder, with all below it unless it is a flat root; return the files in it."""
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
            deep = folder not in self._roots or folder in self._reach.wanted.deep
            for name, is_folder in entries.items():
                path = os.path.join(folder, name)  # noqa: PTH118 - many
                if not is_folder:
                    files.append(path)
                elif deep and self._reach.is_wanted(path, name):
                    waiting.append(path)
        return files

    def _register(self, folder: str) -> dict[str, bool] | None:
        """Watch or poll a folder; return its entries, each with whether it is a folder."""
        try:
            if self._inotify is not None:
                self._add(self._inotify, folder)
            elif folder not in self._polled:
                self._polled[folder] = file_state.listing(folder, self._reach.wanted.files)
            with os.scandir(folder) as entries:
                return {entry.name: entry.is_dir() for entry in entries}
        except OSError as error:
            if error.errno not in _GONE:
                self._poll_instead(folder, error)
            return None

    def _add(self, kernel: Inotify, folder: str) -> None:
        try:
            watch = kernel.add(folder)
        except OSError as error:
            if error.errno not in NO_MORE:
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
            self._polled[folder] = file_state.listing(folder, self._reach.wanted.files)
        self._gaps.note(folder, error)

    def _forget(self, top: str) -> None:
        """Stop watching a folder, and all below it, by these names."""
        for folder in [each for each in self._folders if file_state.is_below(each, top)]:
            watch = self._folders.pop(folder)
            names = self._watches.get(watch, {})
            names.pop(folder, None)
            if not names and self._watches.pop(watch, None) is not None and self._inotify:
                self._inotify.remove(watch)
        for folder in [each for each in self._polled if file_state.is_below(each, top)]:
            del self._polled[folder]
        self._reach.forget_links(top)

    # ---- what the kernel says ----

    def _hear(self, kernel: Inotify) -> None:
        """Read the kernel's events, and tell of all whole files in a row of them at once."""
        whole: dict[str, None] = {}
        latest = time.monotonic() + PATIENCE
        rest = _QUIET
        events = kernel.read()
        self._busy = self._busy + 1 if events else 0
        while events:
            for event in events:
                self._sort(event, whole)
            if not whole or time.monotonic() >= latest:
                break
            time.sleep(rest)
            rest = min(rest * 2, SHORT)
            events = kernel.read()
        if whole:
            self._busy = 0
            self._announcer.whole(whole)
        elif self._busy > _BUSY_TURNS:
            time.sleep(_BUSY_REST)

    def _sort(self, event: Event, whole: dict[str, None]) -> None:
        """Sort an event by its meaning: at once (``whole``), later, a folder, or nothing."""
        if event.mask & inotify.OVERFLOW:
            self._overflow()
            return
        for folder in tuple(self._watches.get(event.watch, ())):
            if event.mask & inotify.ITSELF:
                self._lost(folder, event)
            elif event.name:
                path = os.path.join(folder, event.name)  # noqa: PTH118 - text, as the kernel has it
                self._sort_entry(event, folder, path, whole)

    def _sort_entry(self, event: Event, folder: str, path: str, whole: dict[str, None]) -> None:
        mask, name = event.mask, event.name
        if name in MARKS and folder not in self._roots and self._reach.is_unedited(folder):
            self._forget(folder)
        elif mask & (inotify.DELETE | inotify.MOVED_FROM):
            if self._is_entered(path):
                self._folder_gone(path)
            self._announcer.later(path, DELETED)
        elif mask & (inotify.CREATE | inotify.MOVED_TO):
            self._came(path, name, whole, moved=bool(mask & inotify.MOVED_TO))
        elif mask & inotify.IS_FOLDER:
            return  # its attributes
        elif mask & inotify.CLOSE_WRITE:
            whole[path] = None
        elif mask & inotify.MODIFY:
            whole.pop(path, None)  # it is open again
            self._announcer.later(path, OPEN)
        elif path not in whole:
            self._announcer.later(path, SHORT)

    def _came(self, path: str, name: str, whole: dict[str, None], *, moved: bool) -> None:
        """Handle an entry that was created, moved in, or made to lead to something else."""
        if self._is_entered(path):  # a link to a folder was turned
            self._folder_gone(path)
        if os.path.isdir(path):  # noqa: PTH112 - many; also a link to one
            self._folder_came(path, name, moved=moved)
        elif moved:
            whole[path] = None
        else:
            self._announcer.later(path, OPEN if file_state.is_being_written(path) else SHORT)

    def _is_entered(self, folder: str) -> bool:
        return folder in self._folders or folder in self._polled

    def _folder_came(self, path: str, name: str, *, moved: bool) -> None:
        if self._reach.is_deep(path) and self._reach.is_wanted(path, name):
            for file in self._enter(path):
                self._announcer.is_new(file)
                self._announcer.later(file, SHORT if moved else OPEN)
        self._next_look = 0.0  # a root below it may be there again

    def _folder_gone(self, path: str) -> None:
        self._forget(path)
        self._next_look = 0.0

    def _lost(self, folder: str, event: Event) -> None:
        """Forget a watched folder that is gone from its name; look at a root's name at once."""
        if event.mask & inotify.MOVE_SELF and self._has_name(folder, event.watch):
            return
        self._forget(folder)
        if folder in self._roots:
            self._roots[folder] = None
            self._announcer.later(folder, DELETED)
            self._next_look = 0.0

    def _has_name(self, folder: str, watch: int) -> bool:
        """Whether a folder that was moved is still there by this name: that of a link, say."""
        try:
            return self._inotify is not None and self._inotify.add(folder) == watch
        except OSError:
            return False

    def _overflow(self) -> None:
        """Enter all folders anew, and tell of each root: the kernel has lost events."""
        for root in self._roots:
            self._enter(root)
            self._announcer.later(root, SHORT)  # whatever was missed in it

    def _look(self) -> None:
        """Look at the names of roots, and at polled folders: the kernel does not tell of these."""
        for root, before in tuple(self._roots.items()):
            now = file_state.identity(root)
            if now != before:
                self._turn_root(root, now)
        for folder in tuple(self._polled):
            if folder in self._polled:  # what was found in another may have ended it
                self._look_at(folder)

    def _turn_root(self, root: str, now: Identity | None) -> None:
        """Watch the folder that is now at a root's path, if any; report the root as changed."""
        self._forget(root)
        self._roots[root] = now
        for each in self._roots:
            if file_state.is_below(each, root):
                self._enter(each)
        self._announcer.later(root, SHORT)

    def _look_at(self, folder: str) -> None:
        """Find the changes in a folder that is polled."""
        before = self._polled[folder]
        if self._inotify is not None and not self._gaps.is_full:
            self._enter(folder)  # it can be read by now, perhaps
        now = file_state.listing(folder, self._reach.wanted.files)
        if folder in self._polled:
            self._polled[folder] = now
        changed = [name for name in before.keys() | now.keys() if before.get(name) != now.get(name)]
        if (
            MARKS.intersection(changed)
            and folder not in self._roots
            and self._reach.is_unedited(folder)
        ):
            self._forget(folder)
            return
        for name in changed:
            path = os.path.join(folder, name)  # noqa: PTH118 - text
            if not os.path.isdir(path):  # noqa: PTH112 - text
                if self._is_entered(path):
                    self._folder_gone(path)
                self._announcer.later(path, 0.0)
            elif not self._is_entered(path):
                self._folder_came(path, name, moved=True)
