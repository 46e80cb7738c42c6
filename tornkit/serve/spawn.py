"""Starts a worker process: a fresh interpreter with one end of a channel.

The interpreter is told nothing on its command line but where tornkit is and which descriptor to
read; the rest comes as a `Boot` message. `-P` keeps the current folder off ``sys.path`` until the
worker puts the user's import root there.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tornkit.serve.channel import Channel, ChannelClosed
from tornkit.serve.messages import Boot

# The folder that holds the package goes last on sys.path, only for as long as it takes to import
# it: tornkit may run from a source tree that is not installed.
_BOOTSTRAP = """\
import sys
sys.path.append(sys.argv[1])
from tornkit.serve.worker import main
sys.path.pop()
main(int(sys.argv[2]))
"""
_PACKAGE_PARENT = str(Path(__file__).resolve().parent.parent.parent)


class WorkerProcess:
    """A started worker as the operating system knows it, and the channel to it."""

    def __init__(self, process: subprocess.Popen[bytes], channel: Channel) -> None:
        self._process = process
        self.channel = channel
        self.pid = process.pid

    def poll(self) -> int | None:
        """The exit status (negative: the signal that killed it), None while it lives."""
        return self._process.poll()

    def signal(self, number: int) -> None:
        """Send a signal; nothing happens where it has ended."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for its end."""
        return self._process.wait()


def spawn_worker(
    boot: Boot, environment: Mapping[str, str], *, keep_stdin: bool = False
) -> WorkerProcess:
    """Start one worker. It shares this process's terminal and process group.

    ``keep_stdin``: it may read from the terminal, for `breakpoint()`.
    """
    ours, theirs = socket.socketpair()
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOTSTRAP, _PACKAGE_PARENT, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env={**os.environ, **environment},
            stdin=None if keep_stdin else subprocess.DEVNULL,
        )
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    ours.setblocking(False)
    channel = Channel(ours)
    with contextlib.suppress(ChannelClosed):  # it died at once; its exit status will tell
        channel.send(boot)
    return WorkerProcess(process, channel)
