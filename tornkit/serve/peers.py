"""The other end of a socket: its user, as the kernel knows it, and whether it is still there."""

from __future__ import annotations

import socket
import struct

_UCRED = struct.Struct("=iII")  # unix(7): pid, uid, gid
_XUCRED = struct.Struct("=II")  # the beginning of BSD's and macOS's: version, uid


def peer_uid(sock: socket.socket) -> int | None:
    """The user id of the process that connected, or that listens; None where it can't be asked.

    Of one that listens, that of the moment when it called ``listen``.

    :raises OSError: the socket is not connected any more.
    """
    if hasattr(socket, "SO_PEERCRED"):
        credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        return int(_UCRED.unpack(credentials)[1])
    if hasattr(socket, "LOCAL_PEERCRED"):
        # SOL_LOCAL is 0; the rest, a list of groups, is cut off.
        credentials = sock.getsockopt(0, socket.LOCAL_PEERCRED, 128)
        return int(_XUCRED.unpack_from(credentials)[1])
    return None


def has_left(sock: socket.socket) -> bool:
    """Whether the other end of a socket is closed; received bytes are read and discarded.

    The socket is a non-blocking one.
    """
    try:
        return not sock.recv(4096)
    except BlockingIOError:
        return False
    except OSError:
        return True
