"""Ends the processes that were started by a program which `tornkit routes` only looks at.

`tornkit routes` runs a program up to the moment it would serve. What it has started until then, a
proxy or a pool of workers, would outlive it, or be waited for at its exit. With plain Python a
Ctrl-C ends both, for it reaches the whole group.

A process that has made itself independent (`daemon(3)`) is found as well on Linux, where this one
is made the parent of its orphaned descendants.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator

from tornkit import linux

_PATIENCE = 1.0  # seconds to end in good order
_LOOK = 0.005  # seconds between looks


@contextlib.contextmanager
def none_left_behind() -> Iterator[None]:
    """At the end of the context, end all processes that were started inside and still run."""
    linux.become_reaper()
    before = _descendants()
    try:
        yield
    finally:
        _end(before)


def _end(spared: frozenset[int]) -> None:
    """End all descendants but ``spared`` by SIGTERM, then SIGKILL, also those started meanwhile."""
    deadline = time.monotonic() + _PATIENCE
    asked: set[int] = set()
    while left := _descendants() - spared:
        if time.monotonic() > deadline:
            _signal(left, signal.SIGKILL)
            if time.monotonic() > deadline + _PATIENCE:  # the kernel does not let go
                return
        else:
            _signal(left - asked, signal.SIGTERM)
            asked |= left
        time.sleep(_LOOK)


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # ended; another user's
            os.kill(pid, number)


def _descendants() -> frozenset[int]:
    """Ids of this process's children, their children, and so on, as far as they run."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found: set[int] = set()
    new = [os.getpid()]
    while new:
        for child in children.get(new.pop(), ()):
            found.add(child)
            new.append(child)
    return frozenset(found)


def _parents() -> Iterator[tuple[int, int]]:
    """Ids of each process that has not ended, and of its parent."""
    if not (linux.PROC / "self/stat").exists():
        yield from _parents_by_ps()
        return
    for entry in linux.PROC.iterdir():
        if entry.name.isdigit():
            facts = linux.process_facts(int(entry.name))
            if facts and facts[0] not in (b"Z", b"X"):  # else it has ended meanwhile
                yield int(entry.name), int(facts[1])


def _parents_by_ps() -> Iterator[tuple[int, int]]:
    with subprocess.Popen(
        ["/bin/ps", "-A", "-o", "pid=,ppid=,stat="], stdout=subprocess.PIPE, text=True
    ) as ps:
        assert ps.stdout is not None
        for line in ps.stdout:
            pid, parent, state = line.split()
            if int(pid) != ps.pid and not state.startswith("Z"):
                yield int(pid), int(parent)
