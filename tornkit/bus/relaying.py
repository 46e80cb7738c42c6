"""Relays: a channel's messages to a WebSocket, or to a stream of events, until it closes.

A message is encoded once for all WebSockets of a worker that it goes to.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from tornkit.bus.bus import Bus
from tornkit.bus.dispatch import Listener
from tornkit.bus.errors import BadName, SlowSubscriber
from tornkit.bus.message import Message
from tornkit.bus.names import check_name
from tornkit.bus.subscription import Subscription, checked_presence
from tornkit.engine.fidelity import replaced
from tornkit.engine.fidelity.methods import is_method
from tornkit.engine.websocket.protocol import EngineProtocol, frame_of

Encode = Callable[[Message], str | bytes]
_MOST_UNSENT = 1000  # messages that a client has not taken
_MOST_UNSENT_BYTES = 16 * 1024 * 1024
_FAILED, _TRY_AGAIN = 1011, 1013  # close codes of WebSockets (IANA registry)
_LINE_END = re.compile("\r\n|\r|\n")  # as in WHATWG HTML, 9.2.5; JSON may have others
_ALIVE = 15.0  # seconds of silence in a stream of events, after which a comment is sent
_log = logging.getLogger("tornkit")


def as_json(message: Message) -> str | bytes:
    """An object with the message's channel, event, position, time and data; bytes as they are."""
    if message.is_bytes:
        return message.data  # type: ignore[no-any-return]
    return (
        f'{{"channel":{json.dumps(message.channel)},"event":"{message.event}",'
        f'"position":"{message.position}","time":{message.time!r},"data":{message.json}}}'
    )


_write_message = WebSocketHandler.write_message
_is_tornados = replaced.is_original(_write_message, ("tornado",))


def _is_known() -> bool:
    """Whether nobody has put something in the place of `WebSocketHandler.write_message`."""
    return _is_tornados and WebSocketHandler.write_message is _write_message


class _Encoded:
    """A message as it is sent: what ``encode`` gave, its bytes and its frame."""

    __slots__ = ("_frame", "data", "given", "is_binary")

    def __init__(self, given: str | bytes) -> None:
        self.given = given
        self.is_binary = isinstance(given, bytes)
        self.data = given if isinstance(given, bytes) else given.encode()
        self._frame: bytes | None = None

    @property
    def frame(self) -> bytes:
        """The frame of a WebSocket, made once."""
        if self._frame is None:
            self._frame = frame_of(self.data, binary=self.is_binary)
        return self._frame


