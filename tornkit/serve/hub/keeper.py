"""Starts the hub's process when the first member asks for it, and again if it dies.

Workers come by the lobby that they were given. `tornkit bus` comes by a socket of its user's
(``door``), and the supervisor hands that very connection on: what is said on it is the hub's.
"""

from __future__ import annotations

import array
import contextlib
import os
import socket
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from tornkit.bus_limits import BusLimits
from tornkit.serve.loop.loop import Loop
from tornkit.serve.loop.timers import Timer
from tornkit.serve.reporter import Reporter
from tornkit.serve.shortage import in_words
from tornkit.serve.user_socket import UserSocket
from tornkit.serve.wire.channel import ChannelClosed
from tornkit.serve.wire.messages import HostBus
from tornkit.serve.wire.processes import ChildProcess, start_interpreter

_SOON = 0.2  # seconds, before a hub is started that has died right after its start; doubled
_LATEST = 5.0
_SETTLED = 10.0  # seconds of life, after which a death is the first one again


class HubKeeper:
    """Keeps one hub process running, from the first time that a worker uses the bus."""

    def __init__(
        self,
        loop: Loop,
        reporter: Reporter,
        limits: BusLimits,
        environment: Mapping[str, str],
        door: Path | None = None,
    ) -> None:
        self._loop = loop
        self._reporter = reporter
        self.limits = limits
        self._environment = environment
        # Datagrams: several workers may write at once. Whoever is refused comes again.
        self._theirs, self._ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ours.setblocking(False)
        self._process: ChildProcess | None = None
        self._started_at = 0.0
        self._pause = _SOON
        self._retry: Timer | None = None
        self.is_used = False
        """Whether anybody has wanted to be a member."""
        self._door = None if door is None else UserSocket(door, self._hand_on)

    def begin(self) -> None:
        """Begin to wait for the first member, for which the hub is started."""
        self._await_member()
        if self._door is not None:
            with contextlib.suppress(OSError):  # nothing but `tornkit bus` needs it
                self._door.open(self._loop)

    def _await_member(self) -> None:
        self._loop.listen(self._ours, self._start)

    def _hand_on(self, connection: socket.socket) -> None:
        """Send a connection into the lobby; if that is full, close it: the client comes again."""
        rights = array.array("i", [connection.fileno()])
        with connection, contextlib.suppress(OSError):
            self._theirs.sendmsg(
                [b"m"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)], socket.MSG_DONTWAIT
            )

    def lobby(self) -> int:
        """File descriptor of the lobby for workers; the keeper goes on owning it."""
        return self._theirs.fileno()

    @property
    def pids(self) -> list[int]:
        """List with the process id of the hub; empty where none runs."""
        return [self._process.pid] if self._process is not None else []

    def _start(self) -> None:
        self._loop.unlisten(self._ours)
        self.is_used = True
        self._started_at = self._loop.now()
        try:
            process = start_interpreter("hub", self._environment)
        except OSError as error:
            self._reporter.lacks(in_words(error))
            self._begin_later()
            return
        self._process = process
        self._loop.listen(process.channel, self._ended)
        with contextlib.suppress(ChannelClosed, OSError):  # it is readable then
            process.channel.send(HostBus(asdict(self.limits)), [self._ours.fileno()])

    def _ended(self) -> None:
        process = self._process
        assert process is not None
        with contextlib.suppress(ValueError):
            try:
                for _, descriptors in process.channel.receive_ready():
                    for descriptor in descriptors:  # it has nothing to say
                        os.close(descriptor)
                return
            except ChannelClosed:
                pass
        self._loop.unlisten(process.channel)
        process.channel.close()
        self._process = None
        self._reporter.hub_died()
        if self._loop.now() - self._started_at > _SETTLED:
            self._pause = _SOON
        self._begin_later()

    def _begin_later(self) -> None:
        """Wait for a member again, and then start the hub, after a pause that doubles each time."""
        self._retry = self._loop.at(self._loop.now() + self._pause, self._await_member)
        self._pause = min(self._pause * 2, _LATEST)

    def close(self) -> None:
        """Close all sockets; the hub ends when its channel is closed."""
        if self._retry is not None:
            self._retry.cancel()
        self._loop.unlisten(self._ours)
        if self._process is not None:
            self._loop.unlisten(self._process.channel)
            self._process.channel.close()
        if self._door is not None:
            self._door.close()
        self._ours.close()
        self._theirs.close()
