"""WebSocket handshakes, and frames that arrive with them: the connection is given away mid-read."""

from __future__ import annotations

from collections.abc import Iterator

from tests.engine.differential.corpus.entry import Entry, get, group, post

_KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
_VERSION = b"Sec-WebSocket-Version: 13\r\n"
_UPGRADE = b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
_HANDSHAKE = get(_UPGRADE + _VERSION + _KEY, b"/ws")


def frame(opcode: int, payload: bytes, first: int = 0x80) -> bytes:
    """A masked frame, as clients send them; the mask is all zeros, so the payload is readable."""
    return bytes((first | opcode, 0x80 | len(payload))) + bytes(4) + payload


_HELLO = frame(1, b"hello")
_CLOSE = frame(8, b"\x03\xe8bye")


def entries() -> Iterator[Entry]:
    yield from group(
        "websocket",
        {
            "handshake": _HANDSHAKE,
            "and a frame": _HANDSHAKE + _HELLO,
            "and frames": _HANDSHAKE + _HELLO * 5 + frame(9, b"ping") + frame(2, b"\0\xff"),
            "and a close": _HANDSHAKE + _HELLO + _CLOSE,
            "and an empty close": _HANDSHAKE + frame(8, b""),
            "and half a frame": _HANDSHAKE + _HELLO[:-2],
            "and fragments": _HANDSHAKE + frame(1, b"hel", 0) + frame(0, b"lo"),
            "and a frame without a mask": _HANDSHAKE + b"\x81\x05hello",
            "and a bad opcode": _HANDSHAKE + frame(3, b""),
            "and reserved bits": _HANDSHAKE + frame(1, b"a", 0xF0),
            "and bad UTF-8": _HANDSHAKE + frame(1, b"\xff"),
            "and a request": _HANDSHAKE + get(),
            "behind a request": get(target=b"/first") + _HANDSHAKE + _HELLO,
            "no key": get(_UPGRADE + _VERSION),
            "no version": get(_UPGRADE + _KEY),
            "version 12": get(_UPGRADE + _VERSION.replace(b"13", b"12") + _KEY),
            "no Connection": get(b"Upgrade: websocket\r\n" + _VERSION + _KEY),
            "no Upgrade": get(b"Connection: Upgrade\r\n" + _VERSION + _KEY),
            "Connection list": get(
                b"Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n" + _VERSION + _KEY
            )
            + _HELLO,
            "POST": post(_UPGRADE + _VERSION + _KEY + b"Content-Length: 0\r\n", b"") + _HELLO,
            "with a length": get(_UPGRADE + _VERSION + _KEY + b"Content-Length: 5\r\n") + _HELLO,
            "with chunks": get(_UPGRADE + _VERSION + _KEY + b"Transfer-Encoding: chunked\r\n")
            + b"0\r\n\r\n"
            + _HELLO,
            "1.0": b"GET /ws HTTP/1.0\r\n" + _UPGRADE + _VERSION + _KEY + b"\r\n" + _HELLO,
            "subprotocols": get(_UPGRADE + _VERSION + _KEY + b"Sec-WebSocket-Protocol: a, b\r\n"),
            "extension": get(
                _UPGRADE + _VERSION + _KEY + b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
            )
            + _HELLO,
            "bad host": _HANDSHAKE.replace(b"Host: a", b"Host: a b") + _HELLO,
        },
        ("socket", "web"),
    )
