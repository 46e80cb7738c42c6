"""Applications that answer with what they saw.

The answer to an accepted request carries ``X-Seen: METHOD``, and as its body a JSON object with
everything that a handler can read of the request. A HEAD request has its object in the header
``X-Seen-Json``. The `Journal` holds what no answer can tell: requests that began and were never
finished, connections that a handler was told were closed.

Every path serves the same, so that a request with a strange target is seen as well.
"""

from __future__ import annotations

import asyncio
import json
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.web import Application, RequestHandler, stream_request_body
from tornado.websocket import WebSocketHandler


class Journal:
    """What happened to the applications of one player, and what they keep alive."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.alive: weakref.WeakSet[Any] = weakref.WeakSet()

    def note(self, what: str, method: str, uri: str) -> None:
        self.events.append(f"{what} {method} {uri}")


def seen(request: HTTPServerRequest, body: bytes | None = None) -> dict[str, Any]:
    """Everything that a handler can read of a request, in JSON's types; bytes as Latin-1."""
    return {
        "method": request.method,
        "uri": request.uri,
        "path": request.path,
        "query": request.query,
        "version": request.version,
        "host": request.host,
        "host_name": request.host_name,
        "headers": list(request.headers.get_all()),
        "body": (request.body if body is None else body).decode("latin-1"),
        "arguments": _arguments(request.arguments),
        "query_arguments": _arguments(request.query_arguments),
        "body_arguments": _arguments(request.body_arguments),
        "files": {
            name: [
                [file.filename, file.content_type, file.body.decode("latin-1")] for file in files
            ]
            for name, files in request.files.items()
        },
        "cookies": {name: morsel.value for name, morsel in request.cookies.items()},
        "remote_ip": request.remote_ip,
        "protocol": request.protocol,
        "url": request.full_url(),
    }


def _arguments(arguments: dict[str, list[bytes]]) -> dict[str, list[str]]:
    return {name: [each.decode("latin-1") for each in values] for name, values in arguments.items()}


class Echo(RequestHandler):
    """A ``tornado.web`` handler; what it refuses (405), it has seen as well."""

    def initialize(self, journal: Journal) -> None:
        self.journal = journal
        journal.alive.add(self)

    def set_default_headers(self) -> None:
        self.clear_header("Date")

    def compute_etag(self) -> str | None:
        return None

    def report(self, body: bytes | None = None) -> bytes:
        """The answer's body, once its headers are set."""
        method = self.request.method or ""
        text = json.dumps(seen(self.request, body))
        self.set_header("X-Seen", method)
        if method == "HEAD":
            self.set_header("X-Seen-Json", text)
        return text.encode("ascii")

    def answer(self) -> Any:
        self.finish(self.report())

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.finish(self.report())

    def on_connection_close(self) -> None:
        # Tornado's own ends the wait for the rest of a streamed body.
        super().on_connection_close()
        self.journal.note("closed", self.request.method or "", self.request.uri or "")

    get = head = post = delete = patch = put = options = answer


class Blind(Echo):
    """Reads nothing of the request: what is wrong with it, the server has to see by itself."""

    def answer(self) -> Any:
        self.set_header("X-Seen", self.request.method or "")
        self.finish(b"ok")

    get = head = post = delete = patch = put = options = answer


