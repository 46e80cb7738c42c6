"""The sample project's live pages, with several workers, through reloads and deaths."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.clients.chromium import EXECUTABLE, Chromium, Page

if TYPE_CHECKING:
    from tests.integration.serve import Serve
    from tests.integration.server import Server

PROJECT = Path(__file__).parents[2] / "sample_project"
TOKEN = "a token"
SHOWN = "[...document.querySelectorAll('#live p')].map((each) => each.textContent).join()"
# What a proxy that lets no WebSocket through looks like to a page.
NO_SOCKETS = """\
window.WebSocket = class { constructor() { setTimeout(() => this.onclose(), 0); } };
"""


@pytest.fixture
def board(serve: Serve) -> Server:
    """Four workers with the sample project."""
    # Pages that are refreshed after each save would not have to come back with a position.
    options = ("--workers", "4", "--no-dev-tools")
    unwanted = shutil.ignore_patterns("__pycache__", ".data", "tests")
    shutil.copytree(PROJECT, serve.folder / "sample_project", ignore=unwanted)
    return serve({}, "sample_project", *options, env={"BOARD_API_TOKEN": TOKEN})


def reload(server: Server) -> None:
    count = server.reloads
    server.edit("sample_project/live.py", "import annotations\n", "import annotations\n\n")
    server.wait_for_reload(count + 1)


def post(server: Server, body: str) -> None:
    request = urllib.request.Request(
        f"{server.url}/v1/messages",
        json.dumps({"topic": "help", "author": "ada", "body": body}).encode(),
        {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).close()


def test_a_message_reaches_those_who_wait_in_other_workers(board: Server) -> None:
    sockets_url = f"{board.url.replace('http', 'ws')}/topics/help/socket?since="
    poll_url = f"{board.url}/topics/help/poll"
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
        await asyncio.to_thread(post, board, "one")
        positions = set()
        for socket in sockets:
            message = await heard(socket)
            assert message["data"]["posted"]["body"] == "one"
            positions.add(message["position"])
        for news in await asyncio.gather(*polls):
            assert [each["posted"]["body"] for each in news["news"]] == ["one"]
            positions.add(news["position"])
        (position,) = positions
        await asyncio.to_thread(reload, board)
        for socket in sockets:
            assert await socket.read_message() is None
            socket.close()
        await asyncio.to_thread(post, board, "two")
        for _ in range(12):
            assert [each["posted"]["body"] for each in (await poll(position))["news"]] == ["two"]
            socket = await websocket_connect(sockets_url + position)
            assert (await heard(socket))["data"]["posted"]["body"] == "two"
            socket.close()

    asyncio.run(asyncio.wait_for(main(), 30))


def sign_in(page: Page, url: str, name: str) -> None:
    page.open(f"{url}/sign-in?next=/topics/help/live")
    page.value(f"document.querySelector('main [name=name]').value = '{name}'")
    page.value("document.querySelector('main form').submit()")
    page.wait_for("document.getElementById('state')?.textContent", "connected")


def say(page: Page, text: str) -> None:
    page.value(f"document.querySelector('#say input').value = '{text}'")
    page.value("document.getElementById('say').requestSubmit()")
    page.wait_for("document.querySelector('#say input').value", "")  # the server has it


@pytest.mark.timeout(180)
@pytest.mark.skipif(not EXECUTABLE, reason="there is no chromium here")
def test_pages_show_each_message_once(board: Server) -> None:
    with Chromium() as one, Chromium() as other:
        ada, bob = one.page(), other.page()
        sign_in(ada, board.url, "ada")
        sign_in(bob, board.url, "bob")
        polling = other.page()
        polling.do("Page.addScriptToEvaluateOnNewDocument", source=NO_SOCKETS)
        polling.open(f"{board.url}/topics/help/live")
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
        reload(board)
        post(board, "three")
        all_show("one", "two", "three")
        assert ada.value("document.querySelector('#say input').value") == "half a sentence"
        assert [page.faults() for page in pages] == [[], [], []]
        workers = [each for each in board.status()["workers"] if each["state"] == "serving"]
        for worker in workers[:2]:
            os.kill(worker["pid"], signal.SIGKILL)
        board.wait_for_log("was killed by SIGKILL", count=2)
        post(board, "four")
        all_show("one", "two", "three", "four")
        # That a connection breaks off which a killed worker had, the browser itself tells.
        faults = [fault for page in pages for fault in page.faults()]
        assert [each for each in faults if each.get("entry", {}).get("source") != "network"] == []
