"""Servers with one fault each: what the harness has to find. Tornado's own, but for the fault.

Some replace functions of Tornado for their whole process, as a careless server might. So they are
only ever played in a process of their own.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable
from typing import Any

from tornado import http1connection, httputil
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPMessageDelegate

_left: list[Any] = []


class LaxLengths(HTTPServer):
    """Takes whatever int() takes for a Content-Length."""

    def initialize(self, *args: Any, **options: Any) -> None:
        def parse(s: str) -> int:
            return int(s)

        http1connection.parse_int = parse
        super().initialize(*args, **options)


class LaxCodings(HTTPServer):
    """Ignores a Transfer-Encoding that it does not know: the body is the next request."""

    def initialize(self, *args: Any, **options: Any) -> None:
        def is_chunked(headers: HTTPHeaders) -> bool:
            return headers.get("Transfer-Encoding", "").lower() == "chunked"

        http1connection.is_transfer_encoding_chunked = is_chunked
        super().initialize(*args, **options)


class LaxHosts(HTTPServer):
    """Lets any Host through."""

    def initialize(self, *args: Any, **options: Any) -> None:
        httputil._ABNF.host = httputil._ABNF.request_target
        super().initialize(*args, **options)


class OtherStatus(HTTPServer):
    """Says in another way that it refuses."""

    def initialize(self, *args: Any, **options: Any) -> None:
        def parse(line: str) -> httputil.RequestStartLine:
            try:
                return original(line)
            except httputil.HTTPInputError:
                return httputil.RequestStartLine("GET", "/bad", "HTTP/1.0")

        original = httputil.parse_request_start_line
        httputil.parse_request_start_line = parse
        super().initialize(*args, **options)


class _Wrapped(HTTPMessageDelegate):
    """A message delegate around another."""

    def __init__(self, inner: HTTPMessageDelegate, connection: HTTPConnection) -> None:
        self.inner = inner
        self.connection = connection

    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> Awaitable[None] | None:
        return self.inner.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self.inner.data_received(chunk)

    def finish(self) -> None:
        self.inner.finish()

    def on_connection_close(self) -> None:
        self.inner.on_connection_close()


class _Faulty(HTTPServer):
    """Has a delegate of its own around the application's."""

    wrapped: type[_Wrapped] = _Wrapped

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        return self.wrapped(super().start_request(server_conn, request_conn), request_conn)


class _Deaf(_Wrapped):
    def on_connection_close(self) -> None:
        pass


class Deaf(_Faulty):
    """Tells nobody that a connection was closed."""

    wrapped = _Deaf


class _Loud(_Wrapped):
    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> Awaitable[None] | None:
        if start_line.method == "HEAD":
            asyncio.get_running_loop().call_exception_handler({"message": "a fault"})
        return super().headers_received(start_line, headers)


class Loud(_Faulty):
    """Logs an error where nothing is wrong."""

    wrapped = _Loud


class _Forgetful(_Wrapped):
    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return super().data_received(chunk[:40])


class Forgetful(_Faulty):
    """Loses a part of long bodies."""

    wrapped = _Forgetful


class _Keeping(_Wrapped):
    def on_connection_close(self) -> None:
        _left.append(self.inner)
        super().on_connection_close()


class Keeping(_Faulty):
    """Keeps what was not finished, for ever."""

    wrapped = _Keeping


class _Dying(_Wrapped):
    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> Awaitable[None] | None:
        if start_line.method == "PATCH":
            os._exit(3)
        return super().headers_received(start_line, headers)


class Dying(_Faulty):
    """A crash."""

    wrapped = _Dying


class _Hanging(_Wrapped):
    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> Awaitable[None] | None:
        while start_line.method == "PATCH":
            time.sleep(1)
        return super().headers_received(start_line, headers)


class Hanging(_Faulty):
    """An endless loop within a callback."""

    wrapped = _Hanging


class _Restless(_Wrapped):
    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> Awaitable[None] | None:
        def again() -> None:
            loop.call_soon(again)

        loop = asyncio.get_running_loop()
        if start_line.method == "PATCH":
            again()
        return super().headers_received(start_line, headers)


class Restless(_Faulty):
    """An endless loop through the event loop."""

    wrapped = _Restless


class Unclosing(HTTPServer):
    """Keeps a connection open whose request it has refused."""

    def initialize(self, *args: Any, **options: Any) -> None:
        def close(connection: http1connection.HTTP1Connection) -> None:
            _left.append(connection.stream)
            connection._clear_callbacks()

        http1connection.HTTP1Connection.close = close  # type: ignore[method-assign,assignment]
        super().initialize(*args, **options)
