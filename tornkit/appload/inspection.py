"""Runs user code that may serve, to find the applications that it would; for `tornkit routes`.

Nothing listens: Tornado's servers are noted, and whatever else binds believes that it does
(`unbound`). A program is run up to the moment at which it would serve, then it is left (`leaving`).
An application is imported, and called where it is a factory; if that does not return, because the
file or the factory serves by itself, it is left in the same way, and what it serves is the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tornado.httputil import HTTPServerConnectionDelegate
from tornado.ioloop import IOLoop
from tornado.tcpserver import TCPServer

from tornkit import seams
from tornkit.appload.leaving import Leaving, Left
from tornkit.appload.load import (
    LoadedApp,
    Servable,
    application_of,
    call_factory,
    find_attribute,
)
from tornkit.appload.program import exit_status, run_program
from tornkit.appload.shadowing import folders_before_the_library, give_way
from tornkit.appload.summary import summary
from tornkit.appload.target import Target
from tornkit.appload.unbound import Unbound
from tornkit.appload.usertrace import format_user_traceback
from tornkit.errors import AppRaised, NoSuchModule, NotAnApplication
from tornkit.import_order import as_python_has_it

_OTHER_PROTOCOL = "only a server of another protocol"


def load_for_inspection(target: Target) -> LoadedApp:
    """Load an application, or run a program up to the moment it would serve. Binds no port.

    :raises AppLoadError: one of its four kinds.
    """
    as_python_has_it()
    for folder in folders_before_the_library():
        give_way(folder)

    if target.is_program:
        return inspect_program(target)
    return inspect_application(target)


def inspect_program(target: Target) -> LoadedApp:
    """Run a program up to the moment it would serve; return the delegates of its servers, in order.

    :raises AppRaised: the program raised before that.
    :raises NotAnApplication: the program ended without listening.
    """
    why = "it ended before it listened"
    leaving = Leaving()
    with _Capture(leaving) as capture:
        try:
            with leaving:
                run_program(target)
                leaving.wait_for_threads()
        except Left:
            why = _OTHER_PROTOCOL
        except SystemExit as error:
            why = f"it exited with {exit_status(error)} before it listened"
        except NoSuchModule:
            raise
        except BaseException as error:  # noqa: BLE001 - user code may raise anything
            raise AppRaised(
                f"running {target.label} failed: {summary(error)}", format_user_traceback(error)
            ) from None
    if not capture.served:
        advice = "" if why == _OTHER_PROTOCOL else "; what it needs as arguments stands behind --"
        raise NotAnApplication(
            f"{Path(target.label).name} never started an HTTPServer: {why}{advice}"
        )
    return LoadedApp(target, tuple(capture.served), target.label)


def inspect_application(target: Target) -> LoadedApp:
    """Import an application, and call its factory.

    :raises AppLoadError: one of its four kinds.
    """
    leaving = Leaving(patient=True)
    with _Capture(leaving) as capture, asyncio.Runner() as runner:
        loop = runner.get_loop()  # user code may look for the loop while it is imported
        try:
            with leaving:
                found = find_attribute(target)
                context = contextvars.copy_context()
                made = context.run(call_factory, found, target, loop)
            application = runner.run(application_of(made, target), context=context)
        except Left:
            return _left(target, leaving, capture.served)
    return LoadedApp(target, (application,), target.label)


def _left(target: Target, leaving: Leaving, served: list[Servable]) -> LoadedApp:
    """`LoadedApp` of an application whose import, or factory, did not return."""
    for name, module in leaving.modules.items():
        sys.modules.setdefault(name, module)
    named: object = sys.modules.get(target.module or "")
    for part in (target.attribute or "").split("."):
        named = getattr(named, part, None)
    if isinstance(named, HTTPServerConnectionDelegate):
        return LoadedApp(target, (named,), target.label)
    if not served:
        raise NotAnApplication(f"{target.label} never started an HTTPServer: {_OTHER_PROTOCOL}")
    return LoadedApp(target, tuple(served), target.label)


class _Capture:
    """Serving hooks that bind nothing and note the delegates served; in place while entered.

    They stay where a thread of the application's goes on, which may listen later.
    """

    def __init__(self, leaving: Leaving) -> None:
        self.served: list[Servable] = []
        self._sockets: list[socket.socket] = []
        self._servers: list[TCPServer] = []
        self._leaving = leaving
        self._unbound = Unbound(lambda: leaving.listens(None, http=False))

    def __enter__(self) -> _Capture:
        self._threads = set(threading.enumerate())
        seams.install_serving_hooks(self)
        seams.silence_autoreload(lambda filename: None)
        self._put_back = self._unbound.install()
        original = TCPServer.add_sockets
        self._original = original

        def add_sockets(server: TCPServer, sockets: Iterable[socket.socket]) -> None:
            kept = list(sockets)
            original(server, kept)
            self._sockets += kept
            self._servers.append(server)
            self._note(server)

        TCPServer.add_sockets = add_sockets  # type: ignore[method-assign, assignment]
        return self

    def __exit__(self, *exc_info: object) -> None:
        for server in self._servers:
            # Else it would fail at its sockets where the program stops it itself, at its exit.
            with contextlib.suppress(Exception):  # a class of the program's own may lack anything
                TCPServer.stop(server)
        for sock in self._sockets:
            sock.close()
        if set(threading.enumerate()) <= self._threads:
            seams.remove_serving_hooks()
            self._put_back()
            TCPServer.add_sockets = self._original  # type: ignore[method-assign]

    def bind_sockets(self, *args: Any, **kwargs: Any) -> Any:
        return self._unbound.quietly(seams.bind_sockets, *args, **kwargs)

    def bind_unix_socket(self, file: str, mode: int = 0o600, backlog: int = 128) -> Any:
        return self._unbound.unix_socket(file)

    def add_accept_handler(self, *args: Any) -> Callable[[], None]:
        return lambda: None

    def fork_processes(self, num_processes: int | None, max_restarts: int | None = None) -> int:
        return 0

    def task_id(self) -> int | None:
        return None

    def _note(self, server: TCPServer) -> None:
        """Note a server: all ways to serve end in `TCPServer.add_sockets`."""
        servable = getattr(server, "request_callback", None)  # a bare TCPServer has none
        if servable is not None and servable not in self.served:
            self.served.append(servable)
        loop = IOLoop.current().asyncio_loop  # type: ignore[attr-defined]
        self._leaving.listens(loop, http=servable is not None)
