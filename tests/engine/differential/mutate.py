"""Makes hostile inputs out of the corpus: a few random changes, of the kinds that break parsers.

Everything random comes from the `random.Random` that is handed in, so equal seeds give equal bytes,
on every machine and in every process. A change is a function of the bytes and the generator; half
of the positions are drawn from where the structure is (line ends, colons, digits, spaces), since a
change in the middle of a value rarely means anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

LONGEST = 4_000

_STRUCTURE = re.compile(rb"[\r\n:;,= \t?#/0-9]")
_NUMBER = re.compile(rb"[0-9a-fA-F]{1,20}")
_WORD = re.compile(rb"[A-Za-z][A-Za-z-]+")
_LINE = re.compile(rb"[^\n]*\n|[^\n]+$")

# What parsers take for something that it is not.
_SPECIAL: tuple[bytes, ...] = (
    *(b"\r", b"\n", b"\r\n", b"\n\r", b"\r\r\n", b"\r\n\r\n", b"\n\n", b"\0", b" ", b"\t", b"  "),
    *(b"\x0b", b"\x0c", b"\x1c", b"\x1f", b"\x7f", b"\x80", b"\x85", b"\xa0", b"\xff", b"\xc3\xa9"),
    *(b":", b";", b",", b"=", b"?", b"#", b"%", b"%00", b"%0d%0a", b"/", b"\\", b"*", b'"', b"'"),
    *(b"+", b"-", b"_", b".", b"0x", b"0", b"1", b"00", b"(", b")", b"<", b"[", b"]", b"{", b"@"),
    *(
        b"\r\n ",
        b"\r\n\t",
        b", ",
        b",\xa0",
        b"http://",
        b"//",
        b"HTTP/1.1",
        b"HTTP/1.0",
        b" HTTP/1.1",
    ),
    *(
        b"chunked",
        b"close",
        b"keep-alive",
        b"identity",
        b"100-continue",
        b"0\r\n\r\n",
        b"1\r\na\r\n",
    ),
    *("\uff15".encode(), "\u212a".encode(), b"\xb2", b"\xef\xbb\xbf", b"\x16\x03", b"GET / "),
)

_HEADER_LINES: tuple[bytes, ...] = (
    *(b"Content-Length: 0", b"Content-Length: 5", b"Content-Length: 5, 5", b"Content-Length: +5"),
    *(b"Content-Length:", b"Content-Length : 5", b"Transfer-Encoding: chunked", b"Host: b"),
    *(b"Transfer-Encoding : chunked", b"Transfer-Encoding: identity", b"Transfer-Encoding:"),
    *(
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: xchunked",
        b"Host:",
        b"Host: a,b",
    ),
    *(
        b"Connection: close",
        b"Connection: keep-alive",
        b"Connection: upgrade",
        b"Upgrade: websocket",
    ),
    *(
        b"Expect: 100-continue",
        b"Content-Encoding: gzip",
        b"Trailer: X",
        b"TE: trailers",
        b" folded",
    ),
    *(b"\tfolded", b"no colon", b": no name", b"X: \xff", b"X\xe9: y", b"X: a\0b", b"X y: z", b""),
    *(b"Content-Type: application/x-www-form-urlencoded", b"Cookie: a=b; c", b"Upgrade: h2c"),
    *(b"Content-Type: multipart/form-data; boundary=b", b"X-Forwarded-For: 1.2.3.4", b"\rX: y"),
)
_LINE_ENDS = (b"\r\n",) * 6 + (b"\n", b"\r", b"\r\r\n", b"\n\r", b" \r\n", b"\0\r\n")

_PLAIN = b"abcXYZ0159-._~%/?&=!*"
_PLAIN_LINES: tuple[bytes, ...] = (
    *(
        b"X-A: 1",
        b"X-A: 2",
        b"x-a:3",
        b"Accept: */*",
        b"Connection: close",
        b"Connection: keep-alive",
    ),
    *(b"Cookie: a=b", b"Content-Type: application/x-www-form-urlencoded", b"Content-Length: 0"),
    *(
        b"Expect: 100-continue",
        b"Upgrade: h2c",
        b"X-Real-Ip: 1.2.3.4",
        b"X-Scheme: https",
        b"Empty:",
    ),
    *(b"Content-Encoding: gzip", b"Referer: http://a/b?c", b"X: caf\xe9", b"Content-Length: 3"),
)

_NUMBERS: tuple[bytes, ...] = (
    *(
        b"0",
        b"1",
        b"5",
        b"00",
        b"-1",
        b"+5",
        b"0x5",
        b"5,5",
        b"5, 6",
        b"1_0",
        b"1e1",
        b"5.0",
        b" 5",
    ),
    *(b"5 ", b"ffffffff", b"4294967296", b"18446744073709551616", b"9" * 25, b"a", b"A", b"g", b""),
)

Change = Callable[[Random, bytes], bytes]


def _somewhere(random: Random, data: bytes) -> int:
    """An offset of ``data``, its end included; every other time one where the structure is."""
    if data and random.random() < 0.5:
        start = random.randrange(len(data))
        match = _STRUCTURE.search(data, start) or _STRUCTURE.search(data)
        if match:
            return match.start() + random.randrange(2)
    return random.randrange(len(data) + 1)


def _span(random: Random, data: bytes) -> tuple[int, int]:
    """A short range; sometimes a long one."""
    start = _somewhere(random, data)
    length = random.choice((1, 1, 1, 2, 2, 3, 4, 8, 16, 64))
    return start, min(len(data), start + length)


def _replace_byte(random: Random, data: bytes) -> bytes:
    at = _somewhere(random, data)
    return data[:at] + bytes((random.randrange(256),)) + data[at + 1 :]


def _flip_bit(random: Random, data: bytes) -> bytes:
    if not data:
        return data
    at = min(_somewhere(random, data), len(data) - 1)
    return data[:at] + bytes((data[at] ^ (1 << random.randrange(8)),)) + data[at + 1 :]


def _insert_special(random: Random, data: bytes) -> bytes:
    at = _somewhere(random, data)
    return data[:at] + random.choice(_SPECIAL) + data[at:]


def _replace_by_special(random: Random, data: bytes) -> bytes:
    start, end = _span(random, data)
    return data[:start] + random.choice(_SPECIAL) + data[end:]


def _delete(random: Random, data: bytes) -> bytes:
    start, end = _span(random, data)
    return data[:start] + data[end:]


def _repeat(random: Random, data: bytes) -> bytes:
    start, end = _span(random, data)
    return data[:end] + data[start:end] * random.choice((1, 1, 2, 10)) + data[end:]


def _swap(random: Random, data: bytes) -> bytes:
    one, other = sorted((_span(random, data), _span(random, data)))
    if one[1] > other[0]:
        return data
    return (
        data[: one[0]]
        + data[other[0] : other[1]]
        + data[one[1] : other[0]]
        + data[one[0] : one[1]]
        + data[other[1] :]
    )


def _change_lines(random: Random, data: bytes) -> bytes:
    """A line twice, none, moved, or two in each other's place."""
    lines = _LINE.findall(data)
    if not lines:
        return data
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(4):
        case 0:
            lines.insert(other, lines[one])
        case 1:
            del lines[one]
        case 2:
            lines.insert(other, lines.pop(one))
        case _:
            lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def _add_header(random: Random, data: bytes) -> bytes:
    """A header line behind the first line or a later one."""
    ends = [match.end() for match in re.finditer(rb"\n", data)][:12]
    at = random.choice(ends) if ends else len(data)
    line = random.choice(_HEADER_LINES) + random.choice(_LINE_ENDS)
    return data[:at] + line + data[at:]


