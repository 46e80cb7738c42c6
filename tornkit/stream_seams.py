"""Private parts of Tornado's streams and connections that tornkit reads, in one place.

Each is listed here, looked up with a default, and done without where the installed Tornado has no
such thing:

========================================= =============================================
`IOStream._read_buffer` and its size      bytes of a connection that moves to another
                                          process; without it, idle connections close
`IOStream._add_io_state`                  that a stream which nobody reads stays open; without
                                          it, one may close that was detached behind a body
`HTTP1Connection._disconnect_on_finish`   `Connection: close` on the response under way;
                                          without it, the connection closes after it
`HTTP1Connection._response_start_line`,   whether a response can be expected to end, when a
`_chunking_output`, `_write_finished`,    worker does; without them, it is waited for
`_expected_content_remaining`,
`_read_finished`, `_close_callback`;
`RequestHandler._headers` and
`_stream_request_body`
========================================= =============================================
"""

from __future__ import annotations

import select
import socket
from typing import Protocol

from tornado import tcpserver
from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPConnection, HTTPHeaders
from tornado.iostream import IOStream, SSLIOStream
from tornado.web import RequestHandler


def is_detached(request: HTTPConnection) -> bool:
    """Whether a handler took the stream for itself (`HTTPConnection.detach`)."""
    return getattr(request, "stream", None) is None


def close_after_response(request: HTTPConnection) -> None:
    """Answer the request under way with ``Connection: close`` (RFC 9112, section 9.6)."""
    if isinstance(request, HTTP1Connection) and hasattr(request, "_disconnect_on_finish"):
        request._disconnect_on_finish = True


def is_open_ended(request: HTTPConnection) -> bool:
    """Whether the response has begun without a length, and is not finished.

    So it is with ``Transfer-Encoding: chunked``, and to a client of HTTP/1.0 without Content-Length
    (`HTTP1Connection.write_headers`).
    """
    start_line = getattr(request, "_response_start_line", None)
    if start_line is None or getattr(request, "_write_finished", True):
        return False
    if getattr(request, "_chunking_output", False):
        return True
    has_body = start_line.code >= 200 and start_line.code not in (204, 304)
    return has_body and getattr(request, "_expected_content_remaining", 0) is None


def is_unanswered(request: HTTPConnection) -> bool:
    """Whether the request was read to its end and nothing of a response was written."""
    return (
        getattr(request, "_read_finished", False)
        and not getattr(request, "_write_finished", True)
        and getattr(request, "_response_start_line", request) is None
    )


def is_sending(request: HTTPConnection) -> bool:
    """Whether bytes were written that the socket has not taken yet."""
    stream = getattr(request, "stream", None)
    return stream is not None and bool(stream.writing())


def handler_of(request: HTTPConnection) -> RequestHandler | None:
    """The handler that is told if the client of this request leaves: see its ``__init__``."""
    owner = getattr(getattr(request, "_close_callback", None), "__self__", None)
    return owner if isinstance(owner, RequestHandler) else None


def media_type(handler: RequestHandler) -> str:
    """Media type of a handler's response, without parameters: ``text/html``."""
    headers: HTTPHeaders = getattr(handler, "_headers", None) or HTTPHeaders()
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def streams_request_body(handler: RequestHandler) -> bool:
    """Whether a handler takes the body as it arrives (`tornado.web.stream_request_body`)."""
    return getattr(handler, "_stream_request_body", False)


def unread_bytes(stream: IOStream) -> bytes | None:
    """The stream's unread bytes; None where they can't be known."""
    buffer = getattr(stream, "_read_buffer", None)
    if not isinstance(buffer, bytearray) or not hasattr(stream, "_read_buffer_size"):
        return None
    return bytes(buffer)


def forget_unread(stream: IOStream) -> None:
    """Drop bytes that were read and not used: they went elsewhere with the connection.

    A stream serves what is in its buffer also when it is closed, and the request in it would be
    answered twice.
    """
    buffer = getattr(stream, "_read_buffer", None)
    if isinstance(buffer, bytearray) and hasattr(stream, "_read_buffer_size"):
        buffer.clear()
        stream._read_buffer_size = 0


def is_plain(stream: IOStream) -> bool:
    """Whether the stream has no TLS, so that the kernel has all state of the connection."""
    return not isinstance(stream, SSLIOStream)


def can_move(stream: IOStream) -> bool:
    """Whether the connection could go on in another process: plain, open, nothing half written."""
    return (
        is_plain(stream)
        and not stream.closed()
        and not stream.writing()
        and unread_bytes(stream) is not None
    )


def has_input(stream: IOStream) -> bool:
    """Whether bytes have arrived that nobody has read or used."""
    return bool(unread_bytes(stream)) or readable(stream.socket)


def readable(sock: socket.socket) -> bool:
    """Whether a read of the socket would not block: bytes wait, or the end."""
    poller = select.poll()
    poller.register(sock.fileno(), select.POLLIN)
    try:
        return bool(poller.poll(0))
    except OSError:  # ENOMEM: to wait for what may be there loses nothing
        return True


class BufferSizes(Protocol):
    """Bytes that the streams of a server keep and read at once; None for Tornado's defaults."""

    @property
    def max_buffer_size(self) -> int | None:
        """Most bytes that a stream keeps unread."""

    @property
    def read_chunk_size(self) -> int | None:
        """Most bytes of one read."""


def stream_of(server: BufferSizes, sock: socket.socket, unread: bytes) -> IOStream:
    """A stream as ``server`` would make it, that has read ``unread`` already."""
    stream = IOStream(
        sock, max_buffer_size=server.max_buffer_size, read_chunk_size=server.read_chunk_size
    )
    if unread:
        stream._read_buffer += unread
        stream._read_buffer_size += len(unread)
    return stream


def closed_stream(
    server: BufferSizes, unread: bytes = b"", error: BaseException | None = None
) -> IOStream:
    """Make a stream without a connection that is closed, for this ``error``.

    What it had read can still be read from it.
    """
    stream = stream_of(server, socket.socket(), unread)
    stream.close(error or False)
    return stream


def register(stream: IOStream, *, watched: bool) -> None:
    """Add a stream to the loop's watching for errors, as after a read that is done.

    ``watched``: for its end, too, as one that had a close callback.
    """
    add_io_state = getattr(stream, "_add_io_state", None)
    if add_io_state is not None:
        add_io_state(stream.io_loop.ERROR)
    if watched:
        stream.set_close_callback(lambda: None)
        stream.set_close_callback(None)


def serve_moved(server: tcpserver.TCPServer, sock: socket.socket, unread: bytes) -> None:
    """Go on with a connection that another process accepted; ``unread`` comes first."""
    adopt = getattr(server, "adopt", None)  # tornkit's own server has no streams
    if adopt is not None:
        adopt(sock, unread)
        return
    server.handle_stream(stream_of(server, sock, unread), sock.getpeername())
