"""Plays cases to one server and tells what came back.

    player = Player(HTTPServer, loop="asyncio", family="unix")
    outcomes = player.play(cases)          # all at once, a connection each
    leaks = player.close()

The cases of one batch move in step: each sends its next piece, the loop is run to its rest
(resting.py), everything that came back is read, and so on until no piece is left. Then each
connection that is still open is sent `SENTINEL`, a plain request. Where it is answered, the server
waited for the next request; where it is not, it waited for more of the last one, and has taken the
sentinel as a part of that: which of the two is the difference that request smuggling lives on.
Last, the client ends its side, upon which the server has to close.

No step depends on time, so the outcome of a batch is the same whenever it is played.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.engine.differential.apps import Journal
from tests.engine.differential.case import Case
from tests.engine.differential.clients import Address, Client, Watch
from tests.engine.differential.leaks import Baseline, leaks_of
from tests.engine.differential.outcome import Outcome
from tests.engine.differential.profiles import PROFILES
from tests.engine.differential.resting import resting_loop

SENTINEL = b"GET /sentinel HTTP/1.1\r\nHost: sentinel\r\n\r\n"
FAMILIES = ("unix", "tcp")
_BACKLOG = 1024


class _Errors(logging.Handler):
    """Errors that are logged while a batch is played, as events of its journal."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(logging.ERROR)
        self.journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        raised = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        self.journal.events.append(f"error {record.name} {raised}".rstrip())


class Player:
    """One server class, serving every profile."""

    def __init__(
        self, server_class: Callable[..., Any], loop: str = "asyncio", family: str = "unix"
    ) -> None:
        self._journal = Journal()
        self._resting = resting_loop(loop)
        self._folder = Path(tempfile.mkdtemp(prefix="tornkit-"))
        self._addresses = {name: Address(family, self._folder, name, _BACKLOG) for name in PROFILES}
        self._servers: list[Any] = []
        self._resting.complete(self._start(server_class))
        # A first connection to each, so that what is made once is not taken for a leak.
        self._baseline: Baseline | None = None
        self.play([Case(name, SENTINEL) for name in PROFILES])
        self._baseline = Baseline.of(self._resting.loop, self._journal)

    async def _start(self, server_class: Callable[..., Any]) -> None:
        for name, profile in PROFILES.items():
            server = server_class(profile.app(self._journal), **profile.options)
            server.add_sockets([self._addresses[name].listener])
            self._servers.append(server)

    def play(self, cases: Sequence[Case]) -> list[Outcome]:
        """What came of each case; the events are those of the whole batch, in the first outcome.

        Raises NeverAtRest; the player is of no use afterwards.
        """
        clients: list[Client] = []
        try:
            with self._errors_noted():
                clients += (Client(case, self._addresses[case.profile]) for case in cases)
                watch = Watch(clients)
                self._send_all(clients, watch)
                open_ones = [client for client in clients if not client.is_closed]
                for client in open_ones:
                    if not client.ends_with_eof:
                        client.send(SENTINEL)
                self._settle(clients, watch)
                closed = [client.is_closed for client in clients]
                for client in open_ones:
                    client.end()
                self._settle(clients, watch)
                left = [not client.is_closed for client in clients]
        finally:
            for client in clients:
                client.socket.close()
        with self._errors_noted():
            self._resting.settle()
        events = tuple(sorted(self._journal.events))
        self._journal.events.clear()
        return [
            Outcome(bytes(client.received), closed[i], left[i], events if i == 0 else ())
            for i, client in enumerate(clients)
        ]

    def _send_all(self, clients: Sequence[Client], watch: Watch) -> None:
        sending = list(clients)
        while sending:
            for client in sending:
                client.send_next()
            self._settle(clients, watch)
            sending = [client for client in sending if client.has_more]

    def _settle(self, clients: Sequence[Client], watch: Watch) -> None:
        """To the rest of both sides: a server that waits for a reader goes on when one reads."""
        while True:
            self._resting.settle()
            moved = watch.read()
            for client in clients:
                if client.is_behind and client.flush():
                    moved = True
            if not moved:
                return

    @contextlib.contextmanager
    def _errors_noted(self) -> Iterator[None]:
        """Errors go to the journal; what a server says of bad requests goes nowhere."""
        root, tornado = logging.getLogger(), logging.getLogger("tornado")
        handler = _Errors(self._journal)
        levels = tornado.level, tornado.propagate
        handlers = root.handlers[:]
        root.handlers[:] = [handler]
        tornado.setLevel(logging.ERROR)
        tornado.propagate = True
        try:
            yield
        finally:
            root.handlers[:] = handlers
            tornado.setLevel(levels[0])
            tornado.propagate = levels[1]

    def leaks(self) -> tuple[str, ...]:
        """What the connections that were played have left over."""
        assert self._baseline is not None
        return leaks_of(self._baseline, self._resting.loop, self._journal)

    def close(self) -> None:
        """Stops the servers, by the methods that every program uses."""
        self._resting.complete(self._stop())
        self._resting.loop.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _stop(self) -> None:
        for server in self._servers:
            server.stop()
            await server.close_all_connections()

    def __enter__(self) -> Player:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
