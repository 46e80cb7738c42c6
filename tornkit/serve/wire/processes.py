"""Starts interpreters for the server's processes (zygote, worker, hub); reaps and kills them.

The interpreter is told nothing on its command line but where tornkit is, what to be, and which
descriptor to read; the rest comes as messages. `-P` keeps the current folder off ``sys.path``
until the worker puts the user's import root there.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tornkit import linux
from tornkit.appload import own_tornado
from tornkit.serve.wire.channel import Channel

# The folder that holds the package goes last on sys.path, only for as long as it takes to import
# it: tornkit may run from a source tree that is not installed. The standard library goes first
# meanwhile: PYTHONPATH may lead to a `queue.py` of the user's. An OSError that comes as far as here
# is none of the user's code, whose errors are told with their traceback: the system refused
# something that this process needs to be what it is. The supervisor sees it end, and goes on.
_BOOTSTRAP = """\
import os, sys
names, path = tuple(sys.modules), sys.path[:]
library = os.path.dirname(os.__file__)
own = [folder for folder in path if folder == library or folder.endswith("lib-dynload")]
sys.path[:] = [*own, *(folder for folder in path if folder not in own), sys.argv[1]]
try:
    from tornkit.appload import own_tornado
    own_tornado.use(sys.argv[3] or None)
    import tornkit.serve.warm_imports.tornado_first
    from {module} import {function} as main
    from tornkit.appload.shadowing import note_start
    sys.path[:] = path
    note_start(names)
    main(int(sys.argv[2]))
except OSError as error:
    sys.exit(f"tornkit: a process of the server can't go on: {{error}}")
"""
# What each kind of process begins with: a module, and a function of it.
ENTRIES = {
    "zygote": ("tornkit.serve.zygote.zygote", "main"),
    "hub": ("tornkit.serve.hub.entry", "main"),
    "standby": ("tornkit.serve.zygote.standby_process", "main"),
    "worker": ("tornkit.serve.worker.entry", "main"),
    "reexecuted": ("tornkit.serve.worker.entry", "main_reexecuted"),
}
# The folder of the Tornado that the program brings, for all interpreters of this supervisor's.
_tornado_folder: str | None = None
_PACKAGE_PARENT = str(Path(__file__).resolve().parents[3])
# Seconds that a killed process may take to be gone, and between looks.
_KILL_TIME, _KILL_LOOK = 3.0, 0.001
_TERMINAL_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ChildProcess:
    """A process as the operating system knows it, and the channel to it."""

    def __init__(self, pid: int, channel: Channel) -> None:
        self.pid = pid
        self.channel = channel

    def signal(self, number: int) -> None:
        """Send a signal; nothing happens where it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


def channel_pair() -> tuple[Channel, socket.socket]:
    """Create a channel, our end, which does not block, and the socket of the other end."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    return Channel(ours), theirs


def take_tornado_from(folder: str | None) -> None:
    """Set where interpreters that are started from now on find Tornado (`own_tornado.find`)."""
    global _tornado_folder  # noqa: PLW0603 - a process has one supervisor
    _tornado_folder = folder


def start_interpreter(
    role: str, environment: Mapping[str, str], *, keep_stdin: bool = False
) -> ChildProcess:
    """Start an interpreter for a role, one of `ENTRIES`.

    It gets one end of a channel and this whole environment.

    It shares this process's terminal and process group. ``keep_stdin``: it may read from the
    terminal, for `breakpoint()`.
    """
    channel, theirs = channel_pair()
    descriptor = theirs.fileno()
    # Blocked until it has had its say about signals: a Ctrl-C reaches the whole group, and would
    # end an interpreter that has just begun to import.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _TERMINAL_SIGNALS)
    try:
        process = subprocess.Popen(
            command(role, descriptor),
            pass_fds=[descriptor],
            env=dict(environment),
            stdin=None if keep_stdin else subprocess.DEVNULL,
        )
    except BaseException:  # raised again, a Ctrl-C too: no channel stays open
        channel.close()
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
    # `reap` waits for it, along with children that no Popen knows.
    process.returncode = 0
    return ChildProcess(process.pid, channel)


def command(role: str, descriptor: int) -> list[str]:
    """The command that runs a role's ``main`` with a descriptor to read."""
    module, function = ENTRIES[role]
    bootstrap = _BOOTSTRAP.format(module=module, function=function)
    folder = _tornado_folder or own_tornado.used or ""
    return [sys.executable, "-P", "-c", bootstrap, _PACKAGE_PARENT, str(descriptor), folder]


def reap() -> Iterator[tuple[int, int]]:
    """Reap every child that has ended: yield pid and exit status, or the negative of a signal.

    As process 1 that includes strangers.
    """
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, os.waitstatus_to_exitcode(status)


def is_alive(pid: int) -> bool:
    """Whether a process of this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def has_ended(pid: int) -> bool:
    """Whether a process does not run any more, though it may not be reaped yet (Linux).

    A process whose first thread has ended looks so too; it holds what it held until the others end.
    """
    facts = linux.process_facts(pid)
    if not facts:
        return not is_alive(pid)
    state, threads = facts[0], int(facts[17])
    return state in (b"Z", b"X") and threads <= 1


def kill_and_wait(pids: list[int]) -> None:
    """Kill these processes and the children that they leave, and wait until they are gone.

    One that the kernel does not let go is not waited for. The children are ours then (Linux): a
    worker that a zygote was just forking, and that nobody knew of yet.
    """
    before = _children()
    _kill_and_wait(pids)
    _kill_and_wait(sorted(_children() - before))


def _kill_and_wait(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + _KILL_TIME
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(pid, os.WNOHANG)[0] == 0 and time.monotonic() < deadline:
                time.sleep(_KILL_LOOK)


def _children() -> set[int]:
    """Children of this process's main thread; none where the kernel does not tell."""
    pid = os.getpid()
    try:
        return set(map(int, (linux.PROC / f"{pid}/task/{pid}/children").read_bytes().split()))
    except OSError:
        return set()
