"""A process that stands by (`tornkit.serve.standby`): imports, then waits to be a worker."""

from __future__ import annotations

import contextlib
import importlib
import socket

from tornkit import seams
from tornkit.serve import worker
from tornkit.serve.channel import Channel, ChannelClosed
from tornkit.serve.messages import Warm
from tornkit.serve.userfiles import remember_what_is_held


def main(descriptor: int) -> None:
    """Import what `Warm` names, then live a worker's life. Exits."""
    # SIGINT and SIGTERM are blocked since before the exec, until the worker minds them.
    channel = Channel(socket.socket(fileno=descriptor))
    seams.prepare()
    try:
        message, _ = channel.receive()
    except ChannelClosed:
        return
    assert isinstance(message, Warm)
    for name in message.modules:
        with contextlib.suppress(Exception):  # the worker will import it, and say what is wrong
            importlib.import_module(name)
    remember_what_is_held()
    worker.main_on(channel)
