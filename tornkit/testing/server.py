"""A server for one test: the application on tornkit's engine, at a free port of this machine.

As in a worker of `tornkit serve`, with the speedups and those settings of ``[tool.tornkit.serve]``
that change how requests are answered. It ends without a trace: its connections are closed, those of
WebSockets too, before the loop ends.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakSet

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerConnectionDelegate
from tornado.iostream import IOStream
from tornado.netutil import bind_sockets

from tornkit.engine import speedups
from tornkit.engine.connection import Connection
from tornkit.engine.server import HTTPServer as EngineServer
from tornkit.testing.loop_thread import PATIENCE, LoopThread
from tornkit.testing.recording import Record, recorded
from tornkit.testing.settings import ServingSettings

_ADDRESS = "127.0.0.1"


class _Streams:
    """Observer that keeps the streams which handlers took for themselves, as WebSockets do."""

    requests = 0

    def __init__(self) -> None:
        self.detached_streams: WeakSet[IOStream] = WeakSet()

    def opened(self, connection: Connection) -> None:
        return

    def gone(self, connection: Connection) -> None:
        return

    def detached(self, stream: IOStream) -> None:
        self.detached_streams.add(stream)


class ThreadServer:
    """An application that is served in the thread of a loop until `close`.

    ``record`` notes each request, if given.
    """

    def __init__(
        self,
        loop: LoopThread,
        application: HTTPServerConnectionDelegate,
        settings: ServingSettings,
        record: Record | None = None,
    ) -> None:
        self.loop = loop
        self.application = application
        self._streams = _Streams()
        on_tornkit = settings.engine == "tornkit"
        if on_tornkit and settings.speedups:
            speedups.install()
        delegate = application if record is None else recorded(application, record)
        self._server: HTTPServer = loop.run(
            self._start, EngineServer if on_tornkit else HTTPServer, delegate, settings.arguments
        )

    def _start(
        self,
        kind: Callable[..., HTTPServer],
        delegate: HTTPServerConnectionDelegate,
        arguments: Mapping[str, Any],
    ) -> HTTPServer:
        server = kind(delegate, **arguments)
        if isinstance(server, EngineServer):
            server.observer = self._streams
        sockets = bind_sockets(0, _ADDRESS, family=socket.AF_INET)
        self.port: int = sockets[0].getsockname()[1]
        server.add_sockets(sockets)
        return server

    @property
    def host(self) -> str:
        """Address and port."""
        return f"{_ADDRESS}:{self.port}"

    def close(self) -> None:
        """Accept no more, and close all connections.

        :raises LoopStuck: a handler blocks the loop.
        """
        self.loop.wait(self._close(), PATIENCE)

    async def _close(self) -> None:
        self._server.stop()
        await self._server.close_all_connections()
        for stream in list(self._streams.detached_streams):
            stream.close()
