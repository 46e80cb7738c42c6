"""The way from this process to its broker of `tornkit.bus`, where `tornkit serve` has given one.

By itself, so that a worker can note it without an import of the bus, which most never use.
"""

from __future__ import annotations

import socket
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
