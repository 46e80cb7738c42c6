"""Request lines, targets and hosts that are wrong, odd, or of another protocol."""

from __future__ import annotations

from collections.abc import Iterator

from tests.engine.differential.corpus.entry import STRICT, Entry, get, group

_HOST = b"Host: a\r\n\r\n"


def _lines() -> Iterator[Entry]:
    lines = {
        "asdf": b"asdf",
        "empty": b"",
        "method alone": b"GET",
        "method and space": b"GET ",
        "HTTP/0.9": b"GET /",
        "HTTP/0.9 with a space": b"GET / ",
        "no target": b"GET HTTP/1.1",
        "no target, two spaces": b"GET  HTTP/1.1",
        "two spaces first": b"GET  / HTTP/1.1",
        "two spaces second": b"GET /  HTTP/1.1",
        "tab first": b"GET\t/ HTTP/1.1",
        "tab second": b"GET /\tHTTP/1.1",
        "trailing space": b"GET / HTTP/1.1 ",
        "trailing tab": b"GET / HTTP/1.1\t",
        "trailing CR": b"GET / HTTP/1.1\r",
        "trailing CRs": b"GET / HTTP/1.1\r\r",
        "leading space": b" GET / HTTP/1.1",
        "leading tab": b"\tGET / HTTP/1.1",
        "leading CRLF": b"\r\nGET / HTTP/1.1",
        "leading LF": b"\nGET / HTTP/1.1",
        "leading CR": b"\rGET / HTTP/1.1",
        "leading CR CR LF": b"\r\r\nGET / HTTP/1.1",
        "leading CRLF CRLF": b"\r\n\r\nGET / HTTP/1.1",
        "leading LF LF": b"\n\nGET / HTTP/1.1",
        "leading LF CR": b"\n\rGET / HTTP/1.1",
        "leading NUL": b"\0GET / HTTP/1.1",
        "leading BOM": b"\xef\xbb\xbfGET / HTTP/1.1",
        "form feed": b"GET\x0c/ HTTP/1.1",
        "vertical tab": b"GET /\x0bHTTP/1.1",
        "no-break space": b"GET\xa0/ HTTP/1.1",
        "next line": b"GET /\x85HTTP/1.1",
        "unit separator": b"GET\x1f/ HTTP/1.1",
        "CR within": b"GET /\rHTTP/1.1",
        "CR in the target": b"GET /a\rb HTTP/1.1",
        "a fourth word": b"GET / x HTTP/1.1",
        "a word behind": b"GET / HTTP/1.1 x",
        "colon": b"GET: / HTTP/1.1",
    }
    yield from group("line", {name: line + b"\r\n" + _HOST for name, line in lines.items()}, STRICT)


