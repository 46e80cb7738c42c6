"""What the engine reads by itself, Tornado reads in the same way; the rest is left to Tornado."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters, parse_int
from tornado.httputil import HTTPHeaders, HTTPInputError, RequestStartLine, parse_request_start_line

from tornkit.engine.grammar import Head, HeadReader


class Reader(HTTP1Connection):
    """Tornado's own reading of a head, without a stream to read it from."""

    def __init__(self) -> None:
        self.params = HTTP1ConnectionParameters()


def tornado_s(head: bytes) -> tuple[RequestStartLine, HTTPHeaders, bool]:
    """Start line, headers, and whether the connection is kept. HTTPInputError where it refuses."""
    reader: Any = Reader()
    line, headers = reader._parse_headers(head)
    start_line = parse_request_start_line(line)
    return start_line, headers, reader._can_keep_alive(start_line, headers)


def read(head: bytes) -> Head | None:
    """The same from the middle of more bytes, which are not its business."""
    assert head.endswith(b"\r\n\r\n")
    found = HeadReader().read(bytearray(head + b"GET / HTTP/1.1\r\n\r\n"), len(head))
    again = HeadReader().read(head, len(head))
    assert (found is None) == (again is None)
    if found is not None and again is not None:
        assert found[0] == again[0]
        assert found[2:] == again[2:]
    return found


def of(*lines: str) -> bytes:
    return "\r\n".join(["POST /a?b=c HTTP/1.1", "Host: x", *lines, "", ""]).encode("latin1")


def test_a_plain_head() -> None:
    head = read(of("Content-Length: 12", "Connection: Keep-Alive", "X: y"))
    assert head is not None
    assert head.start_line == RequestStartLine("POST", "/a?b=c", "HTTP/1.1")
    assert head.length == 12
    assert head.connection == "keep-alive"
    assert list(head.headers.get_all()) == [
        ("Host", "x"), ("Content-Length", "12"), ("Connection", "Keep-Alive"), ("X", "y"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "Transfer-Encoding: chunked",
        "TRANSFER-ENCODING:",
        "Transfer-encoding: identity",
        "Expect: 100-continue",
        "Upgrade: websocket",
        "upgrade:h2c",
        "Content-Length: 1, 1",
        "Content-Length: 1\r\nContent-Length: 1",
        "Content-Length:",
        "Content-Length: +1",
        "Content-Length: 1_0",
        "Content-Length: 0x1",
        "Content-Length: 1.0",
        "Content-Length: \xb2",
        "Content-Length: 1234567890123456",
        "X",
        "X : y",
        " X: y",
        "X: y\r\n z",
        ": y",
        "X: a\0b",
        "X: a\x7fb",
        "X: a\rb",
        "X: a\nY: b",
        "X\xe9: y",
    ],
)
def test_left_to_tornado(line: str) -> None:
    assert read(of(line)) is None


@pytest.mark.parametrize(
    "first",
    [
        "GET / HTTP/1.0",
        "GET / HTTP/1.2",
        "GET / HTTP/2.0",
        "GET / http/1.1",
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET /\t HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET HTTP/1.1",
        "GET /",
        "G(T / HTTP/1.1",
        "G\xc9T / HTTP/1.1",
        "",
        "\r\nGET / HTTP/1.1",
    ],
)
def test_request_lines_that_are_left_to_tornado(first: str) -> None:
    head = f"{first}\r\nHost: x\r\n\r\n".encode("latin1")
    assert HeadReader().read(head, len(head)) is None


def test_blanks_around_values_are_no_part_of_them() -> None:
    head = read(of("Content-Length: \t 5 \t ", "Connection:\t Close "))
    assert head is not None
    assert (head.length, head.connection) == (5, "close")
    assert read(of("Connection:   ")) is not None


def test_what_only_looks_like_a_deciding_header_decides_nothing() -> None:
    head = read(
        of("X-Content-Length: 5", "X: Content-Length: 5", "Content-Length-X: 5", "Y: close")
    )
    assert head is not None
    assert (head.length, head.connection) == (0, "")


