"""Header lines that are wrong or odd: names, values, line ends, folding, sizes."""

from __future__ import annotations

from collections.abc import Iterator

from tests.engine.differential.corpus.entry import STRICT, Entry, get, group, sized

_LINES = {
    "no colon": b"asdf\r\n",
    "no name": b": b\r\n",
    "colon alone": b":\r\n",
    "space in front": b" X: b\r\n",
    "tab in front": b"\tX: b\r\n",
    "space before the colon": b"X : b\r\n",
    "tab before the colon": b"X\t: b\r\n",
    "spaces before the colon": b"X  : b\r\n",
    "space within the name": b"X Y: b\r\n",
    "folded by a space": b"X: a\r\n b\r\n",
    "folded by a tab": b"X: a\r\n\tb\r\n",
    "folded by LF": b"X: a\n b\r\n",
    "folded to nothing": b"X: a\r\n \r\n",
    "folded twice": b"X: a\r\n b\r\n c\r\n",
    "LF": b"X: a\n",
    "LF twice": b"X: a\nY: b\n",
    "CR": b"X: a\rY: b\r\n",
    "CR at the end": b"X: a\r\r\n",
    "CR in the name": b"X\rY: b\r\n",
    "CR in front": b"\rX: b\r\n",
    "LF CR": b"X: a\n\rY: b\r\n",
    "CR CR LF between": b"X: a\r\r\nY: b\r\n",
    "NUL in the value": b"X: a\0b\r\n",
    "NUL at the end": b"X: a\0\r\n",
    "NUL in the name": b"X\0: b\r\n",
    "tab in the value": b"X: a\tb\r\n",
    "vertical tab": b"X: a\x0bb\r\n",
    "form feed": b"X: a\x0cb\r\n",
    "form feed in front": b"X:\x0cb\r\n",
    "file separator": b"X: a\x1cb\r\n",
    "unit separator at the end": b"X: a\x1f\r\n",
    "escape": b"X: a\x1bb\r\n",
    "delete": b"X: a\x7fb\r\n",
    "next line": b"X: a\x85b\r\n",
    "next line at the ends": b"X: \x85a\x85\r\n",
    "no-break space at the ends": b"X: \xa0a\xa0\r\n",
    "obs-text in the name": b"X\xe9: b\r\n",
    "UTF-8 in the name": "X\u00e9: b\r\n".encode(),
    "quotes in the name": b'"X": b\r\n',
    "parentheses in the name": b"X(a): b\r\n",
    "comma in the name": b"X,Y: b\r\n",
    "semicolon in the name": b"X;Y: b\r\n",
    "slash in the name": b"X/Y: b\r\n",
    "brackets in the name": b"[X]: b\r\n",
    "at in the name": b"X@Y: b\r\n",
    "equals in the name": b"X=Y: b\r\n",
    "question mark in the name": b"X?: b\r\n",
    "backslash in the name": b"X\\Y: b\r\n",
    "braces in the name": b"{X}: b\r\n",
    "delete in the name": b"X\x7f: b\r\n",
    "all token characters": b"!#$%&'*+-.^_`|~09azAZ: b\r\n",
    "underscore": b"Content_Length: 5\r\n",
    "digit name": b"1: b\r\n",
    "dash name": b"-: b\r\n",
    "dashes": b"--X--: b\r\n",
    "colon in the value": b"X: a:b\r\n",
    "two colons": b"X:: b\r\n",
    "only white space": b"   \r\n",
    "tab alone": b"\t\r\n",
    "spaces and CR": b"X: a \r \r\n",
    "value of one character": b"X: a\r\n",
    "request line again": b"GET / HTTP/1.1\r\n",
    "long name": b"X" * 10_000 + b": b\r\n",
    "chunked, folded": b"Transfer-Encoding:\r\n chunked\r\n",
    "length, folded": b"Content-Length:\r\n 3\r\n",
    "length, folded to the next": b"X: a\r\n Content-Length: 3\r\n",
}


