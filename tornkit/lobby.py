"""The way from this process to the hub of `tornkit.bus`, where `tornkit serve` has given one.

By itself, so that a worker can note it without an import of the bus, which most never use.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any, NamedTuple


class Lobby(NamedTuple):
    """A socket by which members come, and the bus's limits (`tornkit.bus.limits.BusLimits`)."""

    sock: socket.socket
    limits: Mapping[str, Any]


given: Lobby | None = None
