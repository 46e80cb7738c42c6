"""Reads the head of a request if it is written as nearly all are, and gives up on anything else.

The grammar here is a part of what Tornado accepts (``tornado.httputil._ABNF``), and on that part
both read the same: CRLF line ends, HTTP/1.1, no leading empty lines. What it does not know is
left to Tornado's own parser, so nothing is accepted or understood here that Tornado would refuse
or understand otherwise; and no second parser can disagree with it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from tornado.httputil import RequestStartLine

from tornkit.engine.headers import LazyHeaders, Lines

# Mostly inside character sets, where `re` runs fastest.
_START_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP/1\.1")
_FIELDS = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*")
_LONGEST_LENGTH = 15  # digits
# Bytes of what is remembered: a start line, a head's other lines. 256 of these, with what was found
# in them, are at most 2.5 MB; a browser's, a third of one.
_MEMORABLE_LINE, _MEMORABLE_FIELDS = 256, 2048


class Fields(NamedTuple):
    """What was read of a head's lines but for the first; the same for all that are the same."""

    lines: Lines
    length: int
    connection: str


class Head(NamedTuple):
    """``length``: of the body in bytes. ``connection``: the header's values in lower case."""

    start_line: RequestStartLine
    headers: LazyHeaders
    length: int
    connection: str


_new_tuple: Any = tuple.__new__  # NamedTuple's own takes three times as long


def read_head(data: bytes | bytearray, end: int) -> Head | None:
    """The head ``data[:end]``, which ends in an empty line.

    None if it is written in any way that this grammar does not know, or asks for what is left to
    Tornado.
    """
    line_end = data.find(b"\r\n")
    line = bytes(data[:line_end])
    start_line = (_remembered_line if line_end <= _MEMORABLE_LINE else _read_start_line)(line)
    if start_line is None:
        return None
    block = bytes(data[line_end + 2 : end - 2])
    fields = (_remembered_fields if len(block) <= _MEMORABLE_FIELDS else _read_fields)(block)
    if fields is None:
        return None
    lines, length, connection = fields
    head: Head = _new_tuple(Head, (start_line, LazyHeaders(lines), length, connection))
    return head


def _read_start_line(line: bytes) -> RequestStartLine | None:
    match = _START_LINE.fullmatch(line)
    if match is None:
        return None
    method, target = match.groups()
    return RequestStartLine(method.decode("ascii"), target.decode("latin1"), "HTTP/1.1")


def _read_fields(block: bytes) -> Fields | None:
    if _FIELDS.fullmatch(block) is None:
        return None
    lines = Lines(block.decode("latin1"))
    lowered = lines.lowered
    if (
        "\ntransfer-encoding:" in lowered or "\nexpect:" in lowered or "\nupgrade:" in lowered
    ):  # left to Tornado, whatever they say
        return None
    length = lines.value_of("Content-Length") or "" if "\ncontent-length:" in lowered else "0"
    # Several, or none that is plainly a number.
    if not length.isascii() or not length.isdigit() or len(length) > _LONGEST_LENGTH:
        return None
    return Fields(lines, int(length), (lines.value_of("Connection") or "").lower())


# One who keeps a connection asks again with the same lines: a program always, a page's scripts
# mostly. To look them up takes 0.5 microseconds, to read a browser's 4.
_remembered_line = lru_cache(maxsize=1024)(_read_start_line)
_remembered_fields = lru_cache(maxsize=256)(_read_fields)
