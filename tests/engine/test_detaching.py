"""A stream that a callback has detached and drops: it stays open, or not, as Tornado's own does."""

from __future__ import annotations

import asyncio
import socket
import weakref

import pytest
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.iostream import IOStream

from tornkit.engine.server import HTTPServer as EngineServer


async def became(server_class: type[HTTPServer], body: int, *, ends: bool) -> str:
    """What a client sees that sends this request, and perhaps no more."""
    dropped: list[weakref.ref[IOStream]] = []

    def detach(request: HTTPServerRequest) -> None:
        dropped.append(weakref.ref(request.connection.detach()))  # type: ignore[union-attr]

    server = server_class(detach)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.setblocking(False)
        server.add_socket(sock)
        reader, writer = await asyncio.open_connection(*sock.getsockname())
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % body)
        writer.write(b"x" * body)
        for _ in range(50):
            await asyncio.sleep(0.001)
        if ends:
            writer.write_eof()
        try:
            async with asyncio.timeout(0.1):
                await reader.read(1)
        except TimeoutError:
            return "open"
        finally:
            writer.close()
            server.stop()
            for stream in filter(None, (each() for each in dropped)):
                stream.close()
        return "closed"


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("body", [0, 10, 3000])
def test_it_is_as_with_tornado(body: int, ends: bool) -> None:
    tornados = asyncio.run(became(HTTPServer, body, ends=ends))
    assert asyncio.run(became(EngineServer, body, ends=ends)) == tornados
    assert tornados == ("closed" if ends and not body else "open")