def _change_number(random: Random, data: bytes) -> bytes:
    numbers = list(_NUMBER.finditer(data))
    if not numbers:
        return data
    match = random.choice(numbers)
    if match[0].isdigit() and random.random() < 0.5:
        new = b"%d" % max(0, int(match[0]) + random.choice((-2, -1, 1, 2)))
    else:
        new = random.choice(_NUMBERS)
    return data[: match.start()] + new + data[match.end() :]


def _change_case(random: Random, data: bytes) -> bytes:
    words = list(_WORD.finditer(data))
    if not words:
        return data
    match = random.choice(words)
    new = random.choice((bytes.lower, bytes.upper, bytes.swapcase, bytes.title))(match[0])
    return data[: match.start()] + new + data[match.end() :]


def _change_line_ends(random: Random, data: bytes) -> bytes:
    new = random.choice(_LINE_ENDS[6:])
    if random.random() < 0.3:
        return data.replace(b"\r\n", new)
    ends = [match.start() for match in re.finditer(rb"\r\n", data)]
    if not ends:
        return data
    at = random.choice(ends)
    return data[:at] + new + data[at + 2 :]


def _cut_off(random: Random, data: bytes) -> bytes:
    return data[: _somewhere(random, data)]


def _insert_plain(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + bytes((random.choice(_PLAIN),)) + data[at:]


def _replace_plain(random: Random, data: bytes) -> bytes:
    """A letter or digit by another."""
    at = random.randrange(len(data) + 1)
    if not data[at : at + 1].isalnum():
        return data
    return data[:at] + bytes((random.choice(_PLAIN),)) + data[at + 1 :]


def _add_plain_header(random: Random, data: bytes) -> bytes:
    start = data.find(b"\r\n") + 2
    return (
        data[:start] + random.choice(_PLAIN_LINES) + b"\r\n" + data[start:] if start > 1 else data
    )


# Each as often as it stands here.
_CHANGES: tuple[Change, ...] = (
    *(_insert_special,) * 5,
    *(_replace_by_special,) * 4,
    *(_replace_byte,) * 4,
    *(_add_header,) * 4,
    *(_change_number,) * 3,
    *(_change_line_ends,) * 2,
    *(_change_lines,) * 2,
    *(_delete,) * 2,
    *(_flip_bit,) * 2,
    _change_case,
    _repeat,
    _swap,
    _cut_off,
)


# After one of these most requests are still valid, and mean something else.
_GENTLE: tuple[Change, ...] = (
    *(_add_plain_header,) * 3,
    *(_replace_plain,) * 3,
    *(_insert_plain,) * 2,
    _change_case,
    _change_number,
    _repeat,
)


def splice(random: Random, one: bytes, other: bytes) -> bytes:
    """The beginning of one input and the end of another, or one behind the other."""
    if random.random() < 0.4:
        return one + other
    return one[: _somewhere(random, one)] + other[_somewhere(random, other) :]


def mutate(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """``data`` with one to five changes; at most `LONGEST` bytes. ``others``: what to splice in.

    Four in ten are gentle, so that what comes behind the parser is tried as well.
    """
    changes = _GENTLE if random.random() < 0.4 else _CHANGES
    if random.random() < 0.15:
        data = splice(random, data, random.choice(others))
    for _ in range(random.choice((1, 1, 1, 1, 1, 1, 2, 2, 3, 5))):
        data = random.choice(changes)(random, data)
    return data[:LONGEST]
