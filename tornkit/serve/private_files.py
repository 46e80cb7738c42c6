"""Files outside the project: in a folder that belongs to this user and is closed to all others.

The cache of what was warm and the control sockets lie where other users may have been first: below
``/tmp``, or in a home that ``sudo`` has kept. So a folder is opened without following a link, its
owner and mode are asked of the open descriptor, and its files are reached through that descriptor
alone: whatever becomes of the path meanwhile, no other folder is read or written. A file is
believed if it is a regular one, this user's, and writable by nobody else. It is written under a
new name and moved into its place, which replaces a link and never follows it.

Knows nothing of what the files hold.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

from tornkit.errors import TornkitError

_OTHERS = 0o077
_OTHERS_WRITE = 0o022
# From a link, a file, or a folder that is closed to this user; EMLINK is FreeBSD's ELOOP.
_IN_THE_WAY = frozenset({errno.ENOTDIR, errno.ELOOP, errno.EMLINK, errno.EACCES, errno.EPERM})


class NotPrivate(TornkitError):
    """A file or folder belongs to another user, is open to others, or is not of the right kind."""


class PrivateFolder:
    """Open folder of this user's alone; a context manager that closes it."""

    def __init__(self, path: Path, *, make: bool = True) -> None:
        """Open the folder; make it and those above it, mode 0700, where it does not exist.

        :raises NotPrivate: it is a link or a file, another user's, or open to others.
        :raises OSError: it does not exist or can't be made.
        """
        if make:
            _make(path)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._descriptor = os.open(path, flags)
        except OSError as error:
            if error.errno in _IN_THE_WAY and os.path.lexists(path):
                raise _refused(path) from None
            raise
        status = os.fstat(self._descriptor)
        if status.st_uid != os.geteuid() or status.st_mode & _OTHERS:
            self.close()
            raise _refused(path)

    def read(self, name: str, most: int) -> tuple[bytes, float]:
        """A file's content and when it was written (seconds since the epoch).

        :raises NotPrivate: it is no regular file of this user's alone.
        :raises OSError: it does not exist, is larger than ``most`` bytes, or can't be read.
        """
        # A pipe without a writer would be waited for.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=self._descriptor)
        try:
            status = os.fstat(descriptor)
            own = status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_WRITE
            if not stat.S_ISREG(status.st_mode) or not own:
                raise NotPrivate(f"{name} is no file of this user's alone")
            if status.st_size > most:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), name)
            with open(descriptor, "rb", closefd=False) as file:
                return file.read(most), status.st_mtime
        finally:
            os.close(descriptor)

    def write(self, name: str, content: bytes) -> None:
        """Replace a file, or the link or socket of that name, as a whole; mode 0600.

        :raises OSError: it can't be written; then what was there is still there.
        """
        new = f".{name}.{secrets.token_hex(8)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(new, flags, 0o600, dir_fd=self._descriptor)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - by descriptor
                file.write(content)
            os.replace(new, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
        except BaseException:  # raised again, a Ctrl-C too: no half-written file stays
            with contextlib.suppress(OSError):
                os.unlink(new, dir_fd=self._descriptor)
            raise

    def close(self) -> None:
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def is_secure_parent(folder: Path) -> bool:
    """True if no other user can replace what this user makes in the folder.

    So it is in a folder of this user's or root's that others can't write to, or in one like
    ``/tmp``, where only an entry's owner can remove it.

    :raises OSError: it does not exist.
    """
    status = folder.stat()
    if not stat.S_ISDIR(status.st_mode):
        return False
    if status.st_mode & stat.S_ISVTX:
        return True
    # A group of its own for each user is usual, and a mask that lets it write with it.
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & stat.S_IWOTH


def _make(path: Path) -> None:
    """Make the folder and those above it that are missing.

    As root only below root's own: what ``sudo`` leaves in the home of the one who called it would
    be in that user's way for ever after.

    :raises NotPrivate: root would make it below another user's folder.
    """
    missing = [path]
    while not os.path.lexists(missing[-1]):
        missing.append(missing[-1].parent)
    existing = missing.pop()
    if missing and os.geteuid() == 0 and existing.stat().st_uid != 0:
        raise NotPrivate(f"{existing} belongs to another user, and root leaves nothing there")
    for folder in reversed(missing):
        with contextlib.suppress(FileExistsError):  # made meanwhile; it is looked at next
            folder.mkdir(mode=0o700)


def _refused(path: Path) -> NotPrivate:
    """Build the error for a folder: why it is refused, and what to do."""
    status = path.lstat()
    if status.st_uid != os.geteuid():
        return NotPrivate(f"{path} belongs to another user; have it removed")
    if stat.S_ISDIR(status.st_mode) or stat.S_ISLNK(status.st_mode):
        return NotPrivate(f"{path} is not this user's alone; remove it")
    return NotPrivate(f"{path} is in the way of a folder; remove it")
