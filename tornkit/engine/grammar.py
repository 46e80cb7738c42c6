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

from tornkit.engine.headers import LazyHeaders, Lines

# Mostly inside character sets, where `re` runs fastest.
_START_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP/1\.1")
_FIELDS = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*")
_LONGEST_LENGTH = 15  # digits
_MEMORABLE = 2048  # bytes of a head that is kept


class Fields(NamedTuple):
    """Header lines of a head, and the values read in them; requests with equal lines share it."""

    lines: Lines
    length: int
    connection: str


class Head(NamedTuple):
    """Head of a request. ``length`` is the body's in bytes, ``connection`` is in lower case."""

    start_line: RequestStartLine
    headers: LazyHeaders
    length: int
    connection: str


_new_tuple: Any = tuple.__new__  # NamedTuple's own takes three times as long


class HeadReader:
    """Reads the heads of one connection's requests.

    Who keeps a connection asks again with the same lines: a program always, a page's scripts
    mostly. So those of the last head are kept. To see that they are the same takes a tenth of a
    microsecond, to read a browser's takes 4. The first head is not kept: 1.3 kB that many a
    connection would hold for nothing.
    """

    __slots__ = ("_fields", "_line", "_start_line", "has_asked", "whole")

    def __init__(self) -> None:
        self.whole = b""
        """Bytes read last, if they were a head and no more; `again` reads them."""
        self.has_asked = False
        """Whether a head was read."""
        self._line = b""
        self._start_line: RequestStartLine | None = None
        self._fields: Fields | None = None

    def read(self, data: bytes | bytearray, end: int) -> Head | None:
        """Read the head ``data[:end]``, which ends in an empty line.

        None if it is written in any way that this grammar does not know, or asks for what is left
        to Tornado.
        """
        line_end = data.find(b"\r\n")
        line = bytes(data[:line_end])
        start_line = self._start_line if line == self._line else _read_start_line(line)
        if start_line is None:
            return None
        block = bytes(data[line_end + 2 : end - 2])
        fields = self._fields
        if fields is None or block != fields.lines.as_sent:
            fields = _read_fields(block)
            if fields is None:
                return None
        if self.has_asked and end <= _MEMORABLE:
            self._line, self._start_line, self._fields = line, start_line, fields
            self.whole = bytes(data) if end == len(data) else b""
        self.has_asked = True
        lines, length, connection = fields
        return Head(start_line, LazyHeaders(lines), length, connection)

    def again(self) -> Head:
        """Make the head in `whole` once more, from the values that were kept of it."""
        assert self._fields is not None
        lines, length, connection = self._fields
        head: Head = _new_tuple(Head, (self._start_line, LazyHeaders(lines), length, connection))
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
    lines = Lines(block)
    lowered = lines.lowered
    if (
        "\ntransfer-encoding:" in lowered or "\nexpect:" in lowered or "\nupgrade:" in lowered
    ):  # left to Tornado, whatever they say
        return None
    length = lines.value_of("Content-Length") or "" if "\ncontent-length:" in lowered else "0"
    # Several, or none that is plainly a number.
    if not length.isascii() or not length.isdigit() or len(length) > _LONGEST_LENGTH:
        return None
    connection = lines.value_of("Connection") or "" if "\nconnection:" in lowered else ""
    return Fields(lines, int(length), connection.lower())
