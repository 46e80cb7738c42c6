"""One end of the stream socket between the supervisor and a worker.

A frame is a length (4 bytes), the number of descriptors that belong to it (1 byte), and the
message. Descriptors ride on the frame's first byte (SCM_RIGHTS) and arrive no later than it, in
order, so a queue of received descriptors is enough to give each frame its own. A datagram socket
would need no frames, but tells nobody that the peer died; SOCK_SEQPACKET is Linux alone.

The supervisor's socket does not block: `send` keeps what it does not take and `flush` goes on. A
worker's does: it waits in `receive` while it boots, and asks `receive_ready` once its loop runs.
Any thread of a worker may send; who reads is settled by `tornkit.serve.worker.mailbox`.

A system that lacks memory or room for descriptors on their way refuses a call, and takes it a
moment later; the peer is gone only where an error says so (`tornkit.serve.shortage`).
"""

from __future__ import annotations

import array
import os
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Sequence

from tornkit.serve.shortage import GONE
from tornkit.serve.wire.encoding import decode, encode
from tornkit.serve.wire.messages import Message

_HEADER = struct.Struct("!IB")
_READ_SIZE = 65536
MAX_DESCRIPTORS = 128  # far below SCM_MAX_FD (253); more listening sockets than any program has
MAX_MESSAGE = 16 * 1024 * 1024  # a frame that claims more comes from a broken peer
# Descriptors that `receive_ready` takes out of the socket before they are used: a process near its
# limit has no room for a hundred connections that are only passing through.
_AT_ONCE = 4
_PAUSE = 0.005  # seconds, of an end that blocks, before it tries again
_MOST_REFUSALS = 400  # in a row, of the system's; then the peer is as good as gone


class ChannelClosed(Exception):
    """The peer is gone."""


