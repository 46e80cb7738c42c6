"""Long polling and WebSocket: what both have in common, and what happens when somebody leaves."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse
from tornado.tcpclient import TCPClient
from tornado.testing import gen_test
from tornado.websocket import WebSocketClientConnection

from sample_project.app import make_app
from sample_project.settings import Settings

from .support import BoardTest, Browser, until


async def receive(socket: WebSocketClientConnection) -> Any:
    message = await socket.read_message()
    assert message is not None, "the connection has been closed"
    return json.loads(message)


class ChatTest(BoardTest):
    async def readers(self, number: int) -> None:
        """Waits until this many readers wait for news."""
        await until(lambda: self.live.waiting == number)

    def poll(self, query: str) -> asyncio.Future[HTTPResponse]:
        return self.http_client.fetch(self.get_url(f"/topics/help/poll?{query}"))

    async def bodies(self, response: asyncio.Future[HTTPResponse]) -> list[str]:
        return [message["body"] for message in json.loads((await response).body)["messages"]]


class LongPolling(ChatTest):
    @gen_test
    async def test_what_is_there_comes_at_once(self) -> None:
        for body in ("one", "two"):
            await self.store.add("help", "ada", body)
        await self.store.add("general", "ada", "elsewhere")
        assert await self.bodies(self.poll("after=0")) == ["one", "two"]
        assert await self.bodies(self.poll("after=1")) == ["two"]

    @gen_test
    async def test_what_is_not_there_yet_is_waited_for(self) -> None:
        response = self.poll("after=0")
        await self.readers(1)
        await self.store.add("general", "ada", "elsewhere")
        await self.store.add("help", "ada", "news")
        assert await self.bodies(response) == ["news"]
        assert self.live.waiting == 0

    @gen_test
    async def test_a_message_from_another_worker(self) -> None:
        # Another application with the same file: as separate as another process would be.
        other = make_app(self.settings).settings["store"]
        self.addCleanup(other.close)
        response = self.poll("after=0")
        await self.readers(1)
        await other.add("help", "ada", "from afar")
        assert await self.bodies(response) == ["from afar"]

    @gen_test
    async def test_a_reader_who_leaves_is_forgotten(self) -> None:
        stream = await TCPClient().connect("127.0.0.1", self.get_http_port())
        await stream.write(b"GET /topics/help/poll HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await self.readers(1)
        stream.close()
        await self.readers(0)

    def test_a_wrong_number(self) -> None:
        for number in ("x", "-1", str(2**63)):
            assert self.fetch(f"/topics/help/poll?after={number}").code == 400

    def test_sending(self) -> None:
        browser = Browser(self)
        assert browser.request("/topics/help/poll", "POST", "body=x").code == 403
        browser.sign_in("ada")
        headers = {"X-XSRFToken": browser.token()}
        response = browser.request("/topics/help/poll", "POST", "body=Hello+all", **headers)
        assert response.code == 201
        assert json.loads(response.body)["author"] == "ada"
        assert "Hello all" in browser.text("/topics/help/live")
        response = browser.request("/topics/help/poll", "POST", "body=", **headers)
        assert (response.code, "error" in json.loads(response.body)) == (422, True)


class ShortPolling(ChatTest):
    settings = Settings(poll_seconds=0.01)

    def test_no_news_is_an_empty_answer(self) -> None:
        response = self.fetch("/topics/help/poll?after=0")
        assert (response.code, json.loads(response.body)) == (200, {"messages": []})
        assert response.headers["Cache-Control"] == "no-store"
        assert self.live.waiting == 0


class WebSocket(ChatTest):
    def ada(self) -> str:
        browser = Browser(self)
        browser.sign_in("ada")
        return browser.cookie_header

    def test_everybody_gets_everything(self) -> None:
        cookie = self.ada()

        async def talk() -> None:
            await self.store.add("help", "bob", "earlier")
            ada = await self.connect("/topics/help/socket", Cookie=cookie)
            guest = await self.connect("/topics/help/socket?after=1")
            assert (await receive(ada))["body"] == "earlier"
            poll = self.poll("after=1")
            await self.readers(3)
            await ada.write_message(json.dumps({"body": " Hello "}))
            for socket in (ada, guest):
                message = await receive(socket)
                assert (message["author"], message["body"]) == ("ada", "Hello")
            assert await self.bodies(poll) == ["Hello"]
            await self.store.add("help", "bob", "by the form")
            for socket in (ada, guest):
                assert (await receive(socket))["body"] == "by the form"
            ada.close()
            await self.readers(1)
            guest.close()
            await self.readers(0)

        self.io_loop.run_sync(talk, timeout=5)

    def test_what_cannot_be_a_message_is_refused_and_the_connection_stays(self) -> None:
        cookie = self.ada()

        async def talk() -> None:
            socket = await self.connect("/topics/help/socket", Cookie=cookie)
            bad = [
                "{",
                "[]",
                '{"body": 1}',
                '{"body": " "}',
                "{}",
                json.dumps({"body": "x" * 2001}),
            ]
            for message in bad:
                await socket.write_message(message)
                assert list(await receive(socket)) == ["error"]
            await socket.write_message(b"\xff", binary=True)
            assert list(await receive(socket)) == ["error"]
            await socket.write_message('{"body": "good"}')
            assert (await receive(socket))["body"] == "good"
            socket.close()
            await self.readers(0)

        self.io_loop.run_sync(talk, timeout=5)

    @gen_test
    async def test_guests_may_only_read(self) -> None:
        socket = await self.connect("/topics/help/socket")
        await socket.write_message('{"body": "Hello"}')
        assert "Sign in" in (await receive(socket))["error"]
        assert await self.store.last_id() == 0
        socket.close()
        await self.readers(0)

    @gen_test
    async def test_a_message_that_is_far_too_long_ends_the_connection(self) -> None:
        socket = await self.connect("/topics/help/socket")
        await socket.write_message("x" * 20_000)
        assert await socket.read_message() is None
        socket.close()
        await self.readers(0)

    @gen_test
    async def test_who_may_connect(self) -> None:
        for path, headers, status in (
            ("/topics/help/socket", {"Origin": "http://elsewhere.example"}, 403),
            ("/topics/help/socket?after=x", {}, 400),
            ("/topics/unknown/socket", {}, 404),
        ):
            with pytest.raises(HTTPClientError) as caught:
                await self.connect(path, **headers)
            assert caught.value.code == status
