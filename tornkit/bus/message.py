"""Messages, and the bytes that their data travels as.

The first byte says what follows: ``j`` JSON in UTF-8, ``b`` bytes as they are.
"""

from __future__ import annotations

from json import JSONEncoder, dumps, loads
from typing import Any, Literal

from tornkit.bus.errors import MessageTooLarge
from tornkit.bus.position import MessagePosition

Event = Literal["message", "join", "leave", "gap"]
_JSON, _BYTES = b"j", b"b"
_OVERHEAD = 500  # bytes of memory of a message, beside its payload
_encode = JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=True
).encode


def payload_of(data: Any, most: int) -> bytes:
    """Encode a message's data, a JSON value or bytes, as the payload that travels.

    :raises TypeError, ValueError: JSON has no such value.
    :raises MessageTooLarge: they are more than ``most``.
    """
    if isinstance(data, bytes | bytearray | memoryview):
        payload = _BYTES + bytes(data)
    else:
        # Half a surrogate pair is none of UTF-8's; JSON can write it all the same.
        text = _encode(data)
        try:
            payload = _JSON + text.encode()
        except UnicodeEncodeError:
            payload = _JSON + dumps(data, allow_nan=False, separators=(",", ":")).encode()
    if len(payload) - 1 > most:
        raise MessageTooLarge(f"the message has {len(payload) - 1:,} bytes; the limit is {most:,}")
    return payload


def data_of(payload: bytes) -> Any:
    """Decode a payload to a message's data, a new object each time."""
    return payload[1:] if payload[:1] == _BYTES else loads(payload[1:])


def checked_info(present: object, info: Any, most: int) -> Any:
    """Check the id and the ``info`` of a participant, and return a copy of the ``info``.

    :raises TypeError, ValueError: ``present`` is no text, or JSON has no such value.
    :raises MessageTooLarge: it is more than ``most``.
    """
    if type(present) is not str:
        raise TypeError(f"who is present has a str for an id, not {type(present).__name__}")
    if isinstance(info, bytes | bytearray | memoryview):
        raise TypeError("what one tells of itself is a JSON value, not bytes")
    payload_of([present, info], most)
    return data_of(payload_of(info, most))


class Message:
    """One message of a channel.

    ``channel`` is its name, ``position`` the text to come back with, ``time`` when it was
    published, in seconds since 1970. ``event`` is ``"message"``; or ``"join"`` and ``"leave"`` for
    those whose presence is told of, whose ``data`` has ``id`` and ``info``; or ``"gap"`` where
    messages are missing that the subscription should have had: ``data`` is their number, None where
    nobody knows it.
    """

    __slots__ = ("_payload", "channel", "epoch", "event", "made", "offset", "position", "time")

    def __init__(
        self, channel: str, position: MessagePosition, time: float, payload: bytes, event: Event
    ) -> None:
        self.channel = channel
        self.epoch, self.offset = position
        self.position = str(position)
        self.time = time
        self.event: Event = event
        self.made: dict[Any, Any] | None = None
        """What was made of it for many at once (`tornkit.bus.relay`)."""
        self._payload = payload

    @property
    def data(self) -> Any:
        """The data, made anew each time: what is changed in it nobody else sees."""
        return data_of(self._payload)

    @property
    def size(self) -> int:
        """Size in memory, in bytes, about."""
        return _OVERHEAD + len(self._payload)

    @property
    def is_bytes(self) -> bool:
        """Whether ``data`` is bytes."""
        return self._payload[:1] == _BYTES

    @property
    def json(self) -> str:
        """The data's JSON, as it was written when it was published.

        :raises TypeError: the data is bytes.
        """
        if self.is_bytes:
            raise TypeError("the message's data is bytes")
        return self._payload[1:].decode()

    def __repr__(self) -> str:
        size = len(self._payload) - 1
        return f"<Message {self.event} {self.channel!r} {self.position} {size} bytes>"