class Channel:
    """Messages and file descriptors, both ways over a socket. Owns its socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._received = bytearray()
        self._descriptors: deque[int | None] = deque()  # None: a message's others did not arrive
        self._refusals = 0
        self._unsent: deque[tuple[bytearray, list[int]]] = deque()
        self._sending = threading.Lock()  # frames of two threads must not mix

    def fileno(self) -> int:
        return self._sock.fileno()

    def close(self) -> None:
        """Close the socket and every descriptor still waiting on it."""
        for descriptor in self._descriptors:
            if descriptor is not None:
                os.close(descriptor)
        self._descriptors.clear()
        for _, descriptors in self._unsent:
            for descriptor in descriptors:
                os.close(descriptor)
        self._unsent.clear()
        self._sock.close()

    # ---- sending ----

    @property
    def wants_write(self) -> bool:
        """Whether `flush` has something left to do."""
        return bool(self._unsent)

    def send(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        """Queue a message and send what the socket takes now.

        The caller keeps its descriptors; those of a message that has to wait are duplicated.

        :raises ChannelClosed: the peer is gone.
        :raises OSError: it has to wait, and this process has no descriptor left.
        """
        body = encode(message)
        frame = bytearray(_HEADER.pack(len(body), len(descriptors)) + body)
        with self._sending:
            self._send_or_queue(frame, descriptors)

    def _send_or_queue(self, frame: bytearray, descriptors: Sequence[int]) -> None:
        if not self._unsent:
            try:
                sent = self._send_some(frame, descriptors)
            except ChannelClosed:
                self._unsent.append((frame, []))  # `flush` is to say the same
                raise
            del frame[:sent]
            if sent:
                descriptors = ()  # they went with the first byte
        if frame:
            self._unsent.append((frame, _duplicated(descriptors)))
            self._flush()

    def flush(self) -> None:
        """Send as much of the queued messages as the socket takes now.

        :raises ChannelClosed: the peer is gone.
        """
        with self._sending:
            self._flush()

    def _flush(self) -> None:
        while self._unsent:
            frame, descriptors = self._unsent[0]
            sent = self._send_some(frame, descriptors)
            if not sent:
                return
            # Descriptors go with the first byte.
            for descriptor in descriptors:
                os.close(descriptor)
            descriptors.clear()
            del frame[:sent]
            if not frame:
                self._unsent.popleft()

    def _send_some(self, frame: bytearray, descriptors: Sequence[int]) -> int:
        """Send what the socket takes now; return the number of bytes, 0 only if it does not block.

        :raises ChannelClosed:
        """
        while True:
            try:
                if not descriptors:
                    sent = self._sock.send(frame)
                else:
                    rights = array.array("i", descriptors)
                    sent = self._sock.sendmsg(
                        [frame], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)]
                    )
            except OSError as error:
                self._refused(error)
                if not self._sock.getblocking():
                    return 0
            else:
                self._refusals = 0
                return sent

    def _refused(self, error: OSError) -> None:
        """Handle an error of the socket: return where a retry may help, after a pause if it blocks.

        :raises ChannelClosed: the peer is gone, or the system has refused too often in a row.
        """
        if isinstance(error, BlockingIOError) and not self._sock.getblocking():
            return
        self._refusals += 1
        if error.errno in GONE or self._refusals > _MOST_REFUSALS:
            raise ChannelClosed(str(error)) from None
        if self._sock.getblocking():
            time.sleep(_PAUSE)

    # ---- receiving ----

    @property
    def has_read_ahead(self) -> bool:
        """Whether bytes were read and not returned yet; the descriptor tells nothing of them."""
        return bool(self._received)

    def receive(self) -> tuple[Message, list[int]]:
        """Wait for the next message; return it with its descriptors.

        :raises ChannelClosed: the peer is gone.
        """
        while True:
            frame = self._next_frame()
            if frame is not None:
                return frame
            self._read(wait=True)

    def receive_ready(self) -> list[tuple[Message, list[int]]]:
        """Receive, without waiting, messages that are there; of those with descriptors a few.

        What is left of those still stands in the socket.

        :raises ChannelClosed: the peer is gone and every message of its was returned before; or
            it is broken, as with ValueError, and is not to be listened to any further.
        """
        closed = False
        try:
            while self._read(wait=False) and len(self._descriptors) < _AT_ONCE:
                pass
        except ChannelClosed:
            closed = True
        messages: list[tuple[Message, list[int]]] = []
        try:
            while (frame := self._next_frame()) is not None:
                messages.append(frame)
        except (ChannelClosed, ValueError):
            # A broken peer: what it said before is not acted on, nor are its descriptors kept.
            for _, descriptors in messages:
                for descriptor in descriptors:
                    os.close(descriptor)
            raise
        if closed and not messages:
            raise ChannelClosed("end of file")
        return messages

    def _read(self, *, wait: bool) -> bool:
        """Read from the socket once, into the buffers; False where nothing was there."""
        flags = 0 if wait else socket.MSG_DONTWAIT
        space = socket.CMSG_SPACE(MAX_DESCRIPTORS * array.array("i").itemsize)
        try:
            data, ancillary, found, _ = self._sock.recvmsg(_READ_SIZE, space, flags)
        except BlockingIOError:
            return False
        except OSError as error:
            self._refused(error)
            return False
        self._refusals = 0
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                received = array.array("i")
                received.frombytes(content[: len(content) - len(content) % received.itemsize])
                for descriptor in received:
                    os.set_inheritable(descriptor, False)
                self._descriptors.extend(received)
        if found & socket.MSG_CTRUNC:
            # The kernel drops those for which this process has no room (RLIMIT_NOFILE), and reads
            # no further than the message that they came with.
            self._descriptors.append(None)
        if not data:
            raise ChannelClosed("end of file")
        self._received += data
        return True

    def _next_frame(self) -> tuple[Message, list[int]] | None:
        if len(self._received) < _HEADER.size:
            return None
        length, count = _HEADER.unpack_from(self._received)
        if length > MAX_MESSAGE or count > MAX_DESCRIPTORS:
            raise ChannelClosed("the peer sent no message")
        end = _HEADER.size + length
        if len(self._received) < end:
            return None
        if count > len(self._descriptors) and None not in self._descriptors:
            raise ChannelClosed("descriptors of a message did not arrive")
        message = decode(bytes(self._received[_HEADER.size : end]))
        del self._received[:end]
        return message, self._take(count)

    def _take(self, count: int) -> list[int]:
        """The descriptors of a message; none where not all of them have arrived."""
        taken: list[int] = []
        while len(taken) < count:
            descriptor = self._descriptors.popleft()
            if descriptor is None:
                for each in taken:
                    os.close(each)
                return []
            taken.append(descriptor)
        return taken


def _duplicated(descriptors: Sequence[int]) -> list[int]:
    """Duplicate all of these descriptors, or none.

    :raises OSError: the process has no descriptor left.
    """
    found: list[int] = []
    try:
        for descriptor in descriptors:
            found.append(os.dup(descriptor))
    except OSError:
        for descriptor in found:
            os.close(descriptor)
        raise
    return found
