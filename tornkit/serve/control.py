"""Unix socket on which `tornkit status` asks a server for its status; only its user can open it.

A client that connects is sent one JSON object, then the connection is closed; nothing that it
sends is looked at, so there is nothing to get wrong. A client that does not read is not waited for.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from json import dumps, loads
from pathlib import Path
from typing import Any

from tornkit.errors import TornkitError
from tornkit.serve.loop.loop import Loop
from tornkit.serve.peers import has_left, peer_uid
from tornkit.serve.private_files import NotPrivate, PrivateFolder, is_secure_parent
from tornkit.serve.sockets.sockets import socket_identity
from tornkit.serve.user_socket import UserSocket

_SEND_TIMEOUT = 5.0  # seconds; mostly the answer fits into the socket's buffer
_MOST = 1 << 24  # bytes of an answer
_CURE = "or set XDG_RUNTIME_DIR to a folder that is yours alone"


def control_folder() -> Path:
    """Folder of the sockets: below XDG_RUNTIME_DIR if that is the user's, or the temporary folder.

    :raises TornkitError: it can't be made, or is not the user's alone; nothing in it is believed.
    """
    try:
        folder = _runtime_folder()
        if folder is None:
            folder = Path(tempfile.gettempdir()) / f"tornkit-{os.geteuid()}"
            if not is_secure_parent(folder.parent):
                raise TornkitError(f"{folder.parent} is open to other users; close it, {_CURE}")
        PrivateFolder(folder).close()
    except NotPrivate as error:
        raise TornkitError(f"{error}, {_CURE}") from None
    except OSError as error:
        reason = error.strerror or error
        raise TornkitError(f"no folder for control sockets can be made: {reason}") from None
    return folder


def _runtime_folder() -> Path | None:
    """``$XDG_RUNTIME_DIR/tornkit``; None where the variable is not the user's, as with ``su``.

    XDG Base Directory Specification: absolute, owned by the user, closed to all others.
    """
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    try:
        status = runtime.stat()
    except OSError:
        return None
    own = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    usable = own and not status.st_mode & 0o022 and os.access(runtime, os.W_OK | os.X_OK)
    return runtime / "tornkit" if runtime.is_absolute() and usable else None


def bus_path(folder: Path, pid: int | str) -> Path:
    """Path of the Unix socket by which `tornkit bus` reaches the hub of the supervisor ``pid``."""
    return folder / f"{pid}.bus"


class ControlSocket:
    """Listening end of the control socket: sends ``snapshot()`` as JSON to each client."""

    def __init__(self, path: Path, snapshot: Callable[[], dict[str, Any]]) -> None:
        self._sock = UserSocket(path, self._answer)
        self._snapshot = snapshot
        self._loop: Loop | None = None
        self._answers: set[_Answer] = set()

    def open(self, loop: Loop) -> None:
        """Listen on the socket; a failure to bind it is ignored."""
        self._loop = loop
        self._sock.open(loop)

    def close(self) -> None:
        """Close the socket and its connections, and remove its file."""
        for answer in tuple(self._answers):
            answer.end()
        self._sock.close()

    def _answer(self, connection: socket.socket) -> None:
        assert self._loop is not None
        content = dumps(self._snapshot()).encode()
        answer = _Answer(self._loop, connection, content, self._answers.discard)
        self._answers.add(answer)
        answer.send()


class _Answer:
    """A connection, and the bytes that are still to be sent on it."""

    def __init__(
        self,
        loop: Loop,
        connection: socket.socket,
        content: bytes,
        on_end: Callable[[_Answer], None],
    ) -> None:
        connection.setblocking(False)
        self._loop = loop
        self._connection = connection
        self._left = content
        self._on_end = on_end
        loop.listen(connection, self._read)
        self._timer = loop.at(loop.now() + _SEND_TIMEOUT, self.end)

    def send(self) -> None:
        """Send as much as the socket takes, and more once it takes more."""
        try:
            while self._left:
                self._left = self._left[self._connection.send(self._left) :]
        except BlockingIOError:
            self._loop.want_write(self._connection, self.send)
            return
        except OSError:  # who asked went away
            pass
        self.end()

    def _read(self) -> None:
        """Ignore the client's bytes, and close at their end."""
        if has_left(self._connection):
            self.end()

    def end(self) -> None:
        """Close the connection."""
        self._timer.cancel()
        self._loop.unlisten(self._connection)
        self._connection.close()
        self._on_end(self)


def ask_all(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the status of each running server of this user; remove the sockets of dead servers."""
    for path in sorted(folder.glob("*.sock")):
        # To connect follows a link; and a file that is no socket refuses as a dead server's does.
        if socket_identity(str(path)) is None:
            continue
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(5)
            try:
                sock.connect(str(path))
                if peer_uid(sock) not in (None, os.geteuid()):
                    continue
                received = bytearray()
                while (data := sock.recv(65536)) and len(received) < _MOST:
                    received += data
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)
                bus_path(folder, path.stem).unlink(missing_ok=True)
                continue
            except OSError:
                continue
        with contextlib.suppress(ValueError, RecursionError):
            answer = loads(received)
            if isinstance(answer, dict) and isinstance(answer.get("pid"), int):
                yield answer
