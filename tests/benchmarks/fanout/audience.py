"""The audience of a room: many WebSockets that hear messages, each of them every one, in order.

None of them waits in the system for its message: they are all looked at, with pauses. To wake a
client is work that the sending process is charged with, and that a client on another machine does
not cause.
"""

from __future__ import annotations

import contextlib
import re
import socket
import time
from types import TracebackType

from tests.benchmarks.exchange import Address, NoAnswer, Request, ask_on
from tests.benchmarks.process import ServerFailed
from tests.benchmarks.websocket.load import sent_frame

_PAUSE = 0.01
_PATIENCE = 10.0
_QUIET = 5.0  # seconds without a message, after which those who lack one were not in the room yet
_DEADLINE = 180.0  # seconds for one burst
_NUMBER = re.compile(rb"MESSAGE-(\d{7})")
_HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: http://{host}:{port}\r\n"
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Audience:
    """The clients and the connection that asks for messages, to the end of the ``with``."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._clients: list[socket.socket] = []
        self._asking: socket.socket | None = None
        self._next = 0

    def __enter__(self) -> Audience:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for sock in (*self._clients, *([self._asking] if self._asking else ())):
            with contextlib.suppress(OSError):
                sock.close()

    def arrive(self, members: int, path: str, hello: str = "") -> None:
        """Connect so many, and have a message reach all of them. Raises ServerFailed."""
        host, port = self._address
        request = _HANDSHAKE.format(path=path, host=host, port=port).encode()
        try:
            for _ in range(members):
                sock = socket.create_connection(self._address, _PATIENCE)
                self._clients.append(sock)
                _shake_hands(sock, request, hello)
            self._asking = socket.create_connection(self._address, _DEADLINE)
        except OSError as error:
            raise ServerFailed(f"client {len(self._clients)} of {members}: {error}") from None
        # Those who are not in the room yet miss the first ones.
        deadline = time.monotonic() + _DEADLINE
        while self._ask(1) and self._missing(1, _QUIET):
            if time.monotonic() > deadline:
                raise ServerFailed("no message has reached all clients")

    def hear(self, count: int) -> None:
        """Have so many messages published, and wait until all have them. Raises ServerFailed."""
        self._ask(count)
        if missing := self._missing(count, _DEADLINE, exactly=True):
            raise ServerFailed(f"messages have not reached {missing} clients")

    def _ask(self, count: int) -> bool:
        target = f"/publish/{self._next}/{count}"
        self._next += count
        assert self._asking is not None
        try:
            answer = ask_on(self._asking, Request(target).encode(self._address))
        except NoAnswer as error:
            raise ServerFailed(f"{target}: {error}") from None
        if answer.status != 200:
            raise ServerFailed(f"{target}: status {answer.status}")
        return True

    def _missing(self, count: int, patience: float, *, exactly: bool = False) -> int:
        """How many have not heard the newest messages, once nothing has come for so long.

        ``exactly``: ServerFailed for one that has heard anything else; the first ones may.
        """
        newest = [b"%07d" % each for each in range(self._next - count, self._next)]
        heard = dict.fromkeys(self._clients, b"")
        last = time.monotonic()
        while heard and time.monotonic() - last < patience:
            for sock, before in list(heard.items()):
                data = _read(sock)
                if not data:
                    continue
                last = time.monotonic()
                heard[sock] = before + data
                numbers = _NUMBER.findall(heard[sock])
                if newest[-1] in numbers:
                    if exactly and numbers != newest:
                        raise ServerFailed(f"heard {numbers[:20]!r}, not {newest[:20]!r}")
                    del heard[sock]
            if heard:
                time.sleep(_PAUSE)
        return len(heard)


def _read(sock: socket.socket) -> bytes:
    """What has come; none if nothing has."""
    try:
        data = sock.recv(1 << 16)
    except BlockingIOError:
        return b""
    except OSError as error:
        raise ServerFailed(f"a WebSocket: {error}") from None
    if not data:
        raise ServerFailed("the server has closed a WebSocket")
    return data


def _shake_hands(sock: socket.socket, request: bytes, hello: str) -> None:
    """Have it become a WebSocket. Raises OSError where it does not."""
    sock.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        data = sock.recv(4096)
        answer += data
        if not data or not answer.startswith(b"HTTP/1.1 101 "[: len(answer)]):
            raise ServerFailed(f"no handshake: {answer[:60]!r}")
    if hello:
        sock.sendall(sent_frame(hello.encode()))
    sock.setblocking(False)
