"""Filter of log records about handlers whose connections a drain has closed.

A handler that streams learns of it as if its client had left: its next ``flush`` raises
`StreamClosedError`, or its task is cancelled while it waits. Tornado logs the one with a traceback,
and for both that it can't send an error any more; when a server ends neither is news. One that
passes a stream on from elsewhere leaves a fetch behind, which ends like that as well.
"""

from __future__ import annotations

import logging
import sys

from tornado.httputil import HTTPConnection, HTTPServerRequest
from tornado.iostream import StreamClosedError
from tornado.log import app_log, gen_log

# `RequestHandler.send_error`, with half a response out already.
_TOO_LATE = "Cannot send error response after headers written"
# `tornado.concurrent.future_set_exception_unless_cancelled`, of a fetch whose handler is gone.
_LEFT_BEHIND = "Exception after Future was cancelled"


class ClosedStreams(logging.Filter):
    """Requests whose connections the server has closed; a filter of Tornado's two loggers."""

    def __init__(self) -> None:
        super().__init__()
        self._closed: set[HTTPConnection] = set()

    def add(self, request: HTTPConnection) -> None:
        """Keep errors that follow from closing this request's connection out of the log."""
        if not self._closed:
            for logger in (app_log, gen_log):
                logger.addFilter(self)
        self._closed.add(request)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be logged."""
        if record.name == gen_log.name:
            # It doesn't say whose it is: another handler's failure is logged before it.
            return record.msg != _TOO_LATE
        if not record.exc_info or not _is_closed(record.exc_info[1]):
            return True
        if record.msg == _LEFT_BEHIND:
            return False
        # `RequestHandler.log_exception` gives the request with it.
        arguments = record.args if isinstance(record.args, tuple) else ()
        return not any(
            isinstance(each, HTTPServerRequest) and each.connection in self._closed
            for each in arguments
        )


def _is_closed(error: BaseException | None) -> bool:
    """Whether the error says that a stream was closed, the server's own or that of a fetch."""
    client = sys.modules.get("tornado.simple_httpclient")  # few workers need it
    return isinstance(error, StreamClosedError) or (
        client is not None and isinstance(error, client.HTTPStreamClosedError)
    )
