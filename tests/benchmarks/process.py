"""A server's process tree: started in a group of its own, watched, and ended whole.

Servers leave their group, and workers lose their parents. So each start has a mark in its
environment, which every descendant inherits, and on Linux whoever carries the mark or is in the
group counts as the server's. Elsewhere the group has to do, and there is no CPU figure.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.benchmarks.errors import MeasurementFailed

_PROC = Path("/proc")
_HAS_PROC = (_PROC / "self" / "environ").exists()
_POLL = 0.02
_GRACE = 5.0
_MARK = "TK_BENCHMARK_MARK"
# What would change how a server behaves, and is not the command's doing.
_NOT_INHERITED = re.compile(
    r"(PYTHON(?!HOME)|TORNKIT_|UVICORN_|GRANIAN_|AIO_|QUART_|FLASK_|WATCHFILES_|VIRTUAL_ENV"
    r"|WEB_CONCURRENCY|(OMP|OPENBLAS|MKL)_NUM_THREADS)"
)


class ServerFailed(MeasurementFailed):
    """A server did not do its part; the message says how."""


@dataclass(frozen=True)
class Memory:
    """Bytes of a tree: what is resident, and the same with what is shared divided by its users.

    Forked processes share most of what they hold, so only ``pss`` may be added up.
    """

    rss: int
    pss: int


class ServerProcess:
    """The command, running in ``folder`` with its output in ``log``, until the ``with`` ends."""

    def __init__(self, command: list[str], folder: Path, log: Path) -> None:
        self._log = log
        self._mark = uuid.uuid4().hex
        environment = {
            name: value for name, value in os.environ.items() if not _NOT_INHERITED.match(name)
        }
        with log.open("wb") as output:
            try:
                self._process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env=environment | {_MARK: self._mark},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    process_group=0,
                )
            except OSError as error:
                raise ServerFailed(f"can't be run: {error.strerror}") from None

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Of the command itself."""
        return self._process.pid

    def check(self) -> None:
        """Raise ServerFailed, with the last line of the log, if it has ended."""
        status = self._process.poll()
        if status is not None:
            raise ServerFailed(f"ended with status {status}: {self.last_words()}")

    def last_words(self) -> str:
        """The last line of the log that has anything in it."""
        lines = self._log.read_text(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "(no output)")

    def cpu_seconds(self) -> float | None:
        """CPU time that the living processes of the tree have used; None where it is unknown."""
        if not _HAS_PROC:
            return None
        # utime and stime; nothing of a process that has gone meanwhile.
        ticks = sum(int(each) for pid in self._pids() for each in _stat(pid)[11:13])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> Memory | None:
        """What the living processes of the tree hold; None where it is unknown."""
        if not _HAS_PROC:
            return None
        kib = [_smaps(pid) for pid in self._pids()]
        return Memory(
            rss=1024 * sum(each.get("Rss", 0) for each in kib),
            pss=1024 * sum(each.get("Pss", 0) for each in kib),
        )

    def pids(self) -> list[int]:
        """The living processes of the tree; only on Linux."""
        return list(self._pids())

    def stop(self) -> None:
        """Ask as Ctrl-C does, then kill; on return nothing of the tree is left."""
        try:
            self._signal_group(signal.SIGINT)
            deadline = time.monotonic() + _GRACE
            while self._is_up() and time.monotonic() < deadline:
                time.sleep(_POLL)
        finally:
            # Also when Ctrl-C came while waiting, and twice: a killed parent may have forked.
            for _ in range(2):
                self._signal_group(signal.SIGKILL)
                for pid in self._pids():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            self._process.wait()

    def _is_up(self) -> bool:
        return self._process.poll() is None or any(self._pids())

    def _signal_group(self, number: signal.Signals) -> None:
        # PermissionError: on macOS, a group of zombies alone.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _pids(self) -> Iterator[int]:
        """The living processes of the tree; only on Linux."""
        if not _HAS_PROC:
            return
        mark = f"{_MARK}={self._mark}".encode()
        for entry in _PROC.iterdir():
            if not entry.name.isdigit():
                continue
            pid = int(entry.name)
            stat = _stat(pid)
            if not stat or stat[0] in "ZX":
                continue
            if int(stat[2]) == self._process.pid or mark in _environment(pid):
                yield pid


def proportional(pid: int) -> int:
    """Bytes of one process: what is shared is divided by its users; 0 if it is gone."""
    return 1024 * _smaps(pid).get("Pss", 0)


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on (the third in proc(5)); empty if it is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _smaps(pid: int) -> dict[str, int]:
    """KiB by name, of /proc/PID/smaps_rollup; empty if it is gone."""
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return {}
    fields = (line.split() for line in lines)
    return {name.removesuffix(":"): int(number) for name, number, *_ in fields}


def _environment(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:  # gone, or another user's
        return []


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that are free now, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
