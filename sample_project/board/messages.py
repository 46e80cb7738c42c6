"""Messages: the topics there are, the rules for what may be written, and where it is kept.

Shown here: queries of SQLAlchemy that are awaited. What this file knows nothing of is HTTP: pages,
the API and the live pages all ask it.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import delete, func, select

from board.store import Store
from board.store.models import Message

# Part of the routes (see TOPIC in routes.py), so they stand in the code.
TOPICS = {
    "general": "Anything that fits nowhere else",
    "help": "Questions, and with some luck answers",
    "showcase": "What you have built lately",
}
LONGEST = 2000
BIGGEST_ID = 2**63 - 1

# Control characters other than line ends and tabs are of no use in a message, and some can't be
# written in XML at all, which would break the feed.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


class InputError(ValueError):
    """What is wrong with a message, in words for its sender."""


def cleaned(value: object) -> str:
    """The text of a message; raises InputError. All that is written comes through here."""
    if not isinstance(value, str):
        raise InputError("The message must be a text.")
    body = _CONTROL.sub("", value.replace("\r\n", "\n")).strip()
    if not body:
        raise InputError("The message is empty.")
    if len(body) > LONGEST:
        raise InputError(f"The message is longer than {LONGEST} characters.")
    return body


def as_json(message: Message) -> dict[str, Any]:
    """A message as the API and the live pages have it."""
    return {
        "id": message.id,
        "topic": message.topic,
        "author": message.author,
        "body": message.body,
        "created": message.created.isoformat(),
    }


async def recent(
    store: Store, topic: str | None = None, limit: int = 20, before: int = BIGGEST_ID
) -> list[Message]:
    """The newest messages with a number below `before`, the newest first."""
    query = select(Message).where(Message.id < before).order_by(Message.id.desc()).limit(limit)
    if topic is not None:
        query = query.where(Message.topic == topic)
    async with store.session() as session:
        return list(await session.scalars(query))


async def count_by_topic(store: Store) -> dict[str, int]:
    query = select(Message.topic, func.count()).group_by(Message.topic)
    async with store.session() as session:
        counts = dict(iter(await session.execute(query)))
    return {topic: counts.get(topic, 0) for topic in TOPICS}


async def find(store: Store, message_id: int) -> Message | None:
    async with store.session() as session:
        return await session.get(Message, message_id)


async def add(store: Store, topic: str, author: str, body: str) -> Message:
    message = Message(topic=topic, author=author, body=body)
    async with store.session() as session:
        session.add(message)
        await session.commit()
    return message


async def remove(store: Store, message_id: int) -> str | None:
    """Deletes a message; its topic, or None if there is no such message."""
    query = delete(Message).where(Message.id == message_id).returning(Message.topic)
    async with store.session() as session:
        topic = await session.scalar(query)
        await session.commit()
    return topic
