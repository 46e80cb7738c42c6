"""What clients send and files are called, as it comes out of a server that really runs."""

from __future__ import annotations

import os
import re
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from tests.nasty_text import disobedient

if TYPE_CHECKING:
    from tests.integration.serve import Serve
    from tests.integration.server import Server

APP = """\
from tornado.web import Application, HTTPError, RequestHandler, StaticFileHandler


class Fail(RequestHandler):
    def get(self):
        raise ValueError(f"no such thing: {self.get_argument('q', strip=False)}")


class Refuse(RequestHandler):
    def get(self):
        raise HTTPError(400, "no %s", self.request.headers["X"])


def make_app():
    return Application(
        [("/static/(.*)", StaticFileHandler, {"path": "."}), ("/fail", Fail), ("/refuse", Refuse)]
    )
"""

FORGED = b"%1b]0;x%07%c2%9b%0a14:00:00%20200%20GET%20/forged%0a%20%2014:00:00%20200"
REQUESTS = [
    (b"GET /static/..%2f" + FORGED + b" HTTP/1.1\r\nHost: x\r\n\r\n", "403 GET /static"),
    (b"GET /fail?q=" + FORGED + b" HTTP/1.1\r\nHost: x\r\n\r\n", "500 GET /fail"),
    (b"GET /refuse HTTP/1.1\r\nHost: x\r\nX: \x9b2J\xe2\x80\xae\t\r\n\r\n", "400 GET /refuse"),
    (b"GET /\xc2\x9b\xff HTTP/1.1\r\nHost: x\r\n\r\n", r"404 GET /Â\\x9bÿ"),
    (b"GET / HTTP/1.1\r\nHost: x\x1b[31m\r\n\r\n", r"Malformed HTTP message"),
    (b"GET / HTTP/1.1\r\nHost: x\r\nA\x1b]0;x\x07: b\r\n\r\n", r"Malformed HTTP message"),
    (b"G\x1b[31mT / HTTP/1.1\r\nHost: x\r\n\r\n", r"Malformed HTTP request line"),
]


def send(server: Server, request: bytes) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as sock:
        sock.sendall(request)
        assert sock.recv(65536).startswith(b"HTTP/1.1 ")


def test_no_client_writes_a_line_of_the_log(serve: Serve) -> None:
    server = serve({"app.py": APP}, "--no-reload")
    for request, logged in REQUESTS:
        send(server, request)
        server.wait_for_log(logged)
    assert server.stop() == 0
    assert disobedient(server.log, "\n") == set()
    records = [line for line in server.log.splitlines() if re.match(r"\d\d:\d\d:\d\d ", line)]
    assert not [line for line in records if line.startswith("14:00:00 200 GET /forged")]
    assert [line for line in server.log.splitlines() if "14:00:00 200 GET /forged" in line]


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform != "linux", reason="makes a name that is no UTF-8")
def test_a_name_that_a_terminal_would_obey(serve: Serve) -> None:
    name = os.fsdecode(b"a\x1b]0;x\x07\xe2\x80\xae\n14-00 \xff.py")
    ascii_alone = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    server = serve({name: APP}, f"{name}:make_app", env=ascii_alone)
    server.edit(name, "Refuse", "Reject")
    server.wait_for_reload()
    broken = "raise ValueError('\\x1b[31m\\udcff\\n14:00:00 reloaded')\n\ndef make_app"
    server.edit(name, "def make_app", broken)
    server.wait_for_log("goes on serving")
    assert "\x1b[31m\udcff" in server.status()["last_error"]["message"], "JSON has it exact"
    assert server.stop() == 0
    assert disobedient(server.log, "\n") == set()
