"""Everything public that a program can call of a request's connection, stream and handler.

Each is called by name with a `Target`. What is written carries the number of its request, so that
bytes that went to another's client can be told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tornado.httputil import HTTPHeaders, ResponseStartLine

BIG = 250_000  # bytes: more than a socket takes at once


@dataclass
class Target:
    """One request as a program knows it: what it has kept of it, whatever has happened since."""

    index: int
    request: Any
    handler: Any = None
    note: Callable[[str], None] = print
    stream: Any = None
    detached: Any = None
    taken: list[Any] = field(default_factory=list)  # every stream that was ever detached
    values: list[Any] = field(default_factory=list)

    @property
    def connection(self) -> Any:
        return self.request.connection

    def mark(self, text: str = "") -> bytes:
        return f"<{self.index}{text}>".encode()


Call = Callable[[Target], Any]


def _head(target: Target, code: int, *pairs: tuple[str, str], chunk: bytes | None = None) -> Any:
    headers = HTTPHeaders({"X-By": str(target.index)})
    for name, value in pairs:
        headers[name] = value
    reason = {100: "Continue", 200: "OK", 204: "No Content", 304: "Not Modified"}[code]
    return target.connection.write_headers(ResponseStartLine("", code, reason), headers, chunk)


def _raw(target: Target) -> bytes:
    body = target.mark("raw")
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def _detach_connection(target: Target) -> None:
    _keep(target, target.connection.detach())


def _detach_handler(target: Target) -> None:
    _keep(target, target.handler.detach())


def _keep(target: Target, stream: Any) -> None:
    # Tornado gives None the second time: the first stream is to be closed all the same.
    target.detached = stream
    target.taken.append(stream)


def _noting(target: Target, what: str) -> Callable[[], None]:
    def told() -> None:
        target.note(what)

    return told


CONNECTION: dict[str, Call] = {
    "connection.write": lambda t: t.connection.write(t.mark()),
    "connection.write nothing": lambda t: t.connection.write(b""),
    "connection.write a response": lambda t: t.connection.write(_raw(t)),
    "connection.write much": lambda t: t.connection.write(b"m" * BIG),
    "connection.write_headers": lambda t: _head(t, 200),
    "connection.write_headers, a chunk": lambda t: _head(t, 200, chunk=t.mark()),
    "connection.write_headers of 3": lambda t: _head(t, 200, ("Content-Length", "3")),
    "connection.write_headers of 3, whole": lambda t: _head(
        t, 200, ("Content-Length", "3"), chunk=t.mark()
    ),
    "connection.write_headers of 2, 3 bytes": lambda t: _head(
        t, 200, ("Content-Length", "2"), chunk=t.mark()
    ),
    "connection.write_headers 100": lambda t: _head(t, 100),
    "connection.write_headers 204": lambda t: _head(t, 204),
    "connection.write_headers 304": lambda t: _head(t, 304),
    "connection.write_headers with a line end": lambda t: _head(t, 200, ("X-Bad", "a\r\nb")),
    "connection.write_headers of no length": lambda t: _head(t, 200, ("Content-Length", "x")),
    "connection.finish": lambda t: t.connection.finish(),
    "connection.close": lambda t: t.connection.close(),
    "connection.detach": _detach_connection,
    "connection.set_close_callback": lambda t: t.connection.set_close_callback(
        _noting(t, "connection told")
    ),
    "connection.set_close_callback None": lambda t: t.connection.set_close_callback(None),
    "connection.set_body_timeout": lambda t: t.connection.set_body_timeout(60),
    "connection.set_max_body_size": lambda t: t.connection.set_max_body_size(1_000_000),
    "connection.set_max_body_size small": lambda t: t.connection.set_max_body_size(1),
    "connection.stream": lambda t: t.connection.stream is None,
    "connection.context": lambda t: type(t.connection.context).__name__,
    "connection.params": lambda t: t.connection.params.chunk_size,
    "connection.no_keep_alive": lambda t: t.connection.no_keep_alive,
    "connection.is_client": lambda t: t.connection.is_client,
}
STREAM: dict[str, Call] = {
    "stream.write": lambda t: t.stream.write(t.mark("s")),
    "stream.write nothing": lambda t: t.stream.write(b""),
    "stream.write a view": lambda t: t.stream.write(memoryview(t.mark("v"))),
    "stream.write much": lambda t: t.stream.write(b"n" * BIG),
    "stream.closed": lambda t: t.stream.closed(),
    "stream.reading": lambda t: t.stream.reading(),
    "stream.writing": lambda t: t.stream.writing(),
    "stream.error": lambda t: type(t.stream.error).__name__,
    "stream.socket": lambda t: t.stream.socket is None,
    "stream.fileno": lambda t: t.stream.fileno() is t.stream.socket,
    "stream.io_loop": lambda t: t.stream.io_loop.time() > 0,
    "stream.max_buffer_size": lambda t: t.stream.max_buffer_size,
    "stream.set_nodelay": lambda t: t.stream.set_nodelay(True),
    "stream.set_close_callback": lambda t: t.stream.set_close_callback(_noting(t, "stream told")),
    "stream.set_close_callback None": lambda t: t.stream.set_close_callback(None),
    "stream.close": lambda t: t.stream.close(),
    "stream.close with an error": lambda t: t.stream.close(ValueError("x")),
}
DETACHED: dict[str, Call] = {
    "detached.write": lambda t: t.detached.write(t.mark("d")),
    "detached.error": lambda t: type(t.detached.error).__name__,
    "detached.closed": lambda t: t.detached.closed(),
    "detached.read": lambda t: t.detached.read_bytes(1000, partial=True),
    "detached.close": lambda t: t.detached.close(),
}
HANDLER: dict[str, Call] = {
    "handler.write": lambda t: t.handler.write(t.mark("h")),
    "handler.write text": lambda t: t.handler.write(f"text {t.index}"),
    "handler.write a dictionary": lambda t: t.handler.write({"by": t.index}),
    "handler.write a number": lambda t: t.handler.write(3),
    "handler.write much": lambda t: t.handler.write(b"w" * BIG),
    "handler.flush": lambda t: t.handler.flush(),
    "handler.flush with footers": lambda t: t.handler.flush(include_footers=True),
    "handler.finish": lambda t: t.handler.finish(),
    "handler.finish with a chunk": lambda t: t.handler.finish(t.mark("f")),
    "handler.set_status 201": lambda t: t.handler.set_status(201),
    "handler.set_status 204": lambda t: t.handler.set_status(204),
    "handler.set_status 304": lambda t: t.handler.set_status(304),
    "handler.set_status 101": lambda t: t.handler.set_status(101),
    "handler.get_status": lambda t: t.handler.get_status(),
    "handler.set_header": lambda t: t.handler.set_header("X-A", str(t.index)),
    "handler.set_header length": lambda t: t.handler.set_header("Content-Length", "4"),
    "handler.set_header close": lambda t: t.handler.set_header("Connection", "close"),
    "handler.set_header coding": lambda t: t.handler.set_header("Transfer-Encoding", "x"),
    "handler.set_header line end": lambda t: t.handler.set_header("X-A", "a\r\nb"),
    "handler.add_header": lambda t: t.handler.add_header("X-A", "b"),
    "handler.clear_header": lambda t: t.handler.clear_header("X-A"),
    "handler.set_cookie": lambda t: t.handler.set_cookie("c", str(t.index)),
    "handler.clear_cookie": lambda t: t.handler.clear_cookie("c"),
    "handler.clear": lambda t: t.handler.clear(),
    "handler.redirect": lambda t: t.handler.redirect(f"/to/{t.index}"),
    "handler.send_error": lambda t: t.handler.send_error(503),
    "handler.write_error": lambda t: t.handler.write_error(503),
    "handler.render": lambda t: t.handler.render("page.html", number=t.index),
    "handler.render_string": lambda t: t.handler.render_string("page.html", number=t.index),
    "handler.detach": _detach_handler,
    "handler.set_etag_header": lambda t: t.handler.set_etag_header(),
    "handler.check_etag_header": lambda t: t.handler.check_etag_header(),
    "handler.on_connection_close": lambda t: t.handler.on_connection_close(),
    "handler.on_finish": lambda t: t.handler.on_finish(),
    "handler.request_time": lambda t: t.request.request_time() > 0,
    "handler.log": lambda t: t.handler.application.log_request(t.handler),
}
CALLS: dict[str, Call] = {**CONNECTION, **STREAM, **DETACHED, **HANDLER}
