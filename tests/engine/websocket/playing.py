"""One WebSocket between a client whose bytes are made by hand and a handler that notes its calls.

`play` serves it by Tornado's protocol or by the engine's, and gives all that anybody could see:
the bytes that the client got, what the handler was told, what was logged. ``PROTOCOLS`` makes two
tests of one; what both should do alike is found by comparing two `Seen`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.web import Application
from tornado.websocket import WebSocketHandler

from tests.engine.serving import PATIENCE
from tornkit.engine.fidelity import variants
from tornkit.engine.websocket import install, uninstall
from tornkit.engine.websocket.protocol import EngineProtocol

PROTOCOLS = pytest.mark.parametrize("engine", [False, True], ids=["tornado", "engine"])

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
LOGGERS = ("tornado.general", "tornado.application", "asyncio", "tornkit")
_MASK = b"\x12\x34\xab\xcd"


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    final: bool = True,
    reserved: int = 0,
    mask: bytes | None = _MASK,
) -> bytes:
    """One frame (RFC 6455, section 5.2); ``reserved``: 4 is RSV1."""
    first = (0x80 if final else 0) | reserved << 4 | opcode
    masked, size = 0x80 if mask else 0, len(payload)
    if size < 126:
        head = struct.pack("!BB", first, masked | size)
    elif size <= 0xFFFF:
        head = struct.pack("!BBH", first, masked | 126, size)
    else:
        head = struct.pack("!BBQ", first, masked | 127, size)
    if not mask:
        return head + payload
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def closing(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason)


class Noting(WebSocketHandler):
    """Echoes, and does what a message tells it to."""

    calls: list[tuple[Any, ...]]

    def initialize(self) -> None:
        self.calls = self.settings["calls"]
        self.settings["made"].append(self)

    def get_compression_options(self) -> dict[str, Any] | None:
        options: dict[str, Any] | None = self.settings.get("compression")
        return options

    def open(self, *args: str, **kwargs: str) -> Awaitable[None] | None:
        self.calls.append(("open",))
        return None

    def note(self, message: str | bytes) -> None:
        self.calls.append(("message", message))
        word = message[:4]
        if word in ("fail", b"fail"):
            raise ValueError("as told")
        if word in ("bye!", b"bye!"):
            self.close(4001, "as told")

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        self.note(message)
        self.write_message(message, isinstance(message, bytes))
        return None

    def on_ping(self, data: bytes) -> None:
        self.calls.append(("ping", data))

    def on_pong(self, data: bytes) -> None:
        self.calls.append(("pong", data))

    def on_close(self) -> None:
        self.calls.append(("close", self.close_code, self.close_reason))


class Waiting(Noting):
    """A coroutine for each message."""

    async def on_message(self, message: str | bytes) -> None:
        self.calls.append(("begins", message))
        await asyncio.sleep(0)
        self.note(message)
        await self.write_message(message, isinstance(message, bytes))
        self.calls.append(("ends", message))


@dataclass
class Seen:
    """All that one WebSocket was to anybody."""

    received: bytes = b""
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    logged: list[tuple[str, str, str, str]] = field(default_factory=list)
    statistics: tuple[int, ...] = ()
    wrong: str = ""  # that the other protocol served it


_OF_THIS_TIME = re.compile("0x[0-9a-f]+|Task-[0-9]+")


class _Records(logging.Handler):
    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self._seen = seen

    def emit(self, record: logging.LogRecord) -> None:
        why = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        said = record.getMessage().partition("(127.0.0.1)")[0].partition(" (0.0.0.0)")[0]
        said = _OF_THIS_TIME.sub("", said)
        self._seen.logged.append((record.name, record.levelname, said, why))


@contextlib.contextmanager
def noted(seen: Seen) -> Iterator[None]:
    """Have what is logged noted, at every level."""
    records = _Records(seen)
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger, logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(records)
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
    try:
        yield
    finally:
        for logger, level, propagate in before:
            logger.removeHandler(records)
            logger.setLevel(level)
            logger.propagate = propagate


@contextlib.contextmanager
def served_by(engine: bool) -> Iterator[None]:
    """Have handshakes made by the engine's protocol, or by Tornado's."""
    if not engine:
        uninstall()
    else:
        assert install()
    try:
        yield
    finally:
        uninstall()


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.0005)


async def ended(condition: Callable[[], object]) -> None:
    """Wait for an end; not for long with a Tornado that lets some failures go without one."""
    if variants.CALLBACKS_GUARDED:
        await until(condition)
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.2):
            await until(condition)


class Socket:
    """The client's end, after the handshake."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received = b""
        self.head = b""
        self.ended = False

    def send(self, data: bytes) -> None:
        """As much as the server's end takes; nothing where it is closed."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.sock.sendall(data)

    def end(self) -> None:
        """Say that no more will come."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def look(self) -> bool:
        """Take what has come; whether the end has."""
        while not self.ended:
            try:
                data = self.sock.recv(1 << 20)
            except BlockingIOError:
                break
            except ConnectionResetError:
                data = b""
            self.received += data
            self.ended = not data
        return self.ended

    def has(self, size: int) -> bool:
        self.look()
        return len(self.received) >= size

    async def handshake(self, *headers: str, behind: bytes = b"") -> None:
        lines = [
            "GET / HTTP/1.1",
            "Host: x",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            *headers,
        ]
        self.send("\r\n".join([*lines, "", ""]).encode() + behind)
        await until(lambda: self.look() or b"\r\n\r\n" in self.received)
        self.head, _, self.received = self.received.partition(b"\r\n\r\n")


