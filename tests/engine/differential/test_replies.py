"""Responses are read out of known bytes."""

from __future__ import annotations

import pytest

from tests.engine.differential.replies import read

REFUSED = b"HTTP/1.1 400 Bad Request\r\n\r\n"
SIZED = b'HTTP/1.1 200 OK\r\nX-Seen: GET\r\nContent-Length: 8\r\n\r\n{"a": 1}'
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"
HEAD = b'HTTP/1.1 200 OK\r\nX-Seen: HEAD\r\nX-Seen-Json: {"b": 2}\r\nContent-Length: 9\r\n\r\n'
CONTINUE = b"HTTP/1.1 100 (Continue)\r\n\r\n"


def test_several_responses_of_all_sorts() -> None:
    found = read(CONTINUE + SIZED + HEAD + CHUNKED + SIZED + REFUSED)

    assert [reply.status for reply in found.replies] == [100, 200, 200, 200, 200, 400]
    assert [reply.status for reply in found.final] == [200, 200, 200, 200, 400]
    assert [reply.body for reply in found.final] == [b'{"a": 1}', b"", b"hello!", b'{"a": 1}', b""]
    assert [reply.is_seen for reply in found.final] == [True, True, False, True, False]
    assert [reply.record for reply in found.final] == [{"a": 1}, {"b": 2}, None, {"a": 1}, None]
    assert found.rest == b""


def test_a_response_without_a_length_goes_to_the_end() -> None:
    [reply] = read(b"HTTP/1.1 200 OK\r\n\r\nall of it").replies

    assert (reply.body, reply.is_whole) == (b"all of it", True)


@pytest.mark.parametrize(
    "data",
    [
        SIZED[:-1],
        CHUNKED[:-2],
        CHUNKED[:-5],
        CHUNKED.replace(b"hello", b"hell"),
        CHUNKED.replace(b"\r\n1\r\n!", b"\r\nx\r\n!"),
    ],
)
def test_a_body_that_is_cut_off_or_framed_wrongly_is_not_whole(data: bytes) -> None:
    assert not read(data).replies[0].is_whole


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_statuses_without_a_body_have_none(status: bytes) -> None:
    found = read(b"HTTP/1.1 %s\r\nContent-Length: 5\r\n\r\n" % status + REFUSED)

    assert [reply.status for reply in found.replies] == [int(status[:3]), 400]


def test_what_follows_an_upgrade_is_no_response() -> None:
    found = read(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello")

    assert found.replies[0].is_seen
    assert found.rest == b"\x81\x05hello"


@pytest.mark.parametrize("data", [b"", b"garbage", b"HTTP/1.1 200", b"HTTP/1.0 200 OK\r\n\r\n"])
def test_what_is_no_response_is_the_rest(data: bytes) -> None:
    found = read(data)

    assert found.replies == ()
    assert found.rest == data


def test_headers_keep_their_order_and_spelling() -> None:
    [reply] = read(b"HTTP/1.1 200 OK\r\nb: 1\r\nA:2\r\nb:  3 \r\nContent-Length: 0\r\n\r\n").replies

    assert reply.headers == (("b", "1"), ("A", "2"), ("b", "3"), ("Content-Length", "0"))
    assert reply.header("B") == "3"
    assert reply.header("C") is None
