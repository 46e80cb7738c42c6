"""Names the process that listens on a TCP port, where the system tells: on Linux, from /proc.

Asked only when a port is taken, for the message. Processes of other users are not to be seen.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from tornkit import linux

_PROC = linux.PROC
_LISTEN = "0A"  # the state in /proc/net/tcp: include/net/tcp_states.h
_PATIENCE = 0.2  # seconds: the supervisor's loop may be waiting
_LONGEST = 60  # characters of a command line


def owner_of(port: int) -> str | None:
    """Process that listens on a port, as ``pid 4711 (python app.py)``; None if it is not known."""
    sockets = {f"socket:[{inode}]" for inode in _listening_on(port)}
    if not sockets:
        return None
    deadline = time.monotonic() + _PATIENCE
    for pid in _processes():
        if _holds_any(pid, sockets):
            command = _command_of(pid)
            return f"pid {pid} ({command})" if command else f"pid {pid}"
        if time.monotonic() > deadline:
            return None
    return None


def _listening_on(port: int) -> Iterator[str]:
    """Inodes of the sockets that listen on a port, on whichever address."""
    for name in ("tcp", "tcp6"):
        try:
            lines = (_PROC / "net" / name).read_text(encoding="ascii").splitlines()[1:]
        except OSError:  # no /proc, or no IPv6
            continue
        for line in lines:
            _, local, _, state, *rest = line.split()
            if state == _LISTEN and int(local.rpartition(":")[2], 16) == port:
                yield rest[5]


def _processes() -> Iterator[int]:
    """Ids of all processes, the lowest first: of a server and its workers, the server."""
    try:
        names = [name for name in os.listdir(_PROC) if name.isdecimal()]  # noqa: PTH208 - names
    except OSError:
        return
    yield from sorted(map(int, names))


def _holds_any(pid: int, sockets: set[str]) -> bool:
    folder = f"{_PROC}/{pid}/fd"
    try:
        for descriptor in os.listdir(folder):  # noqa: PTH208 - names alone
            if os.readlink(f"{folder}/{descriptor}") in sockets:  # noqa: PTH115 - thousands
                return True
    except OSError:  # another user's, or ended
        return False
    return False


def _command_of(pid: int) -> str:
    try:
        words = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    text = " ".join(os.fsdecode(word) for word in words if word)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
