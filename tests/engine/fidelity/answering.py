"""Process that answers the same requests by Tornado's server and by the engine, and prints JSON.

``python -m tests.engine.fidelity.answering``, with the Tornado that is to be looked at first on
PYTHONPATH: which parts of the engine are active, and both servers' answers.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
from dataclasses import asdict
from typing import Any

import tornado.httpserver
from tornado.web import Application, RequestHandler, stream_request_body
from tornado.websocket import WebSocketHandler, websocket_connect

from tornkit.engine import speedups
from tornkit.engine.activity import activity
from tornkit.engine.server import HTTPServer

REQUESTS = (
    b"GET /?name=a&name=b HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\n\r\n",
    b'GET /?name=a HTTP/1.1\r\nHost: x\r\nIf-None-Match: "none"\r\n\r\n',
    b"HEAD /json HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /json HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nX-A: 2\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 6\r\n\r\nname=c",
    b"POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody",
    b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    b"GET /no HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /error HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /204 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
)


class Main(RequestHandler):
    """Page of arguments and a cookie."""

    def get(self) -> None:
        self.set_header("X-Cookie", self.get_cookie("a", "none"))
        self.write(", ".join(self.get_arguments("name")))

    post = get


class Json(RequestHandler):
    """Object with what a header said."""

    def get(self) -> None:
        self.write(
            {"</": self.request.headers.get_list("X-A"), "x": self.request.headers.get("X-A")}
        )

    head = get


class Late(RequestHandler):
    """Page that takes its time."""

    async def get(self) -> None:
        await asyncio.sleep(0.001)
        self.set_cookie("c", "d")
        await self.finish(b"late")


class Fails(RequestHandler):
    """Page that raises."""

    def get(self) -> None:
        raise KeyError("of the test")


class Empty(RequestHandler):
    """Response without a body."""

    def get(self) -> None:
        self.set_status(204)


@stream_request_body
class Streaming(RequestHandler):
    """Counts the bytes of a body."""

    size = 0

    def data_received(self, chunk: bytes) -> None:
        self.size += len(chunk)

    def post(self) -> None:
        self.finish(str(self.size))


class Echo(WebSocketHandler):
    """Says the same."""

    def on_message(self, message: str | bytes) -> None:
        self.write_message(message)


def application() -> Application:
    return Application(
        [
            ("/", Main),
            ("/json", Json),
            ("/late", Late),
            ("/error", Fails),
            ("/204", Empty),
            ("/stream", Streaming),
            ("/echo", Echo),
        ]
    )


async def answers(server_class: type[tornado.httpserver.HTTPServer]) -> list[str]:
    server = server_class(application())
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    server.add_sockets([listener])
    host, port = listener.getsockname()
    found = []
    for request in REQUESTS:
        reader, writer = await asyncio.open_connection(host, port)
        # A second one ends the connection, and shows that it went on being used.
        writer.write(request + b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        found.append(re.sub(rb"Date: [^\r]*", b"", await reader.read()).decode("latin1"))
        writer.close()
    client = await websocket_connect(f"ws://{host}:{port}/echo")
    for message in ("a", "b" * 70_000):
        await client.write_message(message)
        found.append(str(await client.read_message()))
    client.close()
    await server.close_all_connections()
    server.stop()
    return found


def main() -> None:
    logging.disable(logging.CRITICAL)
    found: dict[str, Any] = {"tornado": asyncio.run(answers(tornado.httpserver.HTTPServer))}
    speedups.install()
    found["tornkit"] = asyncio.run(answers(HTTPServer))
    print(json.dumps({**found, "activity": asdict(activity())}))


if __name__ == "__main__":
    main()
