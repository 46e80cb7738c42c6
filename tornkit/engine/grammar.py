"""Reads the head of a request if it is written as nearly all are, and gives up on anything else.

The grammar here is a part of what Tornado accepts (``tornado.httputil._ABNF``), and on that part
both read the same: CRLF line ends, HTTP/1.1, no leading empty lines. What it does not know is
left to Tornado's own parser, so nothing is accepted or understood here that Tornado would refuse
or understand otherwise; and no second parser can disagree with it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tornado.httputil import RequestStartLine

from tornkit.engine.headers import LazyHeaders

# One expression for a whole head: `re` runs over it once, mostly inside character sets.
_HEAD = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP/1\.1\r\n"
    rb"((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*)\r\n"
)
# What decides about the framing, and how the connection goes on. Group 1: left to Tornado.
# The value is stripped afterwards: to leave out the blanks at its end within the expression takes
# time that grows with their square, wherever they are.
_DECIDING = re.compile(
    r"^(?:(transfer-encoding|expect|upgrade)|(content-length)|(connection)):(.*)\r$",
    re.IGNORECASE | re.MULTILINE,
)


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
    length, connection = "", None
    for special, is_length, _, value in _DECIDING.findall(lines):
        if special:
            return None
        value = value.strip(" \t")  # noqa: PLW2901
        if is_length:
            if length or not value.isascii() or not value.isdigit() or len(value) > 15:
                return None  # several, or none that is plainly a number
            length = value
        else:
            value = value.lower()  # noqa: PLW2901
            connection = value if connection is None else f"{connection},{value}"
    return Head(
        RequestStartLine(method.decode("ascii"), target.decode("latin1"), "HTTP/1.1"),
        LazyHeaders(lines),
        int(length or 0),
        connection or "",
    )
