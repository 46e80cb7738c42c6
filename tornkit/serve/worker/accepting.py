"""Accepts connections as Tornado does, and pauses while the process has no descriptor to give.

Tornado's accept handler lets EMFILE through to the loop, which logs a traceback and calls it again
at once, as the connection still waits: one processor is busy with that until a descriptor comes
free. asyncio's own servers pause for a second; here it is shorter, for as long as this worker rests
others may accept where they share the socket, and its clients wait in the backlog.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
from collections.abc import Callable
from typing import Any

from tornado.ioloop import IOLoop

from tornkit import seams
from tornkit.serve.shortage import LACKS, in_words

_PAUSE = 0.1  # seconds
_SAID_EVERY = 10.0  # seconds
_log = logging.getLogger("tornkit")


def add_accept_handler(sock: socket.socket, callback: seams.AcceptCallback) -> Callable[[], None]:
    """Accept as `tornado.netutil.add_accept_handler`, but pause if the system lacks something."""
    return _Patient(sock, callback).stop


def came_to(listening: socket.socket, connection: socket.socket) -> bool:
    """Whether a connection was made to the address that a socket listens on."""
    if listening.family != connection.family:
        return False
    own, local = _name_of(listening), _name_of(connection)
    return local is not None and (own == local or _is_wildcard_of(own, local))


def _name_of(sock: socket.socket) -> Any:
    """Address of a socket; None where it was closed, by another thread or by the program."""
    try:
        return sock.getsockname()
    except OSError:
        return None


def _is_wildcard_of(listening: Any, local: Any) -> bool:
    """Whether an address covers another, as ``0.0.0.0:80`` covers ``10.0.0.1:80``."""
    if not isinstance(listening, tuple) or not isinstance(local, tuple):
        return False
    return listening[0] in ("0.0.0.0", "::") and listening[1] == local[1]  # noqa: S104 - compared


def accept_rest(sock: socket.socket, callback: seams.AcceptCallback) -> None:
    """Accept all connections that wait already; the socket's last close would reset them."""
    while True:
        try:
            connection, address = sock.accept()
        except ConnectionAbortedError:
            continue  # gone before it was accepted
        except OSError:  # nobody waits, or no descriptor is left for them
            return
        try:
            callback(connection, address)
        except Exception:  # noqa: BLE001 - the program's; a loop says so, too, and accepts the next
            _log.exception("an accept handler raised")


class _Patient:
    """Listening socket for Tornado's accept handler that pauses when the system lacks something."""

    def __init__(self, sock: socket.socket, callback: seams.AcceptCallback) -> None:
        self._sock = sock
        self._callback = callback
        self._said = 0.0
        self._loop = IOLoop.current()
        self._remove: Callable[[], None] | None = None
        self._timer: object | None = None
        self._begin()

    def fileno(self) -> int:
        return self._sock.fileno()

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection; where the system lacks something, pause as if none had come."""
        try:
            return self._sock.accept()
        except OSError as error:
            if error.errno not in LACKS:
                raise
            self._pause(error)
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None

    def stop(self) -> None:
        """Accept no more."""
        if self._timer is not None:
            self._loop.remove_timeout(self._timer)
            self._timer = None
        if self._remove is not None:
            self._remove()
            self._remove = None

    def _begin(self) -> None:
        self._timer = None
        self._remove = seams.add_accept_handler(self, self._callback)  # type: ignore[arg-type]

    def _pause(self, error: OSError) -> None:
        self.stop()
        self._timer = self._loop.call_later(_PAUSE, self._begin)
        now = self._loop.time()
        if not self._said or now - self._said > _SAID_EVERY:
            self._said = now
            _log.warning("connections wait to be accepted: %s", in_words(error))
