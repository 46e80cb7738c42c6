"""Entry of the hub's process: it lives for as long as the supervisor holds its channel."""

from __future__ import annotations

import os
import signal
import socket
import sys

from tornkit.bus_limits import BusLimits
from tornkit.linux import die_with_parent
from tornkit.serve.hub.hub import Hub
from tornkit.serve.loop.loop import Loop
from tornkit.serve.wire.channel import Channel, ChannelClosed
from tornkit.serve.wire.messages import HostBus


def main(descriptor: int) -> None:
    """Run the hub, and exit. ``descriptor``: its end of the channel."""
    die_with_parent()
    os.set_inheritable(descriptor, False)
    # A Ctrl-C reaches the whole group; workers have things to say until they end.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    channel = Channel(socket.socket(fileno=descriptor))
    try:
        message, descriptors = channel.receive()
        assert isinstance(message, HostBus)
        run(channel, socket.socket(fileno=descriptors[0]), BusLimits(**message.limits))
    except (ChannelClosed, IndexError):  # the supervisor has gone, or lacks descriptors
        sys.exit(1)


def run(channel: Channel, lobby: socket.socket, limits: BusLimits) -> None:
    """Be the hub until the channel ends."""
    loop = Loop()
    hub = Hub(loop, lobby, limits)
    ended = False

    def end() -> None:
        nonlocal ended
        ended = True

    loop.listen(channel, end)  # nothing is said on it: it is readable at its end
    while not ended:
        loop.turn(lambda number: None)
        hub.flush()
