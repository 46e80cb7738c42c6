"""The head of a response is what Tornado writes, whatever was done to its fields."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterable
from unittest import mock

import pytest
from tornado.web import Application, RequestHandler

from tests.clients.asynchronous import Client
from tests.engine.serving import EITHER, EITHER_LOOP, ServerClass
from tests.engine.speedups.applications import one
from tests.engine.speedups.watching import Note, compare
from tornkit.engine.speedups import finishing

pytestmark = EITHER_LOOP

Change = Callable[[RequestHandler], object]


def swap(handler: RequestHandler) -> None:
    """The same three in another order."""
    server = handler._headers["Server"]
    handler.clear_header("Server")
    handler.set_header("Server", server)


def replace(handler: RequestHandler) -> None:
    """Three, but not those."""
    handler.clear_header("Server")
    handler.set_header("X-Other", "x")


def number(handler: RequestHandler) -> None:
    handler._headers._as_list["Date"] = [5]  # type: ignore[list-item]


def unhashable(handler: RequestHandler) -> None:
    handler._headers._as_list["Date"] = [["x"]]  # type: ignore[list-item]


CHANGES: dict[str, Change] = {
    "nothing": lambda handler: None,
    "type": lambda handler: handler.set_header("Content-Type", "text/plain"),
    "swap": swap,
    "replace": replace,
    "two values": lambda handler: handler.add_header("Server", "second"),
    "created": lambda handler: handler.set_status(201),
    "reason": lambda handler: handler.set_status(200, "Fine"),
    "wide reason": lambda handler: handler.set_status(200, "Caf\u00e9"),
    "two": lambda handler: handler.clear_header("Server"),
    "four": lambda handler: handler.set_header("X-A", "1"),
    "line": lambda handler: handler._headers._as_list.update({"Date": ["a\r\nX-B: b"]}),
    "bytes": lambda handler: handler._headers._as_list.update({"Date": [b"bytes"]}),  # type: ignore[list-item]
    "number": number,
    "unhashable": unhashable,
    "none": lambda handler: handler._headers._as_list.update({"Date": []}),
    "cookie": lambda handler: handler.set_cookie("a", "b"),
    "etag": lambda handler: handler.set_header("Etag", '"mine"'),
    "length": lambda handler: handler.set_header("Content-Length", "4"),
    "no content": lambda handler: handler.set_status(204),
}
# Tornado never answers these, and so the client has to ask for the end.
UNWRITABLE = ("line", "bytes", "number", "unhashable", "none")


def changing(names: Iterable[str]) -> Application:
    chosen = list(names)

    class Changing(RequestHandler):
        def get(self, what: str) -> None:
            CHANGES[chosen[int(what)]](self)
            if self.get_status() != 204:
                self.write("body")

        head = post = get

    return one(Changing)


@EITHER
@pytest.mark.parametrize("lines", ["", "Connection: close\r\n", "If-None-Match: *\r\n"])
async def test_each_change_alone_and_behind_the_others(
    server_class: ServerClass, lines: str
) -> None:
    names = list(CHANGES)

    async def play(client: Client, note: Note) -> None:
        for method in ("GET", "HEAD", "POST", "GET"):
            for place, name in enumerate(names):
                peer = await made_by(client)
                more = lines + ("Content-Length: 0\r\n" if method == "POST" else "")
                if name in UNWRITABLE and "close" not in lines:
                    more += "Connection: close\r\n"
                head = f"{method} /{place} HTTP/1.1\r\nHost: x\r\n{more}\r\n"
                await peer.send(head.encode())
                try:
                    note(await peer.read_response(method))
                except (EOFError, ConnectionError) as error:
                    note(repr(error))
                finally:
                    peer.close()

    # The same clock for all: the date is a part of what is compared.
    with mock.patch.object(time, "time", return_value=1359312200.9):
        seen = await compare(server_class, lambda note: changing(names), play)
    assert len(seen.responses) == 4 * len(names)
    assert len({str(response) for response in seen.responses}) > 15


async def made_by(client: Client) -> Client:
    """Another connection to the same server: some changes end theirs."""
    sock = socket.socket(client.sock.family)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, client.sock.getpeername())
    return Client(sock)


def test_not_all_that_ever_was_is_kept() -> None:
    finishing._beginnings.clear()
    for place in range(1000):
        fields = {"Server": ["s"], "Content-Type": [f"text/{place}"], "Date": ["d"]}
        found = finishing._usual_beginning(200, "OK", fields)
        expected = f"HTTP/1.1 200 OK\r\nServer: s\r\nContent-Type: text/{place}\r\nDate: d\r\n"
        assert found == expected
        assert finishing._usual_beginning(200, "OK", fields) is found
    assert len(finishing._beginnings) <= 64


@EITHER
async def test_a_handler_reads_its_headers_at_any_time(server_class: ServerClass) -> None:
    def make(note: Note) -> Application:
        class Reading(RequestHandler):
            def told(self) -> None:
                note({name: value for name, value in self._headers.items() if name != "Date"})
                note([pair for pair in self._headers.get_all() if pair[0] != "Date"])

            def get(self) -> None:
                note(self._headers["content-type"], self._headers.get("Etag"))
                self.write({})
                self.told()
                self.set_header("Content-Type", "text/plain")
                self.told()
                self.write({"a": 1})
                note(self._headers["Content-Type"])
                self._headers.add("Content-Type", "second")
                self.told()
                self.clear_header("Content-Type")
                self.told()
                self.write({})
                self.told()
                self.clear()
                self.told()
                del self._headers["server"]
                self.write("x")

            def on_finish(self) -> None:
                self.told()
                note(self._headers["Etag"], self._headers["Content-Length"])

        return Application([("/", Reading)])

    assert len((await compare(server_class, make)).noted) == 17
