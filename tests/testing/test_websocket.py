from __future__ import annotations

import pytest

from tornkit.testing.client import Client
from tornkit.testing.websocket import WebSocketEnded, WebSocketRefused


class TestMessages:
    def test_text_bytes_and_json(self, client: Client) -> None:
        with client.websocket("/chat") as ws:
            ws.receive()
            for message in ("text", b"bytes", "", b"", "ä" * 100_000):
                ws.send(message)
                assert ws.receive() == message
            ws.send_json({"a": [1]})
            assert ws.receive_json() == {"a": [1]}

    def test_none_in_time(self, client: Client) -> None:
        with client.websocket("/chat", timeout=3) as ws:
            ws.receive()
            with pytest.raises(TimeoutError, match=r"no message .*/chat in 0\.01 s"):
                ws.receive(timeout=0.01)
            ws.send("later")
            assert ws.receive() == "later"

    def test_come_one_after_another_until_the_end(self, client: Client) -> None:
        with client.websocket("/chat") as ws:
            ws.receive()
            for message in ("1", "2", "bye"):
                ws.send(message)
            assert list(ws) == ["1", "2"]


class TestEnd:
    def test_by_the_server_has_its_code(self, client: Client) -> None:
        with client.websocket("/chat") as ws:
            ws.receive()
            assert (ws.closed, ws.close_code) == (False, None)
            ws.send("bye")
            with pytest.raises(WebSocketEnded, match="code 4001, as you said") as ended:
                ws.receive()
            assert (ended.value.code, ended.value.reason) == (4001, "as you said")
            assert (ws.closed, ws.close_code, ws.close_reason) == (True, 4001, "as you said")
            for _ in range(2):
                with pytest.raises(WebSocketEnded):
                    ws.receive()
            with pytest.raises(WebSocketEnded):
                ws.send("too late")

    def test_by_the_test(self, client: Client) -> None:
        with client.websocket("/chat") as ws:
            ws.receive()
            ws.close(1001, "going")
            assert ws.closed
        assert ws.closed

    def test_behind_with(self, client: Client) -> None:
        with client.websocket("/chat") as ws:
            ws.receive()
        assert ws.closed

    def test_one_that_is_left_open_ends_with_the_server(self, client: Client) -> None:
        client.websocket("/chat").__enter__()


class TestHandshake:
    def test_refused(self, client: Client) -> None:
        with pytest.raises(WebSocketRefused, match="404 Not Found") as refused:
            client.websocket("/nowhere").__enter__()
        assert refused.value.status == 404
        assert b"404" in refused.value.body

    def test_answered_by_a_page(self, client: Client) -> None:
        with pytest.raises(WebSocketRefused, match="Non-websocket"):
            client.websocket("/").__enter__()

    def test_of_another_origin(self, client: Client) -> None:
        with pytest.raises(WebSocketRefused) as refused:
            client.websocket("/chat", headers={"Origin": "http://evil.example"}).__enter__()
        assert refused.value.status == 403

    def test_is_that_of_a_page_of_the_application(self, client: Client) -> None:
        with client.websocket("/chat") as ws:
            assert ws.receive_json()["headers"]["Origin"] == client.url

    def test_without_an_origin(self, client: Client) -> None:
        with client.websocket("/chat", headers={"Origin": None, "X-One": "1"}) as ws:
            headers = ws.receive_json()["headers"]
            assert "Origin" not in headers
            assert headers["X-One"] == "1"

    @pytest.mark.parametrize("by", ["host", "headers", "url"])
    def test_of_another_host(self, client: Client, by: str) -> None:
        host = "chat.example.com"
        target = f"ws://{host}/chat" if by == "url" else "/chat"
        with client.websocket(
            target,
            host=host if by == "host" else None,
            headers={"host": host} if by == "headers" else None,
        ) as ws:
            headers = ws.receive_json()["headers"]
            assert (headers["Host"], headers["Origin"]) == (host, f"http://{host}")

    def test_has_the_visitors_cookies(self, client: Client) -> None:
        client.sign_in("alice")
        client.cookies.set("a", "1")
        with client.websocket("/chat", headers={"Cookie": "b=2"}) as ws:
            said = ws.receive_json()
            assert said["user"] == "alice"
            assert {"a=1", "b=2"} <= set(said["headers"]["Cookie"].split("; "))

    def test_subprotocols(self, client: Client) -> None:
        with client.websocket("/chat", subprotocols=["one", "two"]) as ws:
            assert ws.subprotocol == "two"
        with client.websocket("/chat") as ws:
            assert ws.subprotocol is None

    def test_is_needed_first(self, client: Client) -> None:
        with pytest.raises(RuntimeError, match="not open yet"):
            client.websocket("/chat").send("too early")


def test_two_visitors_at_once(client: Client) -> None:
    other = client.new()
    client.sign_in("alice")
    other.sign_in("bob")
    with client.websocket("/chat") as first, other.websocket("/chat") as second:
        assert [ws.receive_json()["user"] for ws in (first, second)] == ["alice", "bob"]