def _versions() -> Iterator[Entry]:
    versions = (
        *(b"HTTP/1.10", b"HTTP/01.1", b"HTTP/1.", b"HTTP/.1", b"HTTP/1", b"HTTP/11", b"HTTP/1.1.1"),
        *(b"HTTP/2.0", b"HTTP/2", b"HTTP/3.0", b"HTTP/0.9", b"HTTP/1.2", b"HTTP/1.9", b"HTTP/9.9"),
        *(b"http/1.1", b"Http/1.1", b"HTTPS/1.1", b"HTTP 1.1", b"HTTP/ 1.1", b"HTTP/1 .1"),
        *(b"HTTP/1.1\0", b"HTTP/1.1x", b"HTTP/-1.1", b"HTTP/1.-1", b"HTTP/+1.1", b"HTTP/1,1"),
        *(b"HTTP/\xb2.0", b"HTTP/1.\xb9", b"HTTP", b"HTTP/", b"ICE/1.0", b"RTSP/1.0", b"SIP/2.0"),
        *(b"HTTP/1.A", b"HTTP/4294967297.1", b"XHTTP/1.1", b"HTTP\\1.1", b"HTTP/1:1", b""),
    )
    for version in versions:
        data = b"GET / " + version + b"\r\n" + _HOST
        yield Entry(f"version: {version.decode('latin-1')!r}", data, STRICT)
    yield Entry("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", STRICT)
    yield Entry("TLS hello", b"\x16\x03\x01\0\xa5\x01\0\0\xa1\x03\x03" + bytes(range(60)), STRICT)
    yield Entry("PROXY line", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + get(), STRICT)
    yield Entry("HTTP response", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", STRICT)
    yield Entry("nothing", b"", STRICT)
    yield Entry("CRLFs alone", b"\r\n\r\n\r\n\r\n", STRICT)
    yield Entry("no line end ever", b"GET / HTTP/1.1", STRICT)


def _methods() -> Iterator[Entry]:
    methods = (
        *(b"get", b"Get", b"GET,", b"FOO,BAR", b"G(ET", b"G/T", b"G@T", b"G[T", b'G"T', b"G{T"),
        *(b"G\0T", b"G\x7fT", b"G\xe9T", b"G=T", b"G;T", b"G<T", b"G?T", b"GET\x80", b"", b"-"),
        *(b"GET" * 500, b"QUERY", b"SOURCE", b"DESCRIBE", b"ANNOUNCE", b"PRI", b"PURGE", b"LINK"),
    )
    for number, method in enumerate(methods):
        data = method + b" / HTTP/1.1\r\n" + _HOST
        yield Entry(f"method {number}: {method[:20].decode('latin-1')!r}", data, STRICT)


def _targets() -> Iterator[Entry]:
    targets = {
        "asterisk": b"*",
        "asterisk and more": b"*/a",
        "absolute": b"http://a/b?c=d",
        "absolute, other host": b"http://other.example/b",
        "absolute, no path": b"http://a",
        "absolute, query at once": b"http://a?b=c",
        "absolute, port": b"http://a:80/",
        "absolute, bad port": b"http://a:x/",
        "absolute, user": b"http://u:p@a/",
        "absolute, https": b"https://a/",
        "absolute, upper case": b"HTTP://A/",
        "absolute, other scheme": b"gopher://a/",
        "absolute, no host": b"http:///b",
        "absolute, IPv6": b"http://[::1]:80/",
        "absolute, bad IPv6": b"http://[::1/",
        "authority": b"a:443",
        "authority, no port": b"a",
        "no slash": b"a/b",
        "two slashes": b"//a/b",
        "host in two slashes": b"//other.example/b",
        "question mark": b"?a=b",
        "fragment": b"/a#b",
        "fragment, query": b"/a?b#c?d",
        "fragment alone": b"#",
        "backslash": b"/\\a",
        "dots": b"/a/../../b/./c",
        "escaped slash": b"/a%2f..%2fb",
        "bad escape": b"/%zz%",
        "NUL": b"/a\0b",
        "control": b"/a\x01b",
        "escape character": b"/a\x1bb",
        "delete": b"/a\x7fb",
        "high": b"/\xff\xfe",
        "UTF-8": "/\u00e9\u4e2d".encode(),
        "next line": b"/a\x85b",
        "no-break space": b"/a\xa0b",
        "quotes": b"/<>\"{}|^`'",
        "4 kB": b"/" + b"a" * 4_000,
        "70 kB": b"/" + b"a" * 70_000,
        "long query": b"/?" + b"a" * 60_000,
        "semicolon": b"/a;b=c?d;e=f",
        "space escaped": b"/a%20b?c+d",
    }
    for method in (b"GET", b"OPTIONS", b"CONNECT"):
        cases = {
            f"{method.decode()} {name}": method + b" " + target + b" HTTP/1.1\r\n" + _HOST
            for name, target in targets.items()
            if method == b"GET" or name.startswith(("asterisk", "absolute", "authority", "no sl"))
        }
        yield from group("target", cases, STRICT)


def _hosts() -> Iterator[Entry]:
    values = (
        *(b"", b" ", b"a", b"A.Example:80", b"a:", b":80", b"a:b", b"a:80:80", b"a:99999999"),
        *(b"a,b", b"a, b", b"a b", b"a\tb", b"u@a", b"u:p@a", b"a/b", b"a?b", b"a#b", b"a\\b"),
        *(b"[::1]", b"[::1]:80", b"[::1", b"::1", b"[v1.x]", b"1.2.3.4", b"0x7f.1", b"a..b", b".a"),
        *(b"a%20b", b"a%zz", b"%", b"a%00", b"a\0", b"a\x7f", b"a\xe9", b"a_b", b"a!$&'()*+;=b"),
        *(b"http://a", b'"a"', b"<a>", b"{a}", b"a|b", b"a^b", b"a`b", b"a" * 5_000, b"a:80 "),
        *(b"a:\xb2", b"a\x85", b"a\xa0", b"xn--e1afmkfd.example", b"*", b"-", b"a:-1", b"a:+1"),
    )
    for number, value in enumerate(values):
        data = b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % value
        yield Entry(f"host {number}: {value[:20].decode('latin-1')!r}", data, (*STRICT, "callback"))
    yield from group(
        "host",
        {
            "missing": b"GET / HTTP/1.1\r\n\r\n",
            "missing, other header": b"GET / HTTP/1.1\r\nX: y\r\n\r\n",
            "missing, 1.2": b"GET / HTTP/1.2\r\n\r\n",
            "missing, POST": b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
            "missing, then another": b"GET / HTTP/1.1\r\n\r\n" + get(),
            "twice, equal": get(b"Host: a\r\n"),
            "twice": get(b"Host: b\r\n"),
            "twice, second empty": get(b"Host:\r\n"),
            "twice, other case": get(b"HOST: b\r\n"),
            "bad in 1.0": b"GET / HTTP/1.0\r\nHost: a b\r\n\r\n",
            "twice in 1.0": b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
            "space before the colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            "absolute and missing": b"GET http://a/ HTTP/1.1\r\n\r\n",
            "absolute and another": b"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n",
            "forwarded": get(b"X-Forwarded-Host: b\r\nForwarded: host=c\r\n"),
        },
        (*STRICT, "callback"),
    )


def entries() -> Iterator[Entry]:
    yield from _lines()
    yield from _versions()
    yield from _methods()
    yield from _targets()
    yield from _hosts()
