from __future__ import annotations

import pytest

from tests.clients.messages import Incoming, Reading, Response, T, request_bytes

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"


def finish(reading: Reading[T], incoming: Incoming, *pieces: bytes) -> T:
    """What is read of these pieces, and of the end behind them."""
    left = list(pieces)
    try:
        next(reading)
        while True:
            piece = left.pop(0) if left else b""
            incoming.unread += piece
            reading.send(bool(piece))
    except StopIteration as done:
        taken: T = done.value
        return taken


def response(*pieces: bytes, method: str = "GET") -> tuple[Response, bytes]:
    """A response, and what is left behind it."""
    incoming = Incoming()
    found = finish(incoming.response(method), incoming, *pieces)
    return found, bytes(incoming.unread)


def bytewise(data: bytes) -> list[bytes]:
    return [bytes([each]) for each in data]


@pytest.mark.parametrize("data", [LENGTH, CHUNKS], ids=["length", "chunks"])
def test_what_follows_a_response_is_left(data: bytes) -> None:
    found, left = response(data + LENGTH)
    assert (found.status, found.reason, found.text) == (200, "OK", "abc")
    assert left == LENGTH


@pytest.mark.parametrize("data", [LENGTH, CHUNKS], ids=["length", "chunks"])
def test_a_response_byte_by_byte(data: bytes) -> None:
    found, left = response(*bytewise(data + b"H"))
    assert (found.body, left) == (b"abc", b"")


@pytest.mark.parametrize("data", [LENGTH, CHUNKS], ids=["length", "chunks"])
def test_an_end_within_a_response_is_an_error(data: bytes) -> None:
    for size in range(len(data)):
        with pytest.raises(EOFError):
            response(data[:size])


def test_a_response_that_ends_with_its_connection() -> None:
    found, left = response(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\na", b"bc")
    assert (found.body, found.closes, left) == (b"abc", True, b"")


@pytest.mark.parametrize(
    ("status", "method"), [(200, "HEAD"), (304, "GET"), (204, "GET"), (101, "GET")]
)
def test_a_response_that_has_no_body(status: int, method: str) -> None:
    head = b"HTTP/1.1 %d X\r\nContent-Length: 3\r\n\r\n" % status
    found, left = response(head + b"abc", method=method)
    assert (found.body, left) == (b"", b"abc")


def test_readings_of_another_kind() -> None:
    incoming = Incoming()
    assert finish(incoming.read(2), incoming, b"a", b"bcd") == b"ab"
    assert finish(incoming.read_through(b"xyz"), incoming, b"x", b"y", b"zz") == b"cdxyz"
    assert finish(incoming.rest(), incoming, b"1", b"2") == b"z12"


def test_a_request() -> None:
    assert request_bytes("/a", "X: é") == b"GET /a HTTP/1.1\r\nHost: localhost\r\nX: \xe9\r\n\r\n"
    assert request_bytes(method="PUT", body=b"abc") == (
        b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
    )
