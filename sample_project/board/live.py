"""News of a topic: it goes into the store, and over the bus to all who read along.

Shown here: `tornkit.bus`. Those who read along may be connected to other worker processes than the
one that a message comes to, and the bus reaches them all. It keeps messages for some minutes only,
the store keeps them for good: so news is stored first and told then, and whoever was away for too
long reads the store (see `handlers/chat.py`).
"""

from __future__ import annotations

import logging
from typing import Any

from tornkit import bus

from board import messages
from board.store import Store
from board.store.models import Message

log = logging.getLogger(__name__)


def channel(topic: str) -> str:
    """The channel of the bus that tells what is new in a topic."""
    return f"topic:{topic}"


async def post(store: Store, topic: str, author: str, body: str) -> Message:
    """Each way in (form, API, live page) comes through here, so all of them are seen live."""
    message = await messages.add(store, topic, author, body)
    await _tell(topic, {"posted": messages.as_json(message)})
    return message


async def delete(store: Store, message_id: int) -> bool:
    topic = await messages.remove(store, message_id)
    if topic is not None:
        await _tell(topic, {"deleted": message_id})
    return topic is not None


async def _tell(topic: str, news: dict[str, Any]) -> None:
    try:
        await bus.publish(channel(topic), news)
    except bus.Unavailable as error:
        # It is stored, which is what was asked for: told of an error, people would send it again.
        log.warning("what is new in %s may be heard late: %s", topic, error)
