"""Messages from a NATS server: their headers, and answers of JetStream."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from json import loads
from typing import Any, NamedTuple

from tornkit.bus.errors import BusError, Unavailable

OK, END, NONE, NOBODY = 200, 204, 404, 503
# In the order in which the server writes them, behind those of the publisher.
_STORED = re.compile(
    rb"Nats-Stream: (\S+)\r\nNats-Subject: (\S+)\r\nNats-Sequence: (\d+)\r\n"
    rb"Nats-Time-Stamp: (\S+)\r\n(?:Nats-Num-Pending: (\d+)\r\n)?(?:Nats-Last-Sequence: (\d+)\r\n)?"
)
_PENDING = re.compile(rb"Nats-Num-Pending: (\d+)")
WRONG_LAST = 10071  # JetStream's number: the subject has another message by now
_FULL = (10077, 10047, 10023, 10002)  # no room in the stream, on the disk, in the account


class NatsReply(NamedTuple):
    """Answer of the NATS server; ``status`` is as in HTTP."""

    status: int
    head: bytes
    data: bytes


class StoredMessage(NamedTuple):
    """A message of a stream; ``before`` is the sequence of the one before it on its subject.

    In a batch ``before`` is that of the one before it in the batch.
    """

    stream: str
    subject: str
    sequence: int
    time: float
    before: int
    head: bytes
    data: bytes


class JetStreamRefusal(BusError):
    """Error that JetStream answers; ``code`` is JetStream's number of it."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"NATS refuses: {text}")
        self.code = code

    @property
    def is_full(self) -> bool:
        """Whether the error is that there is no room."""
        return self.code in _FULL


def reply_of(head: bytes | None, data: bytes) -> NatsReply:
    """Make an answer of its headers and data; the status is in the first line."""
    head = head or b""
    return NatsReply(int(head[9:12]) if head[8:9] == b" " else OK, head, data)


def stored_of(head: bytes, data: bytes) -> StoredMessage:
    """Parse a message that a stream returns or publishes again.

    :raises ValueError: it is no message of a stream.
    """
    match = _STORED.search(head)
    if match is None:
        raise ValueError("not a message of a stream")
    stream, subject, sequence, time, _, before = match.groups()
    return StoredMessage(
        stream.decode(),
        subject.decode(),
        int(sequence),
        time_of(time.decode()),
        int(before or 0),
        head,
        data,
    )


def pending_of(head: bytes) -> int:
    """Number of messages that are still to be read behind a batch, by its last headers."""
    match = _PENDING.search(head)
    return int(match[1]) if match else 0


def header_of(head: bytes, name: bytes) -> str | None:
    """Value of a header that a publisher has given."""
    _, found, rest = head.partition(b"\r\n" + name + b": ")
    return rest.partition(b"\r\n")[0].decode() if found else None


def time_of(text: str) -> float:
    """Parse a time as the server writes it, to seconds since 1970."""
    # It writes in UTC, with as many digits of a second as it has.
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC).timestamp()


def content_of(reply: NatsReply) -> dict[str, Any]:
    """Parse the JSON of an answer of JetStream.

    :raises JetStreamRefusal: it is an error.
    :raises Unavailable: nobody has answered, or not with a JSON object.
    """
    if reply.status == NOBODY:
        raise Unavailable("JetStream does not answer: is the NATS server started with -js?")
    try:
        content: dict[str, Any] = loads(reply.data)
        error = content.get("error")
        if error is None:
            return content
        code, text = int(error.get("err_code", 0)), str(error.get("description", "?"))
    except (ValueError, AttributeError, TypeError):
        raise Unavailable("JetStream's answer can't be read") from None
    if error.get("code") == NOBODY and code not in _FULL:
        raise Unavailable(f"JetStream is away: {text}")
    raise JetStreamRefusal(code, text)
