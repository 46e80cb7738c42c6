"""A snapshot of the user's source files as a generation of workers has loaded them.

A reload may fail, or a deployment be half done, and the generation goes on with what it has
loaded. A worker that is then started beside the others has to load that as well, and not what is
in the files by now: else one request would be answered by the old code and the next by the new.
So the supervisor keeps the text of each file, and hands it to such a worker, whose imports are
answered from it (`tornkit.serve.sources.snapshot_imports`).

Workers tell in which state they have read which file (`tornkit.serve.sources.sources`); the text
is read here, behind the start, and kept only if the file is still in that state. What is no source
file (templates, data, packages that are installed) is not kept.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import stat
from collections import deque
from collections.abc import Mapping

from tornkit import linux
from tornkit.serve.sources.sources import mark


class Snapshot:
    """Texts of the source files that one generation has loaded, in the state of that time.

    ``before`` is an earlier generation's, whose texts are mostly alike.
    """

    def __init__(self, before: Snapshot | None = None) -> None:
        self._known = {} if before is None else before._files()
        self._names: dict[str, str] = {}
        self._states: dict[str, str] = {}
        self._texts: dict[str, bytes] = {}
        self._unread: deque[str] = deque()  # noted, and not looked at since

    def _files(self) -> dict[str, tuple[str, bytes]]:
        return {path: (self._states[path], text) for path, text in self._texts.items()}

    def note(self, states: Mapping[str, str], names: Mapping[str, str]) -> None:
        """Note the files that a worker has loaded, and their states; the first note stays."""
        self._names = {**names, **self._names}
        for path, state in states.items():
            if self._states.setdefault(path, state) != state or path in self._texts:
                continue
            known_state, text = self._known.get(path, ("", b""))
            if known_state == state:
                self._texts[path] = text
            else:
                self._unread.append(path)

    def read(self, limit: int | None = None) -> bool:
        """Read the texts of up to ``limit`` noted files, or of all; return whether any are left.

        Each once: one that has changed since it was loaded is no reason to come again.
        """
        count = len(self._unread)
        for _ in range(count if limit is None else min(limit, count)):
            self._keep(self._unread.popleft())
        return bool(self._unread)

    def _read_all(self) -> None:
        """Read all missing texts, also those that failed before: for want of a descriptor, say."""
        self._unread.clear()
        for path in self._states.keys() - self._texts.keys():
            self._keep(path)

    def _keep(self, path: str) -> None:
        text = _read(path, self._states[path])
        if text is not None:
            self._texts[path] = text

    def lost(self) -> str | None:
        """A file that has changed before its text could be read; None without one, as mostly."""
        self._read_all()
        return next((path for path in self._states if path not in self._texts), None)

    def changed(self) -> str | None:
        """A loaded file whose time or size has changed since, or that is gone; None without one."""
        for path, state in self._states.items():
            try:
                status = os.stat(path)  # noqa: PTH116 - each of hundreds
            except OSError:
                return path
            if mark(status.st_mtime, status.st_size) != state:
                return path
        return None

    def descriptor(self) -> int:
        """Descriptor of a file without a name that holds the snapshot, for a worker to read.

        The caller closes it.

        :raises OSError: there is no descriptor, or no room.
        """
        self._read_all()
        with os.fdopen(linux.shared_memory("snapshot"), "w+b") as file:
            file.write(marshal.dumps((self._names, self._files())))
            file.flush()
            return os.dup(file.fileno())


def _read(path: str, state: str) -> bytes | None:
    """Text of a file, if the file is in this state."""
    try:
        # A pipe in its place would not be waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _text(descriptor, state)
    except OSError:
        return None
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)


def _text(descriptor: int, state: str) -> bytes | None:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or mark(status.st_mtime, status.st_size) != state:
        return None
    with open(descriptor, "rb", closefd=False) as file:
        text = file.read()
    after = os.fstat(descriptor)
    unchanged = mark(after.st_mtime, after.st_size) == state and len(text) == after.st_size
    return text if unchanged else None
