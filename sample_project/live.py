"""What is new in a topic: it goes into the store, and over the bus to all who read along.

Shown here: ``tornkit.bus``. Those who read along may be connected to other worker processes than
the one that a message comes to, and the bus reaches them all. It keeps messages for some minutes
only, the store keeps them for good: so what is new is stored first and told then, and whoever was
away for too long reads the store (see ``handlers/chat.py``).
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

from tornkit import bus

from .model import Message
from .store import Store

log = logging.getLogger(__name__)


def channel(topic: str) -> str:
    """The channel of the bus that tells what is new in a topic."""
    return f"topic:{topic}"


async def post(store: Store, topic: str, author: str, body: str) -> Message:
    """Each way in (form, API, chat) comes through here, so all of them are seen live."""
    message = await store.add(topic, author, body)
    await _tell(topic, {"posted": asdict(message)})
    return message


async def delete(store: Store, message_id: int) -> bool:
    message = await store.delete(message_id)
    if message is not None:
        await _tell(message.topic, {"deleted": message.id})
    return message is not None


async def _tell(topic: str, news: dict[str, Any]) -> None:
    try:
        await bus.publish(channel(topic), news)
    except bus.Unavailable as error:
        # It is stored, which is what the sender asked for: an error would make him send it again.
        log.warning("Not everybody may hear at once what is new in %s: %s", topic, error)
