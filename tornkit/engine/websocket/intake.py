"""Path of a WebSocket's bytes from the socket to the task that makes frames of them.

The stream keeps the socket and all that is known of it. Its events come here, by an attribute of
the instance, ``_handle_events``, and by `Parking` in the place of its read future; nothing else in
it is changed. Three cases:

- the task waits for bytes: they are read in one ``recv`` and the task is woken (`_receive`);
- the handler works: what comes is read up to a chunk, and then left in the socket (`_read_ahead`);
- whatever else it is (room to write, an error, somebody who wants to be told of the end): the
  stream's own code.

The private parts of `IOStream` that are touched are those whose text `known` compares.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, StreamBufferFullError, StreamClosedError
from tornado.log import gen_log
from tornado.websocket import WebSocketProtocol13

from tornkit.engine.fidelity import variants
from tornkit.engine.websocket.wakeup import Parking

_READ = IOLoop.READ
_MOST = 256 * 1024  # bytes of one recv, where the client sends as much


class Intake(WebSocketProtocol13):
    """Base class of the engine's protocol: reads a WebSocket's bytes from the stream's socket."""

    _loop: asyncio.AbstractEventLoop
    _parking: Parking
    _direct = False  # whether the socket is ours to read and write
    # Bytes of which no frame has been made: what `_at` says of these, then the stream's buffer.
    _unread: bytes = b""
    _at = 0
    _wanted = 2  # bytes without which the next look is in vain
    _size = 0  # of one recv
    _lent = False  # the stream itself listens meanwhile
    _held: OSError | None = None  # of the socket, for when everything before it is done with
    _looks_once = False  # the loop tells of an error once, and never again
    _proved = False  # a write since the last read has found the socket sound

    def _take_over(self, stream: IOStream) -> None:
        """Handle the events of the stream's socket here, from now on."""
        self._loop = asyncio.get_running_loop()
        self._parking = Parking(self._loop)
        self._looks_once = type(self._loop).__module__.partition(".")[0] == "uvloop"
        self._size = stream.read_chunk_size
        self._direct = stream.max_write_buffer_size is None
        state = stream._state
        stream._handle_events = self._on_events  # type: ignore[method-assign]
        if state is not None and not stream.closed():
            stream.io_loop.remove_handler(stream.fileno())
            try:
                stream.io_loop.add_handler(stream.fileno(), self._on_events, state)
            except OSError:  # the loop has no room for it any more: nobody would read it
                stream.close(exc_info=True)

    def _give_back(self, stream: IOStream) -> None:
        """Stop handling the stream's events; it is closed, or of a cancelled task will be soon."""
        self._direct = False
        self._unread, self._at = b"", 0
        vars(stream).pop("_handle_events", None)
        if not stream.closed():
            stream._read_future = None
            if stream._state is not None:
                stream.io_loop.remove_handler(stream.fileno())
                stream._state = None

    def _leave_to(self, stream: IOStream) -> None:
        """Let the stream handle its events by itself again, and give it the bytes not used."""
        self._direct = False
        self._put_back(stream)
        vars(stream).pop("_handle_events", None)
        if stream.closed():
            return
        stream._read_future = None
        if stream._state is not None:
            stream.io_loop.remove_handler(stream.fileno())
            stream.io_loop.add_handler(stream.fileno(), stream._handle_events, stream._state)

    def _must_wait(self, stream: IOStream) -> bool:
        """Take bytes to parse from the buffer or the socket; return whether too few are there.

        If so, the stream listens from now on, so that the task can wait for more.

        :raises StreamClosedError: nothing will come any more.
        """
        if self._at < len(self._unread):
            self._put_back(stream)
        buffer = stream._read_buffer
        if len(buffer) < self._wanted and not stream._closed:
            if self._held is not None:
                error, self._held = self._held, None
                self._fail(stream, error)
            elif self._looks_once and not self._proved:
                while self._receive(stream):
                    pass
        if len(buffer) >= self._wanted:  # there since the handshake, or read while it was busy
            self._take_out(stream)
            return False
        if stream._closed:
            raise StreamClosedError(real_error=stream.error)
        stream._read_future = cast("asyncio.Future[Any]", self._parking)
        if stream._state is None or not stream._state & _READ:
            stream._add_io_state(_READ)
        return True

    def _take_out(self, stream: IOStream) -> None:
        """Move all bytes of the stream's read buffer to the bytes that frames are made of."""
        self._unread, self._at = bytes(stream._read_buffer), 0
        stream._read_buffer.clear()
        stream._read_buffer_size = 0

    def _put_back(self, stream: IOStream) -> None:
        """Put the bytes of which no frame was made back in front of the stream's read buffer."""
        rest = self._unread[self._at :]
        self._unread, self._at = b"", 0
        if rest:
            stream._read_buffer[:0] = rest
            stream._read_buffer_size = len(stream._read_buffer)

    def _on_events(self, fd: Any, events: int) -> None:
        """Handle events that the loop reports of the socket."""
        if events != _READ or not self._parking.taken:
            self._on_other_events(fd, events)
            return
        stream = self.stream
        while self._receive(stream) and self._looks_once:
            pass

    def _receive(self, stream: IOStream) -> bool:
        """Read once, and wake the task if it has enough; return whether bytes came, but too few.

        uvloop looks at a broken socket once, and never again: a part of a frame may be followed
        by a reset, which has to be seen now.
        """
        size = self._size
        try:
            data = stream.socket.recv(size)
        except BlockingIOError:
            self._proved = True
            return False
        except OSError as error:
            self._fail(stream, error)
            return False
        if not data:
            stream.close()
            return False
        self._proved = False
        if len(data) == size and size < _MOST <= stream.max_buffer_size >> 2:
            # 64 kB and their head are more than one recv of Tornado's size.
            self._size = min(2 * size, _MOST)
        buffer = stream._read_buffer
        if not buffer and self._parking.taken:
            self._unread, self._at = data, 0
            self._parking.wake()
            return False
        buffer += data
        stream._read_buffer_size = len(buffer)
        if len(buffer) < self._wanted:
            if len(buffer) > stream.max_buffer_size:
                self._overflow(stream)
                return False
            return True
        if self._parking.taken:
            self._take_out(stream)
            self._parking.wake()
        return False

    def _on_other_events(self, fd: Any, events: int) -> None:
        """Handle events that the task does not wait for: bytes to read ahead, room to write."""
        stream = self.stream
        if self._parking.taken:
            IOStream._handle_events(stream, fd, events)
            return
        if events == _READ and not self._lent and stream._close_callback is None:
            self._read_ahead(stream)
            return
        self._lent = True
        self._put_back(stream)
        stream._read_future = None
        IOStream._handle_events(stream, fd, events)

    def _read_ahead(self, stream: IOStream) -> None:
        """Take what has come while the handler works, up to a chunk; then listen no longer.

        The client's end is left where it is until everything before it is done with: as with
        Tornado's stream, which does not listen then. To stop listening as soon as anything comes
        would cost each message of a client that does not wait 7 microseconds.
        """
        if len(stream._read_buffer) < stream.read_chunk_size and self._held is None:
            try:
                data = stream.socket.recv(stream.read_chunk_size)
            except BlockingIOError:
                return
            except OSError as error:
                self._held = error
                data = b""
            if data:
                self._proved = False
                self._put_back(stream)
                stream._read_buffer += data
                stream._read_buffer_size = len(stream._read_buffer)
                return
        stream._state = (stream._state or 0) & ~_READ
        stream.io_loop.update_handler(stream.fileno(), stream._state)

    def _overflow(self, stream: IOStream) -> None:
        """Close the stream, which is full though the frame is not whole; as `IOStream` does."""
        gen_log.error("Reached maximum read buffer size")
        error = StreamBufferFullError("Reached maximum read buffer size")
        stream.close(exc_info=variants.OVERFLOW_IS_ERROR and error)
        gen_log.warning("error on read: %s" % error)  # noqa: UP031 - Tornado's own record

    def _fail(self, stream: IOStream, error: OSError) -> None:
        """Have the stream handle an error of the socket, as if it had met the error by itself.

        What is logged, what becomes of futures and which error it keeps is its own matter.
        """

        def failing(buf: bytearray | memoryview) -> int | None:
            raise error

        stream.read_from_fd = failing  # type: ignore[method-assign]
        try:
            IOStream._handle_events(stream, stream.socket, _READ)
        finally:
            del stream.read_from_fd
