"""State that a worker of `tornkit serve` and `tornkit.bus` share: the broker, and the end.

By itself, so that a worker can note it without an import of the bus, which most never use.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Callable
from typing import NamedTuple

from tornkit.bus_limits import BusLimits


class Lobby(NamedTuple):
    """Socket by which a worker connects to the hub, and the bus's limits."""

    sock: socket.socket
    limits: BusLimits


class BusElsewhere(NamedTuple):
    """The URL of a broker elsewhere, and the bus's limits."""

    url: str
    limits: BusLimits


given: Lobby | BusElsewhere | None = None
is_leaving = False
on_leave: list[Callable[[], None]] = []


def elsewhere() -> str | None:
    """The URL of the broker, if that is neither the hub nor in this process; else None."""
    return given.url if isinstance(given, BusElsewhere) else os.environ.get("TORNKIT_BUS")


def arrive() -> None:
    """Have the hub started if the bus is imported, so that its first use need not wait."""
    if isinstance(given, Lobby) and "tornkit.bus" in sys.modules and not elsewhere():
        with contextlib.suppress(OSError):  # then it is started by the first use
            given.sock.send(b"a", socket.MSG_DONTWAIT)


def leave() -> None:
    """Note that this worker is to end, and end all waiting for messages."""
    global is_leaving  # noqa: PLW0603 - of the process, as `given`
    is_leaving = True
    for each in on_leave:
        each()
