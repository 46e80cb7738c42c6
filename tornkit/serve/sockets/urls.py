"""URLs of listening sockets, as a person is shown where a server is."""

from __future__ import annotations

import contextlib
import os
import socket


def url_of(sock: socket.socket, scheme: str = "http") -> str:
    """URL of a socket, by name where it listens everywhere; for a Unix socket its path.

    ``::`` is not everywhere: IPv4 has a socket of its own, and ``localhost`` may mean that alone.
    """
    if sock.family == socket.AF_UNIX:
        name = sock.getsockname()
        return f"unix:{name if isinstance(name, str) else os.fsdecode(name)}"
    host, port = sock.getsockname()[:2]
    if host == "0.0.0.0":  # noqa: S104 - compared
        host = "localhost"
    elif host == "::":
        host = "::1"
    shown = f"[{host.replace('%', '%25')}]" if ":" in host else host  # RFC 6874
    return f"{scheme}://{shown}:{port}"


def is_everywhere(sock: socket.socket) -> bool:
    """Whether a socket listens on every address of the machine, and so for strangers."""
    if sock.family == socket.AF_UNIX:
        return False
    with contextlib.suppress(OSError):  # ENOBUFS
        return sock.getsockname()[0] in ("0.0.0.0", "::")  # noqa: S104 - compared
    return False
