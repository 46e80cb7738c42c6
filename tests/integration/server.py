"""One `tornkit serve` as a test runs it: what it says, does, starts, and leaves behind.

Every process that it starts carries a mark in its environment, so that one which lost its parent is
found as well. Its log is printed at its end: pytest shows that with a failure.
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import tornkit
from tests.clients.blocking import Client, connect
from tests.clients.messages import Response
from tests.integration.addresses import is_free
from tests.integration.waiting import PATIENCE, POLL, wait_for
from tornkit.serve.control import control_folder

_MARK = "INTEGRATION_TEST_MARK"
_IMPORTABLE_FROM = str(Path(tornkit.__file__).parents[1])
# What would change how a server behaves or looks, and is not the test's doing.
_NOT_INHERITED = re.compile(
    r"PYTEST_|TORNKIT_|WATCHFILES_|PYTHON(?!HOME)|NO_COLOR$|FORCE_COLOR$|CLICOLOR|TTY_|COLUMNS$"
)
# Makes the terminal that is its standard input the controlling one, so that Ctrl-C is a signal.
_IN_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


_SLOW_START = re.compile(r"^.*still starting, for \d+ s by now.*\n", re.MULTILINE)


class Server:
    """One ``tornkit serve`` process, and all that it started."""

    def __init__(
        self,
        folder: Path,
        log_path: Path,
        arguments: tuple[str, ...],
        env: Mapping[str, str],
        *,
        terminal: bool,
        prefix: tuple[str, ...] = (),
    ) -> None:
        self.folder = folder
        self._log_path = log_path
        self._mark = uuid.uuid4().hex
        self._edits = 0
        self._started_at = int(time.time())
        self._terminal: int | None = None
        self._copier: threading.Thread | None = None
        self._hung_up = threading.Event()
        inherited = {
            name: value for name, value in os.environ.items() if not _NOT_INHERITED.match(name)
        }
        environment = {
            **inherited,
            "PYTHONPATH": _IMPORTABLE_FROM,
            "PYTHONUNBUFFERED": "1",
            # What it remembers of a project must neither come from here nor stay here.
            "XDG_CACHE_HOME": str(log_path.parent / "cache"),
            _MARK: self._mark,
            **env,
        }
        command = [*prefix, sys.executable, "-m", "tornkit", "serve", *arguments]
        if terminal:
            self.process = self._start_in_terminal(command, environment)
        else:
            with log_path.open("wb") as log:
                self.process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def _start_in_terminal(
        self, command: list[str], environment: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        self._terminal, theirs = pty.openpty()
        try:
            process = subprocess.Popen(
                [sys.executable, "-S", "-E", "-c", _IN_TERMINAL, *command],
                cwd=self.folder,
                env={"TERM": "xterm-256color", **environment},
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        self._copier = threading.Thread(target=self._copy_terminal)
        self._copier.start()
        return process

    def _copy_terminal(self) -> None:
        assert self._terminal is not None
        with self._log_path.open("wb", buffering=0) as log:
            while not self._hung_up.is_set():
                if not select.select([self._terminal], [], [], POLL)[0]:
                    continue
                try:
                    log.write(os.read(self._terminal, 65536))
                except OSError:  # nobody has the other end open
                    return

    def type(self, keys: bytes) -> None:
        """Type into its terminal."""
        assert self._terminal is not None
        os.write(self._terminal, keys)

    # ---- what it says ----

    @property
    def log(self) -> str:
        """What it has printed, but for how long a start takes, which is the machine's own."""
        if not self._log_path.exists():
            return ""
        return _SLOW_START.sub("", self._log_path.read_bytes().decode(errors="replace"))

    def wait_for_log(self, pattern: str, *, count: int = 1) -> None:
        """Wait until the log has ``count`` matches of a pattern."""

        def there() -> bool:
            # In this order: what it said before its end is then in the log.
            ended = self.process.poll() is not None
            found = len(re.findall(pattern, self.log)) >= count
            if ended and not found:
                pytest.fail(f"it ended with {self.process.returncode} and never said {pattern!r}")
            return found

        wait_for(there, f"{count} times {pattern!r} in the log")

    def wait_for_reload(self, count: int = 1) -> None:
        """Wait until it has reloaded ``count`` times since its start."""
        self.wait_for_log(r"reloaded in \d+ ms", count=count)

    @property
    def reloads(self) -> int:
        return len(re.findall(r"reloaded in \d+ ms", self.log))

    @property
    def errors(self) -> list[str]:
        """The lines that report an error."""
        return [line for line in self.log.splitlines() if re.search(r"(^| )error: ", line)]

    @property
    def urls(self) -> list[str]:
        """From the banner; empty before there is one."""
        banner = re.search(r"^  (?:\x1b\[\d+m)?serving.*$", self.log, re.MULTILINE)
        found = re.findall(r"(?:https?://|unix:)[^\s\x1b]+", banner.group()) if banner else []
        return found if "Ctrl-C stops" in self.log else []

    @property
    def url(self) -> str:
        return self.urls[0]

    def wait_until_serving(self) -> Server:
        self.wait_for_log("Ctrl-C stops")
        return self

    # ---- what it does ----

    def connect(self, url: str | None = None) -> Client:
        return connect(url or self.url)

    def get(self, path: str = "/", *lines: str, url: str | None = None, **options: Any) -> Response:
        """One request, with these further lines in its head, on a connection of its own."""
        with self.connect(url) as client:
            return client.request(path, "Connection: close", *lines, **options)

    def wait_for_answer(self, text: str, path: str = "/", **options: Any) -> Response:
        """Ask until the answer contains ``text``."""

        def ask() -> Response | None:
            response = self.get(path, **options)
            return response if text in response.text else None

        return wait_for(ask, f"{text!r} in the answer of {path}")

    def write(self, name: str, content: str) -> Path:
        """Put a file into its folder in one step, as an editor does: nobody sees half of it.

        Each edit has a second of its own: Python tells by seconds whether its bytecode is stale.
        """
        self._edits += 1
        new = self._log_path.parent / f"edit-{self._edits}"
        new.write_text(textwrap.dedent(content))
        written = self._started_at + self._edits
        os.utime(new, (written, written))
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new.replace(path)
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text in one of its files."""
        before = (self.folder / name).read_text()
        assert old in before
        self.write(name, before.replace(old, new))

    # ---- its processes, its end ----

    def status(self) -> dict[str, Any]:
        """What it says of itself to `tornkit status`."""
        path = str(control_folder() / f"{self.process.pid}.sock")
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(path)
            with sock.makefile("rb") as answer:
                status: dict[str, Any] = json.loads(answer.read())
        return status

    def pids(self) -> set[int]:
        """Every process alive that it, or a child of it, has started; itself too."""
        if not Path("/proc/self/environ").exists():
            return self._pids_of_group()
        mark = f"{_MARK}={self._mark}".encode()
        found = set()
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                environment = b""
            if mark in environment.split(b"\0") or (not environment and self._is_ending(entry)):
                found.add(int(entry.name))
        return found

    def _is_ending(self, process: Path) -> bool:
        """Whether it is one of ours that has no memory any more, and may still have its sockets.

        The kernel takes the one before the others, and a process is a zombie before its threads.
        """
        try:
            stat = (process / "stat").read_bytes()
        except OSError:
            return False
        state, _parent, group, *rest = stat.rpartition(b")")[2].split()
        threads = int(rest[14])
        return int(group) == self.process.pid and (state not in (b"Z", b"X") or threads > 1)

    def _pids_of_group(self) -> set[int]:
        listing = subprocess.run(
            ["/bin/ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, text=True, check=True
        )
        rows = [line.split() for line in listing.stdout.splitlines()]
        return {
            int(pid)
            for pid, group, state in rows
            if int(group) == self.process.pid and not state.startswith("Z")
        }

    def answering_pids(self, count: int, path: str = "/pid") -> set[int]:
        """Ask, on new connections, until ``count`` processes have answered with their pid."""
        seen: set[int] = set()

        def ask() -> bool:
            seen.add(int(self.get(path).text))
            return len(seen) >= count

        wait_for(ask, f"answers of {count} processes")
        return seen

    def signal(self, number: int, *, group: bool = False) -> None:
        """Signal the supervisor, or with ``group`` all its processes, as a terminal does."""
        if group:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)

    def wait_until_ended(self, patience: float = PATIENCE) -> int:
        """Its exit code, once it has ended and nothing is left of it."""
        urls = self.urls
        wait_for(lambda: self.process.poll() is not None, "the supervisor ended", patience)
        self._assert_nothing_left()
        for url in urls:
            assert is_free(url), f"{url} is not free"
        return self.process.returncode

    def _assert_nothing_left(self) -> None:
        # Without what Linux has, a process that was just started ends by itself, a moment later.
        if os.environ.get("_TORNKIT_PORTABLE") or sys.platform != "linux":
            wait_for(lambda: not self.pids(), "no process is left behind", patience=5)
        assert self.pids() == set(), "processes are left behind"

    def stop(self) -> int:
        """Stop it as Ctrl-C would."""
        self.signal(signal.SIGINT, group=True)
        return self.wait_until_ended()

    def close(self) -> None:
        """Stop it if it runs, and see that it ends well; leave nothing in any case."""
        try:
            if self.process.poll() is None:
                assert self.stop() == 0
            else:
                self._assert_nothing_left()
        finally:
            for pid in self.pids():
                os.kill(pid, signal.SIGKILL)
            self.process.wait()
            self._hung_up.set()
            if self._copier is not None:
                self._copier.join()
            if self._terminal is not None:
                os.close(self._terminal)
            print(f"---- log of {self.process.args!r}\n{self.log}")
