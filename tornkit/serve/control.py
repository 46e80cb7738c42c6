"""The socket by which `tornkit status` asks. Only its user can open it.

It lies in a folder that only the user can enter. Who connects is sent one JSON object and the
end; nothing is read, so there is nothing to get wrong.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tornkit.errors import TornkitError
from tornkit.serve.loop import Loop

_SEND_TIMEOUT = 1.0  # seconds; the answer fits into the socket's buffer


def control_folder() -> Path:
    """Where the sockets are: below XDG_RUNTIME_DIR, or the temporary folder.

    :raises TornkitError: somebody else has made such a folder; nothing in it is to be trusted.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.access(runtime, os.W_OK | os.X_OK):
        folder = Path(runtime) / "tornkit"
    else:
        folder = Path(tempfile.gettempdir()) / f"tornkit-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise TornkitError(f"{folder} is not this user's alone; remove it")
    return folder


class ControlSocket:
    """The supervisor's end. ``snapshot`` makes the object that is sent."""

    def __init__(self, path: Path, snapshot: Callable[[], dict[str, Any]]) -> None:
        self._path = path
        self._snapshot = snapshot
        self._sock: socket.socket | None = None

    def open(self, loop: Loop) -> None:
        """Listen. Without it the server is as good as ever: what fails is passed over."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._path.unlink(missing_ok=True)
            sock.setblocking(False)
            sock.bind(str(self._path))
            self._path.chmod(0o600)
            sock.listen(8)
        except OSError:
            sock.close()
            return
        self._sock = sock
        loop.listen(sock, self._answer)

    def close(self) -> None:
        """Be gone, file and all."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _answer(self) -> None:
        assert self._sock is not None
        with contextlib.suppress(OSError):  # who asked went away
            connection, _ = self._sock.accept()
            with connection:
                connection.settimeout(_SEND_TIMEOUT)
                connection.sendall(json.dumps(self._snapshot()).encode())


def ask_all(folder: Path) -> Iterator[dict[str, Any]]:
    """What every running server of this user says. Sockets that dead ones left are removed."""
    for path in sorted(folder.glob("*.sock")):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(5)
            try:
                sock.connect(str(path))
                received = bytearray()
                while data := sock.recv(65536):
                    received += data
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)
                continue
            except OSError:
                continue
        with contextlib.suppress(ValueError):
            yield json.loads(received)
