"""Content-Length, Transfer-Encoding and chunks that are wrong, odd, or at odds."""

from __future__ import annotations

from collections.abc import Iterator

from tests.engine.differential.corpus.entry import BODIES, Entry, chunked, get, group, post

_PROFILES = (*BODIES, "blind")


def _lengths() -> Iterator[Entry]:
    values = (
        *(b"", b" ", b"+5", b"-5", b"-0", b"0x5", b"5.0", b"5e0", b"0b1", b"0o5", b"1_0", b"05"),
        *(b"005", b"0000000000000000000005", b"5 ", b" 5", b"\t5\t", b"5\t5", b"5 5", b"5,5"),
        *(b"5, 5", b"5,\t5", b"5 ,5", b"5 , 5", b"5,5,5", b"5,", b",5", b",", b"5, 6", b"6, 5"),
        *(b"5,05", b"05,5", b"5;5", b"5\0", b"\0005", b"5\x0b", b"\x0c5", b"5\x85", b"\xa05"),
        *(b"5\xa0", b"5,\xa05", b"5,\x855", b"\xb2", b"5\xb2", "\uff15".encode(), b"five"),
        *("\u0665".encode(), b"foo", b"'5'", b'"5"', b"5\r", b"5 chunked", b"5=", b"%35", b"5L"),
        *(b"4294967301", b"18446744073709551621", b"9" * 30, b"9" * 5_000, b"NaN", b"inf", b"()"),
        *(b"5\x1f", b"\x1c5", b"5,+5", b"5,0x5", b"+5,+5", b"0x5,0x5", b"a,a"),
    )
    for number, value in enumerate(values):
        data = post(b"Content-Length: %s\r\n" % value, b"hello") + get()
        yield Entry(f"length {number}: {value[:20].decode('latin-1')!r}", data, _PROFILES)
    lines = {
        "twice, equal": b"Content-Length: 5\r\nContent-Length: 5\r\n",
        "twice, not equal": b"Content-Length: 5\r\nContent-Length: 6\r\n",
        "twice, zero first": b"Content-Length: 0\r\nContent-Length: 5\r\n",
        "twice, other spelling": b"Content-Length: 5\r\ncontent-length: 05\r\n",
        "twice, one empty": b"Content-Length: 5\r\nContent-Length:\r\n",
        "three times": b"Content-Length: 5\r\n" * 3,
        "twice, one in a list": b"Content-Length: 5\r\nContent-Length: 5, 5\r\n",
        "apart": b"Content-Length: 5\r\nX: y\r\nContent-Length: 5\r\n",
        "space before the colon": b"Content-Length : 5\r\n",
        "tab before the colon": b"Content-Length\t: 5\r\n",
        "NUL before the colon": b"Content-Length\0: 5\r\n",
        "underscore": b"Content_Length: 5\r\n",
        "space within": b"Content Length: 5\r\n",
        "lower case": b"content-length: 5\r\n",
        "upper case": b"CONTENT-LENGTH: 5\r\n",
        "by LF": b"Content-Length: 5\n",
        "after a CR": b"X: y\rContent-Length: 5\r\n",
        "in front of a CR": b"Content-Length: 5\rX: y\r\n",
        "folded": b"Content-Length: \r\n 5\r\n",
    }
    yield from group(
        "length", {name: post(line, b"hello") + get() for name, line in lines.items()}, _PROFILES
    )
    yield from group(
        "length",
        {
            "too short": post(b"Content-Length: 4\r\n", b"hello") + get(),
            "too long": post(b"Content-Length: 6\r\n", b"hello"),
            "in 1.0": b"POST / HTTP/1.0\r\nContent-Length: 5, 5\r\n\r\nhello",
            "GET, equal twice": get(b"Content-Length: 5, 5\r\n") + b"hello" + get(),
            "HEAD": b"HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" + get(),
        },
        (*_PROFILES, "early", "once"),
    )


def _codings() -> Iterator[Entry]:
    values = (
        *(b"chunked", b"Chunked", b"CHUNKED", b"cHuNkEd", b"chunked ", b" chunked", b"\tchunked"),
        *(b"chunked\t", b"chunked, identity", b"identity, chunked", b"identity", b"xchunked"),
        *(b"chunkedx", b"chunked,", b",chunked", b", chunked", b"chunked,chunked", b"chunked;q=1"),
        *(
            b"gzip, chunked",
            b"gzip",
            b"deflate",
            b"compress",
            b"chunke",
            b"chunked\0",
            b"\0chunked",
        ),
        *(b"chunked\x0b", b"\x0bchunked", b"\x0cchunked", b"\xa0chunked", b"chunked\xa0", b""),
        *(b"\x85chunked", b"chunked\x85", b'"chunked"', b"'chunked'", b"chunked x", b"x chunked"),
        *(b"chunked\r", b"chun ked", b"chunked;", b"trailers, chunked", b"chunked, gzip", b"null"),
        *("chun\u212aed".encode(), "\u0441hunked".encode(), b"%63hunked", b"chunked\x1f", b"0"),
    )
    body = b"5\r\nhello\r\n0\r\n\r\n"
    for number, value in enumerate(values):
        data = post(b"Transfer-Encoding: %s\r\n" % value, body) + get()
        yield Entry(f"coding {number}: {value[:20].decode('latin-1')!r}", data, _PROFILES)
    chunked_line = b"Transfer-Encoding: chunked\r\n"
    lines = {
        "twice": chunked_line * 2,
        "twice, identity first": b"Transfer-Encoding: identity\r\n" + chunked_line,
        "twice, identity last": chunked_line + b"Transfer-Encoding: identity\r\n",
        "twice, empty first": b"Transfer-Encoding:\r\n" + chunked_line,
        "twice, empty last": chunked_line + b"Transfer-Encoding:\r\n",
        "space before the colon": b"Transfer-Encoding : chunked\r\n",
        "tab before the colon": b"Transfer-Encoding\t: chunked\r\n",
        "underscore": b"Transfer_Encoding: chunked\r\n",
        "lower case": b"transfer-encoding: chunked\r\n",
        "upper case": b"TRANSFER-ENCODING: CHUNKED\r\n",
        "after a CR": b"X: y\rTransfer-Encoding: chunked\r\n",
        "after an LF": b"X: y\nTransfer-Encoding: chunked\r\n",
        "folded": b"Transfer-Encoding:\r\n chunked\r\n",
        "folded by a tab": b"Transfer-Encoding: \r\n\tchunked\r\n",
        "folded on": b"Transfer-Encoding: chunked\r\n , identity\r\n",
        "in front of it a space": b" Transfer-Encoding: chunked\r\n",
        "TE": b"TE: chunked, trailers\r\n",
        "with TE": b"TE: trailers\r\n" + chunked_line,
        "with Trailer": b"Trailer: X\r\n" + chunked_line,
        "X- in front": b"X-Transfer-Encoding: chunked\r\n",
    }
    yield from group(
        "coding", {name: post(line, body) + get() for name, line in lines.items()}, _PROFILES
    )


