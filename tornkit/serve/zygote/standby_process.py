"""A standby process (`tornkit.serve.nursery.standby`): imports, then waits to be a worker."""

from __future__ import annotations

import os
import select
import socket
import sys

from tornkit import seams
from tornkit.serve.warm_imports import warm_modules
from tornkit.serve.warm_imports.tornado_first import WITH_TORNADO
from tornkit.serve.warm_imports.userfiles import remember_what_is_held
from tornkit.serve.warm_imports.warming import Warming, changed, fingerprint
from tornkit.serve.wire.channel import Channel, ChannelClosed
from tornkit.serve.wire.messages import Warm
from tornkit.serve.wire.processes import ENTRIES
from tornkit.serve.worker import entry


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
    warming = Warming(about_to=lambda name: None, environment=os.environ)
    warming.warm(message.modules)  # one that can't be imported the worker tells of
    held = fingerprint()
    warm_modules.current.hide(WITH_TORNADO, warming.inputs)
    warm_modules.current.begin()
    remember_what_is_held()
    if not channel.has_read_ahead:
        _stand_by(channel, held)
    entry.main_on(channel)


def _stand_by(channel: Channel, held: dict[bytes, tuple[int, int]]) -> None:
    """Wait for a message; if an imported file has changed by then, exec a worker without imports.

    In that case it does not return.
    """
    poller = select.poll()
    poller.register(channel.fileno(), select.POLLIN)
    poller.poll()
    if changed(held) is None:
        return
    command = [word.replace(ENTRIES["standby"][0], ENTRIES["worker"][0]) for word in sys.orig_argv]
    os.execv(sys.executable, command)  # noqa: S606 - this very command, but for the role
