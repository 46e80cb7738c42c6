"""A real ``tornkit serve`` for one test: its supervisor and its workers, at a free port.

For what one process can't show: that several workers agree, what the environment changes, how the
command itself is configured. What it prints is kept, and shown where a test fails.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tornkit.testing.visitor import Visitor

if TYPE_CHECKING:
    from tornkit.testing.async_client import AsyncClient
    from tornkit.testing.client import Client
    from tornkit.testing.loop_thread import LoopThread
    from tornkit.testing.recording import Record

WORKERS = 2
_BOOT_PATIENCE = 60.0  # seconds, as `--boot-timeout`
_END_PATIENCE = 15.0  # seconds; requests under way have ten
_POLL = 0.02  # seconds
_SAYS_WHERE = re.compile(r"^ *serving .* at (\S+)", re.MULTILINE)
_IS_READY = "Ctrl-C stops"  # last line of the banner


class NotServing(RuntimeError):
    """The server has ended, or said nothing in time; the message holds what it printed."""


class LiveServer:
    """One running ``tornkit serve``; ``url`` is its address, without a slash behind it."""

    url: str

    def __init__(
        self,
        project: Path,
        arguments: tuple[str, ...],
        env: Mapping[str, str | None],
        client: Callable[[Visitor], Client],
        aclient: Callable[[Visitor], AsyncClient],
        application: Callable[[], object],
    ) -> None:
        self._client, self._aclient, self._application = client, aclient, application
        variables = {**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", **env}
        command = [sys.executable, "-m", "tornkit", "serve", "--no-reload", "--port", "0"]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - `close` does
        self.process = subprocess.Popen(
            [*command, *arguments],
            cwd=project,
            env={name: value for name, value in variables.items() if value is not None},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self.url = self._wait_until_serving()
        except BaseException:  # raised again, a Ctrl-C too: no server stays
            self.close()
            raise

    @property
    def log(self) -> str:
        """What it has printed so far."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def client(self) -> Client:
        """A client of this server, with cookies of its own."""
        return self._client(self._visitor())

    def aclient(self) -> AsyncClient:
        """A client of this server whose methods are awaited, with cookies of its own."""
        return self._aclient(self._visitor())

    def _visitor(self) -> Visitor:
        return Visitor(self.url.partition("://")[2], self._application)

    def _wait_until_serving(self) -> str:
        deadline = time.monotonic() + _BOOT_PATIENCE
        while time.monotonic() < deadline:
            ended = self.process.poll()
            said = self.log
            where = _SAYS_WHERE.search(said)
            if where and _IS_READY in said:
                if where[1].startswith("http://"):
                    return where[1].rstrip("/")
                raise NotServing(f"a test's client needs http://, not {where[1]}\n{said}")
            if ended is not None:
                raise NotServing(f"tornkit serve ended with {ended}\n{said}")
            time.sleep(_POLL)
        raise NotServing(f"tornkit serve is not ready after {_BOOT_PATIENCE:.0f} s\n{self.log}")

    def close(self) -> str:
        """End it, and all that it started; return what it has printed."""
        if self._log.closed:
            return ""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_END_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)  # its workers end with it
            self.process.wait()
        said = self.log
        self._log.close()
        return said


class LiveServers:
    """The servers of a test: the usual one with two workers, and others as they are asked for.

    >>> live_server.client().get("/")  # doctest: +SKIP
    >>> other = live_server(workers=3, env={"APP_ENV": "production"})  # doctest: +SKIP
    """

    def __init__(
        self,
        project: Path,
        loop: Callable[[], LoopThread],
        application: Callable[[], object],
        record: Record | None = None,
    ) -> None:
        self._project = project
        self._record = record
        self._loop = loop
        self._application = application
        self._servers: list[LiveServer] = []
        self._clients: list[Client] = []
        self._usual: LiveServer | None = None

    def __call__(
        self,
        *arguments: str,
        workers: int = WORKERS,
        env: Mapping[str, str | None] | None = None,
        app: str | None = None,
    ) -> LiveServer:
        """Start a server, with further arguments of ``tornkit serve``; it serves on return.

        :param env: variables that it has beside the test's own; None takes one away.
        :param app: as APP of the command, where it is not the project's.
        :raises NotServing:
        """
        words = ("--workers", str(workers), *arguments, *([app] if app else ()))
        server = LiveServer(
            self._project, words, env or {}, self._new_client, self._new_aclient, self._application
        )
        self._servers.append(server)
        return server

    @property
    def usual(self) -> LiveServer:
        """The server with two workers; started when a test first needs it."""
        if self._usual is None:
            self._usual = self()
        return self._usual

    @property
    def url(self) -> str:
        """Address of the usual server, without a slash behind it."""
        return self.usual.url

    @property
    def log(self) -> str:
        """What the usual server has printed so far."""
        return self.usual.log

    def client(self) -> Client:
        """A client of the usual server, with cookies of its own."""
        return self.usual.client()

    def aclient(self) -> AsyncClient:
        """A client of the usual server whose methods are awaited, with cookies of its own."""
        return self.usual.aclient()

    def close(self) -> str:
        """End all servers; return what they have printed."""
        for client in self._clients:
            client.close()
        return "".join(server.close() for server in self._servers)

    def _new_client(self, visitor: Visitor) -> Client:
        from tornkit.testing.client import Client

        visitor.record = self._record
        client = Client(visitor, self._loop)
        self._clients.append(client)
        return client

    def _new_aclient(self, visitor: Visitor) -> AsyncClient:
        from tornkit.testing.async_client import AsyncClient

        visitor.record = self._record
        return AsyncClient(visitor, self._loop)
