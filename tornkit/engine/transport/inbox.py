"""Receive buffer: unread bytes of one connection; `Inbox.next_head` takes the next request head."""

from __future__ import annotations

import re
from enum import Enum

from tornkit.engine.grammar import Head, HeadReader

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")  # as in `HTTP1Connection._read_message`


class FoundHead(Enum):
    """Reason why `Inbox.next_head` has found no request."""

    NOTHING = "more has to come"
    RARE = "what is left to Tornado's own code"


class Inbox:
    """Receive buffer of one connection: its unread bytes, in the order in which they came."""

    __slots__ = ("_reader", "_searched", "data")

    def __init__(self) -> None:
        self.data: bytes | bytearray = b""
        """All bytes of the buffer."""
        self._searched = 0  # so many of them hold no end of a head
        self._reader = HeadReader()

    def __len__(self) -> int:
        return len(self.data)

    def __bytes__(self) -> bytes:
        return bytes(self.data)

    def add(self, data: bytes) -> None:
        """Add bytes that have come."""
        if not self.data:
            self.data = data
        elif isinstance(self.data, bytearray):
            self.data += data  # in place: one that sends byte by byte would make us copy it all
        else:
            self.data = bytearray(self.data) + data

    def clear(self) -> None:
        """Drop all bytes: they have gone elsewhere."""
        self.data = b""
        self._searched = 0

    def has_head_within(self, size: int) -> bool:
        """Whether a head ends in the first ``size`` bytes, with whichever line ends."""
        return _END_OF_HEAD.search(self.data, 0, size) is not None

    def next_head(self, longest_head: int, longest_body: int) -> Head | FoundHead:
        """Take out the head of the next request, if it is here and plainly written.

        Nothing is taken out where there is none. Its body, if it has one, is next.
        """
        data, searched = self.data, self._searched
        reader = self._reader
        head: Head | None
        if data and data == reader.whole:
            head, end = reader.again(), len(data)
        else:
            end = data.find(b"\r\n\r\n", searched) + 4
            if end < 4:
                # Other line ends, a head that is too long: not ours to judge.
                odd = data.find(b"\n\n", searched) >= 0 or data.find(b"\n\r\n", searched) >= 0
                if odd or len(data) > longest_head:
                    return FoundHead.RARE
                self._searched = max(0, len(data) - 3)
                return FoundHead.NOTHING
            head = reader.read(data, end) if end <= longest_head else None
        if head is None or head.length > longest_body:
            return FoundHead.RARE
        self._searched = 0
        self.data = bytes(data[end:])
        return head

    def take(self, size: int) -> bytes:
        """Take out the first ``size`` bytes, or as many as there are."""
        data = self.data
        if len(data) <= size:
            self.data = b""
            return bytes(data)  # no copy where it is what one read gave
        self.data = data[size:]
        return bytes(data[:size])
