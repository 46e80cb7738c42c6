"""One request, byte for byte as it is sent, and the answer to it.

The bytes that are checked here are the very ones that the load generator sends.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage, HTTPResponse

from tests.benchmarks.process import ServerFailed, ServerProcess

Address = tuple[str, int]

_PATIENCE = 10.0
_START_DEADLINE = 60.0
_START_PACE = 0.02


@dataclass(frozen=True)
class Request:
    """A request but for its Host and Content-Length, which `encode` adds."""

    target: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def encode(self, address: Address) -> bytes:
        """The bytes; a GET without headers is as short as HTTP/1.1 allows."""
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: {}:{}".format(*address)]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


@dataclass(frozen=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: HTTPMessage
    body: bytes


class NoAnswer(Exception):
    """Refused, broken off, not HTTP, or too late; the message says which."""


def ask(address: Address, request: bytes, patience: float = _PATIENCE) -> Answer:
    """Send it on a connection of its own. NoAnswer if no answer comes, or not all of it."""
    try:
        with socket.create_connection(address, patience) as sock:
            return ask_on(sock, request)
    except OSError as error:
        raise NoAnswer(error.strerror or str(error)) from None


def ask_on(sock: socket.socket, request: bytes) -> Answer:
    """The same on a connection that is open, and stays so."""
    try:
        sock.sendall(request)
        with HTTPResponse(sock) as response:
            response.begin()
            return Answer(response.status, response.headers, response.read())
    except (OSError, HTTPException) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}") from None


def wait_until_serving(address: Address, server: ServerProcess) -> None:
    """Return with its first answer to ``GET /``; ServerFailed if there is none, or it ended."""
    request = Request("/").encode(address)
    deadline = time.monotonic() + _START_DEADLINE
    while time.monotonic() < deadline:
        try:
            ask(address, request)
        except NoAnswer:
            server.check()
            time.sleep(_START_PACE)
        else:
            return
    raise ServerFailed(f"did not serve within {_START_DEADLINE:g} s: {server.last_words()}")
