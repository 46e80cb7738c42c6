"""TLS for the client of a coroutine."""

from __future__ import annotations

import asyncio
import socket
import ssl


class Tls:
    """TLS over a socket that does not block: loops take no `ssl.SSLSocket`."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._sock = sock
        self._received, self._unsent = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._received, self._unsent)

    async def shake_hands(self) -> None:
        while True:
            try:
                self._object.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._exchange()
        await self._flush()

    async def send(self, data: bytes) -> None:
        while data:
            data = data[self._object.write(data) :]
        await self._flush()

    async def receive(self) -> bytes:
        """Wait for bytes; none are the server's goodbye. An end without one is an SSLError."""
        while True:
            try:
                return self._object.read(65536)
            except ssl.SSLWantReadError:
                await self._exchange()
            except ssl.SSLZeroReturnError:
                return b""

    async def _exchange(self) -> None:
        await self._flush()
        if data := await asyncio.get_running_loop().sock_recv(self._sock, 65536):
            self._received.write(data)
        else:
            self._received.write_eof()

    async def _flush(self) -> None:
        if data := self._unsent.read():
            await asyncio.get_running_loop().sock_sendall(self._sock, data)
