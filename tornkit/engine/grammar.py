"""Reads the head of a request if it is written as nearly all are, and gives up on anything else.

The grammar here is a part of what Tornado accepts (``tornado.httputil._ABNF``), and on that part
both read the same: CRLF line ends, HTTP/1.1, no leading empty lines. What it does not know is
left to Tornado's own parser, so nothing is accepted or understood here that Tornado would refuse
or understand otherwise; and no second parser can disagree with it.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from tornado.httputil import RequestStartLine

from tornkit.engine.headers import LazyHeaders

# One expression for a whole head: `re` runs over it once, mostly inside character sets.
_HEAD = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP/1\.1\r\n"
    rb"((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*)\r\n"
)
_LONGEST_LENGTH = 15  # digits


class Head(NamedTuple):
    """``length``: of the body in bytes. ``connection``: the header's values in lower case."""

    start_line: RequestStartLine
    headers: LazyHeaders
    length: int
    connection: str


def read_head(data: bytes | bytearray, end: int) -> Head | None:
    """The head ``data[:end]``, which ends in an empty line.

    None if it is written in any way that this grammar does not know, or asks for what is left to
    Tornado.
    """
    match = _HEAD.fullmatch(data, 0, end)
    if match is None:
        return None
    method, target, fields = match.groups()
    lines = fields.decode("latin1")
    headers = LazyHeaders(lines)
    lowered: Any = headers.lowered
    if (
        "\ntransfer-encoding:" in lowered or "\nexpect:" in lowered or "\nupgrade:" in lowered
    ):  # left to Tornado, whatever they say
        return None
    length = headers.get("Content-Length") if "\ncontent-length:" in lowered else "0"
    # Several, or none that is plainly a number.
    if not length.isascii() or not length.isdigit() or len(length) > _LONGEST_LENGTH:
        return None
    return Head(
        RequestStartLine(method.decode("ascii"), target.decode("latin1"), "HTTP/1.1"),
        headers,
        int(length),
        headers.get("Connection").lower() if "\nconnection:" in lowered else "",
    )
