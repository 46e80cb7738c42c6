"""Live pages: WebSockets and long polls, what both have in common, and who is there."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from socket import create_connection
from typing import Any
from urllib.parse import urlsplit

import pytest
from tornkit import bus
from tornkit.testing import Client, WebSocketEnded, WebSocketRefused

from board import live
from board.handlers.chat import PollHandler
from board.settings import Settings
from board.store import Store

Post = Callable[..., int]
UNKNOWN = "anotherepoch-5"  # a position of which the bus knows nothing
SECONDS = 10


class Waits:
    """Calls of `bus.wait` that waited for something: whether one has begun, and ended."""

    def __init__(self) -> None:
        self.begun, self.ended = threading.Event(), threading.Event()
        self._wait = bus.wait

    async def __call__(self, *args: Any, **named: Any) -> bus.MessageBatch:
        if not named["timeout"]:
            return await self._wait(*args, **named)
        self.begun.set()
        try:
            return await self._wait(*args, **named)
        finally:
            self.ended.set()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    waits = Waits()
    monkeypatch.setattr(bus, "wait", waits)
    return waits


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def poll(client: Client, since: str | None = None, topic: str = "help") -> Any:
    params = {} if since is None else {"since": since}
    return client.get(f"/topics/{topic}/poll", params=params).json()


def posted(news: Any) -> list[str]:
    return [each["posted"]["body"] for each in news["news"]]


def next_message(socket: Any) -> Any:
    """What is posted next; those who come and go meanwhile are passed over."""
    while (heard := socket.receive_json())["event"] != "message":
        pass
    return heard["data"]["posted"]


def test_the_page(client: Client, signed_in: Client) -> None:
    page = signed_in.get("/topics/help/live").text
    assert 'data-socket="/topics/help/socket"' in page
    assert "data-xsrf" in page
    assert "data-xsrf" not in client.new().get("/topics/help/live").text


def test_a_poll_begins_with_what_the_store_has(client: Client, post: Post) -> None:
    post("one")
    post("elsewhere", topic="general")
    post("two")
    begin = poll(client)
    assert [message["body"] for message in begin["recent"]] == ["one", "two"]
    assert begin["here"] == []


def test_what_was_missed_comes_at_once(client: Client, post: Post) -> None:
    since = poll(client)["position"]
    for body in ("one", "two"):
        post(body)
    news = poll(client, since)
    assert posted(news) == ["one", "two"]
    post("three")
    assert posted(poll(client, news["position"])) == ["three"]


def test_what_is_not_there_yet_is_waited_for(
    client: Client, post: Post, waits: Waits, aside: ThreadPoolExecutor
) -> None:
    answer: Future[Any] = aside.submit(poll, client, poll(client)["position"])
    assert waits.begun.wait(SECONDS)
    post("elsewhere", topic="general")
    assert not answer.done()
    post("news")
    assert posted(answer.result(SECONDS)) == ["news"]


def test_a_message_from_elsewhere(
    client: Client, settings: Settings, waits: Waits, aside: ThreadPoolExecutor
) -> None:
    answer: Future[Any] = aside.submit(poll, client, poll(client)["position"])
    assert waits.begun.wait(SECONDS)
    # A loop and a store of its own, as another worker process has them.
    asyncio.run(live.post(Store(settings.database_url), "help", "ada", "from afar"))
    assert posted(answer.result(SECONDS)) == ["from afar"]


def test_no_news_is_an_empty_answer(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        PollHandler, "initialize", lambda self, seconds: setattr(self, "seconds", 0.01)
    )
    since = poll(client)["position"]
    answer = client.get("/topics/help/poll", params={"since": since})
    assert answer.json() == {"news": [], "here": [], "position": since}
    assert answer.headers["Cache-Control"] == "no-store"


def test_behind_a_gap_a_poll_begins_anew(client: Client, post: Post) -> None:
    post("one")
    begin = poll(client, UNKNOWN)
    assert [message["body"] for message in begin["recent"]] == ["one"]
    post("two")
    assert posted(poll(client, begin["position"])) == ["two"]


def test_a_reader_who_leaves_is_forgotten(client: Client, waits: Waits) -> None:
    since = poll(client)["position"]
    address = urlsplit(client.url)
    with create_connection((address.hostname or "", address.port or 0)) as connection:
        connection.sendall(
            f"GET /topics/help/poll?since={since} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        )
        assert waits.begun.wait(SECONDS)
        assert not waits.ended.is_set()
    assert waits.ended.wait(SECONDS)


def test_saying_something_without_a_websocket(client: Client, signed_in: Client) -> None:
    assert client.new().post("/topics/help/poll", data={"body": "x"}).status_code == 403
    assert signed_in.post("/topics/help/poll", data={"body": "x"}, xsrf=False).status_code == 403
    answer = signed_in.post("/topics/help/poll", data={"body": "Hello all"})
    assert (answer.status_code, answer.json()["author"]) == (201, "ada")
    assert [each["body"] for each in poll(signed_in)["recent"]] == ["Hello all"]
    answer = signed_in.post("/topics/help/poll", data={"body": ""})
    assert (answer.status_code, "error" in answer.json()) == (422, True)


def test_all_that_is_posted_and_deleted_is_told(
    signed_in: Client, robot: Client, post: Post
) -> None:
    since = poll(signed_in)["position"]
    number = post("by the API")
    signed_in.post("/topics/help/", data={"body": "by the form"})
    robot.delete(f"/v1/messages/{number}")
    news = poll(signed_in, since)["news"]
    assert [each["posted"]["body"] for each in news[:2]] == ["by the API", "by the form"]
    assert news[2:] == [{"deleted": number}]


def test_what_nobody_can_be_told_of_is_posted_all_the_same(
    client: Client, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise bus.Unavailable("away")

    monkeypatch.setattr(bus, "publish", away)
    assert client.get(f"/messages/{post()}").status_code == 200


def test_all_get_everything(
    client: Client, signed_in: Client, post: Post, aside: ThreadPoolExecutor
) -> None:
    since = poll(client)["position"]
    post("earlier")
    path = f"/topics/help/socket?since={since}"
    with signed_in.websocket(path) as ada, client.new().websocket(path) as guest:
        answer: Future[Any] = aside.submit(poll, client, poll(client)["position"])
        for socket in (ada, guest):
            assert next_message(socket)["body"] == "earlier"
        ada.send_json({"body": " Hello "})
        for socket in (ada, guest):
            message = next_message(socket)
            assert (message["author"], message["body"]) == ("ada", "Hello")
        assert posted(answer.result(SECONDS)) == ["Hello"]


def test_a_client_that_comes_back_has_missed_nothing(client: Client, post: Post) -> None:
    with client.websocket("/topics/help/socket") as first:
        assert first.receive_json() == {"event": "here", "data": []}
        post("one")
        since = first.receive_json()["position"]
    post("two")
    post("three")
    with client.websocket(f"/topics/help/socket?since={since}") as again:
        assert [next_message(again)["body"] for _ in range(2)] == ["two", "three"]
    with client.websocket(f"/topics/help/socket?since={UNKNOWN}") as late:
        assert late.receive_json()["event"] == "gap"


def test_who_is_here(client: Client, signed_in: Client) -> None:
    guest_client = client.new()
    with guest_client.websocket("/topics/help/socket") as guest:
        assert guest.receive_json() == {"event": "here", "data": []}
        with signed_in.websocket("/topics/help/socket"):
            heard = guest.receive_json()
            assert (heard["event"], heard["data"]["id"]) == ("join", "ada")
            # A second window is the same person.
            with signed_in.websocket("/topics/help/socket") as second:
                assert second.receive_json() == {"event": "here", "data": ["ada"]}
            assert poll(guest_client)["here"] == ["ada"]
        heard = guest.receive_json()
        assert (heard["event"], heard["data"]["id"]) == ("leave", "ada")


def test_what_can_be_no_message_is_refused_and_the_connection_stays(signed_in: Client) -> None:
    bad: list[str | bytes] = ["{", "[]", '{"body": 1}', '{"body": " "}', "{}", b"\xff"]
    bad.append(json.dumps({"body": "x" * 2001}))
    with signed_in.websocket("/topics/help/socket") as socket:
        for message in bad:
            socket.send(message)
            while (heard := socket.receive_json())["event"] in ("here", "join"):
                pass
            assert heard["event"] == "error"
        socket.send_json({"body": "good"})
        assert sorted(socket.receive_json()["event"] for _ in range(2)) == ["message", "sent"]


def test_guests_may_only_read(client: Client) -> None:
    with client.websocket("/topics/help/socket") as socket:
        assert socket.receive_json()["event"] == "here"
        socket.send_json({"body": "Hello"})
        assert "Sign in" in socket.receive_json()["data"]
    assert poll(client)["recent"] == []


def test_a_message_that_is_far_too_long_ends_the_connection(client: Client) -> None:
    with client.websocket("/topics/help/socket") as socket:
        assert socket.receive_json()["event"] == "here"
        socket.send("x" * 20_000)
        with pytest.raises(WebSocketEnded):
            socket.receive()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/topics/help/socket", {"Origin": "http://elsewhere.example"}, 403),
        ("/topics/unknown/socket", {}, 404),
    ],
)
def test_who_may_connect(client: Client, path: str, headers: dict[str, str], status: int) -> None:
    with pytest.raises(WebSocketRefused) as refused, client.websocket(path, headers=headers):
        pass
    assert refused.value.status == status
