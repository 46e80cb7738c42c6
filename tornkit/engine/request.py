"""Requests whose costly parts are made when they are first read, and the delegate that makes them.

Tornado parses the query twice over and builds three dictionaries for each request; most handlers
look at none of them. What can be refused is refused at the same point as Tornado does, when the
request is made: the host, and a query with too many fields.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable
from functools import lru_cache
from http.cookies import Morsel
from typing import Any, Protocol

from tornado import routing
from tornado.escape import parse_qs_bytes
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
    split_host_and_port,
)
from tornado.log import app_log

from tornkit.engine.fidelity import variants
from tornkit.engine.headers import LazyHeaders, Lines
from tornkit.engine.lazily import WhenRead
from tornkit.engine.privates import HOST, DefaultDelegate, most_query_fields
from tornkit.engine.routers import Compiled
from tornkit.engine.routers.direct import DirectMatch

_LONGEST_NAME = 255  # characters of a name in the DNS: no more is worth to be remembered


def _read_host(host: str) -> str:
    """Host name that ``HTTPServerRequest`` makes of a Host header.

    :raises HTTPInputError: as there.
    """
    if not HOST.fullmatch(host):
        raise HTTPInputError(f"Invalid Host header: {host!r}")
    if "," in host:
        raise HTTPInputError(f"Multiple host headers not allowed: {host!r}")
    return split_host_and_port(host.lower())[0]


_remembered_host = lru_cache(maxsize=1024)(_read_host)


def _parsed(query: str) -> dict[str, list[bytes]]:
    """Parse a query as Tornado does.

    :raises HTTPInputError: it has too many fields.
    """
    try:
        if not variants.QUERY_LIMITED:
            return parse_qs_bytes(query, keep_blank_values=True)
        return parse_qs_bytes(query, keep_blank_values=True, max_num_fields=most_query_fields())
    except Exception as error:  # whatever the parser makes of it, as in Tornado
        raise HTTPInputError(f"Invalid query string: {error}") from error


class LazyRequest(HTTPServerRequest):
    """`HTTPServerRequest`, made from a start line and headers alone."""

    def __init__(
        self,
        connection: HTTPConnection,
        server_connection: object,
        start_line: RequestStartLine,
        headers: HTTPHeaders,
    ) -> None:
        # Not Tornado's __init__: the same attributes, but for those that `WhenRead` makes.
        self.method, self.uri, self.version = start_line
        self.headers = headers
        self.body = b""
        context = connection.context  # type: ignore[attr-defined]
        self.remote_ip = context.remote_ip
        self.protocol = context.protocol
        host = headers.get("Host")
        if host is None:
            raise HTTPInputError("Missing Host header")
        self.host = host
        self.host_name = _remembered_host(host) if len(host) <= _LONGEST_NAME else _read_host(host)
        self.files = {}
        self.connection = connection
        self.server_connection = server_connection
        self._start_time = time.time()
        self._finish_time = None
        self.path, _, self.query = start_line.path.partition("?")
        self._query = self.query  # as it came: who rewrites the other changes no arguments
        self.body_arguments = {}
        if self._query.count("&") >= most_query_fields():
            self._parse_query()

    def _parse_query(self) -> dict[str, list[bytes]]:
        query = self._query
        if query.count("&") >= most_query_fields() or "%" in query or "+" in query:
            return _parsed(query)
        # Without an escape it is its parts: a third of what `parse_qs_bytes` takes.
        arguments: dict[str, list[bytes]] = {}
        for field in query.split("&"):
            if field:
                name, _, text = field.partition("=")
                value = text.encode("latin1")
                if name in arguments:
                    arguments[name].append(value)
                else:
                    arguments[name] = [value]
        return arguments

    def _make_arguments(self) -> None:
        self.arguments = self._parse_query()

    def _make_query_arguments(self) -> None:
        self.query_arguments = self._parse_query()

    cookie_lines: Lines | None = None
    """Lines in which a cookie was looked up, before anything has parsed them for this request."""

    @property
    def cookies(self) -> dict[str, Morsel[str]]:
        """Cookies as Tornado has them: of the ``Cookie`` as it was when one was first asked for."""
        lines = self.cookie_lines
        if lines is not None:
            del self.cookie_lines
            headers, self.headers = self.headers, LazyHeaders(lines)
            try:
                return super().cookies
            finally:
                self.headers = headers
        return super().cookies

    arguments: Any = WhenRead(_make_arguments)
    query_arguments: Any = WhenRead(_make_query_arguments)


LazyRequest.__name__ = LazyRequest.__qualname__ = "HTTPServerRequest"  # in logs and messages


class OwnPaths(Protocol):
    """Paths that are answered before any router of the application's is asked."""

    def delegate(
        self, connection: HTTPConnection, start_line: RequestStartLine, headers: HTTPHeaders
    ) -> HTTPMessageDelegate | None:
        """Delegate that answers this request; None if the request is for the application."""


own_paths: tuple[str, OwnPaths] | None = None
"""What the own paths begin with, and what answers them; set by whoever serves."""


def find(
    router: routing.Router,
    server_conn: object,
    request_conn: HTTPConnection,
    start_line: RequestStartLine,
    headers: HTTPHeaders,
    compiled: Compiled,
) -> HTTPMessageDelegate | DirectMatch:
    """Find the delegate of a request as ``tornado.routing._RoutingDelegate`` does."""
    if own_paths is not None and start_line.path.startswith(own_paths[0]):
        own = own_paths[1].delegate(request_conn, start_line, headers)
        if own is not None:
            return own
    request = LazyRequest(request_conn, server_conn, start_line, headers)
    found = compiled.find(router, request)
    if found is None:
        app_log.debug("Delegate for %s %s request not found", start_line.method, start_line.path)
        found = DefaultDelegate(request_conn)
    return found


class LazyRoutingDelegate(HTTPMessageDelegate):
    """``tornado.routing._RoutingDelegate``, with a `LazyRequest` and compiled routers."""

    __slots__ = ("_compiled", "_delegate", "_request_conn", "_router", "_server_conn")

    def __init__(
        self,
        router: routing.Router,
        server_conn: object,
        request_conn: HTTPConnection,
        compiled: Compiled,
    ) -> None:
        self._router = router
        self._compiled = compiled
        self._server_conn = server_conn
        self._request_conn = request_conn
        self._delegate: HTTPMessageDelegate | None = None

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        assert isinstance(start_line, RequestStartLine)
        found = find(
            self._router,
            self._server_conn,
            self._request_conn,
            start_line,
            headers,
            self._compiled,
        )
        self._delegate = found.delegate() if isinstance(found, DirectMatch) else found
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        assert self._delegate is not None
        return self._delegate.data_received(chunk)

    def finish(self) -> None:
        assert self._delegate is not None
        self._delegate.finish()

    def on_connection_close(self) -> None:
        if self._delegate is not None:
            self._delegate.on_connection_close()
