"""Each way in which Tornados differ is told as the installed one behaves."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from tornado import http1connection, httputil, iostream, web, websocket
from tornado.escape import parse_qs_bytes
from tornado.httputil import HTTPHeaders, HTTPInputError

from tornkit.engine.fidelity import variants


def test_what_headers_consist_of() -> None:
    headers = HTTPHeaders.parse("A: 1\r\nA: 2\r\nB: 3\r\n")
    assert vars(headers).keys() - {"_last_key"} == {"_as_list", variants.HEADER_VALUES}
    assert hasattr(headers, "_last_key") is variants.HAS_LAST_KEY
    assert variants.HEADERS_KNOWN
    joined = getattr(headers, variants.HEADER_VALUES)
    assert (joined.get("A") == "1,2") is variants.VALUES_JOINED


def test_what_can_be_deleted() -> None:
    headers = HTTPHeaders.parse("A: 1\r\nA: 2\r\n")
    needed = variants.VALUES_NEEDED and not variants.VALUES_JOINED
    if needed:
        with pytest.raises(KeyError):
            del headers["A"]
    else:
        del headers["A"]
        assert not headers


def test_how_names_are_looked_for() -> None:
    assert ("a-b" in HTTPHeaders({"A-B": "1"})) is not variants.NAMES_AS_WRITTEN


def test_how_many_fields_a_query_may_have() -> None:
    line = httputil.RequestStartLine("GET", "/?" + "&".join(["a=1"] * 2000), "HTTP/1.1")
    headers = HTTPHeaders({"Host": "x"})
    if variants.QUERY_LIMITED:
        with pytest.raises(HTTPInputError):
            httputil.HTTPServerRequest(start_line=line, headers=headers)
    else:
        request = httputil.HTTPServerRequest(start_line=line, headers=headers)
        assert request.arguments == parse_qs_bytes("&".join(["a=1"] * 2000))


def test_whose_an_input_error_is(caplog: pytest.LogCaptureFixture) -> None:
    context = http1connection._ExceptionLoggingContext(logging.getLogger("tornado.application"))
    expected: Any = HTTPInputError if variants.INPUT_ERRORS_ANSWERED else Exception
    with pytest.raises(expected), context:
        raise HTTPInputError("of a delegate")
    assert bool(caplog.records) is not variants.INPUT_ERRORS_ANSWERED


def test_the_others_are_told_by_what_the_functions_have() -> None:
    """How they behave is compared with the engine's behaviour elsewhere, by each Tornado's own."""
    connection = http1connection.HTTP1Connection
    assert variants.FAILED_FINISH_TOLD is hasattr(connection, "_deliver_body")
    newer = hasattr(web.RequestHandler, "check_trusted_origin")
    assert variants.CROSS_ORIGIN_PROTECTION is newer
    assert variants.CANCELLED_ANSWERED is newer
    assert variants.CANCELLED_QUIET is newer
    assert variants.CALLBACKS_GUARDED is hasattr(websocket.WebSocketProtocol13, "_send_pong")
    assert (variants.FRAME_COST > 0) is newer


class Endless(iostream.BaseIOStream):
    """A stream that always has more than it may hold."""

    def fileno(self) -> int:
        return -1

    def close_fd(self) -> None: ...

    def read_from_fd(self, buf: bytearray | memoryview) -> int:
        return len(buf)


async def test_what_a_stream_that_is_too_full_has_for_its_error() -> None:
    stream = Endless(max_buffer_size=10, read_chunk_size=100)
    await asyncio.sleep(0)
    for _ in range(2):  # a chunk is at most half of what it may hold
        stream._read_to_buffer()
    with pytest.raises(iostream.StreamBufferFullError):
        stream._read_to_buffer()
    is_error = isinstance(stream.error, iostream.StreamBufferFullError)
    assert is_error is variants.OVERFLOW_IS_ERROR
