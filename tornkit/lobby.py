"""What a worker of `tornkit serve` and `tornkit.bus` tell each other: its broker, and its end.

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
    """A socket by which members come to the hub, and the bus's limits."""

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
    """The URL of the broker, where that is neither the hub nor in this process."""
    return given.url if isinstance(given, BusElsewhere) else os.environ.get("TORNKIT_BUS")


def arrive() -> None:
    """Ask for the hub where the bus is imported: its first use is not to wait for that start."""
    if isinstance(given, Lobby) and "tornkit.bus" in sys.modules and not elsewhere():
        with contextlib.suppress(OSError):  # then it is started by the first use
            given.sock.send(b"a", socket.MSG_DONTWAIT)


def leave() -> None:
    """Note that this worker is to end: who waits for messages waits no longer."""
    global is_leaving  # noqa: PLW0603 - of the process, as `given`
    is_leaving = True
    for each in on_leave:
        each()
