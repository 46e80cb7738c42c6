"""Channels in memory: what is said arrives when the story says so."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Sequence

from tornkit.serve.wire.channel import ChannelClosed
from tornkit.serve.wire.messages import Message

Mail = tuple[Message, list[int]]


class Line:
    """One direction of a channel; ``arrives`` is called as messages do."""

    def __init__(self) -> None:
        self.under_way: deque[Mail] = deque()
        self.arrived: deque[Mail] = deque()
        self.closed = False  # by the end that sends
        self.deaf = False  # the end that receives has closed
        self.arrives: Callable[[], None] = lambda: None

    def deliver(self, count: int) -> None:
        for _ in range(min(count, len(self.under_way))):
            self.arrived.append(self.under_way.popleft())
        self.arrives()

    def drop(self) -> None:
        self.deaf = True
        for _, descriptors in (*self.under_way, *self.arrived):
            for descriptor in descriptors:
                os.close(descriptor)
        self.under_way.clear()
        self.arrived.clear()


class LineChannel:
    """Stands in for a `tornkit.serve.wire.channel.Channel`.

    ``wait``: has something arrive on the line, or raises; for a worker, that waits for grants.
    """

    wants_write = False

    def __init__(self, incoming: Line, outgoing: Line, wait: Callable[[], None]) -> None:
        self.incoming = incoming
        self.outgoing = outgoing
        self._wait = wait
        self._event = os.eventfd(0, os.EFD_NONBLOCK)
        incoming.arrives = self._tell

    def _tell(self) -> None:
        if self._event >= 0 and (self.incoming.arrived or self.incoming.closed):
            os.eventfd_write(self._event, 1)

    def fileno(self) -> int:
        return self._event

    def close(self) -> None:
        if self._event >= 0:
            os.close(self._event)
            self._event = -1
            self.incoming.drop()
            self.outgoing.closed = True
            self.outgoing.arrives()

    def send(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        if self.outgoing.deaf or self._event < 0:
            raise ChannelClosed
        self.outgoing.under_way.append((message, [os.dup(each) for each in descriptors]))

    def flush(self) -> None:
        return

    def receive(self) -> Mail:
        while not self.incoming.arrived:
            self._wait()
        # As a socket: what was read with it is in memory, and no loop is told of it any more.
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._event)
        return self.incoming.arrived.popleft()

    def receive_ready(self) -> list[Mail]:
        if self._event < 0:
            raise ChannelClosed
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._event)
        if self.incoming.closed:  # by a death: what was said before is there
            self.incoming.arrived.extend(self.incoming.under_way)
            self.incoming.under_way.clear()
        mails = list(self.incoming.arrived)
        self.incoming.arrived.clear()
        if self.incoming.closed and not mails:
            raise ChannelClosed
        return mails
