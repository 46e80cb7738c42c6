"""Tornado's WebSocket protocol, its frames read and written straight at the socket.

Everything that is decided once for a connection, or seldom, stays Tornado's own code, inherited:
the handshake, the negotiation, pings and their timers, the closing handshake, what a message does
to the handler, deflate. The stream stays, too, and goes on to own the socket: it closes it, tells
of it, and writes what the socket does not take at once. Replaced is what every message pays for:

- *reading*: Tornado awaits the stream three to five times for each frame. Here what one ``recv``
  gave is parsed in one go (`intake`), and the task that Tornado runs the WebSocket in is woken in
  the callback that read it (`wakeup`);
- *writing*: a message goes to the socket in one ``send``. If the socket does not take it all, or
  refuses it, the stream goes on with it as if it had tried by itself.

Frames are judged by the rules of ``WebSocketProtocol13._receive_frame``, in its order and with
the same bytes at hand: one that is to be refused by its second byte is refused when two are here.
While a coroutine of the handler works on a message nothing is read, as with Tornado.

For TLS, where a socket's readiness does not say what can be read, all of it is Tornado's.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable
from typing import Any, Protocol, cast

from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, StreamClosedError
from tornado.websocket import WebSocketClosedError

from tornkit.engine.fidelity import variants
from tornkit.engine.websocket.intake import Intake
from tornkit.engine.websocket.masking import unmask
from tornkit.engine.websocket.write_futures import Settling, settling_of

_WRITE = IOLoop.WRITE
# When a client whose frames are all here has had enough of a turn.
_TURN = variants.FRAMES_TURN
_FRAME = variants.FRAME_COST

# Bytes of a frame from which two pieces in one system call are cheaper than a copy: of 64 kB, by a
# fifth of the call; of 4 kB they cost a twentieth more.
_LONG = 16384

_head_short = struct.Struct("!BB").pack
_head_medium = struct.Struct("!BBH").pack
_head_long = struct.Struct("!BBQ").pack
_medium_at = struct.Struct("!H").unpack_from
_long_at = struct.Struct("!Q").unpack_from


def _head_of(first: int, size: int) -> bytes:
    if size < 126:
        return _head_short(first, size)
    if size <= 0xFFFF:
        return _head_medium(first, 126, size)
    return _head_long(first, 127, size)


def frame_of(message: bytes, *, binary: bool) -> bytes:
    """Frame of a whole message from a server (RFC 6455, 5.2), the same for all its clients."""
    return _head_of(0x82 if binary else 0x81, len(message)) + message


class _More:
    """Sentinel that `_use_frame` gives where the next frame is not here yet."""


_MORE = _More()


class Blockable(Protocol):
    """Protocol of a listener that is told once frames may not be written straight to a socket."""

    def blocked(self) -> None: ...


class EngineProtocol(Intake):
    """`WebSocketProtocol13` for a server's side. Made by `WebSocketHandler.get_websocket_protocol`.

    Until `_receive_frame_loop` has taken the stream over, it is Tornado's in all.
    """

    _settling: Settling
    _cost = 0  # of the last frame, as Tornado reckons it
    _enrolments: list[Blockable] | None = None
    # ---- reading ----

    async def _receive_frame_loop(self) -> None:
        """Handle frames until one side has closed, and then tell the handler, as Tornado does."""
        if type(self.stream) is not IOStream:
            await super()._receive_frame_loop()
            return
        stream = self.stream
        self._take_over(stream)
        self._settling = settling_of(self._loop)
        is_told = True
        try:
            work = 0
            while not self.client_terminated:
                used = self._use_frame()
                if used is _MORE:
                    if self._must_wait(stream):
                        await self._parking
                        work = 0
                    continue
                if used is not None:
                    self._lent = False
                    await cast("Awaitable[None]", used)
                work += self._cost
                if work >= _TURN:
                    work = 0
                    await asyncio.sleep(0)
        except StreamClosedError:
            self._abort()
        except BaseException:  # of the handler, or of its task: an older Tornado tells nobody
            is_told = variants.CALLBACKS_GUARDED
            raise
        finally:
            self._block()
            self._enrolments = None
            vars(stream).pop("_add_io_state", None)
            if is_told:
                self._give_back(stream)
                self.handler.on_ws_connection_close(self.close_code, self.close_reason)
            else:
                self._leave_to(stream)

    # ---- frames ----

    def _use_frame(self) -> Awaitable[None] | _More | None:
        """Take the next frame and act on it.

        Gives `_MORE` where it is not here, and what has to be awaited where the handler works on.
        The rules are those of ``WebSocketProtocol13._receive_frame``, in its order. In one piece:
        it is run for each frame, and a call costs a tenth of it.
        """
        data, at = self._unread, self._at
        here = len(data) - at
        if here < 2:
            self._wanted = 2
            return _MORE
        first, second = data[at], data[at + 1]
        opcode = first & 0x0F
        reserved = first & 0x70
        if self._decompressor is not None and opcode:
            self._frame_compressed = bool(reserved & 0x40)
            reserved &= 0x30
        size = second & 0x7F
        if reserved or (size > 125 and opcode & 0x8):
            self._refuse(2)
            return None
        head = 2
        if size > 125:
            head = 4 if size == 126 else 10
            if here < head:
                self._wanted = head
                return _MORE
            size = (_medium_at if size == 126 else _long_at)(data, at + 2)[0]
        fragments = self._fragmented_message_buffer
        longest = self.params.max_message_size
        if (size if fragments is None else size + len(fragments)) > longest:
            self._wire_bytes_in += head
            self.close(1009, "message too big")
            self._abort()
            return None
        masked = second & 0x80
        start = at + head + 4 if masked else at + head
        end = start + size
        if end - at > here:
            self._wanted = end - at
            return _MORE
        payload = data[start:end]
        if masked:
            payload = unmask(data[start - 4 : start], payload)
        self._at = end
        self._wire_bytes_in += end - at
        self._cost = _FRAME + end - at
        if first & 0x88 == 0x80 and opcode and fragments is None:  # nearly all: whole, and data
            return self._handle_message(opcode, payload)
        return self._use_rare(opcode, bool(first & 0x80), payload)

    def _use_rare(self, opcode: int, final: bool, payload: bytes) -> Awaitable[None] | None:
        """Use a control frame, or a fragment of a message."""
        fragments = self._fragmented_message_buffer
        if opcode & 0x8:
            if not final:
                self._refuse(0)
                return None
        elif opcode == 0:
            if fragments is None:  # nothing to continue
                self._refuse(0)
                return None
            fragments.extend(payload)
            if final:
                opcode = cast(int, self._fragmented_message_opcode)
                payload = bytes(fragments)
                self._fragmented_message_buffer = None
        else:
            if fragments is not None:  # the old one is not finished
                self._refuse(0)
                return None
            if not final:
                self._fragmented_message_opcode = opcode  # type: ignore[assignment]
                self._fragmented_message_buffer = bytearray(payload)
        return self._handle_message(opcode, payload) if final else None

    def _refuse(self, read: int) -> None:
        """Abort at an invalid frame; count ``read`` bytes, as many as Tornado had read of it."""
        self._wire_bytes_in += read
        self._abort()

    # ---- writing ----

    def write_message(
        self, message: str | bytes | dict[str, Any], binary: bool = False
    ) -> asyncio.Future[None]:
        """Send a message; the future is done when the socket has taken it.

        :raises WebSocketClosedError: the connection is closed, also by what comes to light now.
        """
        stream = self.stream
        if not self._direct or stream._closed or stream._write_buffer:
            return super().write_message(message, binary)
        if type(message) is str:
            data = message.encode()
        elif type(message) is bytes:
            data = message
        else:
            return super().write_message(message, binary)
        self._message_bytes_out += len(data)
        first = 0x82 if binary else 0x81
        if self._compressor:
            data = self._compressor.compress(data)
            first |= 0x40
        size = len(data)
        # Not by a call where the message is short: it would be a hundredth of what it costs.
        head = _head_short(first, size) if size < 126 else _head_of(first, size)
        size += len(head)
        self._wire_bytes_out += size
        try:
            if size > _LONG:
                taken = stream.socket.sendmsg((head, data))
            else:
                taken = stream.socket.send(head + data)
        except OSError as error:
            return self._not_sent(stream, head + data, error)
        if taken == size:
            self._proved = True
            return self._settling.future(self._loop)
        return asyncio.ensure_future(_sent(stream.write(memoryview(head + data)[taken:])))

    # ---- frames that are written straight to the socket, by `FrameAudience` ----

    @property
    def is_clear(self) -> bool:
        """Whether frames of `frame_of` may be written straight to the socket."""
        stream = self.stream
        return not (
            not self._direct
            or self.server_terminated
            or self._compressor
            or stream._closed
            or stream._write_buffer
        )

    def enrol(self, enrolment: Blockable) -> None:
        """Register a listener, while this `is_clear`, to be told once when it no longer is."""
        if self._enrolments is None:
            self._enrolments = []
            self.stream._add_io_state = self._add_io_state  # type: ignore[method-assign]
        self._enrolments.append(enrolment)

    def withdraw(self, enrolment: Blockable) -> None:
        """Remove a listener that `enrol` has registered."""
        if self._enrolments and enrolment in self._enrolments:
            self._enrolments.remove(enrolment)

    def count_out(self, frames: int, messages: int) -> None:
        """Count bytes that were written to the socket."""
        self._wire_bytes_out += frames
        self._message_bytes_out += messages

    def _add_io_state(self, state: int) -> None:
        """Have the stream listen for ``state``: for room to write, if not all could be written."""
        if state & _WRITE:
            self._block()
        IOStream._add_io_state(self.stream, state)

    def _block(self) -> None:
        for enrolment in tuple(self._enrolments or ()):
            enrolment.blocked()

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close the connection; nothing is written behind the frame that says so."""
        self._block()
        super().close(code, reason)

    def write_frames(self, data: bytes, size: int) -> asyncio.Future[None] | bool:
        """Send frames of `frame_of` in one go; ``size`` is that of their messages.

        True: they have gone. A future that waits for it, where the socket did not take all. False:
        they are to be written one by one, by `write_message`.
        """
        if not self.is_clear:
            return False
        self.count_out(len(data), size)
        try:
            taken = self.stream.socket.send(data)
        except OSError as error:
            return self._not_sent(self.stream, data, error)
        if taken == len(data):
            self._proved = True
            return True
        return asyncio.ensure_future(_sent(self.stream.write(memoryview(data)[taken:])))

    def write_rest(self, data: bytes, outcome: int | OSError) -> asyncio.Future[None] | None:
        """Write what a ``send`` has not taken of some frames; None if the connection is closed.

        ``outcome``: how much it has taken, or what it has raised.
        """
        stream = self.stream
        if stream._closed:
            return None
        if isinstance(outcome, int):
            return asyncio.ensure_future(_sent(stream.write(memoryview(data)[outcome:])))
        return self._not_sent(stream, data, outcome)

    def _not_sent(self, stream: IOStream, frame: bytes, error: OSError) -> asyncio.Future[None]:
        """Let the stream write a frame, and meet the same error by itself if there is one."""
        if isinstance(error, BlockingIOError):
            return asyncio.ensure_future(_sent(stream.write(frame)))

        def failing(data: memoryview) -> int:
            raise error

        stream.write_to_fd = failing  # type: ignore[method-assign]
        try:
            return asyncio.ensure_future(_sent(stream.write(frame)))
        finally:
            del stream.write_to_fd


async def _sent(written: asyncio.Future[None]) -> None:
    """Wait for ``written``; tell its error as `WebSocketProtocol13.write_message` does."""
    try:
        await written
    except StreamClosedError:
        raise WebSocketClosedError()  # noqa: B904 - its context is shown, as by Tornado's own
