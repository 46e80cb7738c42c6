"""What the system takes: one ``send`` of a ready-made frame for each client, and nothing else.

``floor_app.py PORT``. No server that could be used: it reads just what the benchmark writes.
"""

import base64
import hashlib
import re
import select
import socket
import sys

from texts import text

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = re.compile(rb"Sec-WebSocket-Key: (\S+)")
_PUBLISH = re.compile(rb"GET /publish/(\d+)/(\d+) ")


def answer(request: bytes, room: list[socket.socket], sock: socket.socket) -> None:
    """Do what one request asks for."""
    if key := _KEY.search(request):
        accept = base64.b64encode(hashlib.sha1(key[1] + _GUID).digest())
        sock.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        room.append(sock)
        return
    if asked := _PUBLISH.search(request):
        for number in range(int(asked[2])):
            data = text(int(asked[1]) + number).encode()
            frame = bytes((0x81, len(data))) + data
            for each in room:
                each.send(frame)
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def main(port: int) -> None:
    listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    room: list[socket.socket] = []
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    socks: dict[int, socket.socket] = {}
    while True:
        for number, _ in poll.poll():
            if number == listener.fileno():
                sock, _ = listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                socks[sock.fileno()] = sock
                poll.register(sock, select.EPOLLIN)
                continue
            sock = socks[number]
            request = sock.recv(65536)
            if request:
                answer(request, room, sock)
            else:
                poll.unregister(sock)
                room[:] = [each for each in room if each is not sock]
                socks.pop(number).close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
