"""Frames that are sent to many WebSockets at once, for little more than the system's work.

With the state of each connection in one's hand, a message would cost half as much again as the
``send`` that it ends in. So there is a list of sockets that frames may be written to straight, and
whatever changes that takes one off: a close, an end, bytes that wait in the stream
(`EngineProtocol.enrol`). A socket that is closed all the same refuses what it is sent.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Generic, TypeVar

from tornkit.engine.websocket.protocol import EngineProtocol

T = TypeVar("T")


class Enrolment(Generic[T]):
    """One socket in an `FrameAudience`, for as long as frames may be written straight to it."""

    __slots__ = ("_audience", "_frames", "_messages", "_sock", "member", "protocol")

    def __init__(self, audience: FrameAudience[T], protocol: EngineProtocol, member: T) -> None:
        self.protocol = protocol
        self.member = member
        self._audience = audience
        self._sock = protocol.stream.socket
        self._frames, self._messages = audience.frames, audience.messages
        audience.enrolments[self._sock] = self

    def end(self) -> None:
        """Take the socket off the audience's list, and count the bytes that it was sent."""
        if self._audience.enrolments.pop(self._sock, None) is not None:
            self.protocol.withdraw(self)
            self.protocol.count_out(
                self._audience.frames - self._frames, self._audience.messages - self._messages
            )

    def blocked(self) -> None:
        """End, and tell the audience: frames may not be written straight to the socket any more."""
        self.end()
        self._audience.on_blocked(self.member)


class FrameAudience(Generic[T]):
    """Sockets that are sent the same frames, each with an object of the caller's, its *member*.

    ``on_blocked`` is told of a member whose socket was taken off the list.
    """

    def __init__(self, on_blocked: Callable[[T], None]) -> None:
        self.on_blocked = on_blocked
        self.enrolments: dict[socket.socket, Enrolment[T]] = {}
        self.frames = self.messages = 0
        """Bytes that were sent to each, with and without heads."""

    def add(self, protocol: EngineProtocol, member: T) -> Enrolment[T] | None:
        """Put a WebSocket on the list; None where frames may not be written straight to it now.

        Nor may they where its socket is on the list already, as another member.
        """
        if not protocol.is_clear or protocol.stream.socket in self.enrolments:
            return None
        enrolment = Enrolment(self, protocol, member)
        protocol.enrol(enrolment)
        return enrolment

    def send(self, data: bytes, size: int) -> list[tuple[T, asyncio.Future[None] | None]]:
        """Send frames of `frame_of` to all; ``size`` is that of their messages.

        Gives the members whose sockets did not take all, which are mostly none: with a future that
        waits for the rest, or None where the connection is closed.
        """
        count = len(data)
        late: list[tuple[socket.socket, int | OSError]] = []
        for sock in self.enrolments:
            try:
                taken = sock.send(data)
            except OSError as error:
                late.append((sock, error))
            else:
                if taken != count:
                    late.append((sock, taken))
        self.frames += count
        self.messages += size
        found: list[tuple[T, asyncio.Future[None] | None]] = []
        for sock, outcome in late:
            enrolment = self.enrolments[sock]
            found.append((enrolment.member, enrolment.protocol.write_rest(data, outcome)))
        return found
