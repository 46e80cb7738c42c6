"""The way from this process to the hub of `tornkit.bus`, where `tornkit serve` has given one.

By itself, so that a worker can note it without an import of the bus, which most never use.
"""

from __future__ import annotations

import socket
from typing import NamedTuple

from tornkit.bus_limits import BusLimits


class Lobby(NamedTuple):
    """A socket by which members come, and the bus's limits."""

    sock: socket.socket
    limits: BusLimits


given: Lobby | None = None
