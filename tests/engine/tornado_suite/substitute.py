"""How another server class gets into every place that names Tornado's.

``tornado.web``, ``tornado.testing`` and the tests all say ``from tornado.httpserver import
HTTPServer``. So the name is replaced in tornado.httpserver before any test module is imported, and
in those modules of Tornado that the other class itself has already imported.

``HTTPServer.configure``, Tornado's own way, is not used: it takes subclasses alone, and what is
judged here may be a class of its own.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tornado.httpserver
from tornado.http1connection import HTTP1ServerConnection


@dataclass
class Usage:
    """What was really used: filled while the tests run."""

    servers: int = 0
    served_by_tornado: int = 0


def substitute(replacement: type[Any]) -> Usage:
    """Puts ``replacement`` where Tornado's HTTPServer was, for the rest of this process."""
    own = tornado.httpserver.HTTPServer
    for name, module in list(sys.modules.items()):
        # Only Tornado's names: the replacement's own modules may want the original as a base.
        if name.partition(".")[0] == "tornado" and getattr(module, "HTTPServer", None) is own:
            module.HTTPServer = replacement  # type: ignore[attr-defined]
    usage = Usage()

    def started() -> None:
        usage.servers += 1

    _count(replacement, "add_sockets", started)
    _count_connections(replacement, usage)
    return usage


def _count_connections(replacement: type[Any], usage: Usage) -> None:
    """Has Tornado's connections counted where a server keeps its own.

    Not by a wrapped method of Tornado's connection: tornkit's server would step aside for that.
    """

    class Connections(set[Any]):
        def add(self, connection: Any) -> None:
            super().add(connection)
            usage.served_by_tornado += isinstance(connection, HTTP1ServerConnection)

    initialize = replacement.initialize

    @functools.wraps(initialize)
    def initialized(self: Any, *args: Any, **kwargs: Any) -> None:
        initialize(self, *args, **kwargs)
        self._connections = Connections()

    replacement.initialize = initialized


def _count(owner: type[Any], method: str, counted: Callable[[], None]) -> None:
    """Has every call of ``owner.method`` counted, and is otherwise not noticed."""
    original = getattr(owner, method)

    @functools.wraps(original)
    def counting(*args: Any, **kwargs: Any) -> Any:
        counted()
        return original(*args, **kwargs)

    setattr(owner, method, counting)
