"""System calls and files that Linux alone has, and whether they are used.

Elsewhere, and where the variable ``_TORNKIT_PORTABLE`` is set (for tests), all is done without:
shared memory is a file without a name, changes of files are watched by `watchfiles`, the loop
watches each connection, workers share one listening socket, and what `/proc` would tell stays
unknown.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

USED = sys.platform == "linux" and not os.environ.get("_TORNKIT_PORTABLE")
"""Whether this process uses them."""

PROC = Path("/proc" if USED else "/no-proc-here")
"""Folder of what the kernel tells of processes; elsewhere one that is not there."""

HAS_EPOLL = USED and hasattr(select, "epoll")

_SO_ATTACH_FILTER = 26
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def shared_memory(name: str) -> int:
    """Descriptor of new, empty memory that processes can share; ``name`` is for people.

    :raises OSError:
    """
    if USED:
        return os.memfd_create(f"tornkit-{name}")
    import tempfile  # with what it brings, a supervisor would have a megabyte for nothing

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def process_facts(pid: int) -> list[bytes]:
    """Fields of a process from its state on: parent, group, and so on (``proc_pid_stat(5)``).

    Empty where there is no such process, or no `/proc`.
    """
    try:
        stat = (PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return []
    return stat.rpartition(b")")[2].split()  # behind the name, which may hold anything


def signal_thread(pid: int, thread: int, number: int) -> bool:
    """Signal one thread of a process (``tgkill(2)``); return whether that could be asked for."""
    if not USED:
        return False
    tgkill = getattr(ctypes.CDLL(None), "tgkill", None)  # glibc 2.30, musl 1.2.5
    return tgkill is not None and tgkill(pid, thread, number) == 0


def drop_handshakes(sock: socket.socket) -> None:
    """Have the kernel begin no further connection to a listening TCP socket, for good.

    A client asks again after a second (RFC 6298: the first time-out), when the socket is closed:
    then it is refused, and a proxy goes elsewhere. Who comes between the last `accept` and the
    close would be reset with the request that it has sent. Where this can't be had, that is so.
    """
    if not USED:
        return
    # Classic BPF (bpf(4)) on the TCP header: a segment with SYN has 0 bytes left, any other all.
    program = ctypes.create_string_buffer(
        b"".join(
            struct.pack("HBBI", code, when_true, when_false, k)
            for code, when_true, when_false, k in (
                (0x30, 0, 0, 13),  # ldb [13]: the flags
                (0x45, 0, 1, 0x02),  # jset #SYN
                (0x06, 0, 0, 0),  # ret #0
                (0x06, 0, 0, 0xFFFFFFFF),  # ret #-1
            )
        )
    )
    with contextlib.suppress(OSError):
        sock.setsockopt(
            socket.SOL_SOCKET,
            _SO_ATTACH_FILTER,
            struct.pack("HP", 4, ctypes.addressof(program)),
        )


@contextlib.contextmanager
def yielding_to_the_waker() -> Iterator[None]:
    """Have this thread, when it is woken, run beside whoever wakes it, not in its place.

    On a busy machine the woken one would get the processor at once, for some milliseconds, and
    whoever wakes several would come to the second one only then (``SCHED_BATCH``, ``sched(7)``).
    """
    changed = False
    if USED:
        with contextlib.suppress(OSError):  # a container may forbid it
            if os.sched_getscheduler(0) == os.SCHED_OTHER:  # else the user has chosen another
                os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
                changed = True
    try:
        yield
    finally:
        if changed:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def die_with_parent(wanted: bool = True) -> None:
    """End this process when its parent ends, though it be stuck in others' code.

    Not for what a zygote forks: that ends its own, and they may outlive it.
    """
    if USED:
        number = signal.SIGKILL if wanted else 0
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)


def become_reaper() -> None:
    """Become the parent of orphaned descendants, as the workers of a zygote that died."""
    if USED:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
