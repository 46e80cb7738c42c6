"""Watch of folders by watchfiles, where the system has no inotify (macOS: FSEvents).

Folders that are added get a thread of their own: to stop the one there is and start another over
all of them would miss what happens in between. Each also looks whether its roots are still the
folders that have their names. Where watchfiles fails, `FolderWatch` polls in its place.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator

import watchfiles

from tornkit.serve.watching.folder_watch import FolderWatch
from tornkit.serve.watching.reach import Coverage
from tornkit.serve.watching.unedited import MARKS, is_unedited_folder, is_unedited_name

_STEP_MS = 5  # how often watchfiles looks whether the system had something to say
_DEBOUNCE_MS = 50  # the longest that it gathers before it tells
_LOOK_MS = 250  # how often roots are looked at
_AGAIN = 0.2  # seconds
_NO_UTF8 = re.compile(r"unable to decode path", re.IGNORECASE)  # watchfiles' own words


class SystemWatch:
    """Watch of folders by watchfiles, with the methods of `FolderWatch`."""

    def __init__(
        self,
        tell: Callable[[Iterable[str]], None],
        in_trouble: Callable[[str], None],
        has_gap: Callable[[str], None],
        *,
        poll_delay: float = 0.3,
    ) -> None:
        self._tell = tell
        self._in_trouble = in_trouble
        self._wanted = Coverage()
        self._covered: set[str] = set()
        self._instead = FolderWatch(tell, in_trouble, has_gap, polling=True, poll_delay=poll_delay)
        self._instead_for: set[str] = set()
        self._handing_on = threading.Lock()
        self._stop = threading.Event()

    def start(self) -> None:
        """Do nothing yet: what is covered is watched."""

    def cover(self, coverage: Coverage) -> None:
        """Watch this coverage from now on; it holds all that was asked for before.

        :raises RuntimeError: the system has no thread for it.
        """
        self._wanted = coverage
        for deep, roots in ((True, coverage.deep), (False, coverage.flat)):
            added = sorted(roots - self._covered)
            if added:
                threading.Thread(
                    target=self._run, args=(added, deep), name="tornkit-watch", daemon=True
                ).start()
                self._covered.update(added)

    def stop(self) -> None:
        """End the threads, soon."""
        self._stop.set()
        with self._handing_on:
            if self._instead_for:
                self._instead.stop()

    def _run(self, roots: list[str], deep: bool) -> None:
        identities = _identities(roots)
        while not self._stop.is_set():
            here = [root for root in roots if identities[root] is not None]
            try:
                if here:
                    self._watch(here, identities, deep=deep)
                else:
                    self._stop.wait(_LOOK_MS / 1000)
            except FileNotFoundError:
                self._stop.wait(_AGAIN)  # one went away in between
            except Exception as error:  # noqa: BLE001 - of whatever type: it is polled then
                if _NO_UTF8.search(str(error)) is None:
                    self._hand_on(roots, deep, str(error))
                    self._tell(roots)  # whatever was missed in them
                    return
                # A change of a file whose name watchfiles can't tell.
                self._stop.wait(_AGAIN)
            now = _identities(roots)
            self._tell([root for root in roots if now[root] != identities[root]])
            identities = now

    def _watch(
        self, roots: list[str], identities: dict[str, tuple[int, int] | None], *, deep: bool
    ) -> None:
        """Watch until a root is another folder than it was."""
        for changes in watchfiles.watch(
            *roots,
            watch_filter=None,
            step=_STEP_MS,
            debounce=_DEBOUNCE_MS,
            rust_timeout=_LOOK_MS,
            yield_on_timeout=True,
            stop_event=self._stop,
            recursive=deep,
            force_polling=False,
            raise_interrupt=False,
        ):
            found = {name for _, name in changes}
            if deep:
                added = [name for kind, name in changes if kind is watchfiles.Change.added]
                found.update(file for folder in added for file in _files_below(folder))
            told = [name for name in found if self._counts(name, roots)]
            if told:
                self._tell(told)
            if _identities(list(identities)) != identities:
                return

    def _counts(self, path: str, roots: list[str]) -> bool:
        """Whether a changed path is to be told of: a file that somebody may have edited.

        A folder is told of only where it is gone.
        """
        if path in self._wanted.files:
            return True
        root = next((root for root in roots if path.startswith(root + os.sep)), None)
        if root is None or os.path.isdir(path):  # noqa: PTH112 - text
            return False
        place = root
        *folders, name = path[len(root) + 1 :].split(os.sep)  # noqa: PTH206 - text
        for folder in folders:
            place = f"{place}{os.sep}{folder}"
            marks = [mark for mark in MARKS if os.path.lexists(f"{place}{os.sep}{mark}")]
            if is_unedited_name(folder) or is_unedited_folder(place, marks):
                return False
        return not is_unedited_name(name)

    def _hand_on(self, roots: list[str], deep: bool, trouble: str) -> None:
        with self._handing_on:
            first = not self._instead_for
            self._instead_for.update(roots)
            if first:
                self._in_trouble(trouble)
                self._instead.start()
            wanted = self._wanted
            self._instead.cover(
                Coverage(
                    deep=wanted.deep & self._instead_for,
                    flat=wanted.flat & self._instead_for,
                    files=wanted.files,
                    left_out=wanted.left_out,
                )
            )


def _identities(roots: list[str]) -> dict[str, tuple[int, int] | None]:
    found: dict[str, tuple[int, int] | None] = {}
    for root in roots:
        try:
            status = os.stat(root)  # noqa: PTH116 - text
        except OSError:
            found[root] = None
        else:
            found[root] = (status.st_dev, status.st_ino)
    return found


def _files_below(top: str) -> Iterator[str]:
    """The files in a folder that has come: of those that were moved here nothing else is told."""
    for folder, inner, files in os.walk(top):
        inner[:] = [name for name in inner if not is_unedited_name(name)]
        yield from (f"{folder}{os.sep}{name}" for name in files)
