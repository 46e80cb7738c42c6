"""Runs a script as ``__main__``, unmodified.

In a worker it runs whole, its ``listen()`` calls answered by the hooks that the worker installed
in `tornkit.seams`. For `tornkit routes` it runs up to the moment it would serve: its servers are
noted instead of bound, and once all that serve are there, it is left (`leaving`).
"""

from __future__ import annotations

import os
import runpy
import socket
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tornado.ioloop import IOLoop
from tornado.tcpserver import TCPServer

from tornkit import seams
from tornkit.appload.leaving import Leaving, Left
from tornkit.appload.load import Servable
from tornkit.appload.main_file import run_file
from tornkit.appload.summary import summary
from tornkit.appload.target import Target
from tornkit.appload.usertrace import format_user_traceback
from tornkit.errors import AppRaised, NoSuchModule, NotAnApplication


def run_program(target: Target) -> None:
    """Run it as ``python path args…`` or ``python -m module args…`` would. Returns when it ends.

    :raises NoSuchModule: ``-m`` names none. Whatever the program raises comes through.
    """
    sys.path.insert(0, os.path.realpath(target.import_root))
    if target.argv0 is not None and target.main_file is not None:
        sys.argv = [target.argv0, *target.arguments]
        run_file(target.main_file, target.argv0)
        return
    if target.path is not None:
        sys.argv = [target.path, *target.arguments]
        runpy.run_path(target.path, run_name="__main__")
        return
    assert target.module is not None
    if not _module_exists(target.module):
        raise NoSuchModule(f"there is no module {target.module} (looked in {target.import_root})")
    sys.argv = [target.module, *target.arguments]
    runpy.run_module(target.module, run_name="__main__", alter_sys=True)


def _module_exists(name: str) -> bool:
    from importlib.util import find_spec

    try:
        return find_spec(name) is not None
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            return False
        raise


def exit_status(error: SystemExit) -> str:
    """What a program said when it exited: ``status 1``, or its last words."""
    return str(error.code) if isinstance(error.code, str) else f"status {error.code or 0}"


class _Capture:
    """Hooks that bind nothing; the sockets they hand out are never bound."""

    def __init__(self, leaving: Leaving) -> None:
        self.served: list[Servable] = []
        self._leaving = leaving

    def bind_sockets(self, *args: Any, **kwargs: Any) -> list[socket.socket]:
        return [socket.socket()]

    def bind_unix_socket(self, *args: Any, **kwargs: Any) -> socket.socket:
        return socket.socket(socket.AF_UNIX)

    def add_accept_handler(self, *args: Any) -> Callable[[], None]:
        return lambda: None

    def fork_processes(self, num_processes: int | None, max_restarts: int | None = None) -> int:
        return 0

    def task_id(self) -> int | None:
        return None

    def add_sockets(self, server: TCPServer, sockets: Iterable[socket.socket]) -> None:
        """Stands in for `TCPServer.add_sockets`, which all ways to serve end in."""
        for sock in sockets:
            sock.close()
        servable = getattr(server, "request_callback", None)  # a bare TCPServer has none
        if servable is not None and servable not in self.served:
            self.served.append(servable)
        loop = IOLoop.current().asyncio_loop  # type: ignore[attr-defined]
        self._leaving.listens(loop, http=servable is not None)


def capture_applications(target: Target) -> tuple[Servable, ...]:
    """Run the program up to the moment it would serve; what its servers would call, in order.

    :raises AppRaised: the program raised before that.
    :raises NotAnApplication: the program ended without listening.
    """
    leaving = Leaving()
    capture = _Capture(leaving)
    seams.install_serving_hooks(capture)
    seams.silence_autoreload(lambda filename: None)

    def add_sockets(self: TCPServer, sockets: Iterable[socket.socket]) -> None:
        capture.add_sockets(self, sockets)

    TCPServer.add_sockets = add_sockets  # type: ignore[method-assign]
    why = "it ended before it listened"
    try:
        with leaving:
            run_program(target)
            leaving.wait_for_threads()
    except Left:
        why = "only a server of another protocol"
    except SystemExit as error:
        why = f"it exited with {exit_status(error)} before it listened"
    except NoSuchModule:
        raise
    except BaseException as error:  # noqa: BLE001 - user code may raise anything
        raise AppRaised(
            f"running {target.label} failed: {summary(error)}", format_user_traceback(error)
        ) from None
    if not capture.served:
        raise NotAnApplication(f"{Path(target.label).name} never started an HTTPServer: {why}")
    return tuple(capture.served)
