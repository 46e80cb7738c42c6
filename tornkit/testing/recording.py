"""Records which requests an application has got, for ``--tornkit-routes``."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass

from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)


@dataclass(frozen=True)
class SeenRequest:
    """Head of a request, as far as it says which route it goes to."""

    method: str
    host: str
    target: str


Record = set[SeenRequest]


def recorded(
    application: HTTPServerConnectionDelegate, record: Record
) -> HTTPServerConnectionDelegate:
    """Wrap an application so that the head of each request is added to ``record``."""
    return _Recorded(application, record)


class _Recorded(HTTPServerConnectionDelegate):
    def __init__(self, application: HTTPServerConnectionDelegate, record: Record) -> None:
        self._application = application
        self._record = record

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        return _Noting(self._application.start_request(server_conn, request_conn), self._record)

    def on_close(self, server_conn: object) -> None:
        self._application.on_close(server_conn)


class _Noting(HTTPMessageDelegate):
    """Delegate that records a request's head, and passes everything on."""

    def __init__(self, delegate: HTTPMessageDelegate, record: Record) -> None:
        self._delegate = delegate
        self._record = record

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        if isinstance(start_line, RequestStartLine):
            self._record.add(
                SeenRequest(start_line.method, headers.get("Host", ""), start_line.path)
            )
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self._delegate.data_received(chunk)

    def finish(self) -> None:
        self._delegate.finish()

    def on_connection_close(self) -> None:
        self._delegate.on_connection_close()
