"""WebSockets that hear the same: they share one listener, and each has every message once."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.bus.rooms import ON_BOTH_SERVERS, OPEN, heard, joined, leave, run, served, until
from tornkit import bus
from tornkit.bus.home import home

pytestmark = ON_BOTH_SERVERS


def listeners() -> int:
    return len(list(home.bus()._dispatch))


def test_they_share_a_listener_from_the_first_message_on(server_class: type[HTTPServer]) -> None:
    async def main() -> None:
        async with served(server_class) as address:
            rooms = ("Room/1", "Room/1", "Compressed/1", "Own/1", "Plain/1", "Named/1", "Room/2")
            clients = [await joined(address, each) for each in rooms]
            assert listeners() == len(clients)
            for number in range(3):
                await bus.publish("room:1", number)
                await bus.publish("room:2", number)
            for client in (*clients[:4], clients[6]):
                messages = [await heard(client) for _ in range(3)]
                assert [each["data"] for each in messages if each["event"] == "message"] == [
                    0,
                    1,
                    2,
                ]
            # Another encoding, those who hear of joins, and another room have their own.
            assert listeners() == 4
            await leave(*clients)
            assert listeners() == 0

    run(main())


def test_one_that_comes_while_messages_do(server_class: type[HTTPServer]) -> None:
    chance = random.Random(1)

    async def main() -> None:
        async with served(server_class) as address:
            published = 0

            def post() -> None:
                nonlocal published
                for _ in range(chance.randrange(3)):
                    bus.post("room:1", published)
                    published += 1

            begin = await bus.publish("room:1", "begin")
            clients: list[tuple[bool, WebSocketClientConnection]] = []
            for number in range(40):
                post()
                from_begin = number % 2 == 0
                since = f"?since={begin}" if from_begin else ""
                joining = asyncio.ensure_future(websocket_connect(f"ws://{address}/Room/1{since}"))
                while not joining.done():
                    post()
                    await asyncio.sleep(0.0005)
                clients.append((from_begin, await joining))
                if chance.random() < 0.2:
                    # As where a hub has died: all catch up, and hear nothing twice.
                    home.bus().restored()
            await until(lambda: len(OPEN) == 40)
            position = await bus.publish("room:1", "end")
            for from_begin, client in clients:
                numbers: list[Any] = []
                is_ready = False
                while "end" not in numbers or not is_ready:  # which is said behind what came before
                    text = await client.read_message()
                    assert isinstance(text, str)
                    if text == "ready":
                        is_ready = True
                    else:
                        message = json.loads(text)
                        assert message["event"] == "message"
                        numbers.append(message["data"])
                assert numbers[:-1] == list(range(published - len(numbers) + 1, published))
                assert not from_begin or len(numbers) == published + 1
            assert position.endswith(f"-{published + 2}")
            await bus.publish("room:1", "all of them")
            for _, client in clients:
                assert (await heard(client))["data"] == "all of them"
            assert listeners() == 1
            await leave(*(client for _, client in clients))

    run(main(), history=10_000)


def test_one_that_does_not_read_does_not_hold_up_the_others(
    server_class: type[HTTPServer],
) -> None:
    async def main() -> None:
        async with served(server_class) as address:
            reads, sleeps = [await joined(address, "Room/1") for _ in range(2)]
            await bus.publish("room:1", "first")
            assert [(await heard(each))["data"] for each in (reads, sleeps)] == ["first"] * 2
            count, data = 200, "x" * 100_000
            for number in range(count):
                await bus.publish("room:1", [number, data])
                assert (await heard(reads))["data"][0] == number
            for number in range(count):
                assert (await heard(sleeps))["data"] == [number, data]
            await leave(reads, sleeps)

    run(main())


def test_an_encoding_that_fails_ends_all_who_are_to_hear_it(
    server_class: type[HTTPServer], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with served(server_class) as address:
            clients = [await joined(address, "Plain/1") for _ in range(2)]
            await bus.publish("room:1", "x")
            assert [await client.read_message() for client in clients] == ['"X"', '"X"']
            assert listeners() == 1
            await bus.publish("room:1", b"has no json")
            for client in clients:
                assert await client.read_message() is None
                assert client.close_code == 1011
                client.close()
            assert listeners() == 0
            await until(lambda: not OPEN)

    run(main())
    assert caplog.text.count("can't be passed on") == 1
