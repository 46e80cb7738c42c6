"""Finds things that processes hold and no second process can have: ports, locks, devices.

A new generation starts beside the old one, and is refused what that holds. The worker tells what
it was refused (`tornkit.serve.refusals`); here is looked up what the others hold, and the two are
compared (`explain`). Looked up once a generation has failed, never before: an open listing of
``/proc`` takes milliseconds. Where there is no ``/proc``, nothing is found.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tornkit import linux
from tornkit.serve.refusals import ADDRESS, LOCK, SILENT
from tornkit.serve.wire.messages import Failed

# Sorts of what is held, beside those of `refusals`: named by an error, or not thought of.
DEVICE, PROCESS = "device", "process"
_PROC = linux.PROC
_LISTENS, _UNCONNECTED = "0A", "07"  # of TCP, and of UDP: include/net/tcp_states.h
_UNIX_UNCONNECTED = "01"
# A lock file that names its owner is a line or two.
_PID_FILE_SIZE = 256
# Character devices that any number of processes may open.
_SHARED_DEVICES = re.compile(r"/dev/(null|zero|full|u?random|tty|ptmx|pts/.*|shm/.*)$")


@dataclass(frozen=True)
class Holding:
    """Thing that a process holds and no second one can have: a port, a lock, a device.

    ``what`` is what a person calls it, ``sort`` one of those of `refusals`, ``name`` the word by
    which an error's text would name it: a port, a path, a number of a process.
    """

    what: str
    sort: str
    name: str
    pid: int

    def is_named_in(self, text: str) -> bool:
        """Whether the text holds the name as a word of its own."""
        if not self.name.isdigit():
            return self.name in text
        before = r"\b(?:pid|process)\W{0,3}" if self.sort == PROCESS else r"(?<![\w.])"
        number = rf"{before}{self.name}(?!\w|\.\d)"
        return re.search(number, text, re.IGNORECASE) is not None


@dataclass(frozen=True)
class Conflict:
    """Holdings of other processes that kept a worker from starting.

    ``sure``: its error names one of them, or it waits for one. ``by_sibling``: the others are
    workers of its own generation.
    """

    holdings: tuple[Holding, ...]
    sure: bool
    by_sibling: bool = False

    @property
    def what(self) -> str:
        """The ports, files and locks that the old code holds, as text for a person."""
        *others, last = dict.fromkeys(each.what for each in self.holdings)
        return f"{', '.join(others)} and {last}" if others else last


def explain(failure: Failed, holders: Iterable[int], failed: Iterable[int] = ()) -> Conflict | None:
    """Find what these processes and their children hold that made a worker fail; None if nothing.

    ``failed`` are processes that did not get ready, and may still wait for a lock.
    """
    if not failure.refused:
        return None
    pids = with_descendants(holders)
    held = tuple(_held_by(pids))
    sort, _, text = failure.refused.partition("\n")
    named = [each for each in held if each.is_named_in(text)]
    named += _named_in_file(text, pids)
    named += _waited_for(set(failed), pids, held)
    if named:
        return Conflict(tuple(named), sure=True)
    sorts = (ADDRESS, LOCK) if sort == SILENT else (sort,)
    alike = [each for each in held if each.sort in sorts]
    return Conflict(tuple(alike), sure=False) if alike else None


def with_descendants(pids: Iterable[int]) -> frozenset[int]:
    """Ids of these processes, their children, and so on."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found = set(pids)
    new = list(found)
    while new:
        for child in children.get(new.pop(), ()):
            if child not in found:
                found.add(child)
                new.append(child)
    return frozenset(found)


def _parents() -> Iterator[tuple[int, int]]:
    for entry in _listed(_PROC):
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):  # ended meanwhile
                # Behind the name, which may hold anything: state, parent.
                fields = (entry / "stat").read_bytes().rpartition(b")")[2].split()
                yield int(entry.name), int(fields[1])


def _held_by(pids: frozenset[int]) -> Iterator[Holding]:
    ours = _socket_inodes((os.getpid(),))
    sockets = {inode: pid for inode, pid in _socket_inodes(pids).items() if inode not in ours}
    yield from _addresses(sockets)
    yield from _locks(pids)
    yield from _devices(pids)
    for pid in pids:
        yield Holding(f"process {pid}", PROCESS, str(pid), pid)


# ---- sockets ----


