"""A client that blocks, for tests whose server is another process."""

from __future__ import annotations

import socket
import ssl
from urllib.parse import urlsplit

from tests.clients.messages import Incoming, Reading, Response, T, request_bytes

# Seconds; long, for a machine that is busy.
_SILENCE = 20.0


class Client:
    """One connection. Fails on a reset, on an early end, and on silence."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(_SILENCE)
        self.sock = sock
        self.incoming = Incoming()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        self.sock.close()

    # ---- what it says ----

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def send_request(
        self, path: str = "/", *lines: str, method: str = "GET", body: bytes = b""
    ) -> None:
        self.send(request_bytes(path, *lines, method=method, body=body))

    def request(
        self, path: str = "/", *lines: str, method: str = "GET", body: bytes = b""
    ) -> Response:
        """Send a request with these further lines in its head, and read its response."""
        self.send_request(path, *lines, method=method, body=body)
        return self.read_response(method)

    # ---- what it hears ----

    def read_response(self, method: str = "GET") -> Response:
        return self._finish(self.incoming.response(method))

    def read(self, size: int) -> bytes:
        return self._finish(self.incoming.read(size))

    def read_through(self, end: bytes) -> bytes:
        return self._finish(self.incoming.read_through(end))

    def rest(self) -> bytes:
        """Read until the connection ends. A reset raises."""
        return self._finish(self.incoming.rest())

    def _finish(self, reading: Reading[T]) -> T:
        try:
            next(reading)
            while True:
                reading.send(self._receive())
        except StopIteration as done:
            taken: T = done.value
            return taken

    def _receive(self) -> bool:
        data = self.sock.recv(65536)
        self.incoming.unread += data
        return bool(data)


def connect(url: str) -> Client:
    """Open a connection to ``http://…``, ``https://…`` (any certificate) or ``unix:…``."""
    if url.startswith("unix:"):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(url.removeprefix("unix:"))
        return Client(sock)
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    sock = socket.create_connection((parts.hostname, parts.port), _SILENCE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if parts.scheme == "https":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        sock = context.wrap_socket(sock)
    return Client(sock)
