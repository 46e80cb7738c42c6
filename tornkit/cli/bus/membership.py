"""A bus of the command's own, through a running server.

The command connects to a socket of the supervisor's, which hands that connection to the hub: it is
a member as workers are. A hub that ends is followed by another; a server that ends, by none.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tornkit.bus.bus import Bus
from tornkit.bus.links.hub import HubLink
from tornkit.bus.links.remote import link_to
from tornkit.bus_limits import MOST_MESSAGE, BusLimits
from tornkit.cli.bus.place import BusPlace
from tornkit.cli.servers import other_version
from tornkit.errors import TornkitError
from tornkit.serve.control import bus_path, control_folder
from tornkit.serve.peers import peer_uid

_PATIENCE = 15.0  # seconds: maybe the hub is only started by this
_Result = TypeVar("_Result")


class ServerEnded(TornkitError):
    """The server has ended while a command used its bus."""


class Membership:
    """Connection of the running loop to the bus of a server; ``server`` is its status.

    ``role`` is what others see of it; nothing without one. ``on_return`` is called when a
    connection was lost and there is another.

    :raises TornkitError: the server is of a version that has no such way.
    """

    def __init__(
        self, server: dict[str, Any], role: str, on_return: Callable[[], None] = lambda: None
    ) -> None:
        elsewhere = (server.get("bus") or {}).get("elsewhere")
        if elsewhere is not None:
            raise TornkitError(
                f"the bus of this server is at {elsewhere}: say --bus URL, or set TORNKIT_BUS"
            )
        try:
            most = int(server["bus"]["max_message"])
        except (LookupError, TypeError, ValueError):
            raise TornkitError(other_version(server)) from None
        limits = BusLimits(max_message=most, patience=_PATIENCE)
        self._path = str(bus_path(control_folder(), server["pid"]))
        self._on_return = on_return
        self._has_been_up = False
        loop = asyncio.get_running_loop()
        self._end: asyncio.Future[None] = loop.create_future()
        self._links: list[HubLink] = []

        def make_link(bus: Bus) -> HubLink:
            self._links.append(HubLink(loop, bus, self._connect, limits, role))
            return self._links[-1]

        self.bus = Bus(loop, make_link, limits)

    def _connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.connect(self._path)
            if peer_uid(sock) not in (None, os.geteuid()):
                raise ConnectionRefusedError  # of another user's, nothing is believed
        except OSError as error:
            sock.close()
            gone = isinstance(error, FileNotFoundError | ConnectionRefusedError)
            if gone and not self._end.done():
                self._end.set_result(None)
            raise
        if self._has_been_up:
            self._on_return()
        self._has_been_up = True
        return sock

    async def ask(self, method: str, *arguments: Any) -> Any:
        """Call a method of the hub, as `HubLink.ask` does."""
        return await self._links[0].ask(method, *arguments)

    async def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Await a coroutine, for as long as the server runs.

        :raises ServerEnded: it has ended.
        """
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait((task, self._end), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise ServerEnded("the server has ended")
            return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def close(self) -> None:
        """Close the connection to the hub."""
        self.bus.close()


class BrokerMembership:
    """Connection of the running loop to a broker elsewhere, by its URL.

    :raises BusError: the library that speaks with it is not installed.
    """

    def __init__(self, url: str) -> None:
        loop = asyncio.get_running_loop()
        limits = BusLimits(max_message=MOST_MESSAGE, is_guest=True)
        self.bus = Bus(loop, lambda bus: link_to(url, loop, bus, limits), limits)

    async def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Await a coroutine."""
        return await work

    def close(self) -> None:
        """Close the connection to the broker."""
        self.bus.close()


def membership_at(
    place: BusPlace, on_return: Callable[[], None] = lambda: None
) -> Membership | BrokerMembership:
    """Connect to the bus of a server that runs, or to the broker at a URL."""
    if isinstance(place, str):
        return BrokerMembership(place)
    return Membership(place, "terminal", on_return)
