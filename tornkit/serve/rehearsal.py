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
import gc
import os
import socket
import sys
from pathlib import Path
from types import FunctionType

import tornado
from tornado import httpserver, routing, tcpserver, web
from tornado.httpserver import HTTPServer
from tornado.web import Application

import tornkit
from tornkit.appload.load import build_application, find_attribute
from tornkit.appload.target import Kind, Target
from tornkit.serve.messages import Ready, encode
from tornkit.serve.sameness import digests
from tornkit.serve.userfiles import folders_of, other_modules, user_files

_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
_READ_SIZE = 65536
_PATIENCE = 1.0  # seconds
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
# The engine counts the changes of rules, from the first table on.
_KNOWN = tuple(f"{folder}{os.sep}" for each in (tornado, tornkit) for folder in each.__path__)


def rehearse() -> None:
    """Load an application, serve it, end. With the loop, server and speedups that are in place.

    Leaves nothing behind: no module, no current loop. Where something is in the way, a system that
    has no descriptor to give, it is left at that: the worker will say so itself.
    """
    if sys.platform != "linux":
        return  # nowhere else there are sockets without a name
    with contextlib.suppress(Exception):
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(lambda loop, context: None)
        try:
            loop.run_until_complete(asyncio.wait_for(_serve(_find()), _PATIENCE))
        finally:
            loop.close()
    # An application is a circle of objects; a worker is not to tell of this one when it is ready.
    gc.collect()


def may_be_seen() -> bool:
    """Whether the methods that serve a request are nobody else's than Tornado's and ours."""
    classes = {
        each
        for module in (httpserver, routing, tcpserver, web)
        for each in vars(module).values()
        if isinstance(each, type) and each.__module__ == module.__name__
    }
    return all(_is_known(value) for each in classes for value in vars(each).values())


def _is_known(value: object) -> bool:
    """Whether a class's attribute is defined in Tornado or here, if it is one to be called."""
    if isinstance(value, property):
        return all(map(_is_known, (value.fget, value.fset, value.fdel)))
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    if isinstance(value, FunctionType):
        return value.__code__.co_filename.startswith(_KNOWN)
    return not callable(value) or isinstance(value, type)


def _find() -> object:
    """Import it as an application is, and compile it, as one that was just saved has to be."""
    before = tuple(sys.path)
    try:
        found = find_attribute(_TARGET)
    finally:
        sys.path[:] = before
        sys.modules.pop(_NAME, None)
        sys.path_importer_cache.pop(_TARGET.import_root, None)
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
        try:
            assert isinstance(application, Application)
            _tell(application)
            client.setblocking(False)
            client.connect(listening.getsockname())
            client.send(_REQUEST)
            await asyncio.get_running_loop().sock_recv(client, _READ_SIZE)
        finally:
            server.stop()
            await server.close_all_connections()


def _tell(application: Application) -> None:
    """Put together what a worker says when it is ready."""
    files, folders = tuple(user_files()), tuple(folders_of(application.settings))
    encode(Ready(files, {}, (), folders, other_modules(), digests((application,), b"a key")))
