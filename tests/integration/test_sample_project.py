"""The sample project's live pages, with several workers, through reloads and deaths."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.clients.chromium import EXECUTABLE, Chromium, Page
from tests.integration.waiting import wait_for
from tests.scaffold import sample

if TYPE_CHECKING:
    from tests.integration.serve import Serve
    from tests.integration.server import Server

PASSWORD = "correct horse battery"
SHOWN = "[...document.querySelectorAll('#live p')].map((each) => each.textContent).join()"
# What a proxy that lets no WebSocket through looks like to a page.
NO_SOCKETS = """\
window.WebSocket = class { constructor() { setTimeout(() => this.onclose(), 0); } };
"""


class Board(NamedTuple):
    """A server of the sample project, and a token of its API."""

    server: Server
    token: str

    def reload(self) -> None:
        count = self.server.reloads
        self.server.edit(
            "sample_project/board/live.py", "import annotations\n", "import annotations\n\n"
        )
        self.server.wait_for_reload(count + 1)

    def post(self, body: str) -> None:
        request = urllib.request.Request(
            f"{self.server.url}/v1/messages",
            json.dumps({"topic": "help", "body": body}).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        urllib.request.urlopen(request).close()


def command(project: Path, module: str, name: str, typed: str = "") -> str:
    """Run a module of the project's, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", module, name],
        cwd=project,
        input=typed,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def board(serve: Serve) -> Board:
    """Four workers with the sample project."""
    project = sample.copy(serve.folder)
    token = command(project, "board.tokens", "robot")
    # Pages that are refreshed after each save would not have to come back with a position.
    options = ("--workers", "4", "--no-dev-tools")
    server = serve({}, "sample_project", *options, wait=False)
    # Its imports take a second of CPU: so patience.
    wait_for(lambda: server.urls, "the server", patience=60)
    return Board(server, token)


@pytest.mark.thorough
def test_a_message_reaches_those_who_wait_in_other_workers(board: Board) -> None:
    sockets_url = f"{board.server.url.replace('http', 'ws')}/topics/help/socket?since="
    poll_url = f"{board.server.url}/topics/help/poll"
    client = AsyncHTTPClient

    async def poll(since: str | None = None) -> Any:
        url = poll_url if since is None else f"{poll_url}?since={since}"
        return json.loads((await client(force_instance=True).fetch(url)).body)

    async def heard(socket: WebSocketClientConnection) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await socket.read_message() or "")
        return message

    async def main() -> None:
        begin = (await poll())["position"]
        sockets = [await websocket_connect(sockets_url + begin) for _ in range(12)]
        for socket in sockets:
            assert await heard(socket) == {"event": "here", "data": []}
        polls = [asyncio.ensure_future(poll(begin)) for _ in range(12)]
        await asyncio.to_thread(board.post, "one")
        positions = set()
        for socket in sockets:
            message = await heard(socket)
            assert message["data"]["posted"]["body"] == "one"
            positions.add(message["position"])
        for news in await asyncio.gather(*polls):
            assert [each["posted"]["body"] for each in news["news"]] == ["one"]
            positions.add(news["position"])
        (position,) = positions
        await asyncio.to_thread(board.reload)
        for socket in sockets:
            assert await socket.read_message() is None
            socket.close()
        await asyncio.to_thread(board.post, "two")
        for _ in range(12):
            assert [each["posted"]["body"] for each in (await poll(position))["news"]] == ["two"]
            socket = await websocket_connect(sockets_url + position)
            assert (await heard(socket))["data"]["posted"]["body"] == "two"
            socket.close()

    asyncio.run(asyncio.wait_for(main(), 30))


def sign_in(page: Page, url: str, name: str) -> None:
    page.open(f"{url}/sign-in?next=/topics/help/live")
    for field, value in (("name", name), ("password", PASSWORD)):
        page.value(f"document.querySelector('main [name={field}]').value = '{value}'")
    page.value("document.querySelector('main form').submit()")
    page.wait_for("document.getElementById('state')?.textContent", "connected")


def say(page: Page, text: str) -> None:
    page.value(f"document.querySelector('#say input').value = '{text}'")
    page.value("document.getElementById('say').requestSubmit()")
    page.wait_for("document.querySelector('#say input').value", "")  # the server has it


@pytest.mark.thorough
@pytest.mark.timeout(180)
@pytest.mark.skipif(not EXECUTABLE, reason="there is no chromium here")
def test_pages_show_each_message_once(board: Board) -> None:
    for name in ("ada", "bob"):
        command(board.server.folder / "sample_project", "board.users", name, PASSWORD + "\n")
    with Chromium() as one, Chromium() as other:
        ada, bob = one.page(), other.page()
        sign_in(ada, board.server.url, "ada")
        sign_in(bob, board.server.url, "bob")
        polling = other.page()
        polling.do("Page.addScriptToEvaluateOnNewDocument", source=NO_SOCKETS)
        polling.open(f"{board.server.url}/topics/help/live")
        polling.wait_for("document.getElementById('state').textContent", "polling")
        pages = (ada, bob, polling)

        def all_show(*texts: str) -> None:
            for page in pages:
                page.wait_for(SHOWN, ",".join(texts))
            for page in (ada, bob):  # who polls is told with the next answer
                page.wait_for("document.getElementById('here').textContent", "ada, bob")

        say(ada, "one")
        say(bob, "two")
        all_show("one", "two")
        ada.value("document.querySelector('#say input').value = 'half a sentence'")
        board.reload()
        board.post("three")
        all_show("one", "two", "three")
        assert ada.value("document.querySelector('#say input').value") == "half a sentence"
        assert [page.faults() for page in pages] == [[], [], []]
        workers = [each for each in board.server.status()["workers"] if each["state"] == "serving"]
        for worker in workers[:2]:
            os.kill(worker["pid"], signal.SIGKILL)
        board.server.wait_for_log("was killed by SIGKILL", count=2)
        board.post("four")
        all_show("one", "two", "three", "four")
        # That a connection breaks off which a killed worker had, the browser itself tells.
        faults = [fault for page in pages for fault in page.faults()]
        assert [each for each in faults if each.get("entry", {}).get("source") != "network"] == []
