"""Channels to WebSockets and streams of events: what clients get, and when it ends."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.websocket import WebSocketHandler, websocket_connect

from tests.bus.rooms import (
    HANDSHAKE,
    ON_BOTH_SERVERS,
    OPEN,
    Room,
    heard,
    joined,
    leave,
    run,
    served,
    until,
)
from tornkit import bus
from tornkit.bus import encoding, relaying
from tornkit.bus.home import home
from tornkit.engine import websocket

pytestmark = ON_BOTH_SERVERS


def test_a_message_to_everybody_in_the_room(server_class: type[HTTPServer]) -> None:
    async def main() -> None:
        async with served(server_class) as address:
            clients = [await joined(address, f"{each}/1") for each in ("Room", "Compressed", "Own")]
            other = await joined(address, "Room/2")
            position = await bus.publish("room:1", {"text": "é"})
            for client in clients:
                message = await heard(client)
                assert message.pop("time") > 1e9
                assert message == {
                    "channel": "room:1",
                    "event": "message",
                    "position": position,
                    "data": {"text": "é"},
                }
            await bus.publish("room:1", b"\xff")
            for client in clients:
                assert await client.read_message() == b"\xff"
            await bus.publish("room:2", 2)
            assert (await heard(other))["data"] == 2
            await leave(*clients, other)

    run(main())


def test_it_is_encoded_once(
    server_class: type[HTTPServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []

    def encode(message: Any) -> str:
        made.append(message.data)
        return "encoded"

    monkeypatch.setattr(encoding, "as_json", encode)

    async def main() -> None:
        async with served(server_class) as address:
            clients = [await joined(address, "Room/1") for _ in range(5)]
            await bus.publish("room:1", 1)
            assert [await client.read_message() for client in clients] == ["encoded"] * 5
            await leave(*clients)

    run(main())
    assert made == [1]


def test_with_an_encoding_of_ones_own(server_class: type[HTTPServer]) -> None:
    async def main() -> None:
        async with served(server_class) as address:
            client = await joined(address, "Plain/1")
            await bus.publish("room:1", "x")
            assert await client.read_message() == '"X"'
            await leave(client)

    run(main())


def test_an_encoding_that_fails_is_told_of_and_stops_nobody(
    server_class: type[HTTPServer], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with served(server_class) as address:
            broken = await joined(address, "Plain/1")
            client = await joined(address, "Room/1")
            await bus.publish("room:1", b"has no json")
            assert await client.read_message() == b"has no json"
            # It is not to miss one and go on behind it, as if it had not.
            assert await broken.read_message() is None
            assert broken.close_code == 1011
            broken.close()
            await bus.publish("room:1", "x")
            assert (await heard(client))["data"] == "x"
            await leave(client)

    run(main())
    assert "the message's data is bytes" in caplog.text


def test_several_messages_of_a_turn(server_class: type[HTTPServer]) -> None:
    async def main() -> None:
        async with served(server_class) as address:
            clients = [await joined(address, f"{each}/1") for each in ("Room", "Compressed", "Own")]
            data = ["x" * size for size in (0, 10, 200, 70_000)]
            for each in data * 3:
                bus.post("room:1", each)
            for client in clients:
                assert [(await heard(client))["data"] for _ in data * 3] == data * 3
            await leave(*clients)

    run(main())


@pytest.mark.parametrize("installed", [False, True])
def test_a_write_message_of_somebody_elses_is_called(
    server_class: type[HTTPServer], monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    """An agent's, say, in the place of Tornado's."""
    written: list[Any] = []
    own = WebSocketHandler.write_message

    def watched(self: WebSocketHandler, message: Any, binary: bool = False) -> Any:
        written.append(message)
        return own(self, message, binary)

    async def main() -> None:
        async with served(server_class) as address:
            client = await joined(address, "Room/1")
            monkeypatch.setattr(WebSocketHandler, "write_message", watched)
            await bus.publish("room:1", 1)
            assert (await heard(client))["data"] == 1
            monkeypatch.undo()
            await leave(client)

    if installed:
        websocket.install()
    try:
        run(main())
    finally:
        websocket.uninstall()
    assert len(written) == 1


def test_one_that_comes_back(server_class: type[HTTPServer]) -> None:
    async def main() -> None:
        async with served(server_class) as address:
            client = await joined(address, "Room/1")
            await bus.publish("room:1", 1)
            position = (await heard(client))["position"]
            await leave(client)
            await bus.publish("room:1", 2)
            client = await websocket_connect(f"ws://{address}/Room/1?since={position}")
            assert (await heard(client))["data"] == 2
            assert await client.read_message() == "ready"
            await leave(client)
            client = await websocket_connect(f"ws://{address}/Room/1?since=forged")
            assert (await heard(client))["event"] == "gap"
            await leave(client)

    run(main())


def test_nobody_hears_after_the_last_has_gone(server_class: type[HTTPServer]) -> None:
    async def main() -> None:
        async with served(server_class) as address:
            first, second = [await joined(address, "Room/1") for _ in range(2)]
            link: Any = home.bus().broker_link
            first.close()
            assert await first.read_message() is None
            await until(lambda: len(OPEN) == 1)
            assert link._broker._names == {"room:1": {link}}
            second.close()
            second.stream.close()  # and waits for nothing
            await until(lambda: not OPEN)
            assert not list(home.bus()._dispatch)
            assert link._broker._names == {}

    run(main())


def test_those_who_are_there(server_class: type[HTTPServer]) -> None:
    async def main() -> None:
        async with served(server_class) as address:
            first = await joined(address, "Room/1")
            client = await joined(address, "Named/1")
            message = await heard(client)
            assert (message["event"], message["data"]) == ("join", {"id": "ann", "info": {"n": 1}})
            assert [each.id for each in await bus.presence("room:1")] == ["ann"]
            client.close()
            assert await client.read_message() is None
            await until(lambda: len(OPEN) == 1)
            assert await bus.presence("room:1") == []
            await leave(first)

    run(main())


def test_one_that_does_not_read_is_disconnected(
    server_class: type[HTTPServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "_MOST_UNSENT", 20)

    async def main() -> None:
        async with served(server_class) as address:
            _, writer = await asyncio.open_connection(*address.split(":"))
            writer.write(HANDSHAKE)
            await until(lambda: len(OPEN) == len(list(home.bus()._dispatch)) == 1)
            handler: Any = OPEN[0]
            for _ in range(300):
                await bus.publish("room:1", "x" * 200_000)
                await asyncio.sleep(0)
                if handler.ws_connection is None or handler.ws_connection.is_closing():
                    break
            else:
                raise AssertionError("it is still open")
            assert not list(home.bus()._dispatch)
            writer.transport.abort()
            await until(lambda: not OPEN)

    run(main())


def test_a_socket_that_is_closed_by_then(server_class: type[HTTPServer]) -> None:
    async def main() -> None:
        async with served(server_class) as address:
            client = await joined(address, "Room/1")
            handler = OPEN[0]
            await leave(client)
            await bus.relay(handler, "room:1")
            assert not list(home.bus()._dispatch)

    run(main())


def test_a_burst_does_not_disconnect_one_that_reads(server_class: type[HTTPServer]) -> None:
    async def main() -> None:
        async with served(server_class) as address:
            client = await joined(address, "Room/1")
            for number in range(3000):
                bus.post("room:1", number)
            assert [(await heard(client))["data"] for _ in range(3000)] == list(range(3000))
            await leave(client)

    run(main(), history=5000)


def test_presence_that_can_not_be_is_refused_before_anybody_is_there(
    server_class: type[HTTPServer],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        async with served(server_class) as address:
            for given in ({"present": "ann", "info": object()}, {"present": ["ann"]}):
                monkeypatch.setattr(Room, "given", given)
                client = await websocket_connect(f"ws://{address}/Room/1")
                assert await client.read_message() is None
                client.close()
                assert await bus.presence("room:1") == []

    run(main())
    assert caplog.text.count("TypeError") >= 2


def test_it_wants_a_channel(server_class: type[HTTPServer]) -> None:
    async def main() -> None:
        async with served(server_class) as address:
            client = await joined(address, "Room/1")
            with pytest.raises(bus.BadName):
                await bus.relay(OPEN[0])
            with pytest.raises(bus.BadName):
                await bus.relay(OPEN[0], "room:*")
            await leave(client)

    run(main())


class TestStreamsOfEvents:
    def test_lines_are_those_of_event_streams(self, server_class: type[HTTPServer]) -> None:
        """Python knows more line ends, which JSON may have."""

        async def main() -> None:
            async with served(server_class) as address:
                text = "a\u2028b\u0085c\x1cd\r\ne"
                await bus.publish("room:1", {"text": text})
                reader, writer = await asyncio.open_connection(*address.split(":"))
                writer.write(b"GET /events/1 HTTP/1.1\r\nHost: x\r\nLast-Event-ID: no\r\n\r\n")
                event = await reader.readuntil(b'e"}}\n\n\r\n')
                (line,) = (each for each in event.split(b"\n") if b'"text"' in each)
                assert json.loads(line.removeprefix(b"data: "))["data"] == {"text": text}
                writer.close()
                await until(lambda: not list(home.bus()._dispatch))

        run(main())

    def test_what_the_browser_says_is_newer_than_the_url(
        self, server_class: type[HTTPServer]
    ) -> None:
        async def main() -> None:
            async with served(server_class) as address:
                old, new = await bus.publish("room:1", "old"), await bus.publish("room:1", "new")
                await bus.publish("room:1", "newest")
                reader, writer = await asyncio.open_connection(*address.split(":"))
                request = f"GET /events/1?since={old} HTTP/1.1\r\nLast-Event-ID: {new}\r\n"
                writer.write(f"{request}Host: x\r\n\r\n".encode())
                event = await reader.readuntil(b"newest")
                assert b'"new"' not in event
                writer.close()
                await until(lambda: not list(home.bus()._dispatch))

        run(main())

    def test_what_a_browser_gets(self, server_class: type[HTTPServer]) -> None:
        async def main() -> None:
            async with served(server_class) as address:
                reader, writer = await asyncio.open_connection(*address.split(":"))
                first = await bus.publish("room:1", {"n": 1})
                before = first.rpartition("-")[0] + "-0"
                writer.write(
                    f"GET /events/1 HTTP/1.1\r\nHost: x\r\nLast-Event-ID: {before}\r\n\r\n".encode()
                )
                head = await reader.readuntil(b"\r\n\r\n")
                assert b"Content-Type: text/event-stream\r\n" in head
                assert b"Cache-Control: no-store\r\n" in head
                text = await reader.readuntil(b"\n\n\r\n")
                assert f"id: {first}\n".encode() in text
                assert b'"data":{"n":1}}\n\n' in text
                assert b"event:" not in text
                await bus.publish("room:1", "second")
                assert b'"second"' in await reader.readuntil(b"\n\n\r\n")
                writer.close()
                await until(lambda: not list(home.bus()._dispatch))

        run(main())

    def test_gaps_have_a_name(self, server_class: type[HTTPServer]) -> None:
        async def main() -> None:
            async with served(server_class) as address:
                reader, writer = await asyncio.open_connection(*address.split(":"))
                writer.write(b"GET /events/1 HTTP/1.1\r\nHost: x\r\nLast-Event-ID: no\r\n\r\n")
                assert b"event: gap\n" in await reader.readuntil(b"\n\n\r\n")
                writer.close()
                await until(lambda: not list(home.bus()._dispatch))

        run(main())

    def test_silence_is_broken_now_and_then(
        self, server_class: type[HTTPServer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(relaying, "_ALIVE", 0.01)

        async def main() -> None:
            async with served(server_class) as address:
                reader, writer = await asyncio.open_connection(*address.split(":"))
                writer.write(b"GET /events/1 HTTP/1.1\r\nHost: x\r\n\r\n")
                assert b"\r\nid: " in await reader.readuntil(b"\n\n\r\n")
                for _ in range(3):
                    assert await reader.readuntil(b"\n\n\r\n") == b"4\r\n: \n\n\r\n"
                writer.close()
                await until(lambda: not list(home.bus()._dispatch))

        run(main())
