"""Relays: a channel's messages to a WebSocket, or to a stream of events, until it closes.

A message is encoded once for all WebSockets of a worker that it goes to.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
from functools import partial
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from tornkit.bus.bus import Bus
from tornkit.bus.dispatch import Listener
from tornkit.bus.encoding import Encode, EncodedMessage, as_json, encoded, frames_of
from tornkit.bus.errors import BadName, SlowSubscriber
from tornkit.bus.message import Message
from tornkit.bus.names import check_name
from tornkit.bus.relay_groups import SendingTurn
from tornkit.bus.subscription import Subscription, checked_presence
from tornkit.engine.fidelity import replaced
from tornkit.engine.fidelity.methods import is_method
from tornkit.engine.websocket.protocol import EngineProtocol

_MOST_UNSENT = 1000  # messages that a client has not taken
_MOST_UNSENT_BYTES = 16 * 1024 * 1024
_FAILED, _TRY_AGAIN = 1011, 1013  # close codes of WebSockets (IANA registry)
_LINE_END = re.compile("\r\n|\r|\n")  # as in WHATWG HTML, 9.2.5; JSON may have others
_ALIVE = 15.0  # seconds of silence in a stream of events, after which a comment is sent
_log = logging.getLogger("tornkit")


_write_message = WebSocketHandler.write_message
_is_tornados = replaced.is_original(_write_message, ("tornado",))


def _is_known() -> bool:
    """Whether `WebSocketHandler.write_message` is Tornado's own still."""
    return _is_tornados and WebSocketHandler.write_message is _write_message


def _turn_of(bus: Bus) -> SendingTurn:
    """The `SendingTurn` of a bus, made when it is first needed."""
    if bus.sending_turn is None:
        bus.sending_turn = SendingTurn(bus, _is_known)
    return bus.sending_turn  # type: ignore[no-any-return]


class SocketRelay:
    """Relay of channels' messages to one WebSocket."""

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
        self._present, self._info = present, info
        if not names:
            raise BadName("a relay has at least one channel")
        checked = tuple(dict.fromkeys(map(check_name, names)))
        if present is not None:
            self._info = checked_presence(checked, present, info, bus.limits.max_message)
        self._names = checked
        self.group_key = (checked, encode, joins)
        self.listener: Listener | None = Listener(checked, self._hear, joins=joins)
        self._turn = _turn_of(bus)
        self._unsent = self._unsent_bytes = 0
        self.is_open = True
        self._is_there = False
        self._heard: list[EncodedMessage] = []
        self._is_plain = is_method(handler.write_message, _write_message, handler)

    async def begin(self, since: str | None) -> str | None:
        """Send the messages behind ``since``, and return the position now; None: it is closed."""
        handler = self._handler
        if handler.ws_connection is None:
            return None
        on_close = handler.on_close

        def closed() -> None:
            self.end()
            on_close()

        handler.on_close = closed
        listener = self.listener
        assert listener is not None
        try:
            await self._bus.listen(listener, since)
        except BaseException:  # raised again, a cancellation too: nothing is to be sent
            self.is_open = False
            raise
        if not self.is_open:
            self._bus.forget(listener)
            return None
        if self._present is not None:
            self._is_there = True
            for name in self._names:
                self._bus.broker_link.enter(name, self._present, self._info)
        self.write(self.heard())
        return str(listener.position)

    def end(self) -> None:
        """End the relay: the WebSocket is sent no more messages."""
        if not self.is_open:
            return
        self.is_open = False
        self._turn.leave(self)
        if self._is_there and self._present is not None:
            for name in self._names:
                self._bus.broker_link.leave(name, self._present)

    def _hear(self, message: Message) -> None:
        """Encode a message and queue it to be sent, for as long as the relay has no group."""
        if not self.is_open:
            return
        try:
            made = encoded(message, self.group_key[1])
        except Exception:  # the user's code
            self.fail()
            raise
        if not self._heard:
            self._turn.add(self)
        self._heard.append(made)

    # ---- as a `tornkit.bus.relay_groups.Relay` ----

    def fail(self) -> None:
        # What it can't be sent it must not miss unknowingly.
        self.end()
        self._handler.close(_FAILED, "a message could not be encoded")

    def heard(self) -> list[EncodedMessage]:
        heard, self._heard = self._heard, []
        return heard

    def plain_protocol(self) -> EngineProtocol | None:
        protocol = self._handler.ws_connection
        if type(protocol) is EngineProtocol and self._is_plain:
            return protocol
        return None

    def write(self, messages: list[EncodedMessage]) -> None:
        protocol = self._handler.ws_connection
        if not messages or not self.is_open or protocol is None:
            return
        if self._unsent > _MOST_UNSENT or self._unsent_bytes > _MOST_UNSENT_BYTES:
            stream = getattr(protocol, "stream", None)
            if stream is None or stream.writing():
                if self.listener is not None:
                    self._bus.counts.ended(self.listener.names)
                self.end()
                self._handler.close(_TRY_AGAIN, "messages were not read")
                return
        if _is_known() and (plain := self.plain_protocol()) is not None:
            data, size = frames_of(messages)
            sending = plain.write_frames(data, size)
            if sending is True:
                return
            if sending is not False:
                self.wait_for(sending, size)
                return
        try:
            for each in messages:
                # A handler that has its own way to send is given text; Tornado's takes it encoded.
                text = each.data if self._is_plain else each.given
                future = self._handler.write_message(text, each.is_binary)
                if type(future) is not asyncio.Future and inspect.isawaitable(future):
                    self.wait_for(asyncio.ensure_future(future), len(each.data))
        except WebSocketClosedError:
            self.end()
        except Exception:  # the handler's own way to send may raise anything
            self.end()
            self._handler.close(_FAILED, "a message could not be written")
            raise

    def wait_for(self, future: asyncio.Future[None], size: int) -> None:
        """Count ``size`` bytes as unsent until ``future`` is done."""
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
    """Send a subscription's messages as server-sent events (WHATWG HTML, 9.2), until it closes."""
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
