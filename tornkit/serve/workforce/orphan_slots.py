"""Sockets of slots that have no worker, any more or yet: the supervisor accepts and passes on.

To close one would reset whoever is in the middle of its handshake with it, and the kernel tells
nobody of those. So it stays open, the kernel goes on giving it its share of the connections, and
each takes one more step to a worker that serves. That is so of a slot that was given up, and of one
whose worker died, until another accepts there.
"""

from __future__ import annotations

import itertools
import socket
from functools import partial

from tornkit.serve.loop.loop import Loop
from tornkit.serve.shortage import LACKS
from tornkit.serve.sockets.sockets import Listeners
from tornkit.serve.workforce.workforce import Workforce

_AT_ONCE = 64  # connections of one slot, before the supervisor looks at something else
_AGAIN = 0.05  # seconds, where nobody serves, or no descriptor is free; clients wait in the backlog


class OrphanSlots:
    """Slots without a worker: accepts their connections and passes them on to ``workforce``."""

    def __init__(self, loop: Loop, workforce: Workforce, listeners: Listeners) -> None:
        listeners.before_close(loop.unlisten)
        self._loop = loop
        self._listeners = listeners
        self._workforce = workforce
        self._sockets: dict[int, tuple[socket.socket, ...]] = {}
        self._turn = itertools.count()

    def retire(self, slot: int) -> None:
        """Accept connections in this slot, in which no worker does, for now or for good."""
        before = self._sockets.get(slot, ())
        self._sockets[slot] = tuple(self._listeners.in_slot(slot))
        for sock in self._sockets[slot]:
            if sock not in before:
                self._listen(slot, sock)

    def take_back(self, slot: int) -> None:
        """Accept no more in this slot: a worker is to do so again."""
        for sock in self._sockets.pop(slot, ()):
            self._loop.unlisten(sock)

    def _listen(self, slot: int, sock: socket.socket) -> None:
        if sock in self._sockets.get(slot, ()) and sock.fileno() >= 0:
            self._loop.unlisten(sock)
            self._loop.listen(sock, partial(self._accept, slot, sock))

    def _accept(self, slot: int, sock: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            if not self._workforce.serves:
                self._pause(slot, sock)
                return
            try:
                connection, _ = sock.accept()
            except OSError as error:  # no more; or gone before it was accepted
                if error.errno in LACKS:
                    self._pause(slot, sock)
                return
            self._workforce.pass_on(connection, next(self._turn))

    def _pause(self, slot: int, sock: socket.socket) -> None:
        """Ignore a socket for a moment: while readable it would be called back at once."""
        self._loop.unlisten(sock)
        self._loop.at(self._loop.now() + _AGAIN, partial(self._listen, slot, sock))
