"""Entry of a worker process: it gets its orders (`Prepare`), then its slot (`Boot`)."""

from __future__ import annotations

import errno
import faulthandler
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from json import load

from tornado.httpserver import HTTPServer

from tornkit import lobby, seams
from tornkit.devtools import install as devtools
from tornkit.engine import loops, speedups
from tornkit.engine.server import HTTPServer as EngineServer
from tornkit.linux import die_with_parent, yielding_to_the_waker
from tornkit.serve.failures import cannot_start
from tornkit.serve.sources import snapshot_imports, sources
from tornkit.serve.sources.bytecode import cache_only_settled_sources
from tornkit.serve.terminal.logs import show_no_own_frames
from tornkit.serve.warm_imports import warm_modules
from tornkit.serve.wire.channel import Channel, ChannelClosed
from tornkit.serve.wire.encoding import decode
from tornkit.serve.wire.heartbeat import Heartbeat
from tornkit.serve.wire.messages import Boot, Message, Prepare
from tornkit.serve.wire.orders import Orders
from tornkit.serve.worker.failure_report import tell
from tornkit.serve.worker.signals import leave_to_supervisor
from tornkit.serve.worker.worker import Worker


def main(descriptor: int) -> None:
    """Run a worker in a fresh interpreter, and exit. ``descriptor``: its end of the channel."""
    die_with_parent()
    os.set_inheritable(descriptor, False)
    main_on(Channel(socket.socket(fileno=descriptor)))


def main_on(channel: Channel, rehearse: Callable[[], None] = lambda: None) -> None:
    """Run a worker on its channel, and exit.

    ``rehearse`` is called before it waits for its `Boot` (`dry_run`), if that has yet to come.
    """
    leave_to_supervisor()
    try:
        message, _ = channel.receive()
        assert isinstance(message, Prepare)
    except ChannelClosed:
        sys.exit(1)

    def receive() -> tuple[Message, list[int]]:
        if not channel.has_read_ahead:  # nobody waits for it yet
            rehearse()
        with yielding_to_the_waker():  # which has others to wake, for the same reload
            return channel.receive()

    main_told(channel, message, receive)


def main_told(
    channel: Channel, message: Prepare, receive_boot: Callable[[], tuple[Message, list[int]]]
) -> None:
    """Run a worker that has had its `Prepare`, and exit."""
    leave_to_supervisor()
    try:
        orders = Orders.told(message)
        prepare(orders)
        worker = Worker(orders, channel)
        boot, descriptors = receive_boot()
        assert isinstance(boot, Boot)
        if not descriptors:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        own = len(descriptors) - sum(offer.count for offer in boot.offers)
        descriptors, offered = descriptors[:own], descriptors[own:]
        if len(warm_modules.current):
            kept = [descriptors[0], *map(os.dup, descriptors[1:])]
            again = replace(boot, offers=())  # then it asks for what it needs
            worker.may_reexecute(partial(_reexecute, channel, message, again, kept), kept[1:])
        others = descriptors[1:]
        if orders.bus_url is not None:
            lobby.given = lobby.BusElsewhere(orders.bus_url, orders.bus)
        elif boot.lobby and others:
            lobby.given = lobby.Lobby(socket.socket(fileno=others.pop(0)), orders.bus)
        for descriptor in others:
            snapshot_imports.install(descriptor)
        worker.boot(boot, offered)
        warm_modules.current.take_module_variables()
        status = worker.live(boot.slot, Heartbeat(descriptors[0]))
    except ChannelClosed:
        sys.exit(1)
    except OSError as error:  # the user's code is not behind it: `Worker.live` tells of that
        tell(channel, cannot_start(error))
        sys.exit(1)
    sys.exit(status)


def main_reexecuted(descriptor: int) -> None:
    """Run the worker again in a re-executed interpreter, from its `Boot` on, and exit."""
    with open(descriptor) as file:
        told = load(file)
    for each in (told["channel"], *told["descriptors"]):
        os.set_inheritable(each, False)
    prepare, boot = (decode(each.encode()) for each in told["messages"])
    assert isinstance(prepare, Prepare)
    assert isinstance(boot, Boot)
    channel = Channel(socket.socket(fileno=told["channel"]))
    main_told(channel, prepare, lambda: (boot, told["descriptors"]))


def _reexecute(channel: Channel, message: Prepare, boot: Boot, descriptors: list[int]) -> None:
    from tornkit.serve.worker import reexec

    environment = warm_modules.current.environment
    reexec.begin(channel.fileno(), message, boot, descriptors, environment)


def prepare(orders: Orders) -> None:
    """Make this process one that serves by these orders; no code of the user's is needed yet."""
    cache_only_settled_sources()
    sources.note_imports()
    # Written by C code on the signal, also where the interpreter never gets a turn.
    faulthandler.register(signal.SIGUSR2, all_threads=True)
    seams.prepare()
    if orders.dev_tools:
        devtools.install(orders.dev_hosts)
    show_no_own_frames()
    loops.use(orders.loop)
    if orders.engine == "tornkit":
        # For whoever makes an HTTPServer, the program itself or `Application.listen`.
        HTTPServer.configure(EngineServer)
        if orders.speedups:
            speedups.install(tells=False)  # the banner does, once for all workers
