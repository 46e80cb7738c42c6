"""Event streams, long polls and other responses that won't end by themselves, at every end."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.blocking import Client
    from tests.integration.serve import Serve
    from tests.integration.server import Server

# Serves as an application (app.py:make_app) and as a program (app.py).
APP = """\
import asyncio
import os

from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

VERSION = 1


class Main(RequestHandler):
    def get(self):
        self.write(f"{VERSION} is the version")


class Pid(RequestHandler):
    def get(self):
        self.write(str(os.getpid()))


class Events(RequestHandler):
    async def get(self):
        self.set_header("Content-Type", "text/event-stream")
        while True:
            self.write(f"data: {VERSION}\\n\\n")
            await self.flush()
            await asyncio.sleep(0.01)


class Careless(RequestHandler):
    async def get(self):
        self.set_header("Content-Type", "text/event-stream")
        while True:
            try:
                self.write(f"data: {VERSION}\\n\\n")
                await self.flush()
            except Exception:
                pass
            await asyncio.sleep(0.01)


class Chunks(RequestHandler):
    async def get(self):
        while True:
            self.write(f"data: {VERSION}\\n\\n")
            await self.flush()
            await asyncio.sleep(0.01)


class Poll(RequestHandler):
    async def get(self):
        self.news = asyncio.get_running_loop().create_future()
        self.set_header("X-Polls", "yes")
        try:
            await self.news
        except asyncio.CancelledError:
            pass

    def on_connection_close(self):
        self.news.cancel()


class Tunnel(RequestHandler):
    def get(self):
        self.stream = self.detach()
        self.stream.write(b"data: open\\n\\n")
        self.application.settings.setdefault("kept", []).append(self.stream)


class Socket(WebSocketHandler):
    def open(self):
        self.write_message("data: open\\n\\n")


def make_app():
    handlers = (Main, Pid, Events, Careless, Chunks, Poll, Tunnel, Socket)
    rules = [("/" + handler.__name__.lower(), handler) for handler in handlers]
    return Application([("/", Main), *rules])


