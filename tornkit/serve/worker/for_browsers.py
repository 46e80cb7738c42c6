"""A worker's part in the development tools: it answers pages, and hands their streams up.

A stream of events must not keep a worker from ending, nor end with it: its socket goes to the
supervisor. What is encrypted in this process can't: it gets a pair of sockets, one end goes up, and
the stream lasts as long as the worker; the browser comes again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from tornado.iostream import IOStream, StreamClosedError
from tornado.web import Application

from tornkit.devtools import install, shown_errors
from tornkit.devtools.page_script import FOLDER
from tornkit.devtools.recent import Recent, Row
from tornkit.devtools.site import Site
from tornkit.engine import request
from tornkit.serve.wire.messages import Answered, ErrorShown, Follows, Message, OpenInEditor
from tornkit.serve.wire.orders import Orders
from tornkit.serve.worker.serving_loops import ServingLoops

_PIECE = 65536


class ForBrowsers:
    """`tornkit.devtools.site.SiteActions` of a worker; ``send`` sends to the supervisor."""

    def __init__(
        self,
        send: Callable[[Message, Sequence[int]], None],
        applications: Iterable[Application] = (),
    ) -> None:
        self._send = send
        self._live = applications
        self._copying: set[asyncio.Future[None]] = set()

    def install(self, orders: Orders, generation: int, loops: ServingLoops) -> None:
        """Set up the pages' script and paths in all loops, and reports of requests and errors."""
        install.edit_pages(f"{orders.run}.{generation}", orders.dev_hosts)
        shown_errors.tell, shown_errors.opens_lines = self.raised, orders.opens_lines
        label, editor = orders.target.label, orders.opens_lines
        site = Site(orders.token, orders.dev_hosts, self, editor=editor, label=label)
        request.own_paths = FOLDER, site
        loops.own_paths = site
        logging.getLogger("tornado.access").addFilter(Recent(self.answered))

    @property
    def applications(self) -> Collection[Application]:
        return tuple(self._live)

    def follow(self, stream: IOStream, *, of_server: bool) -> None:
        follows = Follows(of_server)
        sock = stream.socket
        if not isinstance(sock, ssl.SSLSocket) and not stream.writing():
            self._send(follows, [sock.fileno()])
            stream.close()  # this process's descriptor of it
            return
        ours, theirs = socket.socketpair()
        with theirs:
            self._send(follows, [theirs.fileno()])
        task = asyncio.ensure_future(_copy(IOStream(ours), stream))
        self._copying.add(task)
        task.add_done_callback(self._copying.discard)

    def open_in_editor(self, failure: str, frame: int) -> None:
        self._send(OpenInEditor(failure, frame), ())

    def answered(self, rows: list[Row]) -> None:
        """Tell of requests that were answered."""
        self._send(Answered(tuple(rows)), ())

    def raised(self, shown: dict[str, Any]) -> None:
        """Tell of an error that a person has been shown, whose frames that person may open."""
        self._send(ErrorShown(shown), ())


async def _copy(source: IOStream, target: IOStream) -> None:
    target.set_close_callback(source.close)
    with contextlib.suppress(StreamClosedError):
        while True:
            await target.write(await source.read_bytes(_PIECE, partial=True))
    source.close()
    target.close()
