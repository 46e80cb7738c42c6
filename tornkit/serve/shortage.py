"""Sets of ``errno`` values: the system lacks a resource for now; the peer of a socket is gone.

A descriptor, memory, room in a buffer: what failed for want of these may work a moment later, and
whatever else is served meanwhile goes on.
"""

from __future__ import annotations

import errno

LACKS = frozenset(
    {
        *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ENOSPC),
        # Too many descriptors on their way in sockets: unix(7), as many as RLIMIT_NOFILE allows.
        errno.ETOOMANYREFS,
    }
)
# Of a stream socket: nobody is at the other end, or it is no socket any more.
GONE = frozenset(
    {
        *(errno.EPIPE, errno.ECONNRESET, errno.ECONNREFUSED, errno.ENOTCONN, errno.ESHUTDOWN),
        *(errno.EBADF, errno.ENOTSOCK),
    }
)


RAISE_LIMIT = "raise the limit (ulimit -n)"


def in_words(error: OSError) -> str:
    """Text of an `OSError` for a part of a line, with a remedy where one is known."""
    reason = error.strerror or str(error)
    if error.errno == errno.EMFILE:
        return f"{reason}; {RAISE_LIMIT}"
    if isinstance(error.filename, str):
        return f"{reason}: {error.filename}"
    return reason
