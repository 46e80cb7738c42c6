"""Groups of relays: WebSockets of a loop that hear the same, and are sent the same.

A message to a thousand of them is looked at once, and each socket costs little more than its
``send``. A relay comes into a group with its first message: until then, and while it catches up, it
hears by a listener of its own. All is sent at the end of a turn of the loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from tornkit.bus.bus import Bus
from tornkit.bus.dispatch import Listener
from tornkit.bus.encoding import Encode, EncodedMessage, encoded, frames_of
from tornkit.bus.message import Message
from tornkit.engine.websocket.protocol import EngineProtocol
from tornkit.engine.websocket.sending import Enrolment, FrameAudience

_log = logging.getLogger("tornkit")
GroupKey = tuple[tuple[str, ...], Encode, bool]


class Relay(Protocol):
    """Interface of a relay: a WebSocket that is sent the messages of channels."""

    group_key: GroupKey
    """Names, encoding, and whether it hears of those who come and go."""
    listener: Listener | None
    """Its own, for as long as it has no group."""
    is_open: bool

    def plain_protocol(self) -> EngineProtocol | None:
        """The engine's protocol to write frames to; None: each message goes by the handler."""

    def heard(self) -> list[EncodedMessage]:
        """Return, once, the messages of its own listener that are to be sent."""

    def write(self, messages: list[EncodedMessage]) -> None:
        """Send these messages, or disconnect a client that does not read."""

    def wait_for(self, sending: asyncio.Future[None], size: int) -> None:
        """Count ``size`` bytes as unsent until ``sending`` is done."""

    def fail(self) -> None:
        """Disconnect the client: a message could not be encoded."""


class RelayGroup:
    """Relays with equal names and encoding, which share ``listener``, that of the first one."""

    def __init__(self, turn: SendingTurn, key: GroupKey, listener: Listener) -> None:
        self.key = key
        self.listener = listener
        self.relays: dict[Relay, Enrolment[Relay] | None] = {}
        self._audience = FrameAudience(self._blocked)
        self._others: dict[Relay, None] = {}  # to whom nothing may be written straight
        self._turn = turn
        self._made: list[EncodedMessage] = []
        listener.on_message = self._hear

    def add(self, relay: Relay) -> None:
        """Add a relay that has heard all that the group has heard."""
        protocol = relay.plain_protocol()
        enrolment = None if protocol is None else self._audience.add(protocol, relay)
        self.relays[relay] = enrolment
        if enrolment is None:
            self._others[relay] = None
        else:
            self._others.pop(relay, None)

    def remove(self, relay: Relay) -> None:
        """Remove a relay."""
        enrolment = self.relays.pop(relay, None)
        self._others.pop(relay, None)
        if enrolment is not None:
            enrolment.end()

    def _blocked(self, relay: Relay) -> None:
        if relay in self.relays:
            self.relays[relay] = None
            self._others[relay] = None

    def _hear(self, message: Message) -> None:
        try:
            made = encoded(message, self.key[1])
        except Exception:  # the user's code
            for relay in tuple(self.relays):
                relay.fail()
            raise
        if not self._made:
            self._turn.add_group(self)
        self._made.append(made)

    def flush(self, *, is_plain: bool) -> None:
        """Send the messages of this turn; ``is_plain``: frames may be written straight."""
        messages, self._made = self._made, []
        if not is_plain:
            _write(tuple(self.relays), messages)
            return
        others = tuple(self._others)
        data, size = frames_of(messages)
        late = self._audience.send(data, size)
        for relay, sending in late:
            if sending is None:
                _write((relay,), messages)  # which finds that it is closed
            else:
                relay.wait_for(sending, size)
        if others:
            _write(others, messages)
            for relay in others:
                if relay in self.relays:
                    self.add(relay)


def _write(relays: Iterable[Relay], messages: list[EncodedMessage]) -> None:
    for relay in relays:
        try:
            relay.write(messages)
        except Exception:  # noqa: BLE001 - a handler's own `write_message`; others go on
            _log.error("a message can't be written", exc_info=True)


class SendingTurn:
    """Relays and groups of a loop that have something to send at the end of its turn."""

    def __init__(self, bus: Bus, is_plain: Callable[[], bool]) -> None:
        self._bus = bus
        self._is_plain = is_plain
        self._groups: dict[GroupKey, RelayGroup] = {}
        self._full: list[RelayGroup] = []
        self._alone: list[Relay] = []

    def add_group(self, group: RelayGroup) -> None:
        """Send a group's messages at the end of this turn of the loop."""
        self._begin()
        self._full.append(group)

    def add(self, relay: Relay) -> None:
        """Send the messages of a relay without a group at the end of this turn of the loop."""
        self._begin()
        self._alone.append(relay)

    def _begin(self) -> None:
        if not self._full and not self._alone:
            self._bus.loop.call_soon(self._flush)

    def leave(self, relay: Relay) -> None:
        """Remove a relay that ends from its group, or its own listener."""
        if relay.listener is not None:
            self._bus.forget(relay.listener)
            return
        group = self._groups.get(relay.group_key)
        if group is not None:
            group.remove(relay)
            if not group.relays:
                del self._groups[group.key]
                self._bus.forget(group.listener)

    def _flush(self) -> None:
        groups, self._full = self._full, []
        relays, self._alone = self._alone, []
        is_plain = self._is_plain()
        for group in groups:
            group.flush(is_plain=is_plain)
        for relay in relays:
            _write((relay,), relay.heard())
        # All that was delivered by now has been heard by each of them, and is sent.
        for relay in relays:
            self._join(relay)

    def _join(self, relay: Relay) -> None:
        """Move a relay into its group, once both have heard the same messages."""
        listener = relay.listener
        if listener is None or not relay.is_open or listener.waits:
            return
        key = relay.group_key
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = RelayGroup(self, key, listener)
        elif group.listener.waits or group.listener.position != listener.position:
            return  # not yet: one of both is to hear something that the other has heard
        else:
            self._bus.forget(listener)
        relay.listener = None
        group.add(relay)