def test_blanks_inside_of_values_cost_no_more_than_others() -> None:
    """An expression that strips a value while it finds its end takes seconds for this."""
    began = time.process_time()
    for name in ("Connection", "Content-Length", "Cookie"):
        for blank in (" ", "\t", " \t"):
            head = read(of(f"{name}: a" + blank * (60_000 // len(blank)) + "b"))
            assert (head is None) == (name == "Content-Length")
            if head is not None:
                assert len(head.headers["Cookie" if name == "Cookie" else "Connection"]) == 60_002
    assert time.process_time() - began < 1


# ---- at random ----

PIECES = [
    "GET", "POST", "get", "M-SEARCH", "/", "*", "/a", "/\xe9", "http://x/", "?b=c&d", " ", "  ",
    "\t", "HTTP/1.1", "HTTP/1.0", "\r\n", "\n", "\r", "Host", "host", "X", "x-y", "x_y",
    "X\xe9", ":", ": ", " : ", "value", "a,b", "\xe9", "\0", "\x7f", "\x0b", "\x85", "\xa0",
    "Connection", "close", "Close", "keep-alive", "Content-Length", "CONTENT-LENGTH", "5", "05",
    "-5", "5 5", "Transfer-Encoding", "chunked", "Expect", "100-continue", "Upgrade", "'", '"',
    "(", "{", "\\",
]  # fmt: skip
LINES = [
    "Host: x", "host:x", "Host:", "X: y", "X:\t y \t", "X: ", "x-Y-z: \xe9\xa0", "X: a:b",
    "X: 1\x7f", "Connection: close", "Connection: CLOSE ", "connection:",
    "Connection: keep-alive", "Connection: close, x", "Content-Length: 5", "Content-Length:5 ",
    "content-length: 007", "Content-Length: 5x", "Content-Length: 5",
    "Transfer-Encoding: chunked", "Expect: 100-continue", "Upgrade: h2c", "X-Upgrade: h2c",
    "Cookie: a=b; c=d", "no colon", " folded", "X : y", "\xe9: y",
]  # fmt: skip


def random_head(random_: random.Random) -> bytes:
    first = random_.choice(["GET / HTTP/1.1", "POST /a?b HTTP/1.1", "GET http://x/ HTTP/1.1"])
    lines = random_.choices(LINES, k=random_.randrange(8))
    text = "\r\n".join([first, *lines, "", ""])
    for _ in range(random_.choice((0, 0, 1, 1, 2, 5))):
        at = random_.randrange(len(text) - 3)
        keep = at if random_.random() < 0.5 else at + random_.randrange(4)
        text = text[:at] + random_.choice(PIECES) + text[keep:]
    return text.partition("\r\n\r\n")[0].encode("latin1") + b"\r\n\r\n"


@pytest.mark.parametrize("seed", range(20))
def test_what_is_read_is_what_tornado_reads(seed: int) -> None:
    random_ = random.Random(seed)
    taken = refused = 0
    for _ in range(1000):
        data = random_head(random_)
        head = read(data)
        if head is None:
            refused += 1
            continue
        taken += 1
        try:
            start_line, headers, kept = tornado_s(data)
        except HTTPInputError as error:
            raise AssertionError(f"{data!r} is taken, and Tornado says: {error}") from error
        assert head.start_line == start_line, data
        assert list(head.headers.get_all()) == list(headers.get_all()), data
        assert (head.connection != "close") == kept, data
        length = parse_int(headers["Content-Length"]) if "Content-Length" in headers else 0
        assert head.length == length, data
        assert not {"Transfer-Encoding", "Expect", "Upgrade"} & set(headers), data
    assert taken > 100
    assert refused > 100


def test_what_one_does_to_its_headers_no_other_sees() -> None:
    data = of("Connection: close", "X: y")
    reader = HeadReader()
    reader.read(data, len(data))
    first = reader.read(data, len(data))
    assert first is not None
    first.headers["X"] = "z"
    first.headers.add("Host", "other")
    del first.headers["Connection"]
    again = reader.read(data, len(data))
    assert again is not None
    assert again.headers["x"] == "y"
    assert list(again.headers.get_all()) == [("Host", "x"), ("Connection", "close"), ("X", "y")]
    assert again.connection == "close"


def test_what_is_long_is_not_kept() -> None:
    reader = HeadReader()
    assert reader.read(of(), len(of())) is not None
    kept = reader._fields
    assert kept is None  # nor the first
    for _ in range(2):
        for size in (10, 3000):
            data = of("X: " + "y" * size)
            head = reader.read(data, len(data))
            assert head is not None
            assert head.headers["X"] == "y" * size
            fields = reader._fields
            assert fields is not None
            assert len(fields.lines.as_sent) < 100
    data = b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    assert reader.read(data, len(data)) is not None
    assert len(reader._line) < 100


def test_one_head_after_another_is_as_one_alone() -> None:
    random_ = random.Random(5)
    heads = [
        head.replace(b"/a?b=c", target)
        for head in (of(), of("X: y"), of("X: Y"), of("Content-Length: 3"), of("Expect: x"), b"?")
        for target in (b"/", b"/b", b" ", b"\r\n")
    ]
    reader = HeadReader()
    for _ in range(3000):
        data = random_.choice(heads)
        found, alone = reader.read(data, len(data)), HeadReader().read(data, len(data))
        assert (found is None) == (alone is None)
        if found is not None and alone is not None:
            assert (found[0], *found[2:]) == (alone[0], *alone[2:])
            assert list(found.headers.get_all()) == list(alone.headers.get_all())
