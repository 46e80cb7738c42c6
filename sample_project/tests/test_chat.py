"""Long polling and WebSocket: what both have in common, and what happens when somebody leaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from typing import Any
from unittest.mock import patch

import pytest
from tornado.httpclient import HTTPClientError
from tornado.tcpclient import TCPClient
from tornado.testing import gen_test
from tornado.websocket import WebSocketClientConnection

from sample_project import live
from sample_project.settings import Settings
from sample_project.store import Store
from tornkit import bus

from .support import BoardTest, Browser, until

UNKNOWN = "anotherepoch-5"  # a position of which the bus knows nothing


async def receive(socket: WebSocketClientConnection) -> Any:
    text = await socket.read_message()
    assert text is not None, "the connection has been closed"
    return json.loads(text)


async def next_message(socket: WebSocketClientConnection) -> Any:
    """What is posted next; those who come and go meanwhile are passed over."""
    while (heard := await receive(socket))["event"] != "message":
        pass
    return heard["data"]["posted"]


class ChatTest(BoardTest):
    def post(self, body: str, topic: str = "help") -> Awaitable[Any]:
        return live.post(self.store, topic, "bob", body)

    async def poll(self, since: str | None = None, topic: str = "help") -> Any:
        query = "" if since is None else f"?since={since}"
        return json.loads(
            (await self.http_client.fetch(self.get_url(f"/topics/{topic}/poll{query}"))).body
        )

    async def position(self) -> str:
        return str((await self.poll())["position"])

    async def present(self, *names: str) -> None:
        """Waits until these are here."""
        while [each.id for each in await bus.presence("topic:help")] != list(names):
            await asyncio.sleep(0)

    def signed_in(self, name: str) -> str:
        browser = Browser(self)
        browser.sign_in(name)
        return browser.cookie_header


class LongPolling(ChatTest):
    def setUp(self) -> None:
        super().setUp()
        self.waiting = 0
        self.bus_wait = bus.wait
        patcher = patch.object(bus, "wait", self.counted)
        patcher.start()
        self.addCleanup(patcher.stop)

    async def counted(self, *args: Any, **kwargs: Any) -> bus.MessageBatch:
        self.waiting += 1
        try:
            return await self.bus_wait(*args, **kwargs)
        finally:
            self.waiting -= 1

    @gen_test
    async def test_it_begins_with_what_the_store_has(self) -> None:
        await self.post("one")
        await self.post("elsewhere", topic="general")
        await self.post("two")
        begin = await self.poll()
        assert [message["body"] for message in begin["recent"]] == ["one", "two"]
        assert begin["here"] == []

    @gen_test
    async def test_what_was_missed_comes_at_once(self) -> None:
        since = await self.position()
        for body in ("one", "two"):
            await self.post(body)
        news = await self.poll(since)
        assert [each["posted"]["body"] for each in news["news"]] == ["one", "two"]
        await self.post("three")
        news = await self.poll(news["position"])
        assert [each["posted"]["body"] for each in news["news"]] == ["three"]

    @gen_test
    async def test_what_is_not_there_yet_is_waited_for(self) -> None:
        response = asyncio.ensure_future(self.poll(await self.position()))
        await until(lambda: self.waiting)
        await self.post("elsewhere", topic="general")
        await self.post("news")
        assert [each["posted"]["body"] for each in (await response)["news"]] == ["news"]
        assert self.waiting == 0

    @gen_test
    async def test_a_message_from_elsewhere(self) -> None:
        def elsewhere() -> None:
            """A loop and a store of its own, as another worker process has them."""
            store = Store(self.settings.data_dir / "board.sqlite3")
            asyncio.run(live.post(store, "help", "ada", "from afar"))
            store.close()

        response = asyncio.ensure_future(self.poll(await self.position()))
        await until(lambda: self.waiting)
        await asyncio.to_thread(elsewhere)
        assert [each["posted"]["body"] for each in (await response)["news"]] == ["from afar"]

    @gen_test
    async def test_behind_a_gap_it_begins_anew(self) -> None:
        await self.post("one")
        begin = await self.poll(UNKNOWN)
        assert [message["body"] for message in begin["recent"]] == ["one"]
        await self.post("two")
        news = await self.poll(begin["position"])
        assert [each["posted"]["body"] for each in news["news"]] == ["two"]

    @gen_test
    async def test_a_reader_who_leaves_is_forgotten(self) -> None:
        since = await self.position()
        stream = await TCPClient().connect("127.0.0.1", self.get_http_port())
        request = f"GET /topics/help/poll?since={since} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        await stream.write(request.encode())
        await until(lambda: self.waiting)
        stream.close()
        await until(lambda: not self.waiting)

    def test_sending(self) -> None:
        browser = Browser(self)
        assert browser.request("/topics/help/poll", "POST", "body=x").code == 403
        browser.sign_in("ada")
        headers = {"X-XSRFToken": browser.token()}
        response = browser.request("/topics/help/poll", "POST", "body=Hello+all", **headers)
        assert response.code == 201
        assert json.loads(response.body)["author"] == "ada"
        assert "Hello all" in browser.text("/topics/help/poll")
        response = browser.request("/topics/help/poll", "POST", "body=", **headers)
        assert (response.code, "error" in json.loads(response.body)) == (422, True)


class ShortPolling(ChatTest):
    settings = Settings(poll_seconds=0.01)

    @gen_test
    async def test_no_news_is_an_empty_answer(self) -> None:
        since = await self.position()
        response = await self.http_client.fetch(self.get_url(f"/topics/help/poll?since={since}"))
        assert json.loads(response.body) == {"news": [], "here": [], "position": since}
        assert response.headers["Cache-Control"] == "no-store"


class EveryWay(ChatTest):
    def test_what_is_posted_and_deleted_is_told(self) -> None:
        async def heard() -> Any:
            return (await self.poll(since))["news"]

        since = self.io_loop.run_sync(self.position)
        by_api = self.post_message(body="by the API")
        browser = Browser(self)
        browser.sign_in("ada")
        browser.form("/topics/help/", "/topics/help/", body="by the form")
        self.api("DELETE", f"/v1/messages/{by_api}")
        news = self.io_loop.run_sync(heard)
        assert [each["posted"]["body"] for each in news[:2]] == ["by the API", "by the form"]
        assert news[2:] == [{"deleted": by_api}]

    def test_what_nobody_can_be_told_of_is_posted_all_the_same(self) -> None:
        with patch.object(bus, "publish", side_effect=bus.Unavailable("away")):
            number = self.post_message()
        assert self.fetch(f"/messages/{number}").code == 200


class WebSocket(ChatTest):
    def test_everybody_gets_everything(self) -> None:
        cookie = self.signed_in("ada")

        async def talk() -> None:
            since = await self.position()
            await self.post("earlier")
            path = f"/topics/help/socket?since={since}"
            ada = await self.connect(path, Cookie=cookie)
            guest = await self.connect(path)
            poll = asyncio.ensure_future(self.poll((await self.poll())["position"]))
            for socket in (ada, guest):
                assert (await next_message(socket))["body"] == "earlier"
            await ada.write_message(json.dumps({"body": " Hello "}))
            for socket in (ada, guest):
                message = await next_message(socket)
                assert (message["author"], message["body"]) == ("ada", "Hello")
            assert [each["posted"]["body"] for each in (await poll)["news"]] == ["Hello"]
            ada.close()
            guest.close()

        self.io_loop.run_sync(talk, timeout=5)

    @gen_test
    async def test_who_comes_back_has_missed_nothing(self) -> None:
        first = await self.connect("/topics/help/socket")
        assert await receive(first) == {"event": "here", "data": []}
        await self.post("one")
        since = (await receive(first))["position"]
        first.close()
        await self.post("two")
        await self.post("three")
        again = await self.connect(f"/topics/help/socket?since={since}")
        assert [(await next_message(again))["body"] for _ in range(2)] == ["two", "three"]
        again.close()
        late = await self.connect(f"/topics/help/socket?since={UNKNOWN}")
        assert (await receive(late))["event"] == "gap"
        late.close()

    def test_who_is_here(self) -> None:
        cookies = [self.signed_in(name) for name in ("ada", "bob")]

        async def come_and_go() -> None:
            guest = await self.connect("/topics/help/socket")
            assert await receive(guest) == {"event": "here", "data": []}
            windows = [await self.connect("/topics/help/socket", Cookie=cookies[0])]
            heard = await receive(guest)
            assert (heard["event"], heard["data"]["id"]) == ("join", "ada")
            # A second window is the same person.
            windows.append(await self.connect("/topics/help/socket", Cookie=cookies[0]))
            bob = await self.connect("/topics/help/socket", Cookie=cookies[1])
            assert (await receive(guest))["data"]["id"] == "bob"
            assert (await self.poll())["here"] == ["ada", "bob"]
            for window in windows:
                window.close()
            heard = await receive(guest)
            assert (heard["event"], heard["data"]["id"]) == ("leave", "ada")
            bob.close()
            guest.close()
            await self.present()

        self.io_loop.run_sync(come_and_go, timeout=5)

    def test_what_cannot_be_a_message_is_refused_and_the_connection_stays(self) -> None:
        cookie = self.signed_in("ada")

        async def talk() -> None:
            socket = await self.connect("/topics/help/socket", Cookie=cookie)
            await self.present("ada")
            bad: list[str | bytes] = ["{", "[]", '{"body": 1}', '{"body": " "}', "{}", b"\xff"]
            bad.append(json.dumps({"body": "x" * 2001}))
            for message in bad:
                await socket.write_message(message, binary=isinstance(message, bytes))
                while (heard := await receive(socket))["event"] in ("here", "join"):
                    pass
                assert heard["event"] == "error"
            await socket.write_message('{"body": "good"}')
            heard = [(await receive(socket))["event"] for _ in range(2)]
            assert sorted(heard) == ["message", "sent"]
            socket.close()

        self.io_loop.run_sync(talk, timeout=5)

    @gen_test
    async def test_guests_may_only_read(self) -> None:
        socket = await self.connect("/topics/help/socket")
        assert (await receive(socket))["event"] == "here"
        await socket.write_message('{"body": "Hello"}')
        assert "Sign in" in (await receive(socket))["data"]
        assert await self.store.counts() == {}
        socket.close()

    @gen_test
    async def test_a_message_that_is_far_too_long_ends_the_connection(self) -> None:
        socket = await self.connect("/topics/help/socket")
        assert (await receive(socket))["event"] == "here"
        await socket.write_message("x" * 20_000)
        assert await socket.read_message() is None
        socket.close()

    @gen_test
    async def test_who_may_connect(self) -> None:
        for path, headers, status in (
            ("/topics/help/socket", {"Origin": "http://elsewhere.example"}, 403),
            ("/topics/unknown/socket", {}, 404),
        ):
            with pytest.raises(HTTPClientError) as caught:
                await self.connect(path, **headers)
            assert caught.value.code == status
