"""Does once, for nothing, what every worker does first: load an application, answer a request.

A forked process shares its pages with the zygote until it writes to them, if only a reference
count, and the first write to each costs microseconds. To load an application of a few lines and to
answer for it writes to a thousand: so a worker that was forked ahead of its time does both before
anybody waits for it.

The zygote does so itself before it forks: what is made once and kept is then shared.

Nobody but Tornado may see it: a library that puts its own in the place of Tornado's methods, to
trace requests say, would report one that nobody has made (`may_be_seen`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from pathlib import Path
from types import FunctionType

import tornado
from tornado import httpserver, routing, tcpserver, web
from tornado.httpserver import HTTPServer
from tornado.web import Application

from tornkit.appload.load import build_application, find_attribute
from tornkit.appload.target import Kind, Target
from tornkit.errors import TornkitError
from tornkit.serve.messages import Ready, encode
from tornkit.serve.sameness import digests
from tornkit.serve.userfiles import folders_of, other_modules, user_files

_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
_READ_SIZE = 65536
_NAME = "tornkit_rehearsed"
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
_TORNADO = str(Path(tornado.__file__).parent) + os.sep


def rehearse() -> None:
    """Load an application, serve it, end. With the loop, server and speedups that are in place.

    Leaves nothing behind: no module, no current loop.
    """
    if sys.platform != "linux":
        return  # nowhere else there are sockets without a name
    # No descriptor, no socket: the worker will say so itself.
    with contextlib.suppress(OSError, TornkitError):
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(_serve(_find()))
        finally:
            loop.close()


def may_be_seen() -> bool:
    """Whether the methods that serve a request are Tornado's own."""
    classes = {
        each
        for module in (httpserver, routing, tcpserver, web)
        for each in vars(module).values()
        if isinstance(each, type) and each.__module__ == module.__name__
    }
    return all(_is_tornados(value) for each in classes for value in vars(each).values())


def _is_tornados(value: object) -> bool:
    """Whether a class's attribute is defined in Tornado, if it is one that can be called."""
    if isinstance(value, property):
        return all(map(_is_tornados, (value.fget, value.fset, value.fdel)))
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    if isinstance(value, FunctionType):
        return value.__code__.co_filename.startswith(_TORNADO)
    return not callable(value) or isinstance(value, type)


def _find() -> object:
    """Import it as an application is, and compile it, as one that was just saved has to be."""
    before = tuple(sys.path)
    try:
        found = find_attribute(_TARGET)
    finally:
        sys.path[:] = before
        sys.modules.pop(_NAME, None)
    compile(_FILE.read_bytes(), _NAME, "exec")
    return found


async def _serve(found: object) -> None:
    application = await build_application(found, _TARGET)
    server = HTTPServer(application)
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as client:
        listening.bind("")  # unix(7), autobind: no file, and nobody knows the name
        listening.setblocking(False)
        listening.listen()
        server.add_socket(listening)
        assert isinstance(application, Application)
        _tell(application)
        client.setblocking(False)
        client.connect(listening.getsockname())
        client.send(_REQUEST)
        await asyncio.get_running_loop().sock_recv(client, _READ_SIZE)
        server.stop()
        await server.close_all_connections()


def _tell(application: Application) -> None:
    """Put together what a worker says when it is ready."""
    files, folders = tuple(user_files()), tuple(folders_of(application.settings))
    encode(Ready(files, {}, (), folders, other_modules(), digests((application,), b"a key")))