def _line_ends() -> Iterator[Entry]:
    plain = b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n"
    yield from group(
        "line ends",
        {
            "LF throughout": plain.replace(b"\r\n", b"\n"),
            "CR throughout": plain.replace(b"\r\n", b"\r"),
            "CR CR LF throughout": plain.replace(b"\r\n", b"\r\r\n"),
            "LF CR throughout": plain.replace(b"\r\n", b"\n\r"),
            "LF, then CRLF": b"GET / HTTP/1.1\nHost: a\r\n\r\n",
            "CRLF, then LF": b"GET / HTTP/1.1\r\nHost: a\n\n",
            "CRLF LF": b"GET / HTTP/1.1\r\nHost: a\r\n\n",
            "LF CRLF": b"GET / HTTP/1.1\r\nHost: a\n\r\n",
            "CRLF CR": b"GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n",
            "CR LF CR CR LF": b"GET / HTTP/1.1\r\nHost: a\r\n\r\r\n\r\n",
            "LF CR LF within": b"GET / HTTP/1.1\r\nHost: a\r\nX: b\n\r\nY: c\r\n\r\n",
            "space in the last line": b"GET / HTTP/1.1\r\nHost: a\r\n \r\n\r\n",
            "LF with a body": sized(b"abc").replace(b"\r\n", b"\n"),
            "LF end with a body": sized(b"abc").replace(b"\r\n\r\n", b"\n\n"),
            "LF with chunks": (
                b"POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n1\na\n0\n\n"
            ),
            "LF head with chunks": (
                b"POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n1\r\na\r\n0\r\n\r\n"
            ),
            "LF pipelined": plain.replace(b"\r\n", b"\n") * 2,
            "1.0 LF": b"GET / HTTP/1.0\n\n",
        },
        (*STRICT, "stream"),
    )


def _sizes() -> Iterator[Entry]:
    def head(size: int, line: bytes = b"GET / HTTP/1.1\r\nHost: a\r\n") -> bytes:
        """A request whose head is exactly ``size`` bytes long."""
        return line + b"X: " + b"x" * (size - len(line) - 7) + b"\r\n\r\n"

    for size in (398, 399, 400, 401, 402, 450):
        yield Entry(f"size: {size}", head(size), ("limits", "limits-stream"))
        yield Entry(f"size: {size}, then another", head(size) + get(), ("limits",))
        yield Entry(f"size: {size}, the second", get() + head(size), ("limits",))
    for size in (65_535, 65_536, 65_537, 65_538, 70_000):
        yield Entry(f"size: {size}", head(size), ("web", "delegate"))
        yield Entry(f"size: {size}, the second", get() + head(size) + get(), ("web",))
    yield Entry("size: no end", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 399, ("limits",))
    yield Entry("size: no end, 70 kB", b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, ("web",))
    yield Entry("size: CRLFs in front", b"\r\n" + head(399), ("limits",))
    yield Entry("size: LFs in front", b"\n" * 300 + head(150), ("limits",))
    yield Entry("size: line without end", b"G" * 1_000, ("limits", "web"))
    for length in (15, 16, 17, 59, 60, 61, 1_000):
        body = b"b" * length
        yield Entry(f"size: body of {length}", sized(body) + get(), ("limits", "limits-stream"))
        chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (length, body)
        data = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
        yield Entry(f"size: chunk of {length}", data + get(), ("limits", "limits-stream"))
        ones = b"1\r\nb\r\n" * length + b"0\r\n\r\n"
        data = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + ones
        yield Entry(f"size: {length} chunks", data + get(), ("limits", "limits-stream"))
    # 100 MB is Tornado's own limit, of the buffer and so of a body.
    for length in (104_857_600, 104_857_601, 10**12, 2**63, 2**64, 10**40):
        data = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\nabc" % length
        yield Entry(f"size: length of {length}", data, ("web", "stream", "delegate"))


def entries() -> Iterator[Entry]:
    yield from group("header", {name: get(line) for name, line in _LINES.items()}, STRICT)
    yield from group(
        "first header",
        {
            name: b"GET / HTTP/1.1\r\n" + line + b"Host: a\r\n\r\n"
            for name, line in _LINES.items()
            if name.startswith(("space in", "tab in", "no ", "CR in", "folded by", "only", "tab a"))
        },
        STRICT,
    )
    yield from group(
        "header of a body",
        {name: sized(b"abc", line) for name, line in _LINES.items()},
        ("stream",),
    )
    yield from _line_ends()
    yield from _sizes()
