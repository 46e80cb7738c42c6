"""WebSockets that are open, or about to be, while the code changes or the server ends."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tornkit.serve.worker.close_schedule import WEBSOCKET_SPREAD

if TYPE_CHECKING:
    from tests.integration.serve import Serve
    from tests.integration.server import Server

APP = """\
import asyncio
from pathlib import Path

from tornado.web import Application, RequestHandler
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketHandler

HERE = Path(__file__).parent
VERSION = 1


class Main(RequestHandler):
    def get(self):
        self.write(f"{VERSION} is the version")


class Echo(WebSocketHandler):
    def on_message(self, message):
        self.write_message(f"{VERSION} {message}")


class Late(Echo):
    async def prepare(self):
        (HERE / "entered").touch()
        while not (HERE / "release").exists():
            await asyncio.sleep(0.01)

    def open(self):
        self.write_message(f"{VERSION} opens")


def make_app():
    return Application([("/", Main), ("/echo", Echo), ("/late", Late)])
"""
MANY = 300
HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def change(server: Server) -> None:
    """Save version 2 and wait until it serves."""
    server.edit("app.py", "VERSION = 1", "VERSION = 2")
    server.wait_for_reload()


def stop(server: Server) -> None:
    server.signal(signal.SIGTERM)


# What ends them, and the code that says so.
ENDS = {"reload": (change, 1012), "stop": (stop, 1001)}


async def open_websocket(server: Server, path: str) -> WebSocketClientConnection:
    url = server.url.replace("http", "ws", 1) + path
    return await websocket_connect(HTTPRequest(url, validate_cert=False))


@contextlib.asynccontextmanager
async def websockets(server: Server, count: int) -> AsyncIterator[list[WebSocketClientConnection]]:
    """So many, each of which was answered."""
    connections = []
    try:
        async with asyncio.timeout(40):
            for _ in range(count):
                connection = await open_websocket(server, "/echo")
                connections.append(connection)
                await connection.write_message("hello")
                assert await connection.read_message() == "1 hello"
            yield connections
    finally:
        for connection in connections:
            connection.close()


async def end_of(connection: WebSocketClientConnection) -> tuple[float, int | None]:
    """When it was closed, and with what code; it is answered by the old code until then."""
    message = await connection.read_message()
    while message is not None:
        assert str(message).startswith("1 ")
        message = await connection.read_message()
    return time.monotonic(), connection.close_code


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.thorough
def test_many_are_closed_one_after_another(serve: Serve, end: str) -> None:
    server = serve({"app.py": APP}, "app.py:make_app")
    ending, code = ENDS[end]
    span = WEBSOCKET_SPREAD.span(MANY, 10.0)

    async def run() -> list[tuple[float, int | None]]:
        async with websockets(server, MANY) as connections:
            ended = asyncio.gather(*map(end_of, connections))
            await asyncio.to_thread(ending, server)
            return await ended

    ends = asyncio.run(run())
    assert Counter(code for _, code in ends) == {code: MANY}
    moments = sorted(moment for moment, _ in ends)
    # It may have been late with the first, or this test with all of them.
    assert moments[-1] - moments[0] > span / 3
    instants = Counter(int((moment - moments[0]) / span * 20) for moment in moments)
    assert len(instants) > 5
    assert max(instants.values()) < MANY / 2
    if end == "stop":
        assert server.wait_until_ended() == 0
    else:
        assert server.get().text.startswith("2 is")


@pytest.mark.thorough
def test_a_few_are_closed_together(serve: Serve) -> None:
    """A developer's page is not to wait for its reload."""
    server = serve({"app.py": APP}, "app.py:make_app")

    async def run() -> list[tuple[float, int | None]]:
        async with websockets(server, 3) as connections:
            ended = asyncio.gather(*map(end_of, connections))
            await asyncio.to_thread(change, server)
            assert server.get().text.startswith("2 is")
            return await ended

    assert [code for _, code in asyncio.run(run())] == [1012] * 3


@pytest.mark.thorough
def test_a_second_signal_waits_for_none(serve: Serve) -> None:
    server = serve({"app.py": APP}, "app.py:make_app", "--drain-timeout", "50")
    with contextlib.ExitStack() as stack:
        for _ in range(WEBSOCKET_SPREAD.at_once * 2):
            client = stack.enter_context(server.connect())
            client.send(HANDSHAKE)
            assert client.read_through(b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
        # None of them answers the server's goodbye, so the first signal alone would take long.
        server.signal(signal.SIGTERM)
        server.wait_for_log("finishing what is under way")
        server.signal(signal.SIGTERM)
        assert server.wait_until_ended(5.0) == 128 + signal.SIGTERM


@pytest.mark.thorough
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("end", ENDS)
def test_one_that_opens_meanwhile_is_closed_at_once(
    serve: Serve,
    wait_for: Callable[..., Any],
    certificate: tuple[Any, Any],
    end: str,
    secure: bool,
) -> None:
    """Its handshake waits in prepare() when the old code goes; it ends long before the deadline."""
    options = ["--certfile", certificate[0], "--keyfile", certificate[1]] if secure else []
    server = serve({"app.py": APP}, "app.py:make_app", "--drain-timeout", "60", *options)
    ending, code = ENDS[end]

    def let_open() -> None:
        wait_for((server.folder / "entered").exists, "the handler runs")
        ending(server)
        server.wait_for_log("finishing what is under way" if end == "stop" else "reloaded in")
        (server.folder / "release").touch()

    async def run() -> tuple[str, int | None]:
        async with asyncio.timeout(20):
            letting = asyncio.ensure_future(asyncio.to_thread(let_open))
            connection = await open_websocket(server, "/late")
            try:
                greeting = await connection.read_message()
                _, ended = await end_of(connection)
                await letting
                return str(greeting), ended
            finally:
                connection.close()

    assert asyncio.run(run()) == ("1 opens", code)
    if end == "stop":
        assert server.wait_until_ended() == 0
