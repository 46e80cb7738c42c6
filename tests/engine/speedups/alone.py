"""Handlers without a server: what they do to their connection is noted."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from tornado.httputil import (
    HTTPHeaders,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)

from tornkit.engine.headers import LazyHeaders, Lines
from tornkit.engine.request import LazyRequest


class NotingConnection:
    """Stands in for a request's connection; each call of a handler is noted."""

    context = SimpleNamespace(remote_ip="10.0.0.1", protocol="http")

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def set_close_callback(self, callback: Any) -> None:
        self.calls.append(("set_close_callback", getattr(callback, "__name__", callback)))

    def write_headers(
        self, start_line: ResponseStartLine, headers: HTTPHeaders, chunk: bytes | None = None
    ) -> asyncio.Future[None]:
        fields = [(name, "now" if name == "Date" else value) for name, value in headers.get_all()]
        self.calls.append(("write_headers", *start_line[1:], fields, chunk))
        return self._done()

    def write(self, chunk: bytes) -> asyncio.Future[None]:
        self.calls.append(("write", chunk))
        return self._done()

    def finish(self) -> None:
        self.calls.append(("finish",))

    def _done(self) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future


def a_request(
    method: str = "GET",
    target: str = "/",
    lines: str = "",
    body: bytes = b"",
    *,
    lazy: bool = False,
    connection: Any = None,
) -> HTTPServerRequest:
    """A request as Tornado makes it, or as the engine does (``lazy``)."""
    start_line = RequestStartLine(method, target, "HTTP/1.1")
    text = f"Host: x\r\n{lines}"
    connection = connection or NotingConnection()
    request: HTTPServerRequest
    if lazy:
        headers = LazyHeaders(Lines(text.encode("latin1")))
        request = LazyRequest(connection, object(), start_line, headers)
    else:
        request = HTTPServerRequest(
            connection=connection, start_line=start_line, headers=HTTPHeaders.parse(text)
        )
    request.body = body
    return request
