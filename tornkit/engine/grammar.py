"""Reads the head of a request if it is written as nearly all are, and gives up on anything else.

The grammar here is a part of what Tornado accepts (``tornado.httputil._ABNF``), and on that part
both read the same: CRLF line ends, HTTP/1.1, no leading empty lines. What it does not know is
left to Tornado's own parser, so nothing is accepted or understood here that Tornado would refuse
or understand otherwise; and no second parser can disagree with it.
"""

from __future__ import annotations

import re
from typing import Any

from tornado import httputil
from tornado.httputil import HTTPHeaders, RequestStartLine

# One expression for a whole head: `re` runs over it once, mostly inside character sets.
_HEAD = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP/1\.1\r\n"
    rb"((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*)\r\n"
)
_normalize: Any = getattr(httputil, "_normalize_header", None)

SUPPORTED = (
    _normalize is not None and set(vars(HTTPHeaders())) == {"_as_list", "_combined_cache"}
)
"""Whether `HTTPHeaders` is built as it was when this was written."""


def read_head(data: bytes | bytearray, end: int) -> tuple[RequestStartLine, HTTPHeaders] | None:
    """The request line and headers of ``data[:end]``, which ends in an empty line.

    None if it is written in any way that this grammar does not know.
    """
    match = _HEAD.fullmatch(data, 0, end)
    if match is None:
        return None
    method, target, fields = match.groups()
    as_list: dict[str, list[str]] = {}
    for line in fields.decode("latin1").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            name = _normalize(name)
            if name in as_list:
                as_list[name].append(value.strip(" \t"))
            else:
                as_list[name] = [value.strip(" \t")]
    headers = HTTPHeaders()
    headers._as_list = as_list
    return (
        RequestStartLine(method.decode("ascii"), target.decode("latin1"), "HTTP/1.1"),
        headers,
    )
