"""What a filter keeps out of the log once streams were closed, and what it lets through."""

from __future__ import annotations

import pytest
from tornado.httputil import HTTPConnection, HTTPServerRequest, RequestStartLine
from tornado.iostream import StreamClosedError
from tornado.log import app_log, gen_log
from tornado.simple_httpclient import HTTPStreamClosedError

from tornkit.engine.closed_streams import ClosedStreams

LEFT_BEHIND = "Exception after Future was cancelled"
TOO_LATE = "Cannot send error response after headers written"


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> ClosedStreams:
    """One that knows of no closed stream yet, and is gone from the loggers after the test."""
    for logger in (app_log, gen_log):
        monkeypatch.setattr(logger, "filters", [])
    return ClosedStreams()


def fail(connection: HTTPConnection, error: Exception) -> None:
    """Log what `RequestHandler.log_exception` does."""
    request = HTTPServerRequest(
        connection=connection, start_line=RequestStartLine("GET", "/", "HTTP/1.0")
    )
    app_log.error("Uncaught exception %s\n%r", "GET / (x)", request, exc_info=error)


def test_a_closed_stream_is_no_news(
    streams: ClosedStreams, caplog: pytest.LogCaptureFixture
) -> None:
    connection = HTTPConnection()
    streams.add(connection)
    fail(connection, StreamClosedError())
    gen_log.error(TOO_LATE)
    app_log.error(LEFT_BEHIND, exc_info=HTTPStreamClosedError("Connection closed"))
    assert caplog.records == []


def test_another_failure_is_logged(
    streams: ClosedStreams, caplog: pytest.LogCaptureFixture
) -> None:
    connection = HTTPConnection()
    streams.add(connection)
    fail(connection, ValueError())
    fail(HTTPConnection(), StreamClosedError())
    app_log.error("no request", exc_info=StreamClosedError())
    app_log.error("no exception")
    app_log.error(LEFT_BEHIND, exc_info=ValueError())
    gen_log.error("Cannot send anything")
    assert len(caplog.records) == 6


def test_all_is_logged_before_one_was_closed(
    streams: ClosedStreams, caplog: pytest.LogCaptureFixture
) -> None:
    fail(HTTPConnection(), StreamClosedError())
    gen_log.error(TOO_LATE)
    app_log.error(LEFT_BEHIND, exc_info=HTTPStreamClosedError("Connection closed"))
    assert len(caplog.records) == 3
