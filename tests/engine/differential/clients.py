"""The clients: non-blocking sockets, read and written by hand between two rests of the loop.

They are none of tests/clients: those wait for whole responses, and these may not wait, nor know
what a response is. Here is compared what came back, byte for byte, broken as it may be.
"""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Iterable
from pathlib import Path

from tests.engine.differential.case import Case

_READ = 1 << 18


class Client:
    """One connection: what is still to be sent, and what has come back."""

    def __init__(self, case: Case, address: Address) -> None:
        self.received = bytearray()
        self.is_closed = False
        self.pieces = case.pieces()
        self.pieces.reverse()
        self.ends_with_eof = case.eof
        self._unsent = b""
        self._ends = False
        self.socket = address.connect()

    @property
    def has_more(self) -> bool:
        """Whether there is another piece, and anybody to take it."""
        return bool(self.pieces) and not self.is_closed

    def send_next(self) -> None:
        """Sends the next piece, as much of it as the socket takes."""
        self._unsent += self.pieces.pop()
        self._ends = self.ends_with_eof and not self.pieces
        self.flush()

    def send(self, data: bytes) -> None:
        self._unsent += data
        self.flush()

    def end(self) -> None:
        """Ends the client's side, behind what is still to be sent."""
        self._ends = True
        self.flush()

    def flush(self) -> bool:
        """Whether anything moved. An error says that the server is gone; reading shows that."""
        moved = False
        if self._unsent:
            try:
                sent = self.socket.send(self._unsent)
            except BlockingIOError:
                return False
            except OSError:
                self._unsent = b""
                return False
            self._unsent = self._unsent[sent:]
            moved = sent > 0
        if self._ends and not self._unsent:
            self._ends = False
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
                moved = True
        return moved

    @property
    def is_behind(self) -> bool:
        return bool(self._unsent) and not self.is_closed

    def read(self) -> None:
        """Takes what has come. A reset is an end as well: what came before it has been read."""
        try:
            data = self.socket.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.received += data
        if not data:
            self.is_closed = True


class Address:
    """Where a server listens: a Unix socket, or a port of 127.0.0.1."""

    def __init__(self, family: str, folder: Path, name: str, backlog: int) -> None:
        self.family = socket.AF_UNIX if family == "unix" else socket.AF_INET
        self.listener = socket.socket(self.family)
        self.listener.bind(str(folder / name) if family == "unix" else ("127.0.0.1", 0))
        self.listener.listen(backlog)
        self.listener.setblocking(False)
        self.name = self.listener.getsockname()

    def connect(self) -> socket.socket:
        """A connected socket; the server may accept it later."""
        client = socket.socket(self.family)
        client.connect(self.name)
        client.setblocking(False)
        if self.family == socket.AF_INET:
            # One small piece is one segment, at once.
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client


class Watch:
    """Which clients have something to read."""

    def __init__(self, clients: Iterable[Client]) -> None:
        self._clients = {client.socket.fileno(): client for client in clients}
        self._poll = select.poll()
        for number in self._clients:
            self._poll.register(number, select.POLLIN)

    def read(self) -> bool:
        """Reads all that has come; whether anything had."""
        anything = False
        while ready := self._poll.poll(0):
            anything = True
            for number, _ in ready:
                client = self._clients[number]
                client.read()
                if client.is_closed:
                    self._poll.unregister(number)
        return anything
