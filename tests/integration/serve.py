"""Starting servers in a folder of their own, and closing them all."""

from __future__ import annotations

import socket
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.server import Server


class Serve:
    """Starts servers in one folder, and closes them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        self._logs = folder
        self._servers: list[Server] = []
        self._reserved: list[socket.socket] = []

    def __call__(
        self,
        files: Mapping[str, str],
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        port: int | None = 0,
        wait: bool = True,
        terminal: bool = False,
        prefix: tuple[str, ...] = (),
    ) -> Server:
        """Write the files and run ``tornkit serve`` with the arguments, in their folder.

        ``port``: of ``--port``, None for none. With ``wait`` it serves on return. ``prefix``: a
        command that runs it, and passes on its exit code.
        """
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(content))
        options = () if port is None else ("--port", str(port))
        server = Server(
            self.folder,
            self._logs / f"serve-{len(self._servers)}.log",
            (*options, *map(str, arguments)),
            env or {},
            terminal=terminal,
            prefix=prefix,
        )
        self._servers.append(server)
        return server.wait_until_serving() if wait else server

    def free_port(self) -> int:
        """A port that stays bound, and so nobody else's, until the test ends.

        On Linux another socket that says SO_REUSEADDR may listen there all the same.
        """
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        if sys.platform == "linux":
            self._reserved.append(sock)
        else:
            sock.close()
        return port

    def close(self) -> None:
        faults = []
        for server in self._servers:
            try:
                server.close()
            except (AssertionError, OSError, pytest.fail.Exception) as error:
                faults.append(str(error))
        for sock in self._reserved:
            sock.close()
        assert faults == []