def _socket_inodes(pids: Iterable[int]) -> dict[str, int]:
    return {
        link.removeprefix("socket:[").removesuffix("]"): pid
        for pid in pids
        for link in _links(pid)
        if link.startswith("socket:[")
    }


def _addresses(sockets: dict[str, int]) -> Iterator[Holding]:
    if not sockets:  # the tables are long on a machine with many connections
        return
    for kind, state in (("tcp", _LISTENS), ("udp", _UNCONNECTED)):
        for fields in (*_rows(f"net/{kind}"), *_rows(f"net/{kind}6")):
            if len(fields) > 9 and fields[3] == state and fields[9] in sockets:
                port = int(fields[1].rpartition(":")[2], 16)
                yield Holding(f"{kind} port {port}", ADDRESS, str(port), sockets[fields[9]])
    for fields in _rows("net/unix"):
        if len(fields) > 7 and fields[5] == _UNIX_UNCONNECTED and fields[6] in sockets:
            path = " ".join(fields[7:])
            yield Holding(f"the socket {path}", ADDRESS, path, sockets[fields[6]])


# ---- locks ----


@dataclass(frozen=True)
class _Lock:
    """A line of ``/proc/locks``; those of one number are about the same lock."""

    number: str
    waits: bool
    writes: bool
    pid: int
    inode: int


def _all_locks() -> Iterator[_Lock]:
    """Locks from lines as ``1: -> FLOCK  ADVISORY  WRITE 47 08:01:131 0 EOF``; ``->``: it waits."""
    for fields in _rows("locks", head=False):
        waits = "->" in fields
        rest = [each for each in fields if each != "->"]
        with contextlib.suppress(ValueError, IndexError):
            inode = int(rest[5].rpartition(":")[2])
            yield _Lock(rest[0], waits, rest[3] == "WRITE", int(rest[4]), inode)


def _locks(pids: frozenset[int]) -> Iterator[Holding]:
    for lock in _all_locks():
        if lock.pid in pids and lock.writes and not lock.waits:
            path = _path_of(lock.pid, lock.inode)
            if path is not None:
                yield Holding(f"the lock on {path}", LOCK, path, lock.pid)


def _path_of(pid: int, inode: int) -> str | None:
    for entry in _listed(_PROC / str(pid) / "fd"):
        with contextlib.suppress(OSError):
            found = entry.stat()
            if found.st_ino == inode and stat.S_ISREG(found.st_mode):
                return str(entry.readlink())
    return None


def _waited_for(
    waiting: set[int], pids: frozenset[int], held: tuple[Holding, ...]
) -> Iterator[Holding]:
    """Locks among ``held`` for which one of the ``waiting`` processes still waits."""
    locks = tuple(_all_locks()) if waiting else ()
    numbers = {lock.number for lock in locks if lock.waits and lock.pid in waiting}
    for lock in locks:
        if lock.number in numbers and not lock.waits and lock.pid in pids:
            path = _path_of(lock.pid, lock.inode)
            yield from (each for each in held if each.sort == LOCK and each.name == path)


# ---- devices, and files that name their owner ----


def _devices(pids: frozenset[int]) -> Iterator[Holding]:
    for pid in pids:
        for link in sorted(set(_links(pid))):
            if link.startswith("/dev/") and not _SHARED_DEVICES.match(link):
                yield Holding(link, DEVICE, link, pid)


def _named_in_file(text: str, pids: frozenset[int]) -> Iterator[Holding]:
    """Files named in an error that hold the number of one of the processes."""
    for path in {line for line in text.splitlines() if line.startswith("/")}:
        with contextlib.suppress(OSError):
            file = Path(path)
            if file.is_file() and file.stat().st_size <= _PID_FILE_SIZE:
                for number in re.findall(r"\d+", file.read_text(errors="replace")):
                    if int(number) in pids:
                        yield Holding(f"the file {path}", LOCK, path, int(number))


# ---- reading /proc ----


def _listed(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):  # ended, or not ours to see
        return list(folder.iterdir())
    return []


def _links(pid: int) -> Iterator[str]:
    for entry in _listed(_PROC / str(pid) / "fd"):
        with contextlib.suppress(OSError):
            yield str(entry.readlink())


def _rows(name: str, *, head: bool = True) -> list[list[str]]:
    with contextlib.suppress(OSError):
        place = _PROC / name if not name.startswith("net/") else _PROC / "self" / name
        lines = place.read_text(errors="replace").splitlines()
        return [line.split() for line in lines[1 if head else 0 :]]
    return []
