from __future__ import annotations

import gc
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from tornado.httpserver import HTTPServer
from tornado.web import RequestHandler

from tests.testing.applications import make_app
from tornkit.engine import speedups
from tornkit.engine.server import HTTPServer as EngineServer
from tornkit.testing.loop_thread import LoopThread
from tornkit.testing.recording import Record, SeenRequest
from tornkit.testing.server import ThreadServer
from tornkit.testing.settings import ServingSettings

own_finish = RequestHandler.finish


def asked(server: ThreadServer, *lines: str, then: bytes = b"") -> bytes:
    """Answer to a request with these lines in its head, by nothing but a socket."""
    head = "\r\n".join([*lines, f"Host: {server.host}", "Connection: close", "", ""])
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        sock.sendall(head.encode() + then)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return answer


@pytest.fixture
def settings() -> ServingSettings:
    return ServingSettings()


@pytest.fixture
def server(loop: LoopThread, settings: ServingSettings) -> Iterator[ThreadServer]:
    server = ThreadServer(loop, loop.run(make_app), settings)
    yield server
    server.close()


class TestEngine:
    def test_is_tornkits_with_speedups(self, server: ThreadServer) -> None:
        assert isinstance(server._server, EngineServer)
        assert RequestHandler.finish is not own_finish
        assert b'"engine": "tornkit.engine.exchange"' in asked(server, "GET /mirror HTTP/1.1")

    def test_is_tornados_where_the_project_says_so(self, loop: LoopThread) -> None:
        speedups.uninstall()
        server = ThreadServer(loop, loop.run(make_app), ServingSettings("tornado"))
        assert type(server._server) is HTTPServer
        assert RequestHandler.finish is own_finish
        assert b'"engine": "tornado.http1connection"' in asked(server, "GET /mirror HTTP/1.1")
        server.close()

    def test_is_without_speedups_where_the_project_says_so(self, loop: LoopThread) -> None:
        speedups.uninstall()
        server = ThreadServer(loop, loop.run(make_app), ServingSettings(speedups=False))
        assert isinstance(server._server, EngineServer)
        assert RequestHandler.finish is own_finish
        server.close()


class TestSettings:
    @pytest.mark.parametrize(
        ("settings", "seen"),
        [
            (ServingSettings(), b"127.0.0.1"),
            (ServingSettings(arguments={"xheaders": True}), b"203.0.113.7"),
        ],
    )
    def test_headers_of_a_proxy_count_where_they_would(
        self, loop: LoopThread, settings: ServingSettings, seen: bytes
    ) -> None:
        class Address(RequestHandler):
            def get(self) -> None:
                self.write(self.request.remote_ip or "")

        application = loop.run(make_app)
        application.add_handlers(".*", [("/address", Address)])
        server = ThreadServer(loop, application, settings)
        assert asked(server, "GET /address HTTP/1.1", "X-Real-Ip: 203.0.113.7").endswith(seen)
        server.close()

    @pytest.mark.parametrize("settings", [ServingSettings(arguments={"max_body_size": 3})])
    def test_bodies_have_the_size_that_they_may_have(self, server: ThreadServer) -> None:
        answer = asked(server, "POST / HTTP/1.1", "Content-Length: 4", then=b"1234")
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 413"))


def test_requests_are_recorded(loop: LoopThread) -> None:
    record: Record = set()
    server = ThreadServer(loop, loop.run(make_app), ServingSettings(), record)
    for _ in range(2):
        assert asked(server, "GET /?a=b HTTP/1.1").endswith(b"hello stranger")
    post = asked(server, "PUT /upload HTTP/1.1", "Content-Length: 3", then=b"123")
    assert post.startswith(b"HTTP/1.1 403")  # no token
    server.close()
    assert record == {
        SeenRequest("GET", server.host, "/?a=b"),
        SeenRequest("PUT", server.host, "/upload"),
    }


@pytest.mark.parametrize("settings", [ServingSettings(), ServingSettings("tornado")], ids=str)
def test_nothing_is_left(settings: ServingSettings) -> None:
    """Not of connections that are open, half asked or answered, nor of WebSockets."""

    def once() -> None:
        loop = LoopThread()
        server = ThreadServer(loop, loop.run(make_app), settings)
        address = ("127.0.0.1", server.port)
        upgrade = (
            f"GET /chat HTTP/1.1\r\nHost: {server.host}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        socks = [socket.create_connection(address, timeout=10) for _ in range(4)]
        socks[1].sendall(b"GET / HT")
        socks[2].sendall(f"GET /ticks HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode())
        socks[3].sendall(upgrade.encode())
        for sock in socks[2:]:
            assert sock.recv(65536)
        server.close()
        loop.close()
        for sock in socks:
            sock.close()

    once()  # what is made once for the process
    gc.collect()
    descriptors = [*Path("/dev/fd").iterdir()]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        once()
        gc.collect()
    assert len([*Path("/dev/fd").iterdir()]) == len(descriptors)


def test_two_may_run_at_once(loop: LoopThread, server: ThreadServer) -> None:
    other = ThreadServer(loop, loop.run(make_app), ServingSettings())
    assert other.port != server.port
    for each in (server, other):
        assert asked(each, "GET / HTTP/1.1").endswith(b"hello stranger")
    other.close()