def _chunks() -> Iterator[Entry]:
    last = b"0\r\n\r\n"
    sizes = (
        *(b"5", b"05", b"0000000000000005", b"0" * 62 + b"5", b"0" * 70 + b"5", b"0x5", b"0X5"),
        *(b"+5", b"-5", b"5 ", b" 5", b"\t5", b"5\t", b"5_", b"_5", b"5,5", b"5.0", b"5h", b"5\0"),
        *(b"", b"g", b"5;", b"5;a", b"5;a=b", b'5;a="b"', b"5 ;a=b", b"5; a=b", b"5;a=b;c=d"),
        *(b'5;a="\\""', b"5;a=\xff", b"5;a=\0", b"5;" + b"a" * 100, b"5;a\r", b"5;a\n", b"5;\n"),
        *(b"5\r", b"5\n", b"\n5", b"\r5", b"\r\n5", b"5\xa0", b"5\x85", b"\xb5", b"5 5", b"0005"),
        *(b"100000005", b"10000000000000005", b"ffffffffffffffff", b"fffffffffffffffb", b"f" * 40),
        *("\uff15".encode(), b"five", b"5;\r\n", b"5 \t ", b"5\x0b", b"5\x0c", b"5/", b"5:", b"@5"),
    )
    for number, size in enumerate(sizes):
        data = chunked(size + b"\r\nhello\r\n" + last) + get()
        yield Entry(f"chunk {number}: {size[:20].decode('latin-1')!r}", data, _PROFILES)
    bodies = {
        "LF behind the size": b"5\nhello\r\n" + last,
        "CR behind the size": b"5\rhello\r\n" + last,
        "LF behind the data": b"5\r\nhello\n" + last,
        "CR behind the data": b"5\r\nhello\r" + last,
        "nothing behind the data": b"5\r\nhello" + last,
        "too much data": b"5\r\nhello!\r\n" + last,
        "too little data": b"5\r\nhell\r\n" + last,
        "LF throughout": b"5\nhello\n0\n\n",
        "last one of 00": b"5\r\nhello\r\n00\r\n\r\n",
        "last one of many zeros": b"5\r\nhello\r\n" + b"0" * 40 + b"\r\n\r\n",
        "last one with an extension": b"5\r\nhello\r\n0;a=b\r\n\r\n",
        "last one with a space": b"5\r\nhello\r\n0 \r\n\r\n",
        "last one ends by LF": b"5\r\nhello\r\n0\n\n",
        "last one ends by LF LF": b"5\r\nhello\r\n0\r\n\n",
        "last one ends by CR": b"5\r\nhello\r\n0\r\n\r",
        "last one, X in the end": b"5\r\nhello\r\n0\r\nX\r\n",
        "no last one": b"5\r\nhello\r\n",
        "trailer": b"5\r\nhello\r\n0\r\nX: y\r\n\r\n",
        "trailers": b"5\r\nhello\r\n0\r\nX: y\r\nContent-Length: 5\r\nHost: b\r\n\r\n",
        "trailer by LF": b"5\r\nhello\r\n0\r\nX: y\n\n",
        "bad trailer": b"5\r\nhello\r\n0\r\nX\0: y\r\n\r\n",
        "trailer without end": b"5\r\nhello\r\n0\r\nX: y\r\n",
        "many trailers": b"5\r\nhello\r\n0\r\n" + b"X: y\r\n" * 100 + b"\r\n",
        "something behind": b"5\r\nhello\r\n0\r\n\r\nsomething",
        "empty lines between": b"5\r\nhello\r\n\r\n0\r\n\r\n",
        "nothing at all": b"",
        "a request in a chunk": b"%x\r\n%s\r\n0\r\n\r\n" % (len(get()), get()),
        "a request instead": get(),
        "no size, data": b"hello",
        "zero in the middle": b"0\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    }
    yield from group(
        "chunks", {name: chunked(body) + get() for name, body in bodies.items()}, _PROFILES
    )
    yield from group(
        "chunks of a GET",
        {
            name: get(b"Transfer-Encoding: chunked\r\n") + body + get()
            for name, body in bodies.items()
            if "trailer" in name or "last" in name
        },
        ("early", "limits", "slow"),
    )


def entries() -> Iterator[Entry]:
    yield from _lengths()
    yield from _codings()
    yield from _chunks()
