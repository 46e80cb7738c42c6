"""One end of the stream socket between the supervisor and a worker.

A frame is a length (4 bytes), the number of descriptors that belong to it (1 byte), and the
message. Descriptors ride on the frame's first byte (SCM_RIGHTS) and arrive no later than it, in
order, so a queue of received descriptors is enough to give each frame its own. A datagram socket
would need no frames, but tells nobody that the peer died; SOCK_SEQPACKET is Linux alone.

The supervisor's socket does not block: `send` keeps what it does not take and `flush` goes on. A
worker's does: it waits in `receive` while it boots, and asks `receive_ready` once its loop runs.
Any thread of a worker may send; who reads is settled by `tornkit.serve.mailbox`.
"""

from __future__ import annotations

import array
import os
import socket
import struct
import threading
from collections import deque
from collections.abc import Sequence

from tornkit.serve.messages import Message, decode, encode

_HEADER = struct.Struct("!IB")
_READ_SIZE = 65536
MAX_DESCRIPTORS = 128  # far below SCM_MAX_FD (253); more listening sockets than any program has
MAX_MESSAGE = 16 * 1024 * 1024  # a frame that claims more comes from a broken peer


class ChannelClosed(Exception):
    """The peer is gone."""


class Channel:
    """Messages and descriptors, both ways. Owns its socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._received = bytearray()
        self._descriptors: deque[int] = deque()
        self._unsent: deque[tuple[bytearray, list[int]]] = deque()
        self._sending = threading.Lock()  # frames of two threads must not mix

    def fileno(self) -> int:
        return self._sock.fileno()

    def close(self) -> None:
        """Close the socket and every descriptor still waiting on it."""
        for descriptor in self._descriptors:
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

        The descriptors are duplicated here; the caller keeps its own.

        :raises ChannelClosed: the peer is gone.
        """
        body = encode(message)
        frame = bytearray(_HEADER.pack(len(body), len(descriptors)) + body)
        with self._sending:
            self._unsent.append((frame, [os.dup(descriptor) for descriptor in descriptors]))
            self._flush()

    def flush(self) -> None:
        """Send what the socket takes.

        :raises ChannelClosed: the peer is gone.
        """
        with self._sending:
            self._flush()

    def _flush(self) -> None:
        while self._unsent:
            frame, descriptors = self._unsent[0]
            try:
                sent = self._send_some(frame, descriptors)
            except BlockingIOError:
                return
            except OSError as error:
                raise ChannelClosed(str(error)) from None
            # Descriptors go with the first byte.
            for descriptor in descriptors:
                os.close(descriptor)
            descriptors.clear()
            del frame[:sent]
            if not frame:
                self._unsent.popleft()

    def _send_some(self, frame: bytearray, descriptors: list[int]) -> int:
        if not descriptors:
            return self._sock.send(frame)
        rights = array.array("i", descriptors)
        return self._sock.sendmsg([frame], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])

    # ---- receiving ----

    @property
    def has_read_ahead(self) -> bool:
        """Whether more was read than was returned: the descriptor tells nothing of that."""
        return bool(self._received)

    def receive(self) -> tuple[Message, list[int]]:
        """The next message, waiting for it.

        :raises ChannelClosed: the peer is gone.
        """
        while True:
            frame = self._next_frame()
            if frame is not None:
                return frame
            self._read(wait=True)

    def receive_ready(self) -> list[tuple[Message, list[int]]]:
        """The messages that are there, without waiting.

        :raises ChannelClosed: the peer is gone and every message of its was returned before; or
            it is broken, as with ValueError, and is not to be listened to any further.
        """
        closed = False
        try:
            while self._read(wait=False):
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
        """Read once; False where nothing was there."""
        flags = 0 if wait else socket.MSG_DONTWAIT
        space = socket.CMSG_SPACE(MAX_DESCRIPTORS * array.array("i").itemsize)
        try:
            data, ancillary, _, _ = self._sock.recvmsg(_READ_SIZE, space, flags)
        except BlockingIOError:
            return False
        except OSError as error:
            raise ChannelClosed(str(error)) from None
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                received = array.array("i")
                received.frombytes(content[: len(content) - len(content) % received.itemsize])
                for descriptor in received:
                    os.set_inheritable(descriptor, False)
                self._descriptors.extend(received)
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
        if count > len(self._descriptors):
            # The kernel drops those for which this process has no room (RLIMIT_NOFILE).
            raise ChannelClosed("descriptors of a message did not arrive")
        message = decode(bytes(self._received[_HEADER.size : end]))
        del self._received[:end]
        return message, [self._descriptors.popleft() for _ in range(count)]
