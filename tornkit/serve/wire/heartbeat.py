"""Heartbeat of a worker: written into memory that the supervisor shares, a few times a second.

No message: a worker that is stuck could not send one, and a supervisor that is asked for its
status could not wait for answers. One fixed record a worker, in a file that has no name.

Behind the record is room for the stack of the loop's thread, which is written when the supervisor
sends `STACKS_SIGNAL` (`stack_signal`). Of that thread alone: the frames of another one may be freed
while they are read.

A record is written and read without a lock. Its fields are aligned words of 8 bytes, which no
machine that tornkit runs on tears; that two of them are from different beats does no harm.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import signal
import struct
import time
from dataclasses import dataclass, replace
from typing import Any

from tornkit import linux
from tornkit.serve.wire import stack_signal

_RECORD = struct.Struct("=ddQQQQ")
_STACKS_AT = mmap.PAGESIZE  # bytes before them
_MOST_STACKS = 1 << 18  # bytes; faulthandler writes 100 frames at most
_HIGH = 200  # a descriptor's number that a program, which counts from 3, does not get
INTERVAL = 0.5  # seconds between beats
_SHORTEST_INTERVAL = 0.01
# Ignored by a process that has no handler for it, as one that has executed another program.
STACKS_SIGNAL = signal.SIGURG


@dataclass(frozen=True)
class Pulse:
    """Content of a heartbeat: its time, the loop's lag, and numbers of requests and connections.

    ``beat``: when (CLOCK_MONOTONIC, seconds); ``lag``: how late that was, in seconds.
    ``requests`` were received in all, ``in_flight`` of them are not answered; ``connections`` are
    open, WebSockets not counted. ``thread``: in which the loop runs (`threading.get_native_id`); 0
    where it writes no stack.
    """

    beat: float = 0.0
    lag: float = 0.0
    requests: int = 0
    in_flight: int = 0
    connections: int = 0
    thread: int = 0


class Heartbeat:
    """Heartbeat record of one worker, in memory that the worker and the supervisor share."""

    def __init__(self, descriptor: int) -> None:
        """Map the descriptor's memory, and take the descriptor over.

        :raises OSError: the system has no memory to give; the descriptor is closed then.
        """
        self.descriptor = descriptor
        self._stacks = -1  # descriptor that the signal's handler writes to, where there is one
        self._is_late = False  # it is to be written, and no thread that may ask for it has beaten
        self._handler: Any = None  # of the signal, as Python knows it
        try:
            self._memory = mmap.mmap(descriptor, mmap.PAGESIZE)
        except OSError:
            os.close(descriptor)
            raise

    @classmethod
    def create(cls) -> Heartbeat:
        """Create the record of a worker that has not beaten yet.

        :raises OSError:
        """
        descriptor = linux.shared_memory("heartbeat")
        try:
            os.ftruncate(descriptor, _STACKS_AT)
            os.lseek(descriptor, _STACKS_AT, os.SEEK_SET)
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
            pulse.thread,
        )

    def beat(self, pulse: Pulse) -> None:
        """Write a pulse, with its thread only where that would write its stack."""
        if self._is_late:
            self.write_stacks_on_signal()
        self.write(pulse if self.writes_stacks else replace(pulse, thread=0))

    def read(self) -> Pulse:
        return Pulse(*_RECORD.unpack_from(self._memory, 0))

    def write_stacks_on_signal(self) -> None:
        """Have a thread that gets `STACKS_SIGNAL` write its stack, where that can be had.

        Not where the program has the signal, or the system no descriptor; and in some Pythons not
        before the main thread asks for it, here or by its beat.
        """
        self._is_late = not stack_signal.can_register()
        if self._is_late:
            return
        if signal.getsignal(STACKS_SIGNAL) is not signal.SIG_DFL:
            return
        try:
            stacks = fcntl.fcntl(self.descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH)
        except OSError:  # as with a limit below that number
            return
        self._file = os.fstat(stacks).st_ino
        self._stacks = stacks
        self._handler = stack_signal.register(STACKS_SIGNAL, stacks, lambda: self.read().thread)

    @property
    def writes_stacks(self) -> bool:
        """Whether `STACKS_SIGNAL` has a stack written: its handler and file are still ours."""
        if self._stacks == -1:
            return False
        if signal.getsignal(STACKS_SIGNAL) is not self._handler:  # the program has taken it
            self._stacks = -1
            return False
        try:
            is_ours = os.fstat(self._stacks).st_ino == self._file
        except OSError:
            is_ours = False
        if not is_ours:  # somebody has closed all descriptors, and opened others
            stack_signal.unregister(STACKS_SIGNAL)
            self._stacks = -1
        return is_ours

    def forget_stacks(self) -> None:
        """Discard the stacks written so far; both ends write the next ones at one place.

        :raises OSError:
        """
        os.ftruncate(self.descriptor, _STACKS_AT)
        os.lseek(self.descriptor, _STACKS_AT, os.SEEK_SET)

    def stacks(self) -> str:
        """Stacks that were written since `forget_stacks`, as `faulthandler` does.

        :raises OSError:
        """
        return os.pread(self.descriptor, _MOST_STACKS, _STACKS_AT).decode(errors="replace")

    def close(self) -> None:
        self._memory.close()
        os.close(self.descriptor)


def silence(pulse: Pulse, now: float | None = None) -> float:
    """Seconds since a worker's last beat; 0 where it never had one, for it may not have begun."""
    if pulse.beat == 0.0:
        return 0.0
    return max(0.0, (time.monotonic() if now is None else now) - pulse.beat)


def interval_for(warn_blocking: float) -> float:
    """Seconds between beats, to notice a loop that is blocked for ``warn_blocking`` seconds.

    With 0 of them such a loop is not told of.
    """
    if not warn_blocking:
        return INTERVAL
    return min(INTERVAL, max(_SHORTEST_INTERVAL, warn_blocking / 2))
