"""Entry of a worker that has executed a fresh interpreter in its own place (`reexec`)."""

from __future__ import annotations

import json
import os
import socket

from tornkit.serve.wire.channel import Channel
from tornkit.serve.wire.messages import Boot, Prepare, decode
from tornkit.serve.worker import worker


def main(descriptor: int) -> None:
    """Be the worker that the process was, from its `Boot` on. Exits."""
    with open(descriptor) as file:
        told = json.load(file)
    for each in (told["channel"], *told["descriptors"]):
        os.set_inheritable(each, False)
    prepare, boot = (decode(each.encode()) for each in told["messages"])
    assert isinstance(prepare, Prepare)
    assert isinstance(boot, Boot)
    channel = Channel(socket.socket(fileno=told["channel"]))
    worker.main_told(channel, prepare, lambda: (boot, told["descriptors"]))
