"""Limits of `tornkit.bus`; every default, once.

By themselves, so that neither the supervisor nor a worker imports the bus to hand them on.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST_MESSAGE = 32 * 1024 * 1024  # bytes, of ``max_message`` under `tornkit serve`


@dataclass(frozen=True)
class BusLimits:
    """Limits of the bus: of messages that are kept, sizes, and waiting times.

    ``history`` messages of each channel are kept for ``history_age`` seconds, and of all channels
    at most ``history_bytes``. ``max_message`` counts bytes of a message's data, ``patience``
    seconds that a call waits for a bus that is away. ``store_bytes`` bounds `tornkit.bus.store`,
    ``queue_bytes`` what waits to be read in one subscription. A guest, such as a command in a
    terminal, takes what is kept by a broker elsewhere as others have set it.
    """

    history: int = 100
    history_age: float = 300.0
    history_bytes: int = 64 * 1024 * 1024
    max_message: int = 1024 * 1024
    patience: float = 5.0
    store_bytes: int = 64 * 1024 * 1024
    queue_bytes: int = 16 * 1024 * 1024
    is_guest: bool = False
