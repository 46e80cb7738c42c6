"""How a worker connects to the hub: by the lobby, a socket that it has from its start."""

from __future__ import annotations

import array
import socket


def by_lobby(lobby: socket.socket) -> socket.socket:
    """Connect to the hub: send it one end of a pair of sockets by the lobby, return the other.

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
