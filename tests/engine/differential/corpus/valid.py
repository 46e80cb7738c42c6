"""Requests that any server should answer, of all sorts."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

from tests.engine.differential.corpus.entry import (
    BODIES,
    STRICT,
    Entry,
    chunked,
    get,
    group,
    post,
    sized,
)

_METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS")
_OTHER_METHODS = (b"TRACE", b"CONNECT", b"PROPFIND", b"M-SEARCH", b"FOO", b"G", b"!#$%&'*+-.^_`|~")
_FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
_MULTIPART = b"Content-Type: multipart/form-data; boundary=b\r\n"
_PARTS = (
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nline\r\nline\r\n--b--\r\n"
)
_BROWSER = (
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    b"Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n"
    b"Connection: keep-alive\r\nUpgrade-Insecure-Requests: 1\r\n"
    b'Cookie: _xsrf=2|1a2b|3c4d|1700000000; user="2|1:0|10:1700|4:user|4:Ym9i|0a"; a=b; a=c; =d\r\n'
    b"Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nPriority: u=0, i\r\n"
)


def _methods() -> Iterator[Entry]:
    for method in _METHODS + _OTHER_METHODS:
        line = method + b" /m?a=1 HTTP/1.1\r\nHost: a\r\n"
        name = method.decode()
        yield Entry(f"method: {name}", line + b"\r\n", ("web", "delegate", "callback"))
        yield Entry(f"method: {name} with a body", line + b"Content-Length: 3\r\n\r\nabc", BODIES)


def _connections() -> Iterator[Entry]:
    old = b"GET / HTTP/1.0\r\n"
    yield from group(
        "connection",
        {
            "close": get(b"Connection: close\r\n"),
            "Close": get(b"Connection: Close\r\n"),
            "keep-alive": get(b"Connection: keep-alive\r\n"),
            "close in a list": get(b"Connection: foo, close\r\n"),
            "close in a list, first": get(b"Connection: close, foo\r\n"),
            "two lines": get(b"Connection: keep-alive\r\nConnection: close\r\n"),
            "close twice": get(b"Connection: close\r\nConnection: close\r\n"),
            "empty": get(b"Connection:\r\n"),
            "Proxy-Connection": get(b"Proxy-Connection: close\r\n"),
            "Keep-Alive header": get(b"Keep-Alive: timeout=5, max=1\r\n"),
            "1.0": old + b"\r\n",
            "1.0 with Host": old + b"Host: a\r\n\r\n",
            "1.0 keep-alive": old + b"Connection: keep-alive\r\n\r\n",
            "1.0 Keep-Alive": old + b"Connection: Keep-Alive\r\n\r\n",
            "1.0 close": old + b"Connection: close\r\n\r\n",
            "1.0 in a list": old + b"Connection: foo, keep-alive\r\n\r\n",
            "1.0 two pipelined": (old + b"Connection: keep-alive\r\n\r\n") * 2,
            "1.0 POST keep-alive, no length": (
                b"POST / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
            ),
            "1.0 POST keep-alive": (
                b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc"
            ),
            "1.0 HEAD keep-alive": b"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            "1.0 then 1.1": old + b"Connection: keep-alive\r\n\r\n" + get(),
            "close, then more": get(b"Connection: close\r\n") + get(),
            "a close that a body follows": sized(b"abc", b"Connection: close\r\n") + get(),
        },
        ("web", "callback", "delegate", "slow", "once"),
    )


def _pipelined() -> Iterator[Entry]:
    mixed = get(target=b"/1") + sized(b"two") + chunked(b"3\r\nabc\r\n0\r\n\r\n") + get()
    yield from group(
        "pipelined",
        {
            "two": get(target=b"/1") + get(target=b"/2"),
            "ten": b"".join(get(target=b"/%d" % number) for number in range(10)),
            "mixed": mixed,
            "HEAD first": b"HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\n" + get(target=b"/2"),
            "a second that is cut off": get() + b"GET /2 HTT",
            "a second that is bad": get() + b"GET  /2 HTTP/1.1\r\nHost: a\r\n\r\n" + get(),
            "a bad one in front": b"\x16\x03\x01\r\n\r\n" + get(),
            "CRLF between": get() + b"\r\n" + get(),
            "two CRLFs between": get() + b"\r\n\r\n" + get(),
            "LF between": get() + b"\n" + get(),
            "CR between": get() + b"\r" + get(),
            "a space between": get() + b" " + get(),
        },
        ("web", "slow", "delegate", "stream", "early"),
    )


def _bodies() -> Iterator[Entry]:
    yield from group(
        "body",
        {
            "empty": sized(b""),
            "one byte": sized(b"a"),
            "with line ends": sized(b"\r\n\r\n\n\r"),
            "that looks like a request": sized(get()),
            "binary": sized(bytes(range(256))),
            "100 kB": sized(b"0123456789" * 10_000),
            "of a GET": get(b"Content-Length: 3\r\n") + b"abc",
            "chunked": chunked(b"3\r\nabc\r\n5\r\nhello\r\n0\r\n\r\n"),
            "chunked, empty": chunked(b"0\r\n\r\n"),
            "chunked, upper-case size": chunked(b"A\r\n0123456789\r\n0\r\n\r\n"),
            "chunked, many": chunked(b"1\r\nx\r\n" * 300 + b"0\r\n\r\n"),
            "chunked, 70 kB": chunked(b"11170\r\n" + b"x" * 70_000 + b"\r\n0\r\n\r\n"),
            "chunked GET": get(b"Transfer-Encoding: chunked\r\n") + b"1\r\na\r\n0\r\n\r\n",
            "chunked 1.0": (
                b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
            ),
            "no length": post(b"", b""),
            "100-continue": sized(b"abc", b"Expect: 100-continue\r\n"),
            "100-continue, none": post(b"Expect: 100-continue\r\n", b""),
            "100-Continue": sized(b"abc", b"Expect: 100-Continue\r\n"),
            "Expect something else": sized(b"abc", b"Expect: 200-ok\r\n"),
            "Expect twice": sized(b"abc", b"Expect: 100-continue\r\nExpect: 100-continue\r\n"),
            "100-continue 1.0": (
                b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na"
            ),
            "100-continue chunked": chunked(b"1\r\na\r\n0\r\n\r\n", b"Expect: 100-continue\r\n"),
            "100-continue, then another": sized(b"abc", b"Expect: 100-continue\r\n") + get(),
        },
        (*BODIES, "early", "callback", "limits", "limits-stream"),
    )


def _forms() -> Iterator[Entry]:
    yield from group(
        "form",
        {
            "urlencoded": sized(b"a=1&b=2&a=3&c=&d&%e9=%C3%A9+x&=e", _FORM),
            "charset": sized(b"a=1", _FORM.replace(b"\r\n", b"; charset=utf-8\r\n")),
            "upper-case type": sized(b"a=1", _FORM.upper()),
            "with a query": post(_FORM + b"Content-Length: 7\r\n", b"a=1&b=2", b"/f?a=0&c=3"),
            "bad escapes": sized(b"a=%zz&%=1&b=%c3%28", _FORM),
            "1000 arguments": sized(b"&".join([b"a=b"] * 1000), _FORM),
            "1001 arguments": sized(b"&".join([b"a=b"] * 1001), _FORM),
            "chunked": chunked(b"3\r\na=1\r\n4\r\n&b=2\r\n0\r\n\r\n", _FORM),
            "semicolons": sized(b"a=1;b=2", _FORM),
            "encoded": sized(b"a=1", _FORM + b"Content-Encoding: gzip\r\n"),
            "multipart": sized(_PARTS, _MULTIPART),
            "multipart chunked": chunked(
                b"%x\r\n%s\r\n0\r\n\r\n" % (len(_PARTS), _PARTS), _MULTIPART
            ),
            "multipart, quoted boundary": sized(_PARTS, _MULTIPART.replace(b"=b", b'="b"')),
            "multipart, no boundary": sized(_PARTS, b"Content-Type: multipart/form-data\r\n"),
            "multipart, other boundary": sized(_PARTS, _MULTIPART.replace(b"=b", b"=c")),
            "multipart, cut off": sized(_PARTS[:-9], _MULTIPART),
            "multipart, LF": sized(_PARTS.replace(b"\r\n", b"\n"), _MULTIPART),
            "multipart, no name": sized(_PARTS.replace(b'name="a"', b"a=a"), _MULTIPART),
            "multipart, 101 parts": sized(_PARTS[:-5].replace(b"--b--", b"") * 51, _MULTIPART),
            "JSON": sized(b'{"a": [1, null]}', b"Content-Type: application/json\r\n"),
        },
        ("web", "callback", "gzip", "blind"),
    )


def _targets_and_headers() -> Iterator[Entry]:
    yield from group(
        "valid",
        {
            "a browser's": get(_BROWSER, b"/page?id=7&q=caf%C3%A9&q=%F0%9F%90%8D"),
            "query": get(target=b"/a?b=1&b=2&c=&d&=e&%66=%67;h"),
            "empty query": get(target=b"/a?"),
            "two question marks": get(target=b"/a?b?c=d"),
            "1001 arguments": get(target=b"/?" + b"&".join([b"a=b"] * 1001)),
            "escapes": get(target=b"/%2e%2e/%00/%2F?%26=%3d"),
            "many headers": get(b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(300))),
            "30 kB in a header": get(b"X: %s\r\n" % (b"x" * 30_000)),
            "repeated": get(b"X: 1\r\nx: 2\r\nX-Y: 3\r\nX: 4\r\nx-y: 5\r\n"),
            "empty values": get(b"X:\r\nY: \r\nZ: \t \r\n"),
            "white space around values": get(b"X:1\r\nY:  2  \r\nZ:\t3\t\r\nW: 4 \t 5\r\n"),
            "obs-text": get(b"X: caf\xe9 \xff\x80\xa0\x85\r\n"),
            "obs-text in the target": get(target=b"/caf\xe9\xff?\xa0=\x85"),
            "ten cookies": get(b"Cookie: " + b"; ".join([b"c%d=v"] * 10) + b"\r\n"),
            "odd cookies": get(b'Cookie: a="\\"\\303\\251"; b = c ;;=;d;a b=c;e="f\r\n'),
            "forwarded": get(b"X-Forwarded-For: 1.2.3.4, 10.0.0.1\r\nX-Scheme: https\r\n"),
            "real IP": get(b"X-Real-Ip: ::1\r\nX-Forwarded-Proto: http, https\r\n"),
            "bad real IP": get(b"X-Real-Ip: 1.2.3\r\nX-Scheme: ftp\r\n"),
        },
        ("web", "proxy", "callback", "limits", "https"),
    )


def _compressed() -> Iterator[Entry]:
    encoding = b"Content-Encoding: gzip\r\n"
    small = gzip.compress(b"a=1&b=2", mtime=0)
    bomb = gzip.compress(bytes(200_000), mtime=0)
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in small) + b"0\r\n\r\n"
    yield from group(
        "gzip",
        {
            "form": sized(small, encoding + _FORM),
            "upper case": sized(small, encoding.upper() + _FORM),
            "chunked": chunked(chunks, encoding + _FORM),
            "two members": sized(small + small, encoding),
            "more behind it": sized(small + b"x", encoding),
            "cut off": sized(small[:-3], encoding),
            "bad checksum": sized(small[:-8] + bytes(8), encoding),
            "not gzip": sized(b"a=1", encoding + _FORM),
            "empty": sized(b"", encoding),
            "deflate": sized(zlib.compress(b"a=1"), b"Content-Encoding: deflate\r\n"),
            "200 kB out of little": sized(bomb, encoding),
            "twice": sized(small, encoding * 2),
            "and another behind it": sized(small, encoding) + get(),
        },
        ("gzip", "gzip-limits", "web"),
    )


def entries() -> Iterator[Entry]:
    yield from _methods()
    yield from _connections()
    yield from _pipelined()
    yield from _bodies()
    yield from _forms()
    yield from _targets_and_headers()
    yield from _compressed()
    yield Entry("failing: before the body", sized(b"abc").replace(b" / ", b" /headers "), STRICT)
    for path in (b"/headers", b"/data", b"/finish", b"/input", b"/"):
        data = sized(b"abc").replace(b" / ", b" %s " % path) + get()
        yield Entry(f"failing: {path.decode()}", data, ("failing",))
