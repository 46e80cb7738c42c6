"""What Tornado's own tests send: the security corpus, and the invalid requests of httpserver_test.

The corpus is read from the installed Tornado (it is there since 6.6), so that a newer release's
additions are tried as well. Only its bytes are used; what they do to each application is checked
by the tests themselves (tornado_suite).
"""

from __future__ import annotations

import gzip
import importlib
from collections.abc import Iterator
from typing import Any

from tests.engine.differential.corpus.entry import BODIES, Entry, group

_PROFILES = ("web", "callback", "delegate", "stream")


def _security_corpus() -> Iterator[tuple[str, bytes]]:
    """The name and the bytes of each case; none where the installed Tornado has no corpus."""
    try:
        module: Any = importlib.import_module("tornado.test.security_corpus_test")
    except ImportError:
        return
    # Signed at the import, with the time of it: not the same in any two processes.
    signed = module.FORGED_COOKIE[1].encode()
    for case in module.CASES:
        yield case.name, case.request.replace(signed, b"0|10:1700000000|1:a|4:QUFB|" + b"0" * 64)


def _httpserver_test() -> Iterator[Entry]:
    echo = b"POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    form = b"Content-Type: application/x-www-form-urlencoded\r\n"
    yield from group(
        "httpserver_test",
        {
            "malformed_first_line": b"asdf\r\n\r\n",
            "malformed_headers": b"GET / HTTP/1.0\r\nasdf\r\n\r\n",
            "host_with_whitespace": b"GET / HTTP/1.0\r\nHost: foo bar\r\n\r\n",
            "chunked": echo + b"Transfer-Encoding: chunked\r\n" + form + b"\r\n"
            b"4\r\nfoo=\r\n3\r\nbar\r\n0\r\n\r\n",
            "chunked_uppercase": echo + b"Transfer-Encoding: Chunked\r\n" + form + b"\r\n"
            b"4\r\nfoo=\r\n3\r\nbar\r\n0\r\n\r\n",
            "invalid_size": echo + b"Transfer-Encoding: chunked\r\n\r\n"
            b"1_a\r\n1234567890abcdef1234567890\r\n0\r\n\r\n",
            "duplicate_header": (echo + b"Transfer-Encoding: chunked\r\n").replace(b"\r\n", b"\n")
            + b"Transfer-encoding: chunked\n\n2\nok\n0\n\n",
            "unsupported_encoding": (
                echo + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
            ).replace(b"\r\n", b"\n"),
            "encoding_and_length": (
                echo
                + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n"
            ).replace(b"\r\n", b"\n"),
            "length_list_a0": echo + b"Content-Length: 5,\xa05\r\nConnection: close\r\n\r\nhello",
            "length_list_85": echo + b"Content-Length: 5,\x855\r\nConnection: close\r\n\r\nhello",
            "length_foo": echo + b"Content-Length: foo\r\nConnection: close\r\n\r\n1234567890\r\n",
            "length_plus": echo + b"Content-Length: +10\r\nConnection: close\r\n\r\n1234567890\r\n",
            "length_underscore": echo + b"Content-Length: 1_0\r\n\r\n1234567890\r\n",
            "method_FOO": b"FOO /echo HTTP/1.1\r\nHost:127.0.0.1\r\n\r\n",
            "method_FOO,BAR": b"FOO,BAR /echo HTTP/1.1\r\nHost:127.0.0.1\r\n\r\n",
            "100_continue": b"POST /hello HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1024\r\n"
            b"Expect: 100-continue\r\nConnection: close\r\n\r\n" + b"a" * 1024,
            "extra_crlf": b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n\r\n"
            b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            "keepalive_chunked": b"POST / HTTP/1.0\r\nConnection: keep-alive\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        },
        BODIES,
    )
    for name, body in {
        "gzip_trailing_nul": gzip.compress(b"foo=bar", mtime=0) + b"\0",
        "gzip_truncated": gzip.compress(b"foo=bar", mtime=0)[:-1],
        "gzip_101": gzip.compress(b"x" * 101, mtime=0),
    }.items():
        head = echo + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
        yield Entry(f"httpserver_test: {name}", head + body, ("gzip", "gzip-limits"))


def entries() -> Iterator[Entry]:
    for number, (name, data) in enumerate(_security_corpus()):
        yield Entry(f"security corpus {number}: {name}", data, _PROFILES)
    yield from _httpserver_test()
