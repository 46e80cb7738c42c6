"""Heartbeat of a worker: written into memory that the supervisor shares, a few times a second.

No message: a worker that is stuck could not send one, and a supervisor that is asked for its
status could not wait for answers. One fixed record a worker, in a file that has no name.

A record is written and read without a lock. Its fields are aligned words of 8 bytes, which no
machine that tornkit runs on tears; that two of them are from different beats does no harm.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from dataclasses import dataclass

from tornkit import linux

_RECORD = struct.Struct("=ddQQQ")
INTERVAL = 0.5  # seconds between beats


@dataclass(frozen=True)
class Pulse:
    """``beat``: when (CLOCK_MONOTONIC, seconds); ``lag``: how late that was, in seconds.

    ``requests`` were received in all, ``in_flight`` of them are not answered; ``connections`` are
    open, WebSockets not counted.
    """

    beat: float = 0.0
    lag: float = 0.0
    requests: int = 0
    in_flight: int = 0
    connections: int = 0


class Heartbeat:
    """One worker's record, at either end."""

    def __init__(self, descriptor: int) -> None:
        """Takes the descriptor over.

        :raises OSError: the system has no memory to give; the descriptor is closed then.
        """
        self.descriptor = descriptor
        try:
            self._memory = mmap.mmap(descriptor, mmap.PAGESIZE)
        except OSError:
            os.close(descriptor)
            raise

    @classmethod
    def create(cls) -> Heartbeat:
        """A record of a worker that has not beaten yet.

        :raises OSError:
        """
        descriptor = linux.shared_memory("heartbeat")
        try:
            os.ftruncate(descriptor, mmap.PAGESIZE)
        except OSError:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def write(self, pulse: Pulse) -> None:
        _RECORD.pack_into(
            self._memory,
            0,
            pulse.beat,
            pulse.lag,
            pulse.requests,
            pulse.in_flight,
            pulse.connections,
        )

    def read(self) -> Pulse:
        return Pulse(*_RECORD.unpack_from(self._memory, 0))

    def close(self) -> None:
        self._memory.close()
        os.close(self.descriptor)


def silence(pulse: Pulse, now: float | None = None) -> float:
    """Seconds since its last beat; 0 where it never had one, for it may not have begun."""
    if pulse.beat == 0.0:
        return 0.0
    return max(0.0, (time.monotonic() if now is None else now) - pulse.beat)