class Slow(Echo):
    """Answers after some turns of the loop, in two parts."""

    async def answer(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        report = self.report()
        self.write(report[:100])
        await self.flush()
        await asyncio.sleep(0)
        self.finish(report[100:])

    get = head = post = delete = patch = put = options = answer


@stream_request_body
class Streamed(Echo):
    """Takes the body piece by piece, each with a wait."""

    def prepare(self) -> None:
        self.journal.note("began", self.request.method or "", self.request.uri or "")
        self.body = bytearray()

    async def data_received(self, chunk: bytes) -> None:
        await asyncio.sleep(0)
        self.body += chunk

    def answer(self) -> Any:
        self.finish(self.report(bytes(self.body)))

    get = head = post = delete = patch = put = options = answer


@stream_request_body
class Early(Echo):
    """Answers before the body is read."""

    def prepare(self) -> None:
        self.journal.note("began", self.request.method or "", self.request.uri or "")
        self.answer()

    def data_received(self, chunk: bytes) -> None:
        self.journal.note("body", self.request.method or "", self.request.uri or "")


class EchoSocket(WebSocketHandler):
    """Sends back what it gets."""

    def initialize(self, journal: Journal) -> None:
        self.journal = journal
        journal.alive.add(self)

    def set_default_headers(self) -> None:
        self.clear_header("Date")

    def check_origin(self, origin: str) -> bool:
        return True

    def open(self, *args: str, **kwargs: str) -> None:
        self.journal.note("opened", self.request.method or "", self.request.uri or "")

    def on_message(self, message: str | bytes) -> None:
        self.write_message(message, binary=isinstance(message, bytes))

    def on_close(self) -> None:
        self.journal.note(f"closed {self.close_code}", "", self.request.uri or "")


def web(handler: type[RequestHandler]) -> Callable[[Journal], Application]:
    """An Application that has this handler on every path."""

    def make(journal: Journal) -> Application:
        return Application(
            [(r".*", handler, {"journal": journal})], log_function=lambda handler: None
        )

    return make


def _send(connection: HTTPConnection, method: str, payload: dict[str, Any]) -> None:
    """A response written by hand, as without ``tornado.web``."""
    text = json.dumps(payload)
    body = text.encode("ascii")
    headers = HTTPHeaders({"X-Seen": method, "Content-Length": str(len(body))})
    if method == "HEAD":
        headers["X-Seen-Json"] = text
    connection.write_headers(ResponseStartLine("HTTP/1.1", 200, "OK"), headers)
    if method != "HEAD":
        connection.write(body)
    connection.finish()


def callback(journal: Journal) -> Callable[[HTTPServerRequest], None]:
    """The oldest kind of application: a function that takes the request."""

    def answer(request: HTTPServerRequest) -> None:
        assert request.connection is not None
        journal.note("called", request.method or "", request.uri or "")
        _send(request.connection, request.method or "", seen(request))

    return answer


class Recorder(HTTPMessageDelegate):
    """Sees the message as the connection gives it, before any HTTPServerRequest judges it."""

    def __init__(self, connection: HTTPConnection, journal: Journal) -> None:
        self.connection = connection
        self.journal = journal
        journal.alive.add(self)
        self.body = bytearray()
        self.method = self.uri = ""

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        assert isinstance(start_line, RequestStartLine)
        self.method, self.uri, self.version = start_line
        self.headers = headers
        self.journal.note("began", self.method, self.uri)
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self.body += chunk
        return None

    def finish(self) -> None:
        # The headers are read only now: the server may have changed them (Content-Length lists).
        payload = {
            "method": self.method,
            "uri": self.uri,
            "version": self.version,
            "headers": list(self.headers.get_all()),
            "body": self.body.decode("latin-1"),
        }
        _send(self.connection, self.method, payload)

    def on_connection_close(self) -> None:
        self.journal.note("closed", self.method, self.uri)


class Failing(Recorder):
    """Raises where the path says: /headers, /data or /finish; /input refuses the body."""

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        super().headers_received(start_line, headers)
        self._fail("/headers")
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        if self.uri == "/input":
            raise HTTPInputError("refused by the application")
        self._fail("/data")
        return super().data_received(chunk)

    def finish(self) -> None:
        self._fail("/finish")
        super().finish()

    def _fail(self, where: str) -> None:
        if self.uri == where:
            raise ValueError(where)


class Delegates(HTTPServerConnectionDelegate):
    """A message delegate for each request."""

    def __init__(self, kind: type[Recorder], journal: Journal) -> None:
        self.kind = kind
        self.journal = journal

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        return self.kind(request_conn, self.journal)


def delegates(kind: type[Recorder]) -> Callable[[Journal], Delegates]:
    def make(journal: Journal) -> Delegates:
        return Delegates(kind, journal)

    return make
