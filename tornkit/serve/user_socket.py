"""A listening socket of the supervisor's that only processes of its own user can open.

It lies in a folder that only the user can enter, and both ends ask the kernel for the user at the
other.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

from tornkit.serve.loop.loop import Loop
from tornkit.serve.peers import peer_uid
from tornkit.serve.sockets.sockets import socket_identity


class UserSocket:
    """Listening Unix socket at ``path``. ``take`` gets each connection, and is to close it."""

    def __init__(self, path: Path, take: Callable[[socket.socket], None]) -> None:
        self._path = path
        self._take = take
        self._sock: socket.socket | None = None
        self._identity: tuple[int, int] | None = None

    def open(self, loop: Loop) -> None:
        """Bind the socket and listen; a failure is ignored, as the server works without it."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._path.unlink(missing_ok=True)
            sock.setblocking(False)
            sock.bind(str(self._path))
            self._path.chmod(0o600)
            sock.listen(8)
            self._identity = socket_identity(str(self._path))
        except OSError:
            sock.close()
            return
        self._sock = sock
        loop.listen(sock, self._accept)

    def close(self) -> None:
        """Close the socket, and remove its file."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None
            # Where temporary files are cleaned up, another's folder may stand there by now.
            if self._identity == socket_identity(str(self._path)):
                with contextlib.suppress(OSError):
                    self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        assert self._sock is not None
        try:
            connection, _ = self._sock.accept()
        except OSError:  # who came went away
            return
        if peer_uid(connection) in (None, 0, os.geteuid()):
            self._take(connection)
        else:
            connection.close()