async def main():
    make_app().listen(0, address="127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
"""
TARGETS = {"application": "app.py:make_app", "program": "app.py"}
HANDSHAKE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


class Stream:
    """A response that is read as it comes, in a thread."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.received = b""
        self.last_at = 0.0  # when something came
        self.ended_at = 0.0
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while piece := self._client.sock.recv(65536):
                self.received += piece
                self.last_at = time.monotonic()
        self.ended_at = time.monotonic()
        self.ended.set()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._client.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._client.close()


@pytest.fixture
def stream(wait_for: Callable[..., Any]) -> Iterator[Callable[..., Stream]]:
    """Opens streams: ``stream(server, "/events")`` has seen the first event."""
    opened = []

    def open_stream(server: Server, path: str, *lines: str) -> Stream:
        client = server.connect()
        client.send_request(path, *lines)
        opened.append(Stream(client))
        if path != "/poll":
            wait_for(lambda: b"data: " in opened[-1].received, "the first event")
        return opened[-1]

    yield open_stream
    for each in opened:
        each.close()


def is_calm(log: str) -> bool:
    return "Traceback" not in log and "Cannot send" not in log


@pytest.mark.parametrize(
    "kind", ["application", pytest.param("program", marks=pytest.mark.thorough)]
)
def test_event_streams_end_with_their_code(
    serve: Serve, stream: Callable[..., Stream], kind: str
) -> None:
    server = serve({"app.py": APP}, TARGETS[kind])
    old = [stream(server, path) for path in ("/events", "/careless")]
    server.edit("app.py", "VERSION = 1", "VERSION = 2")
    answered = server.wait_for_answer("2 is")
    answered_at = time.monotonic()
    assert answered.status == 200
    for each in old:
        assert each.ended.wait(5)
        assert each.last_at < answered_at, "no old event after a new answer"
    new = stream(server, "/events")
    assert b"data: 2" in new.received
    server.signal(signal.SIGINT, group=True)
    pressed = time.monotonic()
    assert new.ended.wait(5)
    assert server.wait_until_ended() == 0
    assert time.monotonic() - pressed < 5, "half of the drain timeout; a tenth of a second, idle"
    assert is_calm(server.log)


ENDS: dict[str, Callable[[Server], None]] = {
    "save": lambda server: server.edit("app.py", "VERSION = 1", "VERSION = 2"),
    "int": lambda server: server.signal(signal.SIGINT, group=True),
    "term": lambda server: server.signal(signal.SIGTERM),
    "hup": lambda server: server.signal(signal.SIGHUP),
}


@pytest.mark.thorough
@pytest.mark.parametrize("end", ["save", "int", "term"])
@pytest.mark.parametrize("path", ["/chunks", "/poll", "/tunnel", "/socket"])
def test_others_have_a_moment_in_development(
    serve: Serve, stream: Callable[..., Stream], path: str, end: str
) -> None:
    """The WebSocket's client does not answer when it is told to close."""
    server = serve({"app.py": APP}, "app.py:make_app", "--drain-timeout", "60")
    lines = HANDSHAKE if path == "/socket" else ()
    open_one = stream(server, path, *lines)
    server.wait_for_answer("1 is")
    ENDS[end](server)
    assert open_one.ended.wait(10)
    if end in ("int", "term"):
        assert server.wait_until_ended() == 0
    else:
        server.wait_for_reload()
    assert is_calm(server.log)


@pytest.mark.thorough
@pytest.mark.parametrize("end", ["term", "hup"])
def test_others_have_the_drain_timeout_without_reload(
    serve: Serve, stream: Callable[..., Stream], wait_for: Callable[..., Any], end: str
) -> None:
    options = ("--no-reload", "--drain-timeout", "3")
    server = serve({"app.py": APP}, "app.py:make_app", *options)
    (pid,) = server.answering_pids(1)
    events = stream(server, "/events")
    others = [stream(server, path) for path in ("/chunks", "/poll", "/tunnel")]
    ENDS[end](server)
    begun = time.monotonic()
    assert events.ended.wait(10)
    for other in others:
        assert other.ended.wait(10)
        assert other.ended_at - begun > 2.0
        assert other.ended_at - events.ended_at > 1.0
    if end == "term":
        assert server.wait_until_ended() == 0
    else:
        wait_for(lambda: pid not in server.pids(), "the old worker has ended")
    assert is_calm(server.log)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "options", [(), ("--engine", "tornado"), ("--reload-order", "stop-first"), ("tls",)]
)
def test_event_stream_by_other_ways(
    serve: Serve, stream: Callable[..., Stream], certificate: tuple[Path, Path], options: tuple[str]
) -> None:
    given: list[Any] = list(options)
    if options == ("tls",):
        given = ["--certfile", certificate[0], "--keyfile", certificate[1]]
    server = serve({"app.py": APP}, "app.py:make_app", "--drain-timeout", "60", *given)
    old = stream(server, "/events")
    server.edit("app.py", "VERSION = 1", "VERSION = 2")
    server.wait_for_reload()  # stop-first closes a connection that has not asked anything yet
    assert server.get().text.startswith("2 is")
    answered_at = time.monotonic()
    assert old.ended.wait(10)
    assert old.last_at < answered_at
    new = stream(server, "/events")
    server.signal(signal.SIGTERM)
    assert new.ended.wait(10)
    assert server.wait_until_ended() == 0
    assert is_calm(server.log)


@pytest.mark.thorough
def test_event_streams_move_when_workers_are_fewer_or_new(
    serve: Serve, stream: Callable[..., Stream]
) -> None:
    """Resized, and recycled: another worker takes them when their clients connect again."""
    server = serve(
        {"app.py": APP}, "app.py:make_app", "--workers", "2", "--no-reload", "--max-requests", "200"
    )
    pids = server.answering_pids(2)
    streams = [stream(server, "/events") for _ in range(8)]
    server.signal(signal.SIGTTOU)
    server.wait_for_log("1 worker from now on")
    deadline = time.monotonic() + 10
    while not any(each.ended.is_set() for each in streams):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    left = [each for each in streams if not each.ended.wait(0.3)]
    assert left, "the other worker's go on"
    while server.get("/pid").text in map(str, pids):
        assert time.monotonic() < deadline + 10
    for each in left:
        assert each.ended.wait(10)
    assert is_calm(server.log)


@pytest.mark.thorough
def test_many_event_streams_are_closed_one_after_another(
    serve: Serve, stream: Callable[..., Stream]
) -> None:
    server = serve({"app.py": APP}, "app.py:make_app", "--no-reload")
    streams = [stream(server, "/events") for _ in range(200)]
    server.signal(signal.SIGTERM)
    for each in streams:
        assert each.ended.wait(10)
    moments = sorted(each.ended_at for each in streams)
    assert moments[-1] - moments[0] > 0.05, "200 are a fifth of a second apart"
    assert server.wait_until_ended() == 0
    assert is_calm(server.log)