class _Cork:
    """Relays of a loop that have something to send at the end of the turn."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._relays: list[SocketRelay] = []

    @staticmethod
    def of(bus: Bus) -> _Cork:
        """The one of this bus."""
        if bus.cork is None:
            bus.cork = _Cork(bus.loop)
        return bus.cork  # type: ignore[no-any-return]

    def add(self, relay: SocketRelay) -> None:
        """Have it flushed."""
        if not self._relays:
            self._loop.call_soon(self._flush)
        self._relays.append(relay)

    def _flush(self) -> None:
        relays, self._relays = self._relays, []
        for relay in relays:
            try:
                relay.flush()
            except Exception:  # noqa: BLE001 - a handler's own `write_message`; others go on
                _log.error("a message can't be written", exc_info=True)


class SocketRelay:
    """A WebSocket that hears of channels."""

    def __init__(
        self,
        bus: Bus,
        handler: WebSocketHandler,
        names: tuple[str, ...],
        encode: Encode,
        *,
        joins: bool,
        present: str | None,
        info: Any,
    ) -> None:
        self._bus = bus
        self._handler: Any = handler
        self._encode = encode
        self._present, self._info = present, info
        if not names:
            raise BadName("a relay has at least one channel")
        checked = tuple(dict.fromkeys(map(check_name, names)))
        if present is not None:
            self._info = checked_presence(checked, present, info, bus.limits.max_message)
        self._listener = Listener(checked, self._send, joins=joins)
        self._unsent = self._unsent_bytes = 0
        self._is_open = True
        self._is_there = False
        self._made: list[_Encoded] = []
        self._is_plain = is_method(handler.write_message, _write_message, handler)

    async def begin(self, since: str | None) -> str | None:
        """Begin with what came behind ``since``, and return how far that is; None: it is closed."""
        handler = self._handler
        if handler.ws_connection is None:
            return None
        on_close = handler.on_close

        def closed() -> None:
            self.end()
            on_close()

        handler.on_close = closed
        try:
            await self._bus.listen(self._listener, since)
        except BaseException:  # raised again, a cancellation too: nothing is to be sent
            self._is_open = False
            raise
        if not self._is_open:
            self._bus.forget(self._listener)
            return None
        if self._present is not None:
            self._is_there = True
            for name in self._listener.names:
                self._bus.broker_link.enter(name, self._present, self._info)
        self.flush()
        return str(self._listener.position)

    def end(self) -> None:
        """Hear no more."""
        if not self._is_open:
            return
        self._is_open = False
        self._bus.forget(self._listener)
        if self._is_there and self._present is not None:
            for name in self._listener.names:
                self._bus.broker_link.leave(name, self._present)

    def _send(self, message: Message) -> None:
        if not self._is_open:
            return
        if message.made is None:
            message.made = {}
        made = message.made.get(self._encode)
        if made is None:
            try:
                made = message.made[self._encode] = _Encoded(self._encode(message))
            except Exception:  # the user's code
                # What it can't be sent it must not miss unknowingly.
                self.end()
                self._handler.close(_FAILED, "a message could not be encoded")
                raise
        if not self._made:
            _Cork.of(self._bus).add(self)
        self._made.append(made)

    def flush(self) -> None:
        """Send what this turn has brought."""
        made, self._made = self._made, []
        protocol = self._handler.ws_connection
        if not made or not self._is_open or protocol is None:
            return
        if self._unsent > _MOST_UNSENT or self._unsent_bytes > _MOST_UNSENT_BYTES:
            stream = getattr(protocol, "stream", None)
            if stream is None or stream.writing():
                self._bus.counts.ended(self._listener.names)
                self.end()
                self._handler.close(_TRY_AGAIN, "messages were not read")
                return
        if type(protocol) is EngineProtocol and self._is_plain and _is_known():
            size = sum(len(each.data) for each in made)
            sent = protocol.write_frames([each.frame for each in made], size)
            if sent is True:
                return
            if sent is not False:
                self._wait_for(sent, size)
                return
        try:
            for each in made:
                # A handler that has its own way to send is given text; Tornado's takes it encoded.
                data = each.data if self._is_plain else each.given
                future = self._handler.write_message(data, each.is_binary)
                if type(future) is not asyncio.Future and inspect.isawaitable(future):
                    self._wait_for(asyncio.ensure_future(future), len(each.data))
        except WebSocketClosedError:
            self.end()
        except Exception:  # the handler's own way to send may raise anything
            self.end()
            self._handler.close(_FAILED, "a message could not be written")
            raise

    def _wait_for(self, future: asyncio.Future[None], size: int) -> None:
        """Take it that the socket has maybe not taken all at once."""
        self._unsent += 1
        self._unsent_bytes += size
        future.add_done_callback(partial(self._was_sent, size))

    def _was_sent(self, size: int, future: asyncio.Future[None]) -> None:
        self._unsent -= 1
        self._unsent_bytes -= size
        if not future.cancelled() and (error := future.exception()) is not None:
            self.end()
            if not isinstance(error, WebSocketClosedError):
                _log.error("a message can't be written", exc_info=error)


async def stream(
    subscription: Subscription, handler: RequestHandler, encode: Encode = as_json
) -> None:
    """Send a subscription's messages as a stream of events (WHATWG HTML, 9.2), until it closes."""
    handler.set_header("Content-Type", "text/event-stream")
    handler.set_header("Cache-Control", "no-store")
    handler.set_header("X-Accel-Buffering", "no")  # nginx would hold them back

    def closed() -> None:
        subscription.end()
        handler.on_connection_close()

    # In the place of `RequestHandler.__init__`, which has given the other alone.
    handler.request.connection.set_close_callback(closed)  # type: ignore[union-attr]
    try:
        async with subscription as messages:
            if subscription.begins_now:
                # No event by itself, but the position to come back with.
                handler.write(f"id: {messages.position}\n\n")
            await handler.flush()
            while True:
                try:
                    async with asyncio.timeout(_ALIVE):
                        first = await anext(messages)
                except TimeoutError:
                    handler.write(": \n\n")
                else:
                    for message in (first, *messages.ready()):
                        handler.write(_event(message, encode))
                await handler.flush()
    except (StopAsyncIteration, StreamClosedError, SlowSubscriber):
        return


def _event(message: Message, encode: Encode) -> str:
    text = encode(message)
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    lines = "".join(f"data: {line}\n" for line in _LINE_END.split(text))
    kind = "" if message.event == "message" else f"event: {message.event}\n"
    return f"id: {message.position}\n{kind}{lines}\n"
