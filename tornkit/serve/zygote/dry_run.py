"""Rehearsal of what every worker does first: load, claim, get ready, answer a request.

A forked process shares its pages with the zygote until it writes to them, if only a reference
count, and the first write to each costs microseconds. To load an application of a few lines and to
answer for it writes to a thousand: so a worker that was forked ahead of its time does both before
anybody waits for it.

The zygote does so itself before it forks: what is made once and kept is then shared.

Nobody but Tornado may see it: a library that puts its own in the place of Tornado's methods, to
trace requests say, would report one that nobody has made (`is_unpatched`).
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import os
import socket
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FunctionType

import tornado
from tornado import httpserver, routing, tcpserver, web
from tornado.httpserver import HTTPServer
from tornado.web import Application

import tornkit
from tornkit import linux, seams
from tornkit.appload.leaving import Leaving
from tornkit.appload.load import application_of, call_factory, find_attribute
from tornkit.appload.target import Kind, Target
from tornkit.engine.server import HTTPServer as EngineServer
from tornkit.serve.terminal.logs import set_up_application_logging
from tornkit.serve.wire.channel import Channel
from tornkit.serve.wire.heartbeat import Heartbeat
from tornkit.serve.wire.messages import Grant
from tornkit.serve.wire.orders import application_claim
from tornkit.serve.wire.processes import channel_pair
from tornkit.serve.worker.listening import Listening
from tornkit.serve.worker.mailbox import Mailbox
from tornkit.serve.worker.readiness import ready_message
from tornkit.serve.worker.serving_loops import ServingLoops

_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
_READ_SIZE = 65536
_PATIENCE = 1.0  # seconds
_NAME = "tornkit_rehearsed"
_KEY = b"a key".hex()
_FILE = Path(__file__).with_name("rehearsed") / f"{_NAME}.py"
_TARGET = Target(
    Kind.APPLICATION,
    _NAME,
    str(_FILE.parent),
    str(_FILE.parent),
    module=_NAME,
    path=str(_FILE),
    attribute="make_app",
)
# The engine counts the changes of rules, from the first table on.
_KNOWN = tuple(f"{folder}{os.sep}" for each in (tornado, tornkit) for folder in each.__path__)


@dataclass(frozen=True)
class _Chosen:
    """Orders of the rehearsed worker, a `tornkit.serve.worker.readiness.ReadyOrders`."""

    engine: str
    speedups: bool = True
    digest_key: str = _KEY


def rehearse() -> None:
    """Load an application, serve it, end. With the loop, server and speedups that are in place.

    Leaves no module behind and no current loop, only garbage in circles. Where something is in the
    way, a system that has no descriptor to give, it is left at that: the worker will say so itself.
    """
    if not linux.USED:
        return  # nowhere else there are sockets without a name
    with contextlib.suppress(Exception):
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(lambda loop, context: None)
        try:
            _set_up_logging()
            made = _make(loop)
            loop.run_until_complete(asyncio.wait_for(_serve(made), _PATIENCE))
        finally:
            loop.close()


def is_unpatched() -> bool:
    """Whether all methods that serve a request are Tornado's or ours."""
    classes = {
        each
        for module in (httpserver, routing, tcpserver, web)
        for each in vars(module).values()
        if isinstance(each, type) and each.__module__ == module.__name__
    }
    return all(_is_known(value) for each in classes for value in vars(each).values())


def _is_known(value: object) -> bool:
    """Whether a class's attribute is defined in Tornado or tornkit, or is not callable at all."""
    if isinstance(value, property):
        return all(map(_is_known, (value.fget, value.fset, value.fdel)))
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    if isinstance(value, FunctionType):
        return value.__code__.co_filename.startswith(_KNOWN)
    return not callable(value) or isinstance(value, type)


def _set_up_logging() -> None:
    """Set up an application's logging, and undo it."""
    root = logging.getLogger()
    if root.handlers:
        return
    level, basic_config = root.level, logging.basicConfig
    set_up_application_logging("info", None)
    for handler in tuple(root.handlers):
        root.removeHandler(handler)
    root.setLevel(level)
    logging.basicConfig = basic_config


def _make(loop: asyncio.AbstractEventLoop) -> object:
    """Load and return the rehearsed application; compile its file, as if it was just saved."""
    before = tuple(sys.path)
    try:
        with Leaving(patient=True):
            found = find_attribute(_TARGET)
            made = contextvars.copy_context().run(call_factory, found, _TARGET, loop)
    finally:
        sys.path[:] = before
        sys.modules.pop(_NAME, None)
        sys.path_importer_cache.pop(_TARGET.import_root, None)
    compile(_FILE.read_bytes(), _NAME, "exec")
    return made


async def _serve(made: object) -> None:
    application = await application_of(made, _TARGET)
    assert isinstance(application, Application)
    server = HTTPServer(application)
    if isinstance(server, EngineServer):
        server.observer = ServingLoops()  # the worker's own counts no request that nobody has made
    with contextlib.ExitStack() as closing:
        listening, client, placeholder = (
            closing.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(3)
        )
        listening.bind("")  # unix(7), autobind: no file, and nobody knows the name
        listening.setblocking(False)
        listening.listen()
        mailbox = _granted(listening, closing)
        heart = Heartbeat.create()
        closing.callback(heart.close)
        hooks = Listening(
            0,
            lambda claim: mailbox.ask(claim)[1],
            partial(_begin_to_beat, heart, mailbox, closing),
            placeholder=placeholder,
        )
        closing.callback(seams.remove_serving_hooks)
        seams.install_serving_hooks(hooks)
        server.add_sockets(hooks.claim(application_claim(None, None, None)))
        try:
            chosen = _Chosen("tornkit" if isinstance(server, EngineServer) else "tornado")
            mailbox.send(ready_message((application,), (), chosen))
            hooks.open()
            client.setblocking(False)
            client.connect(listening.getsockname())
            client.send(_REQUEST)
            await asyncio.get_running_loop().sock_recv(client, _READ_SIZE)
        finally:
            server.stop()
            await server.close_all_connections()


def _granted(listening: socket.socket, closing: contextlib.ExitStack) -> Mailbox:
    """Mailbox of a worker whose next claim is answered already, with this socket."""
    supervisor, theirs = channel_pair()
    closing.callback(supervisor.close)
    channel = Channel(theirs)
    closing.callback(channel.close)
    supervisor.send(Grant(), (listening.fileno(),))
    return Mailbox(channel, lambda: None)


def _begin_to_beat(heart: Heartbeat, mailbox: Mailbox, closing: contextlib.ExitStack) -> None:
    """Start the heartbeat and read the mailbox, as a worker does in each loop that listens."""
    loops = ServingLoops()
    serving = loops.current()
    serving.begin_to_beat(lambda: heart.write(loops.pulse()))
    serving.loop.add_reader(mailbox.fileno(), mailbox.read)
    closing.callback(serving.loop.remove_reader, mailbox.fileno())
    serving.turn(0, lambda: None)
