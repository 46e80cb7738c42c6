"""Connections that are open while the code changes: none is reset, none waits in vain."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tornado.websocket import WebSocketClientConnection, websocket_connect

if TYPE_CHECKING:
    from tests.integration.serve import Serve
    from tests.integration.server import Server

APP = """\
import asyncio
import os
from pathlib import Path

from tornado.web import Application, RequestHandler, stream_request_body
from tornado.websocket import WebSocketHandler

HERE = Path(__file__).parent
VERSION = 1


async def released():
    (HERE / "entered").touch()
    while not (HERE / "release").exists():
        await asyncio.sleep(0.01)


class Main(RequestHandler):
    def get(self):
        self.write(f"{VERSION} is the version")


class Pid(RequestHandler):
    def get(self):
        self.write(str(os.getpid()))


class Poll(RequestHandler):
    async def get(self):
        await released()
        self.write(f"{VERSION} " + "x" * 100_000)


class Stream(RequestHandler):
    async def get(self):
        self.write(f"{VERSION} begins,")
        await self.flush()
        await released()
        self.write(" goes on,")
        await self.flush()
        self.write(" ends")


@stream_request_body
class Upload(RequestHandler):
    def prepare(self):
        self.size = 0
        (HERE / "entered").touch()

    def data_received(self, chunk):
        self.size += len(chunk)

    def put(self):
        self.write(f"{VERSION} took {self.size}")


class Echo(WebSocketHandler):
    def on_message(self, message):
        self.write_message(f"{VERSION} {message}")

    def on_close(self):
        with (HERE / "closed").open("a") as file:
            file.write(f"{self.close_code}\\n")


def make_app():
    return Application(
        [("/", Main), ("/pid", Pid), ("/poll", Poll), ("/stream", Stream)]
        + [("/upload", Upload), ("/echo", Echo)]
    )


