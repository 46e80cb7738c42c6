"""Request smuggling, as published: two servers are to disagree about where a request ends.

From James Kettle's "HTTP Desync Attacks" (2019) and "HTTP/1.1 must die" (2025: Expect, 0.CL), the
chunk-extension and trailer attacks of 2025, "HTTP Request Smuggling in 2020" (Klein: header names
and CR in values), the llhttp and Node advisories (CVE-2021-22959, -22960, CVE-2022-32213, -32214,
-32215, -35256, CVE-2023-30589, CVE-2024-27982), gunicorn's and waitress's (CVE-2024-1135,
CVE-2022-24761), and h2c smuggling (2020).
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.engine.differential.corpus.entry import BODIES, Entry, get, group, post

_PROFILES = (*BODIES, "blind", "early")
_HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
_LENGTH = b"Content-Length: "
_CODING = b"Transfer-Encoding: chunked\r\n"


def _both() -> Iterator[Entry]:
    yield from group(
        "both",
        {
            "CL.TE": post(_LENGTH + b"6\r\n" + _CODING, b"0\r\n\r\nG") + get(),
            "CL.TE with a request": post(
                _LENGTH + b"%d\r\n" % (5 + len(_HIDDEN)) + _CODING, b"0\r\n\r\n" + _HIDDEN
            ),
            "TE.CL": post(_CODING + _LENGTH + b"4\r\n", b"5c\r\n" + _HIDDEN + b"\r\n0\r\n\r\n"),
            "TE.CL, 3": post(_LENGTH + b"3\r\n" + _CODING, b"8\r\nSMUGGLED\r\n0\r\n\r\n"),
            "equal": post(_LENGTH + b"15\r\n" + _CODING, b"5\r\nhello\r\n0\r\n\r\n") + get(),
            "zero": post(_LENGTH + b"0\r\n" + _CODING, b"5\r\nhello\r\n0\r\n\r\n") + get(),
            "bad length": post(_LENGTH + b"x\r\n" + _CODING, b"0\r\n\r\n") + get(),
            "in 1.0": (
                b"POST / HTTP/1.0\r\n" + _LENGTH + b"3\r\n" + _CODING + b"\r\n0\r\n\r\n" + _HIDDEN
            ),
            "TE in 1.0, keep-alive": (
                b"POST / HTTP/1.0\r\nConnection: keep-alive\r\n" + _CODING + b"\r\n0\r\n\r\n"
            )
            + _HIDDEN,
            "TE identity": post(
                _LENGTH + b"5\r\nTransfer-Encoding: identity\r\n", b"hello" + _HIDDEN
            ),
            "0.CL": b"GET / HTTP/1.1\r\nHost: a\r\n" + _LENGTH + b"44\r\n\r\n" + _HIDDEN,
            "CL.0": post(_LENGTH + b"%d\r\n" % len(_HIDDEN), _HIDDEN) + get(),
            "connection drops the length": post(
                b"Connection: Content-Length\r\n" + _LENGTH + b"5\r\n", b"hello"
            ),
            "connection drops the coding": post(
                b"Connection: close, Transfer-Encoding\r\n" + _CODING, b"0\r\n\r\n"
            ),
        },
        _PROFILES,
    )


def _obfuscated() -> Iterator[Entry]:
    """TE.TE and TE.CL: a Transfer-Encoding that only one of two servers takes for one."""
    spellings = {
        "space before the colon": b"Transfer-Encoding : chunked",
        "xchunked": b"Transfer-Encoding: xchunked",
        "tab": b"Transfer-Encoding:\tchunked",
        "vertical tab": b"Transfer-Encoding:\x0bchunked",
        "leading space": b" Transfer-Encoding: chunked",
        "folded": b"Transfer-Encoding\r\n: chunked",
        "folded value": b"Transfer-Encoding:\r\n chunked",
        "after another by LF": b"X: X\nTransfer-Encoding: chunked",
        "after another by CR": b"X: X\rTransfer-Encoding: chunked",
        "CR within": b"Transfer-Encoding: chun\rked",
        "trailing CR": b"Transfer-Encoding: chunked\r",
        "quoted": b'Transfer-Encoding: "chunked"',
        "identity too": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "x too": b"Transfer-Encoding: chunked\r\nTransfer-encoding: x",
        "cow": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: cow",
        "list": b"Transfer-Encoding: identity, chunked, identity",
        "NUL": b"Transfer-Encoding:\0chunked",
        "no space": b"Transfer-Encoding:chunked",
        "backslash r": b"Transfer-Encoding: chunked\\r\\n",
        "parameter": b"Transfer-Encoding: chunked;foo=bar",
        "high byte name": b"Transfer\xe2\x80\x90Encoding: chunked",
        "0xff before it": b"\xffTransfer-Encoding: chunked",
        "no colon line before": b"foo\r\nTransfer-Encoding: chunked",
        "two colons": b"Transfer-Encoding:: chunked",
        "name with a NUL": b"Transfer-Encoding\0: chunked",
        "name with a dot": b"Transfer.Encoding: chunked",
        "form feed": b"Transfer-Encoding: \x0cchunked",
        "no-break space": b"Transfer-Encoding: \xa0chunked",
        "trailing tab": b"Transfer-Encoding: chunked\t",
        "comma": b"Transfer-Encoding: ,chunked",
        "empty first": b"Transfer-Encoding: \r\nTransfer-Encoding: chunked",
    }
    for name, line in spellings.items():
        with_length = post(_LENGTH + b"4\r\n" + line + b"\r\n", b"5c\r\n" + _HIDDEN + b"0\r\n\r\n")
        alone = post(line + b"\r\n", b"5\r\nhello\r\n0\r\n\r\n" + _HIDDEN)
        yield Entry(f"obfuscated with a length: {name}", with_length, _PROFILES)
        yield Entry(f"obfuscated: {name}", alone, _PROFILES)


def _chunk_tricks() -> Iterator[Entry]:
    bodies = {
        "extension with LF (TERM.EXT)": b"2;\nxx\r\n0\r\n\r\n",
        "extension with CR": b"2;\rxx\r\n0\r\n\r\n",
        "extension hides a chunk": b"2\r\n\r\n;\n4a\r\n0\r\n\r\n" + _HIDDEN,
        "size by LF (EXT.TERM)": b"5\nhello\r\n0\r\n\r\n" + _HIDDEN,
        "spill: two bytes for any end": b"5\r\nhelloXX0\r\n\r\n" + _HIDDEN,
        "size wraps 32 bits": b"100000000\r\n\r\n" + _HIDDEN,
        "size wraps 64 bits": b"10000000000000000\r\n\r\n" + _HIDDEN,
        "negative": b"-1\r\n\r\n" + _HIDDEN,
        "0x": b"0x0\r\n\r\n" + _HIDDEN,
        "0 with a space": b"0 \r\n\r\n" + _HIDDEN,
        "0 with CR": b"0\r\r\n\r\n" + _HIDDEN,
        "trailer holds a request": b"0\r\nX: " + _HIDDEN + b"\r\n",
        "trailer is a length": b"0\r\nContent-Length: 40\r\n\r\n" + _HIDDEN,
        "trailer is a coding": b"0\r\nTransfer-Encoding: chunked\r\n\r\n" + _HIDDEN,
        "trailer begins with a space": b"0\r\n X: y\r\n\r\n" + _HIDDEN,
        "end by LF": b"0\n\n" + _HIDDEN,
        "end by CR": b"0\r\r" + _HIDDEN,
        "end with half a CRLF": b"0\r\n\rG" + _HIDDEN,
        "nothing behind the last one": b"0\r\n" + _HIDDEN,
        "long extension": b"5;" + b"a" * 20_000 + b"\r\nhello\r\n0\r\n\r\n",
        "a megabyte of nothing": b"0;" + b"a" * 200 + b"\r\n\r\n",
    }
    yield from group(
        "chunk trick", {name: post(_CODING, body) for name, body in bodies.items()}, _PROFILES
    )


def _protocols() -> Iterator[Entry]:
    yield from group(
        "protocol",
        {
            "h2c": get(
                b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
                b"Connection: Upgrade, HTTP2-Settings\r\n"
            )
            + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "h2c, then a request": get(b"Upgrade: h2c\r\nConnection: Upgrade\r\n") + _HIDDEN,
            "upgrade to anything": get(b"Upgrade: foo\r\nConnection: upgrade\r\n") + _HIDDEN,
            "upgrade with a body": post(
                b"Upgrade: foo\r\nConnection: upgrade\r\n" + _LENGTH + b"5\r\n", b"hello" + _HIDDEN
            ),
            "upgrade with chunks": post(
                b"Upgrade: foo\r\nConnection: upgrade\r\n" + _CODING,
                b"5\r\nhello\r\n0\r\n\r\n" + _HIDDEN,
            ),
            "upgrade without Connection": get(b"Upgrade: websocket\r\n") + _HIDDEN,
            "Connection: upgrade alone": get(b"Connection: upgrade\r\n") + _HIDDEN,
            "upgrade in 1.0": (
                b"GET / HTTP/1.0\r\nUpgrade: foo\r\nConnection: upgrade\r\n\r\n" + _HIDDEN
            ),
            "CONNECT": b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n" + _HIDDEN,
            "CONNECT with a body": (
                b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n" + _LENGTH + b"5\r\n\r\nhello" + _HIDDEN
            ),
            "CONNECT with chunks": (
                b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n" + _CODING + b"\r\n0\r\n\r\n" + _HIDDEN
            ),
            "PRI with chunks": b"PRI * HTTP/1.1\r\nHost: a\r\n" + _CODING + b"\r\n0\r\n\r\n",
            "Expect obfuscated": post(b"Expect: y 100-continue\r\n" + _LENGTH + b"5\r\n", b"hello"),
            "Expect, GET": get(b"Expect: 100-continue\r\n" + _LENGTH + b"5\r\n") + b"hello",
            "Expect with both": post(
                b"Expect: 100-continue\r\n" + _LENGTH + b"5\r\n" + _CODING, b"0\r\n\r\n"
            ),
            "Expect and a bad length": post(b"Expect: 100-continue\r\n" + _LENGTH + b"+5\r\n", b""),
            "Expect without Host": (
                b"POST / HTTP/1.1\r\nExpect: 100-continue\r\n" + _LENGTH + b"5\r\n\r\nhello"
            ),
            "method override": post(
                b"X-HTTP-Method-Override: DELETE\r\n" + _LENGTH + b"0\r\n", b""
            ),
            "request in a header": get(b"X: a\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n"),
            "request in a value": get(b"X: a\rGET /hidden HTTP/1.1\rHost: a\r\n"),
            "line injection by %0d%0a": get(target=b"/a%0d%0aX:%20y"),
            "host of another": b"GET http://hidden/ HTTP/1.1\r\nHost: a\r\n\r\n",
        },
        (*_PROFILES, "callback", "slow"),
    )


def entries() -> Iterator[Entry]:
    yield from _both()
    yield from _obfuscated()
    yield from _chunk_tricks()
    yield from _protocols()