@contextlib.asynccontextmanager
async def opened(
    engine: bool,
    handler: type[Noting] = Noting,
    *headers: str,
    tcp: bool = False,
    expect: bytes = b" 101 ",
    behind: bytes = b"",
    server_options: dict[str, Any] | None = None,
    **settings: Any,
) -> AsyncIterator[tuple[Socket, Any, Seen]]:
    """A WebSocket of ``handler``: its client's end, the handler, what there is to see so far.

    Over a Unix socket: closing one with bytes unread does not take away what was sent before, so
    that an abort looks the same each time.
    """
    seen, handlers = Seen(), list[Noting]()
    application = Application([("/", handler)], calls=seen.calls, made=handlers, **settings)
    application.settings["log_function"] = lambda _: None
    server = HTTPServer(application, **(server_options or {}))
    ours, theirs = _tcp_pair() if tcp else socket.socketpair()
    client = Socket(ours)
    ours.setblocking(False)
    theirs.setblocking(False)
    with contextlib.closing(ours), served_by(engine), noted(seen):
        server._handle_connection(theirs, ("127.0.0.1", 1) if tcp else "")
        await client.handshake(*headers, behind=behind)
        assert expect in client.head, client.head
        protocol = handlers[0].ws_connection
        wrong = protocol is not None and isinstance(protocol, EngineProtocol) is not engine
        seen.wrong = str(protocol) if wrong else ""
        try:
            yield client, handlers[0], seen
        finally:
            ours.close()
            gate = getattr(handlers[0], "gate", None)
            if gate is not None:
                gate.set()
            stream = getattr(protocol, "stream", None)
            if stream is not None:
                # The client's end is closed: whatever waits for it has been told when this is so.
                stream.close()
                await ended(lambda: any(call[0] == "close" for call in seen.calls))
                await turns(4)
            await server.close_all_connections()


def _tcp_pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    return ours, theirs


async def play(
    engine: bool,
    pieces: Sequence[bytes],
    handler: type[Noting] = Noting,
    *headers: str,
    **settings: Any,
) -> Seen:
    """Send ``pieces`` one by one, each looked at before the next is sent, and then the end."""
    async with opened(engine, handler, *headers, **settings) as (client, served, seen):
        protocol = served.ws_connection
        for piece in pieces:
            client.send(piece)
            await turns(3)
            if client.look():
                break
        await turns(10)
        client.look()
        client.end()
        await ended(client.look)
        await ended(lambda: ("close", served.close_code, served.close_reason) in seen.calls)
        await turns(4)
        seen.received = client.received
        seen.statistics = tuple(
            getattr(protocol, name)
            for name in ("_message_bytes_in", "_message_bytes_out", "_wire_bytes_out")
        )
    return seen


def run(test: Callable[[], Awaitable[Any]], loop: str = "asyncio") -> Any:
    """Run a coroutine on a loop of this kind."""

    async def with_patience() -> Any:
        async with asyncio.timeout(PATIENCE):
            return await test()

    factory = None
    if loop == "uvloop":
        factory = pytest.importorskip("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(with_patience())
