"""Interfaces of a link to a broker, and of the receiver of its messages."""

from __future__ import annotations

from typing import Any, Protocol

from tornkit.bus.broker.broker import CaughtUp
from tornkit.bus.broker.history import Kept
from tornkit.bus.broker.presence import Present
from tornkit.bus.message import Event
from tornkit.bus.position import MessagePosition


class MessageReceiver(Protocol):
    """Receiver of a link's messages; called in the loop of the link."""

    def deliver(self, epoch: str, message: Kept, event: Event) -> None:
        """Take a message of a channel that is watched."""

    def restored(self) -> None:
        """Take notice that the link was away and is back: messages may be missing."""


class BrokerLink(Protocol):
    """Link of one event loop to a broker.

    Methods that are awaited raise `tornkit.bus.errors.Unavailable` where the broker is away for too
    long.
    """

    async def publish(self, channel: str, payload: bytes) -> MessagePosition:
        """Publish a message, and return its position."""

    def post(self, channel: str, payload: bytes) -> None:
        """Publish a message, and wait for nothing."""

    def watch(self, name: str) -> None:
        """Have messages of a channel, or of those that match a pattern, delivered from now on."""

    def unwatch(self, name: str) -> None:
        """End the delivery of a channel's or pattern's messages."""

    async def catch_up(self, names: tuple[str, ...], since: MessagePosition | None) -> CaughtUp:
        """Return the messages behind ``since``; None: no messages, only the position now.

        Messages of what was watched before are delivered from that position on.
        """

    async def kept(self, names: tuple[str, ...], most: int) -> tuple[str, list[Kept]]:
        """Return the epoch, and the newest kept messages of these names, the oldest first."""

    def enter(self, channel: str, id_: str, info: Any) -> None:
        """Announce that ``id_`` is present in a channel."""

    def leave(self, channel: str, id_: str) -> None:
        """Announce that ``id_`` has left a channel."""

    async def present(self, channel: str) -> list[Present]:
        """List who is present in a channel."""

    async def call_store(self, method: str, *arguments: Any) -> Any:
        """Call a method of the shared store by name (`tornkit.bus.broker.calls`)."""

    def tell(self, changes: dict[str, list[int]]) -> bool:
        """Tell the broker of changed subscriptions, if anybody wants to know; False: tell it again.

        For each name that has changed: the number of subscriptions, and since it was last told, the
        messages that they have dropped, and how many were ended as they did not read.
        """

    def abandon(self) -> None:
        """Let go of the connection in a process that was forked; it is the parent's."""

    def close(self) -> None:
        """Close the link."""
