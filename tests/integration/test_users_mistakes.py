"""What a terminal shows of mistakes in handlers: the user's frames, and what to do."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import pytest

from tornkit.own_frames import FOLDER

if TYPE_CHECKING:
    from tests.integration.serve import Serve

APP = """\
import logging
import pdb
import sys
from logging import Handler

from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler


class Fails(RequestHandler):
    def get(self):
        self.write(object())


class Awaits(RequestHandler):
    async def get(self):
        await self.flush()
        self.write(object())


class Misfit(RequestHandler):
    def get(self, argument):
        pass


class Later(RequestHandler):
    def get(self):
        pass

    def on_finish(self):
        1 / 0


class Breaks(RequestHandler):
    def get(self):
        breakpoint()
        self.write("went on")


class Traces(RequestHandler):
    def get(self):
        pdb.set_trace()
        self.write("went on")


class Exits(RequestHandler):
    def get(self):
        sys.exit("bye")


class Socket(WebSocketHandler):
    def open(self):
        1 / 0


class Console(Handler):
    def emit(self, record):
        sys.stderr.write(f"console: {record.getMessage()}\\n")


def make_app():
    if "own" in sys.modules["app"].__dict__:
        logging.getLogger().addHandler(Console())
    return Application(
        [
            ("/fails", Fails),
            ("/awaits", Awaits),
            ("/misfit", Misfit),
            ("/later", Later),
            ("/breaks", Breaks),
            ("/traces", Traces),
            ("/exits", Exits),
            ("/socket", Socket),
        ]
    )
"""
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.thorough
def test_of_handlers(serve: Serve) -> None:
    server = serve({"app.py": APP}, "--workers", "2", "--no-preload")
    for path in ("fails", "awaits", "misfit", "later", "breaks", "traces"):
        server.get(f"/{path}")
    with server.connect() as client:
        head = "".join(f"{name}: {value}\r\n" for name, value in UPGRADE.items())
        client.send(f"GET /socket HTTP/1.1\r\nHost: localhost\r\n{head}\r\n".encode())
        client.read_through(b"\r\n\r\n")
        server.wait_for_log("Uncaught exception GET /socket")
    assert server.get("/breaks").text == "went on"
    server.wait_for_log(r"breakpoint\(\) at .*app\.py:\d+ is passed over; for a debugger run")
    server.wait_for_log("BdbQuit")
    assert "for a debugger run tornkit serve --workers 1 in a terminal" in server.log
    traced = re.findall(r'^  File "(.*?)"', server.log, re.MULTILINE)
    assert sum(name.endswith("/app.py") for name in traced) >= 4
    assert [name for name in traced if name.startswith(FOLDER)] == []


@pytest.mark.thorough
@pytest.mark.parametrize("options", [(), ("--engine", "tornado"), ("--loop", "uvloop")])
def test_exit_of_a_handler(serve: Serve, options: tuple[str, ...]) -> None:
    server = serve({"app.py": APP}, *options)
    before = len(server.log.splitlines())
    with server.connect() as client:
        client.send_request("/exits")
        server.wait_for_log("starting another")
    said = [line for line in server.log.splitlines()[before:] if " warm: " not in line]
    assert said[0] == "bye"
    assert re.fullmatch(
        r"\S+ worker 1 \(pid \d+\) exited with status 1; starting another .*", said[1]
    )
    assert len(said) == 2
    server.signal(signal.SIGINT)
    assert server.wait_until_ended() == 0


@pytest.mark.thorough
def test_access_lines_of_a_handler_of_its_own(serve: Serve) -> None:
    server = serve({"app.py": f"own = True\n{APP}"}, "--no-preload")
    server.get("/nowhere")
    server.wait_for_log("404 GET /nowhere")
    assert server.log.count("GET /nowhere") == 1
    assert "console: 404 GET /nowhere" in server.log
