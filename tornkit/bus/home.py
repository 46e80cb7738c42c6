"""Where a process's loops find their broker.

Redis or NATS where ``--bus`` or the variable ``TORNKIT_BUS`` says so, else the hub of
`tornkit serve`, else one of the process's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from functools import partial
from typing import Any

from tornkit import lobby
from tornkit.bus.bus import Bus
from tornkit.bus.errors import BusError, NoLoop
from tornkit.bus.links.hub import HubLink
from tornkit.bus.links.joining import by_lobby
from tornkit.bus.links.link import BrokerLink
from tornkit.bus.links.local import LocalBroker, LocalLink
from tornkit.bus.links.remote import link_to, prepare
from tornkit.bus.message import payload_of
from tornkit.bus.names import check_channel
from tornkit.bus_limits import BusLimits

_DEFAULTS = BusLimits()


class Home:
    """The buses of this process, a `Bus` for each event loop, and how each finds its broker."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Forget all buses, and the broker of this process."""
        self._buses: dict[int, Bus] = {}  # by id of the loop, which the bus keeps
        self._local: LocalBroker | None = None
        self._making = threading.Lock()

    def begin_anew(self) -> None:
        """Let go of the parent's buses in a process that was forked, and begin without any."""
        for bus in self._buses.values():
            bus.broker_link.abandon()
        self.forget()

    def end_waits(self) -> None:
        """End all long polls of this process now."""
        for bus in tuple(self._buses.values()):
            bus.end_waits()

    @property
    def limits(self) -> BusLimits:
        """Limits of the bus: those that this worker was given, else the defaults."""
        # Asked for each time: this module may have been imported before there was a worker.
        return _DEFAULTS if lobby.given is None else lobby.given.limits

    def bus(self) -> Bus:
        """The bus of the running loop.

        :raises NoLoop: there is none.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise NoLoop(
                "the bus is used where no event loop runs: in a handler or a coroutine, not while "
                "a module is imported; bus.post() also works in a thread, and in a signal handler"
            ) from None
        bus = self._buses.get(id(loop))
        if bus is None:
            with self._making:
                bus = self._made(loop)
        return bus

    def _made(self, loop: asyncio.AbstractEventLoop) -> Bus:
        # Nobody closes a bus: it ends with its loop.
        for number, bus in list(self._buses.items()):
            if bus.loop.is_closed():
                del self._buses[number]
                bus.close()
        bus = self._buses[id(loop)] = Bus(loop, self._link, self.limits)
        return bus

    def post(self, channel: str, data: Any) -> None:
        """Publish by the bus of the running loop, or by one of another loop that runs.

        :raises NoLoop: no loop of this process has used it.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        for bus in (self._buses.get(id(loop)), *tuple(self._buses.values())):
            if bus is not None and bus.loop.is_running():
                bus.post(channel, data)
                return
        if loop is not None and self._making.locked():
            # A signal handler, maybe, in the middle of the first use of all.
            payload_of(data, self.limits.max_message)
            loop.call_soon_threadsafe(self.post, check_channel(channel), data)
        else:
            self.bus().post(channel, data)

    def _link(self, bus: Bus) -> BrokerLink:
        url = lobby.elsewhere()
        if url:
            return link_to(url, bus.loop, bus, self.limits)
        if isinstance(lobby.given, lobby.Lobby):
            connect = partial(by_lobby, lobby.given.sock)
            return HubLink(bus.loop, bus, connect, self.limits)
        if self._local is None:
            self._local = LocalBroker(self.limits)
        return LocalLink(bus.loop, bus, self._local)


home = Home()
with contextlib.suppress(BusError):  # whoever uses the bus is told
    prepare(lobby.elsewhere())
lobby.on_leave.append(home.end_waits)
os.register_at_fork(after_in_child=home.begin_anew)
