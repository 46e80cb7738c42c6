"""The bus: messages between all workers of an application, and values that they share.

::

    from tornkit import bus

    class Room(WebSocketHandler):
        async def open(self, room):
            self.room = f"room:{room}"
            await bus.relay(self, self.room, since=self.get_argument("since", None))

        async def on_message(self, text):
            await bus.publish(self.room, {"text": text})

With `tornkit serve` it reaches all its workers, and outlives reloads; elsewhere it reaches all
loops of the process. Nothing has to be set up.

What it promises:

- Messages of one publisher to one channel arrive in the order in which they were published, and
  all subscribers of a channel hear them in the same order.
- Each message arrives at most once. The last of each channel are kept (``--bus-history``), so that
  whoever comes back with the position of the last message it has seen gets exactly what it missed;
  or is told of a gap (a message whose ``event`` is ``"gap"``) where that is not kept any more.
- A subscriber that does not read in time is told so, too. Nothing is lost in silence.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from typing import Any

from tornkit import lobby as _lobby
from tornkit.bus.broker.presence import Present
from tornkit.bus.errors import (
    BadName,
    BusError,
    LeaseLost,
    MessageTooLarge,
    NoLoop,
    SlowSubscriber,
    StoreFull,
    Unavailable,
)
from tornkit.bus.home import home as _home
from tornkit.bus.message import Message
from tornkit.bus.names import Pattern
from tornkit.bus.shared import SharedStore
from tornkit.bus.subscription import OnSlow, Subscription

__all__ = [
    "BadName",
    "BusError",
    "LeaseLost",
    "Message",
    "MessageBatch",
    "MessageTooLarge",
    "NoLoop",
    "Present",
    "SlowSubscriber",
    "StoreFull",
    "Subscription",
    "Unavailable",
    "history",
    "pattern",
    "post",
    "presence",
    "publish",
    "relay",
    "store",
    "subscribe",
    "wait",
]

store = SharedStore()

if "tornado.web" in sys.modules:
    # What `relay` needs: else the first client would wait for the import, and all others with it.
    import tornkit.bus.relaying  # noqa: F401


def pattern(text: str) -> Pattern:
    """Pattern of channels, for `subscribe` and the like: each ``*`` stands for any characters.

    A text with a ``*`` is none by itself: channels' names are often made of what clients send.
    """
    return Pattern(text)


async def publish(channel: str, data: Any) -> str:
    """Publish a message, and return its position once all who hear of the channel will get it.

    ``data`` is a JSON value, or bytes::

        await bus.publish("room:1", {"text": "hi"})

    :raises BadName: the channel's name can't be one.
    :raises MessageTooLarge: the data is more than ``--bus-max-message``.
    :raises TypeError, ValueError: JSON has no such value.
    :raises Unavailable: nothing has answered. Maybe it was published, maybe not.
    """
    return await _home.bus().publish(channel, data)


def post(channel: str, data: Any) -> None:
    """Publish a message without waiting, also from a thread or a signal handler.

    Should the bus be away, nobody hears of it: `publish` tells.

    :raises BadName, MessageTooLarge, TypeError, ValueError: as in `publish`.
    :raises NoLoop: no loop of this process uses the bus.
    """
    _home.post(channel, data)


def subscribe(
    *channels: str,
    since: str | None = None,
    joins: bool = False,
    present: str | None = None,
    info: Any = None,
    queue: int = 1000,
    on_slow: OnSlow = "drop_oldest",
) -> Subscription:
    """Subscribe to channels, and to all those that match a `pattern`; iterate asynchronously::

        async with bus.subscribe("room:1", since=position) as messages:
            async for message in messages:
                print(message.channel, message.data, message.position)

    ``since`` is the position of a message: the messages behind it come first. ``joins``: also get
    join and leave events. ``present`` is the id of a participant who is present for as long as the
    subscription lasts, and ``info`` what others see of it (`presence`).

    ``queue`` messages wait to be read, of 16 MiB at most. What happens to the next one is
    ``on_slow``: with ``"drop_oldest"`` the oldest make room, and a message whose event is ``"gap"``
    says how many; with ``"disconnect"`` the loop ends with `SlowSubscriber`.

    :raises NoLoop: no event loop runs here.
    :raises BadName: a channel's name can't be one.
    :raises Unavailable: (when it is entered) nothing has answered.
    """
    return Subscription(
        _home.bus(),
        channels,
        since=since,
        joins=joins,
        present=present,
        info=info,
        most=queue,
        on_slow=on_slow,
    )


async def history(*channels: str, limit: int = 50) -> list[Message]:
    """The newest messages that are kept of these channels, the oldest of them first.

    :raises BadName, Unavailable: as in `publish`.
    """
    return await _home.bus().history(channels, limit)


async def presence(channel: str) -> list[Present]:
    """List who is present in a channel (``present`` of `subscribe`, `relay`), in order of arrival.

    :raises BadName, Unavailable: as in `publish`.
    """
    return await _home.bus().presence(channel)


class MessageBatch(list[Message]):
    """List of messages that `wait` returns, with the ``position`` to wait from next time."""

    def __init__(self, messages: Iterable[Message], position: str) -> None:
        super().__init__(messages)
        self.position = position

    @property
    def has_gap(self) -> bool:
        """Whether messages are missing from the batch: read anew what you keep elsewhere."""
        return any(message.event == "gap" for message in self)


async def wait(
    *channels: str, since: str | None, timeout: float = 30.0, joins: bool = False
) -> MessageBatch:
    """Wait for messages behind a position (long polling); an empty batch once the time is over::

        batch = await bus.wait("room:1", since=self.get_argument("since", None))
        news = [message.data for message in batch if message.event == "message"]
        self.write({"news": news, "has_gap": batch.has_gap, "position": batch.position})

    Without ``since`` those count that come from now on; with a ``timeout`` of 0 nothing is waited
    for, and the position is that of now. ``joins``: also for those who come and go; who did so
    between two polls is not told, so ask for `presence`.

    When `tornkit serve` starts anew or ends, it waits no longer: the client comes back to the new
    code.

    :raises BadName, Unavailable: as in `publish`.
    """
    async with subscribe(*channels, since=since, joins=joins) as messages:
        found = messages.ready()
        if not found:
            waits = _home.bus().waits
            waits.add(messages.end)
            if _lobby.is_leaving:
                messages.end()
            try:
                async with asyncio.timeout(timeout):
                    found = [await anext(messages), *messages.ready()]
            except (TimeoutError, StopAsyncIteration):
                pass
            finally:
                waits.discard(messages.end)
        return MessageBatch(found, messages.position)


async def relay(
    handler: Any,
    *channels: str,
    since: str | None = None,
    encode: Any = None,
    joins: bool = False,
    present: str | None = None,
    info: Any = None,
) -> str | None:
    """Send each message of these channels to a client, until it has gone.

    To a WebSocket, from its ``open``: then this returns once what came behind ``since`` is on its
    way, and the rest follows by itself. It returns the position that the client has now; None where
    it has gone meanwhile. To any other handler, from its ``get``, as a stream of
    events: then this lasts until the client has gone, and ``since`` is what it says in
    ``Last-Event-ID``, if it does.

    A client gets a JSON object with ``channel``, ``event``, ``position``, ``time`` and ``data``; or
    what ``encode(message)`` returns, a text or (in a WebSocket) bytes. It is called once for all
    WebSockets of a worker. A client that does not read is disconnected: it comes back with its
    position, and has missed nothing.

    ``joins``, ``present`` and ``info`` are those of `subscribe`.

    :raises BadName, Unavailable: as in `publish`.
    """
    from tornado.websocket import WebSocketHandler

    from tornkit.bus import encoding, relaying

    bus = _home.bus()
    encode = encode or encoding.as_json
    if isinstance(handler, WebSocketHandler):
        socket = relaying.SocketRelay(
            bus, handler, channels, encode, joins=joins, present=present, info=info
        )
        return await socket.begin(since)
    # What a browser says of itself when it comes back is newer than what its URL says.
    since = handler.request.headers.get("Last-Event-ID") or since
    messages = subscribe(
        *channels, since=since, joins=joins, present=present, info=info, on_slow="disconnect"
    )
    await relaying.stream(messages, handler, encode)
    return None