async def main():
    make_app().listen(0, address="127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
"""
TARGETS = {"application": "app.py:make_app", "program": "app.py"}


def change(server: Server) -> None:
    """Save version 2 and wait until it serves."""
    server.edit("app.py", "VERSION = 1", "VERSION = 2")
    server.wait_for_reload()


@pytest.mark.thorough
@pytest.mark.parametrize("kind", TARGETS)
def test_an_idle_connection_goes_on_with_the_new_code(serve: Serve, kind: str) -> None:
    server = serve({"app.py": APP}, TARGETS[kind])
    with server.connect() as client:
        assert client.request().text.startswith("1 is")
        change(server)
        assert client.request().text.startswith("2 is")
        assert client.request().text.startswith("2 is")


def test_a_connection_that_has_asked_nothing_yet(serve: Serve) -> None:
    server = serve({"app.py": APP}, "app.py:make_app", "--workers", "2")
    clients = [server.connect() for _ in range(6)]
    try:
        change(server)
        assert {client.request().text for client in clients} == {"2 is the version"}
    finally:
        for client in clients:
            client.close()


@pytest.mark.parametrize("sent", [b"G", b"GET / HTTP/1.1\r\nHost: loc", b"GET / HTTP/1.1\r\n"])
def test_half_a_request_is_answered_by_the_new_code(serve: Serve, sent: bytes) -> None:
    whole = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    server = serve({"app.py": APP}, "app.py:make_app")
    with server.connect() as client:
        client.request()
        client.send(sent)
        change(server)
        client.send(whole[len(sent) :])
        assert client.read_response().text.startswith("2 is")
        assert client.request().text.startswith("2 is")


@pytest.mark.thorough
def test_a_request_that_arrives_together_with_the_end_is_answered(serve: Serve) -> None:
    """The old worker reads the request in the very turn of its loop in which it is told to go."""
    server = serve({"app.py": APP}, "app.py:make_app")
    (old,) = server.answering_pids(1)
    with server.connect() as client:
        assert client.request("/pid").text == str(old)
        os.kill(old, signal.SIGSTOP)
        try:
            change(server)
            client.send_request()
        finally:
            os.kill(old, signal.SIGCONT)
        client.sock.settimeout(5)
        assert client.read_response().status == 200
        assert client.request().text.startswith("2 is")


def test_pipelined_requests_are_all_answered(serve: Serve, wait_for: Callable[..., Any]) -> None:
    server = serve({"app.py": APP}, "app.py:make_app")
    request = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with server.connect() as client:
        client.send(b"".join(request % path for path in (b"/poll", b"/", b"/pid")))
        wait_for((server.folder / "entered").exists, "the first is being answered")
        change(server)
        (server.folder / "release").touch()
        _, version, pid = [client.read_response() for _ in range(3)]
        assert "is the version" in version.text
        assert pid.text.isdigit()


@pytest.mark.thorough
@pytest.mark.parametrize("kind", TARGETS)
def test_a_long_poll_is_answered_after_the_reload(
    serve: Serve, wait_for: Callable[..., Any], kind: str
) -> None:
    server = serve({"app.py": APP}, TARGETS[kind])
    with server.connect() as client:
        client.send_request("/poll")
        wait_for((server.folder / "entered").exists, "the handler runs")
        change(server)
        assert server.get().text.startswith("2 is")
        (server.folder / "release").touch()
        response = client.read_response()
        assert response.text == "1 " + "x" * 100_000


@pytest.mark.thorough
def test_a_streamed_response_ends_whole(serve: Serve, wait_for: Callable[..., Any]) -> None:
    server = serve({"app.py": APP}, "app.py:make_app")
    with server.connect() as client:
        client.send_request("/stream")
        assert client.read_through(b"begins,\r\n").startswith(b"HTTP/1.1 200 OK")
        change(server)
        (server.folder / "release").touch()
        assert client.read_through(b"\r\n0\r\n\r\n") == b"9\r\n goes on,\r\n5\r\n ends\r\n0\r\n\r\n"


@pytest.mark.thorough
def test_an_upload_under_way_is_finished(serve: Serve, wait_for: Callable[..., Any]) -> None:
    server = serve({"app.py": APP}, "app.py:make_app")
    with server.connect() as client:
        client.send(b"PUT /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345")
        wait_for((server.folder / "entered").exists, "the handler runs")
        change(server)
        client.send(b"67890")
        assert client.read_response().text == "1 took 10"


@pytest.mark.thorough
def test_a_slow_request_survives_two_reloads(serve: Serve, wait_for: Callable[..., Any]) -> None:
    server = serve({"app.py": APP}, "app.py:make_app", "--workers", "2")
    with server.connect() as client:
        client.send_request("/poll")
        wait_for((server.folder / "entered").exists, "the handler runs")
        change(server)
        server.edit("app.py", "VERSION = 2", "VERSION = 3")
        server.wait_for_reload(2)
        (server.folder / "release").touch()
        assert client.read_response().text.startswith("1 ")
        assert client.request("/").text.startswith("3 is")


# ---- WebSockets ----


async def _end_of_websocket(server: Server, end: Callable[[], Any]) -> tuple[str, int | None]:
    """Open a WebSocket, let it end; its answer and the code that closed it."""
    url = server.url.replace("http://", "ws://") + "/echo"
    async with asyncio.timeout(20):
        connection: WebSocketClientConnection = await websocket_connect(url)
        try:
            await connection.write_message("hello")
            answer = await connection.read_message()
            await asyncio.get_running_loop().run_in_executor(None, end)
            assert await connection.read_message() is None
            return str(answer), connection.close_code
        finally:
            connection.close()


@pytest.mark.parametrize("kind", TARGETS)
def test_a_websocket_is_told_of_a_reload(
    serve: Serve, wait_for: Callable[..., Any], kind: str
) -> None:
    server = serve({"app.py": APP}, TARGETS[kind])
    answer, code = asyncio.run(_end_of_websocket(server, lambda: change(server)))
    assert (answer, code) == ("1 hello", 1012)
    closed = server.folder / "closed"
    wait_for(lambda: closed.exists() and closed.read_text() == "1012\n", "on_close ran")
    answer, code = asyncio.run(_end_of_websocket(server, lambda: server.signal(signal.SIGTERM)))
    assert (answer, code) == ("2 hello", 1001)
    assert server.wait_until_ended() == 0


@pytest.mark.thorough
def test_a_websocket_client_that_does_not_answer_ends_with_the_drain(serve: Serve) -> None:
    server = serve({"app.py": APP}, "app.py:make_app", "--drain-timeout", "0.3")
    with server.connect() as client:
        client.send(
            b"GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert client.read_through(b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
        server.signal(signal.SIGTERM)
        frame = client.read(4)
        assert frame == b"\x88\x02" + (1001).to_bytes(2, "big")
        assert server.wait_until_ended() == 0
        assert client.rest() == b""
