"""The way of a worker to the hub: by the lobby that it has from birth."""

from __future__ import annotations

import array
import socket


def by_lobby(lobby: socket.socket) -> socket.socket:
    """Send one end of a pair of sockets into the lobby, and return the other.

    :raises OSError: no descriptor is left, or the lobby is full, for the hub is slow to start.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))]
        try:
            lobby.sendmsg([b"m"], rights, socket.MSG_DONTWAIT)
        except OSError:
            ours.close()
            raise
    return ours
