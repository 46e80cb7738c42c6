"""A client for coroutines: of a server in the same loop, or one of many at once.

It stands on a bare socket, since what it does not read has to stay unread: `asyncio.StreamReader`
reads ahead.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct

from tests.clients.messages import Incoming, Reading, Response, T, request_bytes
from tests.clients.tls import Tls


class Client:
    """One connection. Sends without a turn of the loop if the socket takes all at once."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.incoming = Incoming()
        self._tls: Tls | None = None

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def end(self) -> None:
        """End the client's side: no more will come."""
        self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.sock.close()

    def reset(self) -> None:
        """Close with a reset, as a client that crashed."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Shake hands; from here on by TLS."""
        tls = Tls(self.sock, context)
        await tls.shake_hands()
        self._tls = tls

    # ---- what it says ----

    async def send(self, data: bytes) -> None:
        if self._tls is not None:
            await self._tls.send(data)
        else:
            await asyncio.get_running_loop().sock_sendall(self.sock, data)

    async def send_request(
        self, path: str = "/", *lines: str, method: str = "GET", body: bytes = b""
    ) -> None:
        await self.send(request_bytes(path, *lines, method=method, body=body))

    async def request(
        self, path: str = "/", *lines: str, method: str = "GET", body: bytes = b""
    ) -> Response:
        """Send a request with these further lines in its head, and read its response."""
        await self.send_request(path, *lines, method=method, body=body)
        return await self.read_response(method)

    # ---- what it hears ----

    async def read_response(self, method: str = "GET") -> Response:
        return await self._finish(self.incoming.response(method))

    async def read(self, size: int) -> bytes:
        return await self._finish(self.incoming.read(size))

    async def read_through(self, end: bytes) -> bytes:
        return await self._finish(self.incoming.read_through(end))

    async def rest(self) -> bytes:
        """Read until the connection ends. A reset raises."""
        return await self._finish(self.incoming.rest())

    async def _finish(self, reading: Reading[T]) -> T:
        try:
            next(reading)
            while True:
                reading.send(await self._receive())
        except StopIteration as done:
            taken: T = done.value
            return taken

    async def _receive(self) -> bool:
        if self._tls is not None:
            data = await self._tls.receive()
        else:
            data = await asyncio.get_running_loop().sock_recv(self.sock, 65536)
        self.incoming.unread += data
        return bool(data)


async def connect(address: tuple[str, int]) -> Client:
    """Open a connection by IPv4. The server may accept it later."""
    client = Client(socket.socket())
    try:
        await asyncio.get_running_loop().sock_connect(client.sock, address)
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        client.close()
        raise
    return client
