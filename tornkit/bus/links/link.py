"""What every way to a broker can do, and whom it tells."""

from __future__ import annotations

from typing import Any, Protocol

from tornkit.bus.broker.broker import CaughtUp
from tornkit.bus.broker.history import Kept
from tornkit.bus.broker.presence import Present
from tornkit.bus.message import Event
from tornkit.bus.position import MessagePosition


class MessageReceiver(Protocol):
    """Who hears what a link brings; called in the loop of the link."""

    def deliver(self, epoch: str, message: Kept, event: Event) -> None:
        """Take a message of a channel that is watched."""

    def restored(self) -> None:
        """Take it that the link was away and is back: messages may be missing."""


class BrokerLink(Protocol):
    """A way to a broker, of one event loop.

    What is awaited raises `tornkit.bus.errors.Unavailable` where the broker is away for too long.
    """

    async def publish(self, channel: str, payload: bytes) -> MessagePosition:
        """Publish a message; its position."""

    def post(self, channel: str, payload: bytes) -> None:
        """Publish a message, and wait for nothing."""

    def watch(self, name: str) -> None:
        """Hear of a channel, or of those that a pattern stands for, from now on."""

    def unwatch(self, name: str) -> None:
        """Hear of it no more."""

    async def catch_up(self, names: tuple[str, ...], since: MessagePosition | None) -> CaughtUp:
        """What came behind ``since``; without it nothing but the position that is now.

        What was watched before is heard of, from that position on.
        """

    async def kept(self, names: tuple[str, ...], most: int) -> tuple[str, list[Kept]]:
        """The epoch, and the newest messages that are kept of these, the oldest of them first."""

    def enter(self, channel: str, id_: str, info: Any) -> None:
        """Say that one is there."""

    def leave(self, channel: str, id_: str) -> None:
        """Say that it is there no more."""

    async def present(self, channel: str) -> list[Present]:
        """Who is there."""

    async def call_store(self, method: str, *arguments: Any) -> Any:
        """Call a method of `tornkit.bus.broker.calls`."""

    def tell(self, changes: dict[str, list[int]]) -> bool:
        """Tell of this loop's subscriptions, if somebody wants to know; False: say it again.

        Of each name that has changed: how many there are, and since it was last told, the messages
        that they have dropped, and how many were ended as they did not read.
        """

    def abandon(self) -> None:
        """Let go of it in a process that was forked."""

    def close(self) -> None:
        """Give back what it has."""
