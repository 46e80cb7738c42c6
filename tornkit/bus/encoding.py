"""Encoding of messages for clients, as text or bytes, made once for all clients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from json import dumps

from tornkit.bus.message import Message
from tornkit.engine.websocket.protocol import frame_of

Encode = Callable[[Message], str | bytes]


def as_json(message: Message) -> str | bytes:
    """Encode a message as a JSON object with its channel, event and so on; bytes stay bytes."""
    if message.is_bytes:
        return message.data  # type: ignore[no-any-return]
    return (
        f'{{"channel":{dumps(message.channel)},"event":"{message.event}",'
        f'"position":"{message.position}","time":{message.time!r},"data":{message.json}}}'
    )


class EncodedMessage:
    """Message as clients are sent it: what ``encode`` gave, its bytes, its WebSocket frame."""

    __slots__ = ("_frame", "data", "given", "is_binary")

    def __init__(self, given: str | bytes) -> None:
        self.given = given
        self.is_binary = isinstance(given, bytes)
        self.data = given if isinstance(given, bytes) else given.encode()
        self._frame: bytes | None = None

    @property
    def frame(self) -> bytes:
        """The message as a WebSocket frame, made once."""
        if self._frame is None:
            self._frame = frame_of(self.data, binary=self.is_binary)
        return self._frame


def encoded(message: Message, encode: Encode) -> EncodedMessage:
    """Encode a message by ``encode``, which is called once for it; raises what that raises."""
    if message.made is None:
        message.made = {}
    made: EncodedMessage | None = message.made.get(encode)
    if made is None:
        made = message.made[encode] = EncodedMessage(encode(message))
    return made


def frames_of(messages: Sequence[EncodedMessage]) -> tuple[bytes, int]:
    """Join the WebSocket frames of these messages; return them and the size of the messages."""
    if len(messages) == 1:
        return messages[0].frame, len(messages[0].data)
    return b"".join([each.frame for each in messages]), sum([len(each.data) for each in messages])
