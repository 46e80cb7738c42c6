"""The clients: connects them, keeps their messages in flight, counts the bytes of the echoes.

``python load.py PORT CLIENTS SIZE IN_FLIGHT SECONDS``, one JSON object on standard output. Runs by
itself, with the standard library alone, so that it can be pinned to a core.

It must not be what limits the figures: the frames of a message are made once, one ``send`` takes
all that are due, and an echo is not parsed but measured. 10 microseconds are enough for a message
at the most; ``busy`` in the answer is the share of a core that was used. The first echo of each
client is compared byte by byte.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass, field

_WARM_UP = 1.0  # seconds that do not count
_PATIENCE = 10.0
_MASK = b"\x37\xfa\x21\x3d"
_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def head(size: int, mask: bool) -> bytes:
    """The first bytes of a text message's only frame (RFC 6455, section 5.2)."""
    bit = 0x80 if mask else 0
    if size < 126:
        return struct.pack("!BB", 0x81, bit | size)
    if size <= 0xFFFF:
        return struct.pack("!BBH", 0x81, bit | 126, size)
    return struct.pack("!BBQ", 0x81, bit | 127, size)


def sent_frame(payload: bytes) -> bytes:
    masked = bytes(byte ^ _MASK[place % 4] for place, byte in enumerate(payload))
    return head(len(payload), True) + _MASK + masked


@dataclass(eq=False)
class Client:
    sock: socket.socket
    received: int = 0  # of an echo that is not whole
    unsent: memoryview = field(default_factory=lambda: memoryview(b""))
    waits: bool = False  # for room to send
    since: deque[float] = field(default_factory=deque)  # when each message in flight was sent


def connect(port: int, payload: bytes) -> Client:
    """A client whose first message has come back as it was.

    Raises OSError or ValueError where the server does something else.
    """
    sock = socket.create_connection(("127.0.0.1", port), _PATIENCE)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _greet(sock, payload)
    except BaseException:
        sock.close()
        raise
    sock.setblocking(False)
    return Client(sock)


def _greet(sock: socket.socket, payload: bytes) -> None:
    """The handshake and the first message."""
    sock.sendall(_HANDSHAKE)
    answer = b""
    while b"\r\n\r\n" not in answer:
        data = sock.recv(4096)
        if not data:
            raise ValueError(f"no handshake: {answer!r}")
        answer += data
    if not answer.startswith(b"HTTP/1.1 101 ") or b"permessage-deflate" in answer:
        raise ValueError(f"not the handshake: {answer!r}")
    sock.sendall(sent_frame(payload))
    expected, echo = head(len(payload), False) + payload, answer.partition(b"\r\n\r\n")[2]
    while len(echo) < len(expected):
        data = sock.recv(1 << 20)
        if not data:
            raise ValueError("the server closed the connection")
        echo += data
    if echo != expected:
        raise ValueError(f"not an echo: {echo[:60]!r}")


class Load:
    """All clients of one run."""

    def __init__(self, port: int, clients: int, size: int, in_flight: int) -> None:
        payload = (b"0123456789abcdef" * (size // 16 + 1))[:size]
        self._frames = memoryview(sent_frame(payload) * in_flight)
        self._frame = len(self._frames) // in_flight
        self._echo = len(head(size, False)) + size
        self._in_flight = in_flight
        self._poll = select.epoll()
        self._clients: dict[int, Client] = {}
        for _ in range(clients):
            client = connect(port, payload)
            self._clients[client.sock.fileno()] = client
            self._poll.register(client.sock.fileno(), select.EPOLLIN)
        self.latencies: list[float] = []
        self.messages = 0
        self.all_messages = clients  # the first of each included

    def run(self, seconds: float) -> float:
        """Have echoes come for so long; the seconds that it really took."""
        self.latencies, self.messages = [], 0
        start = time.perf_counter()
        for client in self._clients.values():
            self._send(client, self._in_flight - len(client.since), start)
        until = start + seconds
        now = start
        while now < until:
            for number, events in self._poll.poll(_PATIENCE):
                client = self._clients[number]
                if events & select.EPOLLIN:
                    self._receive(client)
                if client.unsent and events & select.EPOLLOUT:
                    self._write(client)
            now = time.perf_counter()
        return now - start

    @property
    def clients(self) -> list[Client]:
        return list(self._clients.values())

    def close(self) -> None:
        for client in self._clients.values():
            client.sock.close()
        self._poll.close()

    def _receive(self, client: Client) -> None:
        data = len(client.sock.recv(1 << 18))
        if not data:
            raise ValueError("the server closed the connection")
        whole, client.received = divmod(client.received + data, self._echo)
        if whole:
            now = time.perf_counter()
            for _ in range(whole):
                self.latencies.append(now - client.since.popleft())
            self.messages += whole
            self.all_messages += whole
            self._send(client, whole, now)

    def _send(self, client: Client, count: int, now: float) -> None:
        client.since.extend([now] * count)
        frames = self._frames[: count * self._frame]
        if client.unsent:
            client.unsent = memoryview(bytes(client.unsent) + bytes(frames))
            return
        client.unsent = frames
        self._write(client)

    def _write(self, client: Client) -> None:
        try:
            taken = client.sock.send(client.unsent)
        except BlockingIOError:
            taken = 0
        client.unsent = client.unsent[taken:]
        if client.waits != bool(client.unsent):
            client.waits = not client.waits
            out = select.EPOLLOUT if client.waits else 0
            self._poll.modify(client.sock.fileno(), select.EPOLLIN | out)


def main(port: int, clients: int, size: int, in_flight: int, seconds: float) -> None:
    load = Load(port, clients, size, in_flight)
    load.run(_WARM_UP)
    busy = time.process_time()
    taken = load.run(seconds)
    busy = time.process_time() - busy
    ordered = sorted(load.latencies)
    figures = {
        "messages": load.messages,
        "all_messages": load.all_messages,
        "rate": load.messages / taken,
        "p50": ordered[len(ordered) // 2],
        "p99": ordered[int(len(ordered) * 0.99)],
        "busy": busy / taken,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:5]), seconds=float(sys.argv[5]))  # type: ignore[misc]
