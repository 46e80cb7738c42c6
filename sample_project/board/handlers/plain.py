"""Routing targets that are not request handlers.

Shown here: a callable, an `HTTPServerConnectionDelegate` and a `Router`. They speak to the
connection directly: no cookies, no templates, no error pages, next to no cost. What they share is
`reply`, which is all that is left of a response at this level.
"""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Any, cast

from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.routing import Router

from board.messages import TOPICS


def reply(
    connection: HTTPConnection,
    method: str | None,
    status: HTTPStatus,
    text: str = "",
    **headers: str,
) -> None:
    body = text.encode()
    fields = HTTPHeaders({name.replace("_", "-"): value for name, value in headers.items()})
    fields["Content-Type"] = "text/plain; charset=utf-8"
    fields["Content-Length"] = str(len(body))
    start_line = ResponseStartLine("HTTP/1.1", status.value, status.phrase)
    # The answer to HEAD has the length of the body, but not the body.
    connection.write_headers(start_line, fields, b"" if method == "HEAD" else body)
    connection.finish()


def ping(request: HTTPServerRequest) -> None:
    """A callable: gets the complete request. Says that the process is up, and nothing more."""
    connection = cast(HTTPConnection, request.connection)
    if request.method in ("GET", "HEAD"):
        reply(connection, request.method, HTTPStatus.OK, "pong\n")
    else:
        status = HTTPStatus.METHOD_NOT_ALLOWED
        reply(connection, request.method, status, Allow="GET, HEAD")


class Checksum(HTTPServerConnectionDelegate):
    """A connection delegate: gives each request to a message delegate of its own.

    Answers with the SHA-256 of the body, to compare with what an upload has returned.
    """

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        return ChecksumMessage(request_conn)


class ChecksumMessage(HTTPMessageDelegate):
    """A message delegate: sees the body go by, piece by piece, and keeps none of it."""

    def __init__(self, connection: HTTPConnection) -> None:
        self.connection = connection
        self.digest = hashlib.sha256()
        self.method: str | None = None

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        self.method = cast(RequestStartLine, start_line).method

    def data_received(self, chunk: bytes) -> None:
        self.digest.update(chunk)

    def finish(self) -> None:
        if self.method == "POST":
            text = self.digest.hexdigest() + "\n"
            reply(self.connection, self.method, HTTPStatus.OK, text)
        else:
            reply(self.connection, self.method, HTTPStatus.METHOD_NOT_ALLOWED, Allow="POST")


class OldLinks(Router):
    """A router: decides by more than the path. Here, by the query of the board's old addresses.

    `/old/view.php?topic=help` and `/old/view.php?message=12` move to their new places. None
    means "not mine": the routes that follow get their turn, and in the end it is a 404.
    """

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> HTTPMessageDelegate | None:
        connection = cast(HTTPConnection, request.connection)
        if request.path != "/old/view.php" or request.method not in ("GET", "HEAD"):
            return None
        topic = self.argument(request, "topic")
        message = self.argument(request, "message")
        if topic in TOPICS:
            return Moved(connection, request.method, f"/topics/{topic}/")
        if message.isascii() and message.isdigit():
            return Moved(connection, request.method, f"/messages/{message}")
        return None

    @staticmethod
    def argument(request: HTTPServerRequest, name: str) -> str:
        return request.arguments.get(name, [b""])[-1].decode("utf-8", "replace")


class Moved(HTTPMessageDelegate):
    def __init__(self, connection: HTTPConnection, method: str, location: str) -> None:
        self.connection = connection
        self.method = method
        self.location = location

    def finish(self) -> None:
        status = HTTPStatus.MOVED_PERMANENTLY
        reply(self.connection, self.method, status, Location=self.location)
